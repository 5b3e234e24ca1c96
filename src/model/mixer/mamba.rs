//! Mamba's selective state space: each channel has a few numbers that decay and take in the channel
//! at rates that the position itself chooses.
//!
//! Gu, Dao 2023, *Mamba*, <https://arxiv.org/abs/2312.00752>.

use candle_core::{D, Device, Result, Tensor};
use rayon::prelude::*;

use super::convolution::Convolution;
use super::{
    ALL_POSITIONS, HeadOrder, Heads, Kind, Mixer, Past, numbers, product, rms_scale, rounded, silu,
    softplus,
};
use crate::model::ModelError;
use crate::model::checkpoint::Checkpoint;
use crate::model::dtype::Dtype;
use crate::model::linear::Linear;
use crate::model::spec::Bias;

/// A selective state space.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// Channels.
    pub width: usize,
    /// Numbers of a channel.
    pub state: usize,
    /// Width of what the rates are made of.
    pub rank: usize,
    /// Positions that the convolution sees.
    pub kernel: usize,
    /// Biases of the projections into it and out of it.
    pub bias: Bias,
    /// Bias of the convolution.
    pub convolution_bias: Bias,
    /// Of an RMSNorm without weights of what the rates are made of, of what writes and of what
    /// reads, each on its own, as in Falcon Mamba.
    pub selected_eps: Option<f64>,
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
        let norms = match self.selected_eps {
            None => "",
            Some(_) => ", RMSNorm of what makes rates, writes and reads",
        };
        format!(
            "Mamba, {} channels of {} numbers, convolution over {} positions{norms}",
            self.width, self.state, self.kernel
        )
    }

    fn widths(&self) -> Vec<u64> {
        // What makes rates and what they write is as high as this, and as wide as the channels.
        let inner = self.rank.saturating_add(self.state.saturating_mul(2));
        vec![product(&[2, self.width]), inner as u64]
    }

    fn state(&self) -> u64 {
        let kept = product(&[self.kernel.saturating_sub(1), self.width]);
        kept.saturating_add(product(&[self.width, self.state]))
    }

    fn sums_over(&self) -> usize {
        ALL_POSITIONS
    }
}

/// Where the tensors of a selective state space stand.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// Channels and gates, one below the other.
    pub inner: &'static str,
    /// `[channels, kernel]`.
    pub convolution: &'static str,
    /// From the channels to what the rates are made of, what writes, and what reads.
    pub selection: &'static str,
    /// From there to the rates.
    pub rates: &'static str,
    /// `[channels, state]`, the name as a whole: the logarithm of the decay, or the decay below 0.
    pub decay: Decay,
    /// How much of a channel passes by, `[channels]`; the name as a whole.
    pub passed: &'static str,
    /// The output projection.
    pub output: &'static str,
}

/// How the factors of the decay are stored; the names as a whole.
#[derive(Clone, Copy, Debug)]
pub enum Decay {
    /// Their logarithms.
    Logarithm(&'static str),
    /// Less than zero, as llama.cpp's converter writes them.
    Negative(&'static str),
}

impl Decay {
    /// The factors, below 0, `len` of them.
    pub(super) fn read(
        self,
        checkpoint: &Checkpoint<'_>,
        l: usize,
        len: usize,
    ) -> std::result::Result<Vec<f32>, ModelError> {
        let read = |name: &str| checkpoint.flat(&checkpoint.in_block(name, l), len);
        Ok(match self {
            Self::Logarithm(name) => {
                let logarithms = read(name)?.into_iter();
                logarithms.map(|logarithm| -logarithm.exp()).collect()
            }
            Self::Negative(name) => read(name)?,
        })
    }
}

/// A selective state space with its weights.
#[derive(Debug)]
pub struct Mamba {
    spec: Spec,
    inner: Linear,
    convolution: Convolution,
    selection: Linear,
    rates: Linear,
    decay: Vec<f32>,
    passed: Vec<f32>,
    output: Linear,
    dtype: Dtype,
}

/// Reads the state space of block `l`.
pub(super) fn read(
    spec: &Spec,
    layout: &Layout,
    checkpoint: &Checkpoint<'_>,
    l: usize,
    d_model: usize,
) -> std::result::Result<Mamba, ModelError> {
    let name = |name: &str| checkpoint.in_block(name, l);
    let linear = |part: &str, rows: usize, columns: usize, bias: Bias| {
        let part = checkpoint.projection(&name(part), rows, columns, bias)?;
        checkpoint.stacked(vec![part])
    };
    let Spec {
        width,
        state,
        rank,
        kernel,
        bias,
        convolution_bias,
        selected_eps: _,
    } = *spec;
    Ok(Mamba {
        inner: linear(layout.inner, 2 * width, d_model, bias)?,
        convolution: convolution(
            checkpoint,
            &name(layout.convolution),
            [width, kernel],
            convolution_bias,
        )?,
        selection: linear(layout.selection, rank + 2 * state, width, Bias::Absent)?,
        rates: linear(layout.rates, width, rank, Bias::Present)?,
        decay: layout.decay.read(checkpoint, l, width * state)?,
        passed: checkpoint.flat(&name(layout.passed), width)?,
        output: linear(layout.output, d_model, width, bias)?,
        dtype: checkpoint.dtype(),
        spec: spec.clone(),
    })
}

/// A convolution of `[channels, kernel]` with its bias, where it has one.
pub(super) fn convolution(
    checkpoint: &Checkpoint<'_>,
    name: &str,
    [channels, kernel]: [usize; 2],
    bias: Bias,
) -> std::result::Result<Convolution, ModelError> {
    let weights = checkpoint.squeezed(&format!("{name}.weight"), &[channels, kernel])?;
    let bias_name = format!("{name}.bias");
    let bias = checkpoint
        .has_bias(bias, &bias_name)
        .then(|| checkpoint.flat(&bias_name, channels))
        .transpose()?;
    Ok(Convolution::new(
        channels,
        kernel,
        &numbers(&weights)?,
        bias,
    ))
}

impl Mixer for Mamba {
    fn heads(&self, x: &Tensor, past: &mut Past) -> Result<Tensor> {
        let Spec {
            width, state, rank, ..
        } = self.spec;
        let rows = x.dim(0)?;
        let inner = self.inner.forward(x)?;
        let gates = numbers(&inner.narrow(D::Minus1, width, width)?.contiguous()?)?;
        let channels = numbers(&inner.narrow(D::Minus1, 0, width)?.contiguous()?)?;

        let kept = self.convolution.kept();
        let mut all = past.state.take(kept + width * state);
        let (kept, memory) = all.split_at_mut(kept);
        let channels = rounded(self.convolution.forward(&channels, kept), self.dtype)?;
        let channels = rounded(channels.into_iter().map(silu).collect(), self.dtype)?;

        let on_device = Tensor::from_slice(&channels, (rows, width), &Device::Cpu)?;
        let selected = self.selection.forward(&on_device.to_device(x.device())?)?;
        let selected = self.normed(numbers(&selected)?)?;
        let of_rates = selected.chunks_exact((rank + 2 * state).max(1));
        let of_rates = of_rates.flat_map(|selected| selected.iter().take(rank).copied());
        let of_rates = Tensor::from_iter(of_rates, &Device::Cpu)?.reshape((rows, rank))?;
        let rates = numbers(&self.rates.forward(&of_rates.to_device(x.device())?)?)?;

        let of_channel = |(channel, memory): (usize, &mut [f32])| -> Vec<f32> {
            let decay = self.decay.get(channel * state..(channel + 1) * state);
            let decay = decay.unwrap_or_default();
            let passed = self.passed.get(channel).copied().unwrap_or_default();
            let of_rows = selected.chunks_exact(rank + 2 * state).enumerate();
            let given = of_rows.map(|(row, selected)| {
                let at = row * width + channel;
                let number = |all: &[f32]| all.get(at).copied().unwrap_or_default();
                let (rate, x) = (softplus(number(&rates)), number(&channels));
                let (write, read) = selected.split_at(rank).1.split_at(state);
                let mut sum = 0.0;
                let numbers = memory.iter_mut().zip(decay).zip(write).zip(read);
                for (((memory, decay), write), read) in numbers {
                    *memory = *memory * (rate * decay).exp() + rate * write * x;
                    sum += *memory * read;
                }
                (sum + passed * x) * silu(number(&gates))
            });
            given.collect()
        };
        let given: Vec<Vec<f32>> = memory
            .par_chunks_exact_mut(state.max(1))
            .enumerate()
            .map(of_channel)
            .collect();
        past.state.put(all);
        let by_row = (0..rows).flat_map(|row| given.iter().filter_map(move |of| of.get(row)));
        let by_row: Vec<f32> = by_row.copied().collect();
        let given = Tensor::from_vec(by_row, (rows, width), &Device::Cpu)?;
        self.dtype.round(given)?.to_device(x.device())
    }

    fn output(&self) -> &Linear {
        &self.output
    }

    fn bytes(&self) -> u64 {
        let linears = [&self.inner, &self.selection, &self.rates, &self.output];
        linears.into_iter().map(Linear::bytes).sum()
    }
}

impl Mamba {
    /// What was selected, `[rows, rank + 2 * state]`, through its norms, where it has some.
    fn normed(&self, mut selected: Vec<f32>) -> Result<Vec<f32>> {
        let Spec {
            rank,
            state,
            selected_eps: Some(eps),
            ..
        } = self.spec
        else {
            return Ok(selected);
        };
        for row in selected.chunks_exact_mut((rank + 2 * state).max(1)) {
            let (rates, both) = row.split_at_mut(rank);
            let (write, read) = both.split_at_mut(state);
            for part in [rates, write, read] {
                let scale = rms_scale(part, eps);
                part.iter_mut().for_each(|number| *number *= scale);
            }
        }
        rounded(selected, self.dtype)
    }
}
