//! A matrix of which several tensors hold the parts.

use std::fmt;

use candle_core::Tensor;

use crate::model::ModelError;
use crate::model::error::plain;
use crate::model::weight::{Rows, Storage};

/// Makes an error of a complaint about a matrix.
pub(in crate::model::weights) type About<'a> = &'a dyn Fn(String) -> ModelError;

/// Reads the rows of a matrix; `None` where it has none.
type Read = Box<dyn Fn(About<'_>) -> Result<Option<Rows>, ModelError> + Send + Sync>;

/// A matrix of which several tensors hold the parts.
pub(in crate::model::weights) struct Packed {
    /// Outermost dimension first; all but the last one are rows.
    pub shape: Vec<usize>,
    /// The type that its rows are held in.
    pub storage: Storage,
    /// How it is stored, in a word or two.
    pub kind: String,
    /// Bytes of all parts in the files.
    pub bytes: u64,
    /// Reads it.
    pub read: Read,
}

impl Packed {
    /// Its rows. `about` makes an error of a complaint about it.
    pub(in crate::model::weights) fn rows(&self, about: About<'_>) -> Result<Rows, ModelError> {
        let rows = (self.read)(about)?.ok_or_else(|| about("holds no weights".into()))?;
        let count: usize = self.shape.iter().rev().skip(1).product();
        match rows.count() == count && Some(&rows.width()) == self.shape.last() {
            true => Ok(rows),
            false => Err(about(format!("does not fill its shape {:?}", self.shape))),
        }
    }

    /// It in float32.
    pub(in crate::model::weights) fn tensor(&self, about: About<'_>) -> Result<Tensor, ModelError> {
        let tensor = self.rows(about)?.to_tensor();
        let tensor = tensor.and_then(|tensor| tensor.reshape(self.shape.as_slice()));
        tensor.map_err(|error| about(plain(&error)))
    }
}

impl fmt::Debug for Packed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Packed")
            .field("shape", &self.shape)
            .field("storage", &self.storage)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}
