//! The description of a decoder, as data. One block loop ([`super::decoder`]) follows it, so an
//! architecture is a value of these types and no code of its own.

/// What normalises a state.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NormSpec {
    /// The formula.
    pub kind: NormKind,
    /// Added to the variance or mean square before the root.
    pub eps: f64,
    /// Added to the stored weight: 1 where a checkpoint stores `w` and the model computes with
    /// `1 + w`.
    pub weight_offset: f64,
}

/// A norm's formula.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NormKind {
    /// `(x - mean) / sqrt(variance + eps) * w + b` (Ba, Kiros, Hinton 2016).
    Layer,
    /// `x / sqrt(mean(x²) + eps) * w` (Zhang, Sennrich 2019).
    Rms,
}

/// How a token's place reaches the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Positions {
    /// A learned vector a position, row `position + offset` of a table, added to the embedding.
    Learned {
        /// Rows at the start of the table that stand for no position.
        offset: usize,
    },
    /// Nothing is added; the attention's [`Rope`] does it.
    Rotary,
}

/// Rotary position embedding (Su et al. 2021).
#[derive(Clone, Debug, PartialEq)]
pub struct Rope {
    /// How many of a head's dimensions are turned; the rest pass.
    pub dim: usize,
    /// The base of the frequencies.
    pub theta: f64,
    /// How the frequencies were changed for longer contexts.
    pub scaling: RopeScaling,
}

/// How the frequencies of a [`Rope`] were changed for longer contexts.
#[derive(Clone, Debug, PartialEq)]
pub enum RopeScaling {
    /// Not at all.
    None,
    /// All divided by a factor (Chen et al. 2023).
    Linear {
        /// The divisor.
        factor: f64,
    },
    /// Low frequencies divided, high ones kept, those between blended (Llama 3.1).
    Llama3 {
        /// The divisor of the low frequencies.
        factor: f64,
        /// Wavelengths longer than `original_context / low_freq_factor` are divided.
        low_freq_factor: f64,
        /// Wavelengths shorter than `original_context / high_freq_factor` are kept.
        high_freq_factor: f64,
        /// The context length before scaling.
        original_context: f64,
    },
}

/// The attention of one block.
#[derive(Clone, Debug, PartialEq)]
pub struct AttentionSpec {
    /// Query heads.
    pub n_heads: usize,
    /// Key and value heads; divides `n_heads`.
    pub n_kv_heads: usize,
    /// Width of a head.
    pub head_dim: usize,
    /// Scores are multiplied by it.
    pub scale: f64,
    /// Each position attends to this many last ones, itself included; `None`: to all.
    pub window: Option<usize>,
    /// Rotary embedding of queries and keys.
    pub rope: Option<Rope>,
    /// Biases of queries, keys and values.
    pub qkv_bias: Bias,
    /// Bias of the output projection.
    pub output_bias: Bias,
}

/// Whether a projection has a bias.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bias {
    /// It has one, and the checkpoint must hold it.
    Present,
    /// It has none.
    Absent,
    /// It has one where the checkpoint holds one: GGUF metadata do not say.
    AsStored,
}

/// The feed-forward part of one block.
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

/// The shape of a feed-forward part.
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
            "gelu" => Self::Gelu,
            "gelu_new" | "gelu_pytorch_tanh" | "gelu_fast" => Self::GeluTanh,
            "relu" => Self::Relu,
            _ => return None,
        })
    }
}

/// One decoder block: norms around attention and feed-forward part, added to the stream.
#[derive(Clone, Debug, PartialEq)]
pub struct BlockSpec {
    /// The block's norms.
    pub norm: NormSpec,
    /// Its attention.
    pub attention: AttentionSpec,
    /// Its feed-forward part.
    pub mlp: MlpSpec,
}

/// From the last state to logits.
#[derive(Clone, Debug, PartialEq)]
pub struct HeadSpec {
    /// The final norm.
    pub norm: NormSpec,
    /// Whether the unembedding is the embedding.
    pub unembedding: Unembedding,
}

/// Where the unembedding's weights are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unembedding {
    /// The embedding's own.
    Tied,
    /// A tensor of its own.
    Separate,
    /// A tensor of its own where the checkpoint holds one, else the embedding's: GGUF metadata
    /// do not say.
    AsStored,
}

/// A decoder.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// Width of the residual stream.
    pub d_model: usize,
    /// The most positions that it can attend to.
    pub context_length: usize,
    /// How places reach the model.
    pub positions: Positions,
    /// The blocks, first to last.
    pub blocks: Vec<BlockSpec>,
    /// From the last state to logits.
    pub head: HeadSpec,
}
