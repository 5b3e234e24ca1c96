//! The projection of low rank that Gemma 3n adds beside its attention (LAuReL, Menghani et al. 2024,
//! <https://arxiv.org/abs/2411.07501>).

use candle_core::{Result, Tensor};

use super::dtype::Dtype;
use super::linear::Linear;
use super::norm::Norm;

/// A projection of low rank beside an attention.
#[derive(Debug)]
pub struct Laurel {
    /// `[rank, d]`.
    pub left: Linear,
    /// `[d, rank]`.
    pub right: Linear,
    /// Of what it gives.
    pub norm: Norm,
    /// How sums are kept.
    pub dtype: Dtype,
}

impl Laurel {
    /// Bytes of weights that one token reads.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.left.bytes() + self.right.bytes()
    }

    /// The stream that the attention was added to, `[rows, d]`, with what this makes of the
    /// attention's `input`, divided by the root of two.
    pub fn joined(&self, sum: &Tensor, input: &Tensor) -> Result<Tensor> {
        let made = self.right.forward(&self.left.forward(input)?)?;
        let own = self.dtype.round((input + self.norm.forward(&made)?)?)?;
        self.dtype.round(((sum + own)? / 2.0_f64.sqrt())?)
    }
}
