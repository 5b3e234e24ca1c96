//! The gated short convolution of LFM2: what a position passes on is convolved over the last few
//! positions, between two gates.
//!
//! Liquid AI 2025, *LFM2 Technical Report*, <https://arxiv.org/abs/2511.23404>.

use candle_core::{D, Device, Result, Tensor};

use super::convolution::Convolution;
use super::{HeadOrder, Heads, Kind, Mixer, Past, numbers, product};
use crate::model::ModelError;
use crate::model::checkpoint::Checkpoint;
use crate::model::dtype::Dtype;
use crate::model::linear::Linear;
use crate::model::spec::Bias;

/// A gated short convolution.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// Width of the stream, and of all within.
    pub width: usize,
    /// Positions that the convolution sees.
    pub kernel: usize,
    /// Biases of the convolution and of both projections.
    pub bias: Bias,
}

impl Kind for Spec {
    fn heads(&self) -> Heads {
        Heads {
            count: 1,
            width: self.width,
            order: HeadOrder::Counted,
        }
    }

    fn words(&self) -> String {
        let bias = match self.bias {
            Bias::Absent => "",
            Bias::Present | Bias::AsStored => ", bias of all projections",
        };
        format!("gated convolution over {} positions{bias}", self.kernel)
    }

    fn widths(&self) -> Vec<u64> {
        vec![product(&[3, self.width])]
    }

    fn state(&self) -> u64 {
        product(&[self.kernel.saturating_sub(1), self.width])
    }
}

/// Where the tensors of a gated short convolution stand.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// The gate before the convolution, the one behind it, and what is convolved: `[3 * width, d]`.
    pub inner: &'static str,
    /// `[width, kernel]`.
    pub convolution: &'static str,
    /// The output projection.
    pub output: &'static str,
}

/// A gated short convolution with its weights.
#[derive(Debug)]
pub struct ShortConvolution {
    width: usize,
    inner: Linear,
    convolution: Convolution,
    output: Linear,
    dtype: Dtype,
}

/// Reads the convolution of block `l`.
pub(super) fn read(
    spec: &Spec,
    layout: &Layout,
    checkpoint: &Checkpoint<'_>,
    l: usize,
    d_model: usize,
) -> std::result::Result<ShortConvolution, ModelError> {
    let Spec {
        width,
        kernel,
        bias,
    } = *spec;
    let name = |name: &str| checkpoint.in_block(name, l);
    let inner = checkpoint.projection(&name(layout.inner), 3 * width, d_model, bias)?;
    let output = checkpoint.projection(&name(layout.output), d_model, width, bias)?;
    let convolution = name(layout.convolution);
    let weights = checkpoint.squeezed(&format!("{convolution}.weight"), &[width, kernel])?;
    let of_channels = match bias {
        Bias::Present => {
            let bias = checkpoint.tensor(&format!("{convolution}.bias"), &[width])?;
            Some(numbers(&bias)?)
        }
        Bias::Absent | Bias::AsStored => None,
    };
    Ok(ShortConvolution {
        width,
        inner: checkpoint.stacked(vec![inner])?,
        convolution: Convolution::new(width, kernel, &numbers(&weights)?, of_channels),
        output: checkpoint.stacked(vec![output])?,
        dtype: checkpoint.dtype(),
    })
}

impl Mixer for ShortConvolution {
    fn heads(&self, x: &Tensor, past: &mut Past) -> Result<Tensor> {
        let inner = self.inner.forward(x)?;
        let part = |which: usize| inner.narrow(D::Minus1, which * self.width, self.width);
        let passed = self.dtype.round((part(0)? * part(2)?)?)?;
        let mut kept = past.state.take(self.convolution.kept());
        let convolved = self.convolution.forward(&numbers(&passed)?, &mut kept);
        past.state.put(kept);
        let convolved = Tensor::from_vec(convolved, passed.shape(), &Device::Cpu)?;
        let convolved = self.dtype.round(convolved)?.to_device(x.device())?;
        self.dtype.round((part(1)? * convolved)?)
    }

    fn output(&self) -> &Linear {
        &self.output
    }

    fn bytes(&self) -> u64 {
        self.inner.bytes() + self.output.bytes()
    }
}
