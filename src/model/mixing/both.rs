//! An attention with a mixer beside it: both read the same, and what they give is added.

use candle_core::{D, Result, Tensor};

use crate::model::attention::Attention;
use crate::model::dtype::Dtype;
use crate::model::linear::Linear;
use crate::model::mixer::{Heads, Mixer, Past};
use crate::model::spec::BesideSpec;

/// An attention with a mixer beside it, and what they know of the positions seen.
#[derive(Debug)]
pub struct Both {
    spec: BesideSpec,
    pub(super) attention: Attention,
    mixer: Box<dyn Mixer>,
    pub(super) past: Past,
    /// Those of the attention, then those of the mixer.
    pub(super) heads: Heads,
    dtype: Dtype,
}

impl Both {
    /// The two, as `spec` says, which together have these `heads`.
    #[must_use]
    pub fn new(
        spec: BesideSpec,
        attention: Attention,
        mixer: Box<dyn Mixer>,
        heads: Heads,
        dtype: Dtype,
    ) -> Self {
        Self {
            spec,
            attention,
            mixer,
            past: Past::default(),
            heads,
            dtype,
        }
    }

    /// Bytes of weights that one token reads.
    pub(super) fn bytes(&self) -> u64 {
        self.attention.bytes() + self.mixer.bytes()
    }

    /// What the heads of both give, one behind the other.
    pub(super) fn heads(&mut self, x: &Tensor) -> Result<Tensor> {
        let input = self.scaled(x.clone(), self.spec.attention_input)?;
        let of_attention = self.attention.heads(&input)?;
        let of_mixer = self.mixer.heads(x, &mut self.past)?;
        Tensor::cat(&[of_attention, of_mixer], D::Minus1)
    }

    /// What both make of what their heads give.
    pub(super) fn output(&self, heads: &Tensor) -> Result<Tensor> {
        self.sum(heads, Linear::forward)
    }

    /// The same without biases.
    pub(super) fn output_without_bias(&self, heads: &Tensor) -> Result<Tensor> {
        self.sum(heads, Linear::without_bias)
    }

    /// The biases of both together, `[d]`.
    pub(super) fn output_bias(&self) -> Result<Option<Tensor>> {
        let of_attention = self.attention.projection().bias();
        let of_mixer = self.mixer.output().bias();
        let (attention, mixer) = (self.spec.attention_output, self.spec.mixer_output);
        match (of_attention, of_mixer) {
            (Some(a), Some(m)) => ((a * attention)? + (m * mixer)?).map(Some),
            (Some(bias), None) => (bias * attention).map(Some),
            (None, Some(bias)) => (bias * mixer).map(Some),
            (None, None) => Ok(None),
        }
    }

    fn sum(
        &self,
        heads: &Tensor,
        through: impl Fn(&Linear, &Tensor) -> Result<Tensor>,
    ) -> Result<Tensor> {
        let first = self.attention.which().together();
        let behind = heads.dim(D::Minus1)?.saturating_sub(first);
        let of_attention = heads.narrow(D::Minus1, 0, first)?.contiguous()?;
        let of_mixer = heads.narrow(D::Minus1, first, behind)?.contiguous()?;
        let attention = through(self.attention.projection(), &of_attention)?;
        let mixer = through(self.mixer.output(), &of_mixer)?;
        let attention = self.scaled(attention, self.spec.attention_output)?;
        let mixer = self.scaled(mixer, self.spec.mixer_output)?;
        self.dtype.round((mixer + attention)?)
    }

    fn scaled(&self, x: Tensor, scale: f64) -> Result<Tensor> {
        match (scale - 1.0).abs() < f64::EPSILON {
            true => Ok(x),
            false => self.dtype.round((x * scale)?),
        }
    }
}
