//! From states to logits: one function for the model's own output and for the lens alike, so
//! that the last row of the lens *is* the model's output.

use candle_core::{Result, Tensor};

use super::linear::Linear;
use super::norm::Norm;

/// The final norm and the unembedding.
#[derive(Debug)]
pub struct Head {
    norm: Norm,
    unembedding: Linear,
}

impl Head {
    /// A head from the final norm and an unembedding of `[vocabulary, d]`.
    #[must_use]
    pub fn new(norm: Norm, unembedding: Linear) -> Self {
        Self { norm, unembedding }
    }

    /// Logits of residual streams: `[rows, d]` → `[rows, vocabulary]`. The first `bare` rows
    /// skip the final norm (the lens `raw`); the others get the model's own head.
    pub fn logits(&self, states: &Tensor, bare: usize) -> Result<Tensor> {
        let rows = states.dim(0)?;
        let normed = self.norm.forward(&states.narrow(0, bare, rows - bare)?)?;
        let inputs = if bare == 0 {
            normed
        } else {
            Tensor::cat(&[states.narrow(0, 0, bare)?, normed], 0)?
        };
        self.unembedding.forward(&inputs)
    }
}
