//! The attention of one block, as data.

use std::sync::Arc;

use super::{Bias, NormSpec};
use crate::model::mixer::{HeadOrder, Heads};

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
    /// Scores become `cap * tanh(scores / cap)`, after the scale.
    pub cap: Option<f64>,
    /// Each position attends to this many last ones, itself included; `None`: to all.
    pub window: Option<usize>,
    /// Positions stand in chunks of this many, and none attends to those of another; `None`: all
    /// stand in one.
    pub chunk: Option<usize>,
    /// How places reach the scores.
    pub positions: HeadPositions,
    /// Norms of queries and keys.
    pub qk_norm: Option<QkNorm>,
    /// What the heads' results go through before the output projection.
    pub gate: Gate,
    /// Where those norms stand.
    pub qk_norm_place: QkNormPlace,
    /// Makes the scores of late positions sharper.
    pub temperature: Option<Temperature>,
    /// Whether heads can attend to nothing.
    pub sinks: Sinks,
    /// Biases of queries, keys and values.
    pub qkv_bias: Bias,
    /// Bias of the output projection.
    pub output_bias: Bias,
}

/// What the heads of an attention give goes through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Nothing.
    None,
    /// Each number is multiplied by the sigmoid of one more that the queries' projection makes:
    /// behind the query of a head stand its gates, as in Qwen3-Next.
    Sigmoid,
}

impl AttentionSpec {
    /// Its heads of queries.
    #[must_use]
    pub fn heads(&self) -> Heads {
        Heads {
            count: self.n_heads,
            width: self.head_dim,
            order: HeadOrder::Counted,
        }
    }

    /// The first position that the one at `position` attends to.
    #[must_use]
    pub fn first_seen(&self, position: usize) -> usize {
        let of_window = self
            .window
            .map(|window| (position + 1).saturating_sub(window));
        let of_chunk = self.chunk.map(|chunk| position - position % chunk.max(1));
        of_window.max(of_chunk).unwrap_or(0)
    }

    /// The rotation of queries and keys, if they are rotated.
    #[must_use]
    pub fn rope(&self) -> Option<&Rope> {
        match &self.positions {
            HeadPositions::Rotary(rope) => Some(rope),
            HeadPositions::None | HeadPositions::Alibi { .. } => None,
        }
    }
}

/// How a token's place reaches the scores of one attention.
#[derive(Clone, Debug, PartialEq)]
pub enum HeadPositions {
    /// Positions do not reach the scores.
    None,
    /// Queries and keys are rotated.
    Rotary(Rope),
    /// A penalty that grows with the distance, steeper from head to head (Press et al. 2022).
    Alibi {
        /// The penalties are multiplied by it.
        scale: f64,
        /// In what they are worked out.
        precision: AlibiPrecision,
    },
}

/// In what numbers the penalties of ALiBi are worked out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlibiPrecision {
    /// Single precision.
    Float32,
    /// Slopes, positions and their products are rounded to bfloat16, as transformers does for
    /// Falcon whatever the model computes in.
    Bfloat16,
}

/// Where norms of queries and keys stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QkNormPlace {
    /// Before the rotation, as Qwen 3.
    BeforeRotation,
    /// Behind it, as Hunyuan.
    AfterRotation,
}

/// Queries at position `p` are multiplied by `1 + strength * ln(1 + floor((p + first) / step))`, as
/// in Ministral 3, where the first position counts as 0, and Llama 4, where it counts as 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Temperature {
    /// How fast the factor grows.
    pub strength: f64,
    /// Positions up to the next larger factor.
    pub step: f64,
    /// As what the first position counts.
    pub first: usize,
}

impl Temperature {
    /// What queries at `position` are multiplied by.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "positions are below 2^52")]
    pub fn factor(&self, position: usize) -> f64 {
        let counted = position.saturating_add(self.first) as f64;
        1.0 + self.strength * (counted / self.step).floor().ln_1p()
    }
}

/// Whether heads can attend to nothing (Xiao et al. 2024; in GPT-OSS a learned number a head).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sinks {
    /// The shares of all positions add up to one.
    Absent,
    /// Each head has a score of its own that takes part in the softmax and stands for no position.
    Learned,
}

/// Norms of queries and keys.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QkNorm {
    /// The formula.
    pub norm: NormSpec,
    /// What has one statistic and what has one weight.
    pub span: QkNormSpan,
    /// Whether they must be there.
    pub presence: Presence,
}

/// Whether a checkpoint must hold a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It must.
    Required,
    /// The part is there where the checkpoint holds it: GGUF metadata do not say.
    AsStored,
}

/// The vectors that a [`QkNorm`] normalises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QkNormSpan {
    /// Each head, all with the same weights of `[head_dim]`, as Qwen 3.
    Head,
    /// Each head, with weights of its own: `[heads, head_dim]`, as Command R+.
    EachHead,
    /// The whole projection, with weights of `[heads * head_dim]`, as OLMo 2.
    Projection,
}

/// Rotary position embedding (Su et al. 2021).
#[derive(Clone, Debug, PartialEq)]
pub struct Rope {
    /// How many of a head's dimensions are rotated; the rest pass.
    pub dim: usize,
    /// The base of the frequencies.
    pub theta: f64,
    /// How the frequencies were changed for longer contexts.
    pub scaling: RopeScaling,
    /// What is rotated is multiplied by it.
    pub magnitude: f64,
}

/// How the frequencies of a [`Rope`] were changed for longer contexts.
#[derive(Clone, Debug, PartialEq)]
pub enum RopeScaling {
    /// The frequencies are those of the training.
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
    /// The same idea, blended along the dimensions (Peng et al. 2023).
    Yarn {
        /// The divisor of the low frequencies.
        factor: f64,
        /// Dimensions that turn more often than this in the original context are kept.
        beta_fast: f64,
        /// Dimensions that turn less often than this in the original context are divided.
        beta_slow: f64,
        /// The context length before scaling.
        original_context: f64,
        /// Whether the blend begins and ends at whole pairs of dimensions.
        whole_pairs: bool,
    },
    /// Each divided by a number of its own, `[dim / 2]` (LongRoPE, Ding et al. 2024); one list for
    /// all blocks.
    Divided(Arc<[f64]>),
}
