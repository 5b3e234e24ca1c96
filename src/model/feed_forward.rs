//! The feed-forward part of a block: one network, or a few of many.

use candle_core::{Result, Tensor};

use super::experts::Experts;
use super::mlp::Mlp;

/// The feed-forward part of one block.
#[derive(Debug)]
pub enum FeedForward {
    /// One network for all tokens.
    Dense(Mlp),
    /// A few of many for each token.
    Experts(Box<Experts>),
    /// The block has none: it adds nothing.
    Nothing,
}

impl FeedForward {
    /// Bytes of weights that one token reads.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        match self {
            Self::Dense(mlp) => mlp.bytes(),
            Self::Experts(experts) => experts.bytes(),
            Self::Nothing => 0,
        }
    }

    /// `[rows, d]` → `[rows, d]`.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        match self {
            Self::Dense(mlp) => mlp.forward(x),
            Self::Experts(experts) => experts.forward(x),
            Self::Nothing => x.zeros_like(),
        }
    }
}
