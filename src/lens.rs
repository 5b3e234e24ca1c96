//! States → cells. What happens to a state before the unembedding is a lens ([`kinds`]). All rows of a position go through the model's own head in one matrix product
//! ([`Logits::of`]); ranks are counts, the best tokens a selection, and the rest one pass over
//! each row ([`Distribution`]). Nothing of size rows × vocabulary outlives its step.
//!
//! Sampling settings never come here: the lens shows what the model says, not what was drawn.

mod attribution;
mod distribution;
mod exp;
mod fitted;
pub mod kinds;
mod lenses;
mod logits;
mod on_card;
mod reading;
pub mod rounding;
mod selection;
mod states;

pub use attribution::{attribution, head_contributions};
pub use distribution::Distribution;
pub use fitted::{Fitted, FittedTo};
pub use kinds::{Jacobian, Lens, Normed, Raw, Tuned};
pub use lenses::Lenses;
pub use logits::Logits;
pub use reading::{column, scores, trajectories};
pub use rounding::Rounding;
pub(crate) use selection::top as best_of_all;
pub use states::{LastRow, StateTap, States, StatesInside};
