//! The description of a decoder, as data. One block loop ([`super::decoder`]) follows it, so an
//! architecture is a value of these types and no code of its own.

mod attention;
mod feed_forward;
mod mixing;
mod router;
mod streams;

use super::mixer::Heads;
use crate::trace::{Layer, PartialSum, Row};

pub use attention::{
    AlibiPrecision, AttentionSpec, Gate, HeadPositions, Presence, QkNorm, QkNormPlace, QkNormSpan,
    Rope, RopeScaling, Sinks, Temperature,
};
pub use feed_forward::{
    Activation, BesideExperts, ExpertsSpec, FeedForwardSpec, MlpKind, MlpSpec, SharedExpert,
    SharedGate, Weighs, Xielu,
};
pub use mixing::{BesideSpec, MixingSpec};
pub use router::{Groups, OwnNorm, RouterScore, RouterSpec, Sum};
pub use streams::StreamsSpec;

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
    /// Whether it has weights.
    pub weights: NormWeights,
    /// Whether a bias is added at the end.
    pub bias: Bias,
}

/// Whether a norm has weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NormWeights {
    /// The checkpoint must hold them.
    Stored,
    /// It has none, which is the same as ones.
    Ones,
}

impl NormSpec {
    /// LayerNorm with weight and bias.
    #[must_use]
    pub const fn layer(eps: f64) -> Self {
        Self {
            kind: NormKind::Layer,
            eps,
            weight_offset: 0.0,
            weights: NormWeights::Stored,
            bias: Bias::Present,
        }
    }

    /// RMSNorm.
    #[must_use]
    pub const fn rms(eps: f64) -> Self {
        Self {
            kind: NormKind::Rms,
            eps,
            weight_offset: 0.0,
            weights: NormWeights::Stored,
            bias: Bias::Absent,
        }
    }
}

/// A norm's formula.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NormKind {
    /// `(x - mean) / sqrt(variance + eps) * w + b` (Ba, Kiros, Hinton 2016).
    Layer,
    /// `x / sqrt(mean(x²) + eps) * w` (Zhang, Sennrich 2019).
    Rms,
}

/// Whether a projection or a norm has a bias.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bias {
    /// It has one, and the checkpoint must hold it.
    Present,
    /// It has none.
    Absent,
    /// It has one where the checkpoint holds one: GGUF metadata do not say.
    AsStored,
}

/// How a token's place reaches the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Positions {
    /// A learned vector a position, row `position + offset` of a table, added to the embedding.
    Learned {
        /// Rows at the start of the table that stand for no position.
        offset: usize,
    },
    /// Sines and cosines of the position, added to the embedding (Vaswani et al. 2017): those of
    /// `position + offset`.
    Sinusoidal {
        /// What is added to a position.
        offset: usize,
        /// A position, the offset included, to which nothing is added: the index of the padding
        /// token, which stands for no position.
        without: Option<usize>,
    },
    /// Nothing is added; each attention's [`HeadPositions`] does it.
    InAttention,
}

/// From tokens to the stream before the first block.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EmbeddingSpec {
    /// Width of a token's vector; where it is not the stream's, a projection follows.
    pub width: usize,
    /// The vectors are multiplied by it.
    pub scale: Option<f64>,
    /// Normalises the vectors.
    pub norm: Option<NormSpec>,
    /// The vectors that a token has for each block, if it has any.
    pub per_layer: Option<PerLayerSpec>,
}

/// Vectors that a token has for each block beside its embedding, as in Gemma 4.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PerLayerSpec {
    /// Width of one.
    pub width: usize,
    /// Of the part of them that is made of the embedding.
    pub norm: NormSpec,
    /// What tokens have that stand behind the end of their table.
    pub beyond: BeyondTable,
}

/// What tokens have that stand behind the end of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BeyondTable {
    /// Nothing: there are none such.
    Nothing,
    /// What the first token has, as in Gemma 3n, where those mark pictures and sounds.
    OfFirst,
}

/// What comes behind the two parts of a block, as in Gemma 4.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AfterSpec {
    /// Width of the vector that the token has for this block, where it is taken in.
    pub per_layer: Option<usize>,
    /// Of what is added of it.
    pub norm: NormSpec,
    /// Whether there must be a number that the stream is multiplied by at last.
    pub scale: Presence,
}

/// Where the norms of a block stand, for its attention and its feed-forward part alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NormPlace {
    /// `x + part(norm(x))`.
    Before,
    /// `x + norm(part(x))`, as OLMo 2.
    Output,
    /// `x + norm(part(norm(x)))`, as Gemma 2.
    Around,
    /// `norm(x + part(x))`, as the first transformers and OPT-350m.
    Sum,
}

/// How the two parts of a block are added to the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Residual {
    /// The feed-forward part reads the stream that the attention has added to.
    Serial,
    /// Both read the stream before the block, each through its own norm, as GPT-NeoX.
    Parallel,
    /// Both read the stream before the block through one norm, as GPT-J.
    ParallelOneNorm,
}

/// One decoder block: norms around attention and feed-forward part, added to the stream.
#[derive(Clone, Debug, PartialEq)]
pub struct BlockSpec {
    /// The block's norms.
    pub norm: NormSpec,
    /// Where they stand. A parallel block has them [`NormPlace::Before`].
    pub norm_place: NormPlace,
    /// How the parts are added.
    pub residual: Residual,
    /// What each part adds is multiplied by it.
    pub part_scale: Option<f64>,
    /// Its attention, if it has one.
    pub attention: AttentionSpec,
    /// Whether the attention is there, or a mixer, or both.
    pub mixing: MixingSpec,
    /// Of the projection of low rank that is added beside the attention, as in Gemma 3n; then their
    /// sum is divided by the root of two.
    pub laurel: Option<NormSpec>,
    /// Its feed-forward part.
    pub feed_forward: FeedForwardSpec,
    /// What comes behind the two, if anything.
    pub after: Option<AfterSpec>,
}

impl BlockSpec {
    /// The heads of its attention, of the mixer in its place, or of both.
    #[must_use]
    pub fn heads(&self) -> Heads {
        self.mixing.heads(&self.attention)
    }

    /// The sums inside it: one between the parts of a serial block, one with each part of a block
    /// whose parts stand side by side, none where there is but one part.
    #[must_use]
    pub fn sums(&self) -> &'static [PartialSum] {
        let is_one_part = self.feed_forward == FeedForwardSpec::Nothing
            || matches!(self.mixing, MixingSpec::Nothing);
        match self.residual {
            _ if is_one_part => &[],
            Residual::Serial => &[PartialSum::AfterAttention],
            Residual::Parallel | Residual::ParallelOneNorm => {
                &[PartialSum::WithAttention, PartialSum::WithFeedForward]
            }
        }
    }
}

/// From the last state to logits.
#[derive(Clone, Debug, PartialEq)]
pub struct UnembedSpec {
    /// The final norm; models with norms after each sum have none.
    pub norm: Option<NormSpec>,
    /// Whether the unembedding is the embedding.
    pub unembedding: Unembedding,
    /// Whether a bias is added to the logits.
    pub bias: Bias,
    /// The logits are multiplied by it.
    pub scale: Option<f64>,
    /// The logits become `cap * tanh(logits / cap)`, after the scale.
    pub cap: Option<f64>,
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
    /// From tokens to the first state.
    pub embedding: EmbeddingSpec,
    /// How places reach the model.
    pub positions: Positions,
    /// The streams between the blocks, where it is not one.
    pub streams: Option<StreamsSpec>,
    /// The blocks, first to last.
    pub blocks: Vec<BlockSpec>,
    /// From the last state to logits.
    pub unembed: UnembedSpec,
    /// What a user should know of it, one line each.
    pub notes: Vec<String>,
}

impl Spec {
    /// The rows inside the blocks, in the order of the stream. A trunk of several streams has none: a
    /// block's sums are of the one that it works on.
    #[must_use]
    pub fn rows_inside(&self) -> Vec<Row> {
        if self.streams.is_some() {
            return Vec::new();
        }
        let blocks = self.blocks.iter().enumerate();
        blocks
            .flat_map(|(l, block)| {
                let sums = block.sums().iter();
                sums.map(move |sum| Row::Inside(Layer(l), *sum))
            })
            .collect()
    }
}
