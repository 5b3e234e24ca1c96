//! The feed-forward part of one block, as data.

use super::{Bias, NormSpec, RouterSpec};

/// The feed-forward part of one block.
#[derive(Clone, Debug, PartialEq)]
pub enum FeedForwardSpec {
    /// One network for all tokens.
    Dense(MlpSpec),
    /// Several, a few of which are chosen for each token.
    Experts(ExpertsSpec),
    /// A network for all tokens and a mixture beside it, whose outputs are added.
    Both(BesideExperts),
    /// The block has none.
    Nothing,
}

/// A network and a mixture side by side, as in Gemma 4. The network reads what the block's norm
/// gives; the mixture the stream through a norm of its own; what each gives goes through another one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BesideExperts {
    /// The network.
    pub mlp: MlpSpec,
    /// The mixture, whose router reads the stream itself.
    pub experts: ExpertsSpec,
    /// The norms.
    pub norm: NormSpec,
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
    /// What their weights are weights of.
    pub weighs: Weighs,
    /// The width to which what they read is projected, and back from what they give, where that is
    /// not the stream's.
    pub latent: Option<usize>,
    /// One more expert that every token goes through.
    pub shared: Option<SharedExpert>,
}

/// What the weight of an expert multiplies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weighs {
    /// What it gives.
    Output,
    /// What it reads, as in Llama 4.
    Input,
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
    /// The same with only what of a gate is more than so many standard deviations above the mean of
    /// all gates, as in Gemma 3n.
    Sparse {
        /// How many, which may be less than none.
        deviations: f64,
    },
    /// The same with the gates multiplied by `gate` before the activation, and all at last by
    /// `down`, as Falcon-H1.
    Scaled {
        /// What the gates are multiplied by.
        gate: f64,
        /// What the output is multiplied by.
        down: f64,
    },
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
