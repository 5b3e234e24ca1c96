//! The feed-forward part of one block, as data.

use super::Bias;

/// The feed-forward part of one block.
#[derive(Clone, Debug, PartialEq)]
pub enum FeedForwardSpec {
    /// One network for all tokens.
    Dense(MlpSpec),
    /// Several, a few of which are chosen for each token.
    Experts(ExpertsSpec),
    /// The block has none.
    Nothing,
}

/// One feed-forward network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MlpSpec {
    /// With or without a gate.
    pub kind: MlpKind,
    /// The nonlinearity.
    pub activation: Activation,
    /// Width between the two projections.
    pub width: usize,
    /// Biases of all its projections.
    pub bias: Bias,
}

/// A mixture of experts (Shazeer et al. 2017): a router's softmax over all experts, of which the
/// largest few weigh the outputs of theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpertsSpec {
    /// Each expert.
    pub expert: MlpSpec,
    /// How many there are.
    pub count: usize,
    /// How many are used for a token.
    pub used: usize,
    /// Whether the used ones' weights are scaled to a sum of one.
    pub renormalised: bool,
    /// One more expert that every token goes through.
    pub shared: Option<SharedExpert>,
}

/// An expert that every token goes through, its output times the sigmoid of a projection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SharedExpert {
    /// Its width; all else is as in the other experts.
    pub width: usize,
}

/// The shape of a feed-forward network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MlpKind {
    /// `down(act(up(x)))`.
    Plain,
    /// `down(act(gate(x)) * up(x))` (Shazeer 2020).
    Gated,
}

/// A nonlinearity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// `x * sigmoid(x)`.
    Silu,
    /// `x * Φ(x)` with the error function.
    Gelu,
    /// The tanh approximation of GELU.
    GeluTanh,
    /// `max(x, 0)`.
    Relu,
}

impl Activation {
    /// The activation that `config.json` calls `name`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "silu" | "swish" => Self::Silu,
            "gelu" | "gelu_python" => Self::Gelu,
            "gelu_new" | "gelu_pytorch_tanh" | "gelu_fast" => Self::GeluTanh,
            "relu" => Self::Relu,
            _ => return None,
        })
    }
}
