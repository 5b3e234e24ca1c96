//! One decoder block.

use candle_core::{Device, Result, Tensor};

use super::decomposition::Decomposition;
use super::dtype::Dtype;
use super::feed_forward::FeedForward;
use super::intervention::BlockAblations;
use super::laurel::Laurel;
use super::mixing::Mixing;
use super::norm::Norm;
use super::per_layer::AfterParts;
use super::spec::{NormPlace, Residual};
use crate::trace::PartialSum;

/// One decoder block: attention and feed-forward part, each added to the stream.
#[derive(Debug)]
pub struct Block {
    /// How the two are added.
    pub residual: Residual,
    /// What each adds is multiplied by it.
    pub part_scale: Option<f64>,
    /// Around the attention.
    pub attention_norms: PartNorms,
    /// The attention, or the mixer in its place, or both.
    pub attention: Mixing,
    /// What is added beside the attention.
    pub laurel: Option<Laurel>,
    /// Around the feed-forward part.
    pub mlp_norms: PartNorms,
    /// The feed-forward part.
    pub feed_forward: FeedForward,
    /// What comes behind the two, if anything.
    pub after: Option<AfterParts>,
    /// Where it is.
    pub device: Device,
    /// How sums are kept.
    pub dtype: Dtype,
}

/// The norms around one part of a block.
#[derive(Debug, Default)]
pub struct PartNorms {
    /// Of what the part reads.
    pub input: Option<Norm>,
    /// Of what the part gives.
    pub output: Option<Norm>,
    /// Of the stream that the part was added to.
    pub sum: Option<Norm>,
}

impl PartNorms {
    /// The norms that stand at `place`, read by `input` (which serves the sum too) and `output`.
    pub fn read<E>(
        place: NormPlace,
        input: impl FnOnce() -> std::result::Result<Norm, E>,
        output: impl FnOnce() -> std::result::Result<Norm, E>,
    ) -> std::result::Result<Self, E> {
        let mut norms = Self::default();
        match place {
            NormPlace::Before => norms.input = Some(input()?),
            NormPlace::Output => norms.output = Some(output()?),
            NormPlace::Around => {
                norms.input = Some(input()?);
                norms.output = Some(output()?);
            }
            NormPlace::Sum => norms.sum = Some(input()?),
        }
        Ok(norms)
    }
}

/// What a block did with one pass: the stream behind it, and what its parts added.
#[derive(Clone, Debug)]
pub struct BlockOutput {
    /// The residual stream behind the block, `[rows, d]`.
    pub state: Tensor,
    /// The parts that it is made of.
    pub parts: BlockParts,
    /// The sums inside the block, `[rows, d]` each; none where they are not wanted.
    pub inside: Vec<(PartialSum, Tensor)>,
}

/// What the parts of a block added to the stream.
#[derive(Clone, Debug)]
pub struct BlockParts {
    /// What the heads gave, before the output projection: `[rows, n_heads * head_dim]`.
    pub heads: Tensor,
    /// What the attention added, `[rows, d]`.
    pub attention: Tensor,
    /// What the feed-forward part added, `[rows, d]`.
    pub feed_forward: Tensor,
    /// What the stream was multiplied by behind them.
    pub scale: Option<f64>,
}

impl Block {
    /// The residual stream before the block → after it, each `[rows, d]`, without the parts that
    /// are skipped. A skipped attention runs all the same: its cache must know every position.
    /// `sums` are those inside it that are wanted.
    pub fn forward(
        &mut self,
        x: &Tensor,
        ablations: &BlockAblations,
        sums: &[PartialSum],
    ) -> Result<BlockOutput> {
        let input = normed(&self.attention_norms.input, x)?;
        let (heads, attention) = self.attended(&input, ablations)?;
        let with_attention = normed(&self.attention_norms.sum, &self.sum(x, &attention)?)?;
        let with_attention = match &self.laurel {
            Some(laurel) => laurel.joined(&with_attention, &input)?,
            None => with_attention,
        };
        let feed_forward = match self.residual {
            Residual::Serial => {
                let input = normed(&self.mlp_norms.input, &with_attention)?;
                self.fed(&input, &with_attention, ablations)?
            }
            Residual::Parallel => self.fed(&normed(&self.mlp_norms.input, x)?, x, ablations)?,
            Residual::ParallelOneNorm => self.fed(&input, x, ablations)?,
        };
        let state = self.sum(&with_attention, &feed_forward)?;
        let state = normed(&self.mlp_norms.sum, &state)?;
        let inside = sums.iter().map(|sum| {
            let state = match sum {
                PartialSum::AfterAttention | PartialSum::WithAttention => with_attention.clone(),
                PartialSum::WithFeedForward => self.sum(x, &feed_forward)?,
            };
            Ok((*sum, state))
        });
        let inside = inside.collect::<Result<_>>()?;
        let parts = BlockParts {
            heads,
            attention,
            feed_forward,
            scale: None,
        };
        Ok(BlockOutput {
            state,
            parts,
            inside,
        })
    }

    /// What each head of one position adds to the stream, and the output's bias as the last row:
    /// what the heads gave, `[1, n_heads * head_dim]` → `[n_heads + 1, d]`.
    pub fn added_by_head(&self, heads: &Tensor) -> Result<Tensor> {
        let output = self.attention.output(heads)?;
        let bias = match self.attention.output_bias()? {
            Some(bias) => bias.unsqueeze(0)?,
            None => output.zeros_like()?,
        };
        let Some(by_head) = self.attention.output_by_head(heads)? else {
            return Ok(bias);
        };
        let mut shares = Decomposition::of(&by_head, bias);
        if let Some(norm) = &self.attention_norms.output {
            shares.through(norm, &output)?;
        }
        self.scaled(shares.rows()?)
    }

    /// Carries the stream before the block, split into parts, through it: `attention` and
    /// `feed_forward` become parts of their own, `[any, d]`, and where the block puts its sums
    /// through a norm, so do the parts. `before` is the stream itself, `[1, d]`.
    pub fn carry(
        &self,
        decomposition: &mut Decomposition,
        before: &Tensor,
        attention: &Tensor,
        feed_forward: &Tensor,
    ) -> Result<()> {
        decomposition.push(attention);
        let mut sum = (before + attention.sum_keepdim(0)?)?;
        if let Some(norm) = &self.attention_norms.sum {
            decomposition.through(norm, &sum)?;
            sum = norm.forward(&sum)?;
        }
        decomposition.push(feed_forward);
        if let Some(norm) = &self.mlp_norms.sum {
            decomposition.through(norm, &(sum + feed_forward)?)?;
        }
        Ok(())
    }

    /// What the heads give, and what the attention adds to the stream.
    fn attended(&mut self, input: &Tensor, ablations: &BlockAblations) -> Result<(Tensor, Tensor)> {
        let heads = self.attention.heads(input)?;
        let heads = self.attention.silenced(&heads, &ablations.heads)?;
        let output = self.attention.output(&heads)?;
        let added = self.scaled(normed(&self.attention_norms.output, &output)?)?;
        let added = if ablations.attention {
            added.zeros_like()?
        } else {
            added
        };
        Ok((heads, added))
    }

    /// What the feed-forward part adds to the stream, of which `input` is what a norm gives.
    fn fed(&self, input: &Tensor, stream: &Tensor, ablations: &BlockAblations) -> Result<Tensor> {
        if ablations.feed_forward {
            return input.zeros_like();
        }
        let output = self.feed_forward.forward(input, stream)?;
        self.scaled(normed(&self.mlp_norms.output, &output)?)
    }

    fn scaled(&self, part: Tensor) -> Result<Tensor> {
        match self.part_scale {
            Some(scale) => self.dtype.round((part * scale)?),
            None => Ok(part),
        }
    }

    fn sum(&self, x: &Tensor, part: &Tensor) -> Result<Tensor> {
        self.dtype.round((x + part)?)
    }
}

fn normed(norm: &Option<Norm>, x: &Tensor) -> Result<Tensor> {
    match norm {
        Some(norm) => norm.forward(x),
        None => Ok(x.clone()),
    }
}
