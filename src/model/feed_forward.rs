//! The feed-forward part of a block: one network, or a few of many, or both.

use candle_core::{Result, Tensor};

use super::dtype::Dtype;
use super::experts::Experts;
use super::mlp::Mlp;
use super::norm::Norm;

/// The feed-forward part of one block.
#[derive(Debug)]
pub enum FeedForward {
    /// One network for all tokens.
    Dense(Mlp),
    /// A few of many for each token.
    Experts(Box<Experts>),
    /// One for all tokens, and a few of many beside it.
    Both(Box<Both>),
    /// The block has none: it adds nothing.
    Nothing,
}

/// A network and a mixture side by side, whose outputs are added.
#[derive(Debug)]
pub struct Both {
    /// The network.
    pub mlp: Mlp,
    /// Of what it gives.
    pub of_mlp: Norm,
    /// Of the stream, for the experts; their router reads the stream itself.
    pub before_experts: Norm,
    /// The mixture.
    pub experts: Experts,
    /// Of what it gives.
    pub of_experts: Norm,
    /// How sums are kept.
    pub dtype: Dtype,
}

impl FeedForward {
    /// Bytes of weights that one token reads.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        match self {
            Self::Dense(mlp) => mlp.bytes(),
            Self::Experts(experts) => experts.bytes(),
            Self::Both(both) => both.mlp.bytes() + both.experts.bytes(),
            Self::Nothing => 0,
        }
    }

    /// `[rows, d]` → `[rows, d]`: `x` is the `stream`, `[rows, d]`, through the block's norm.
    pub fn forward(&self, x: &Tensor, stream: &Tensor) -> Result<Tensor> {
        match self {
            Self::Dense(mlp) => mlp.forward(x),
            Self::Experts(experts) => experts.forward(x),
            Self::Both(both) => both.forward(x, stream),
            Self::Nothing => x.zeros_like(),
        }
    }
}

impl Both {
    fn forward(&self, x: &Tensor, stream: &Tensor) -> Result<Tensor> {
        let of_mlp = self.of_mlp.forward(&self.mlp.forward(x)?)?;
        let x = self.before_experts.forward(stream)?;
        let of_experts = self.experts.forward_routed(&x, stream)?;
        let of_experts = self.of_experts.forward(&of_experts)?;
        self.dtype.round((of_mlp + of_experts)?)
    }
}
