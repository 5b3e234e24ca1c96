//! One decoder block.

use candle_core::{Result, Tensor};

use super::attention::Attention;
use super::mlp::Mlp;
use super::norm::Norm;

/// One decoder block: two parts, each normed before and added to the stream after.
#[derive(Debug)]
pub struct Block {
    /// Before the attention.
    pub attention_norm: Norm,
    /// The attention.
    pub attention: Attention,
    /// Before the feed-forward part.
    pub mlp_norm: Norm,
    /// The feed-forward part.
    pub mlp: Mlp,
}

impl Block {
    /// The residual stream before the block → after it, each `[rows, d]`.
    pub fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        let x = (x + self.attention.forward(&self.attention_norm.forward(x)?)?)?;
        &x + self.mlp.forward(&self.mlp_norm.forward(&x)?)?
    }
}
