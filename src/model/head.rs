//! From states to logits: one function for the model's own output and for the lens alike, so
//! that the last row of the lens *is* the model's output.

use candle_core::{Result, Tensor};

use super::dtype::Dtype;
use super::linear::Linear;
use super::norm::Norm;

/// The final norm, the unembedding, and what the model does to its logits.
#[derive(Debug)]
pub struct Head {
    pub(super) norm: Option<Norm>,
    /// From the stream's width to the unembedding's, where they differ.
    pub(super) projection: Option<Linear>,
    pub(super) unembedding: Linear,
    pub(super) scale: Option<f64>,
    pub(super) cap: Option<f64>,
    /// How the logits are kept.
    pub(super) dtype: Dtype,
}

impl Head {
    /// Logits of residual streams: `[rows, d]` → `[rows, vocabulary]`. The first `bare` rows
    /// skip the final norm (the lens `raw`); the others get the model's own head.
    pub fn logits(&self, states: &Tensor, bare: usize) -> Result<Tensor> {
        let mut inputs = match &self.norm {
            Some(norm) => normed(norm, states, bare)?,
            None => states.clone(),
        };
        if let Some(projection) = &self.projection {
            inputs = projection.forward(&inputs)?;
        }
        let mut logits = self.unembedding.forward(&inputs)?;
        if let Some(scale) = self.scale {
            logits = self.dtype.round((logits * scale)?)?;
        }
        match self.cap {
            Some(cap) => self.dtype.round(capped(&logits, cap)?),
            None => Ok(logits),
        }
    }

    /// In which type it computes.
    #[must_use]
    pub fn dtype(&self) -> Dtype {
        self.dtype
    }
}

/// The rows from `bare` on through `norm`, those before as they are.
fn normed(norm: &Norm, states: &Tensor, bare: usize) -> Result<Tensor> {
    let rows = states.dim(0)?;
    let normed = norm.forward(&states.narrow(0, bare, rows - bare)?)?;
    if bare == 0 {
        return Ok(normed);
    }
    Tensor::cat(&[states.narrow(0, 0, bare)?, normed], 0)
}

/// `cap * tanh(x / cap)`: never beyond the cap, and in the same order.
pub(super) fn capped(x: &Tensor, cap: f64) -> Result<Tensor> {
    (x / cap)?.tanh()? * cap
}
