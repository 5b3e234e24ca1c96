//! The lenses: each is what happens to a state before the final norm and the unembedding. One
//! more is a file here, a line in [`ALL`], and its name and words in [`LensKind`].
//!
//! Whatever a lens does, the last row does not go through it: it is the model's own output, which
//! [`super::Logits::of`] sees to.

mod jacobian;
mod normed;
mod raw;
mod tuned;

use std::fmt::Debug;
use std::path::Path;

use candle_core::{Result, Tensor};

pub use jacobian::Jacobian;
pub use normed::Normed;
pub use raw::Raw;
pub use tuned::Tuned;

use super::fitted::{Fitted, FittedTo};
use crate::model::ModelError;
use crate::model::device::Processor;
use crate::trace::LensKind;

/// What happens to the states of a position before the unembedding.
pub trait Lens: Debug + Send + Sync {
    /// Which lens it is.
    fn kind(&self) -> LensKind;

    /// Takes what it multiplies with onto the device where the states are.
    ///
    /// # Errors
    /// When there is no room.
    fn move_to(&mut self, _: &Processor) -> Result<()> {
        Ok(())
    }

    /// What it makes of the rows below the last one, `emb` first, `[n_layers, d_model]`.
    fn seen(&self, states: &Tensor) -> Result<Seen>;

    /// How it reads the stream inside a block, as it is; `None` where it says nothing of it: what
    /// was fitted to the stream between blocks knows no other.
    fn inside_blocks(&self) -> Option<FinalNorm>;
}

/// What a lens makes of the rows below the last one.
#[derive(Debug)]
pub struct Seen {
    /// What goes on to the head, `[n_layers, d_model]`; `None` for the states as they are.
    pub rows: Option<Tensor>,
    /// Whether they go through the final norm.
    pub norm: FinalNorm,
    /// The places of rows that the lens says nothing of. They are there, so that every row is
    /// computed in a product of the same shape under each lens, and mean nothing.
    pub unsaid: Vec<usize>,
}

/// Whether rows below the last one go through the final norm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FinalNorm {
    /// They do.
    Applied,
    /// They do not.
    LeftOut,
}

/// How a lens comes to be.
#[derive(Clone, Copy, Debug)]
pub enum Source {
    /// It needs the model alone.
    Model(&'static dyn Lens),
    /// It is read from files that were fitted to the model.
    Files {
        /// Whether a path seems to hold it, by names alone.
        is_at: fn(&Path) -> bool,
        /// Reads and checks it.
        read: fn(&Path, &FittedTo<'_>) -> std::result::Result<Fitted, ModelError>,
    },
}

/// A lens, and how it comes to be.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// Which lens.
    pub lens: LensKind,
    /// Where from.
    pub source: Source,
}

/// All lenses.
pub const ALL: [Kind; 4] = [normed::KIND, raw::KIND, tuned::KIND, jacobian::KIND];

/// The lens that the files at `path` seem to be, by names alone.
#[must_use]
pub fn at(path: &Path) -> Option<LensKind> {
    let mut kinds = ALL.iter();
    let found = kinds.find(|kind| match kind.source {
        Source::Model(_) => false,
        Source::Files { is_at, .. } => is_at(path),
    });
    found.map(|kind| kind.lens)
}
