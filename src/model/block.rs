//! One decoder block.

use candle_core::{Result, Tensor};

use super::attention::Attention;
use super::dtype::Dtype;
use super::feed_forward::FeedForward;
use super::norm::Norm;
use super::spec::{NormPlace, Residual};

/// One decoder block: attention and feed-forward part, each added to the stream.
#[derive(Debug)]
pub struct Block {
    /// How the two are added.
    pub residual: Residual,
    /// What each adds is multiplied by it.
    pub part_scale: Option<f64>,
    /// Around the attention.
    pub attention_norms: PartNorms,
    /// The attention.
    pub attention: Attention,
    /// Around the feed-forward part.
    pub mlp_norms: PartNorms,
    /// The feed-forward part.
    pub feed_forward: FeedForward,
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

impl Block {
    /// The residual stream before the block → after it, each `[rows, d]`.
    pub fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        match self.residual {
            Residual::Serial => {
                let attended = self.attended(&normed(&self.attention_norms.input, x)?)?;
                let x = normed(&self.attention_norms.sum, &self.sum(x, &attended)?)?;
                let fed = self.fed(&normed(&self.mlp_norms.input, &x)?)?;
                normed(&self.mlp_norms.sum, &self.sum(&x, &fed)?)
            }
            Residual::Parallel => {
                let attended = self.attended(&normed(&self.attention_norms.input, x)?)?;
                let fed = self.fed(&normed(&self.mlp_norms.input, x)?)?;
                self.sum(&self.sum(x, &attended)?, &fed)
            }
            Residual::ParallelOneNorm => {
                let input = normed(&self.attention_norms.input, x)?;
                let attended = self.attended(&input)?;
                self.sum(&self.sum(x, &attended)?, &self.fed(&input)?)
            }
        }
    }

    /// What the attention adds to the stream.
    fn attended(&mut self, input: &Tensor) -> Result<Tensor> {
        let output = self.attention.forward(input)?;
        self.scaled(normed(&self.attention_norms.output, &output)?)
    }

    /// What the feed-forward part adds to the stream.
    fn fed(&self, input: &Tensor) -> Result<Tensor> {
        let output = self.feed_forward.forward(input)?;
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
