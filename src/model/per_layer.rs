//! What Gemma 4 does behind the two parts of a block: a small vector of the token's own for each
//! block, let in by a gate, is added to the stream, and the whole is multiplied by a number.

use candle_core::{Result, Tensor};

use super::block::BlockOutput;
use super::dtype::Dtype;
use super::intervention::BlockAblations;
use super::linear::Linear;
use super::norm::Norm;
use super::spec::BeyondTable;
use super::weight::Weight;

/// The vectors that a token has for each block beside its embedding.
#[derive(Debug)]
pub struct PerLayerEmbedding {
    /// `[vocabulary, blocks * width]`.
    pub(super) tokens: Weight,
    /// From the embedding to the part of them that it makes: `[blocks * width, d]`.
    pub(super) projection: Linear,
    /// Of that part, block by block.
    pub(super) norm: Norm,
    /// What tokens have that stand behind the end of the table.
    pub(super) beyond: BeyondTable,
    /// Of one block.
    pub(super) width: usize,
    pub(super) dtype: Dtype,
}

impl PerLayerEmbedding {
    /// Tokens, `[rows]`, and their embeddings, `[rows, d]` → a tensor of `[rows, width]` for each
    /// block.
    #[expect(clippy::cast_precision_loss, reason = "widths are below 2^52")]
    pub fn vectors(&self, ids: &Tensor, embedded: &Tensor) -> Result<Vec<Tensor>> {
        let (rows, d) = embedded.dims2()?;
        let own = (self.own(ids)? * (self.width as f64).sqrt())?;
        let own = self.dtype.round(own)?;
        let made = (self.projection.forward(embedded)? * (d as f64).sqrt().recip())?;
        let blocks = made.dim(1)? / self.width.max(1);
        let by_block = |x: Tensor| x.reshape((rows, blocks, self.width));
        let made = self.norm.forward(&by_block(self.dtype.round(made)?)?)?;
        let sum = ((made + by_block(own)?)? * 0.5_f64.sqrt())?;
        let sum = self.dtype.round(sum)?;
        (0..blocks)
            .map(|block| sum.narrow(1, block, 1)?.squeeze(1))
            .collect()
    }
}

impl PerLayerEmbedding {
    /// The rows of the tokens in the table.
    fn own(&self, ids: &Tensor) -> Result<Tensor> {
        if self.beyond == BeyondTable::Nothing {
            return self.tokens.select(ids);
        }
        let height = self.tokens.height();
        let known = |id: u32| if (id as usize) < height { id } else { 0 };
        let known: Vec<u32> = ids.to_vec1()?.into_iter().map(known).collect();
        self.tokens.select(&Tensor::new(known, ids.device())?)
    }
}

/// What comes behind the two parts of a block.
#[derive(Debug)]
pub struct AfterParts {
    /// What lets the vector of a token in.
    pub input: Option<LayerInput>,
    /// The stream is multiplied by it at last.
    pub scale: Option<f64>,
    /// How sums are kept.
    pub dtype: Dtype,
}

/// How a block takes in the vector that a token has for it.
#[derive(Debug)]
pub struct LayerInput {
    /// From the stream to the gate, whose nonlinearity is the tanh approximation of GELU:
    /// `[width, d]`.
    pub gate: Linear,
    /// Back to the stream: `[d, width]`.
    pub projection: Linear,
    /// Of what is added.
    pub norm: Norm,
}

impl AfterParts {
    /// What the parts have made of the stream, with the vectors `of_block`, `[rows, width]`, taken
    /// in. They count as what the feed-forward part adds. A block that is left out as a whole
    /// leaves the stream as it was.
    pub fn finish(
        &self,
        mut output: BlockOutput,
        of_block: Option<&Tensor>,
        ablations: &BlockAblations,
    ) -> Result<BlockOutput> {
        if ablations.attention && ablations.feed_forward {
            return Ok(output);
        }
        if let (Some(input), Some(vectors), false) = (&self.input, of_block, ablations.feed_forward)
        {
            let added = input.added(&output.state, vectors, self.dtype)?;
            output.parts.feed_forward = (&output.parts.feed_forward + &added)?;
            output.state = self.dtype.round((&output.state + added)?)?;
        }
        if let Some(scale) = self.scale {
            output.state = self.dtype.round((&output.state * scale)?)?;
            output.parts.scale = Some(scale);
        }
        Ok(output)
    }
}

impl AfterParts {
    /// Bytes of weights that one token reads.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let input = self.input.as_ref();
        input.map_or(0, |input| input.gate.bytes() + input.projection.bytes())
    }
}

impl LayerInput {
    /// What is added to the stream, `[rows, d]`, of the `vectors`, `[rows, width]`.
    pub(super) fn added(&self, state: &Tensor, vectors: &Tensor, dtype: Dtype) -> Result<Tensor> {
        let gate = dtype.round(self.gate.forward(state)?.gelu()?)?;
        let inner = dtype.round((gate * vectors)?)?;
        self.norm.forward(&self.projection.forward(&inner)?)
    }
}
