//! What the mixer of one block hands to those of others in the same pass.

use std::sync::{Mutex, PoisonError};

use candle_core::Tensor;

/// What one block hands to others: of all positions seen or of those of the pass, as its mixer says.
#[derive(Debug, Default)]
pub struct Handed(Mutex<Vec<Tensor>>);

impl Handed {
    /// In the place of what was handed on before.
    pub(super) fn put(&self, tensors: Vec<Tensor>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = tensors;
    }

    /// What was handed on last; nothing where no block has.
    pub(super) fn get(&self) -> Vec<Tensor> {
        let handed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        handed.clone()
    }
}
