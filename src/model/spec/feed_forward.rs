//! The feed-forward part of one block, as data.

use super::{Bias, RouterSpec};

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
#[derive(Clone, Copy, Debug, PartialEq)]
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

/// A mixture of experts (Shazeer et al. 2017): a router scores all of them, and the best few weigh
/// the outputs of theirs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ExpertsSpec {
    /// Each expert.
    pub expert: MlpSpec,
    /// How many there are.
    pub count: usize,
    /// How many are used for a token.
    pub used: usize,
    /// What chooses and weighs them.
    pub router: RouterSpec,
    /// One more expert that every token goes through.
    pub shared: Option<SharedExpert>,
}

/// An expert that every token goes through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SharedExpert {
    /// Its width; all else is as in the other experts.
    pub width: usize,
    /// What its output is multiplied by.
    pub gate: SharedGate,
}

/// What the output of a [`SharedExpert`] is multiplied by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SharedGate {
    /// Nothing.
    None,
    /// The sigmoid of a projection to one number.
    Sigmoid,
}

/// The shape of a feed-forward network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MlpKind {
    /// `down(act(up(x)))`.
    Plain,
    /// `down(act(gate(x)) * up(x))` (Shazeer 2020).
    Gated,
    /// `down(g * sigmoid(steepness * g) * (u + 1))`, where `g` is `gate(x)` but at most `limit`,
    /// and `u` is `up(x)` but within `limit` of 0, as GPT-OSS. There is no other activation.
    Clamped {
        /// What the gate is multiplied by inside the sigmoid.
        steepness: f64,
        /// The largest number of both.
        limit: f64,
    },
}

/// A nonlinearity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Activation {
    /// `x * sigmoid(x)`.
    Silu,
    /// `x * Φ(x)` with the error function.
    Gelu,
    /// The tanh approximation of GELU.
    GeluTanh,
    /// `max(x, 0)`.
    Relu,
    /// `max(x, 0)²` (So et al. 2021).
    ReluSquared,
    /// xIELU (Huang, Schlag 2024), with numbers of each layer's own; `None` where those stand
    /// beside the weights.
    Xielu(Option<Xielu>),
}

/// The numbers of an xIELU: `p x² + b x` above 0, and `(e^min(x, eps) - 1 - x) n + b x` elsewhere.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Xielu {
    /// `p` is its softplus.
    pub alpha_p: f64,
    /// `n` is its softplus plus `beta`.
    pub alpha_n: f64,
    /// `b`.
    pub beta: f64,
    /// A number just below 0.
    pub eps: f64,
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
            "relu2" => Self::ReluSquared,
            "xielu" => Self::Xielu(None),
            _ => return None,
        })
    }
}
