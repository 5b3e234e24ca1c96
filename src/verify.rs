//! Whether a model computes what it should: a session held to reference values that another
//! program computed ([`Reference`]), figure by figure, each within what rounding can move it
//! ([`crate::lens::rounding`]). What flows out is a list of [`Check`]s, for `lenscape verify` and
//! for the tests alike.

mod check;
mod hold;
mod reference;
mod tally;
mod twin;

pub use check::{Check, Outcome};
pub use hold::hold;
pub use reference::{
    Reference, ReferenceCase, ReferenceCell, ReferenceError, ReferenceStep, Watch,
};
pub use twin::beside_the_cpu;
