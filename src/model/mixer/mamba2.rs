//! Mamba-2's state space: each head holds a matrix that decays by one factor, is written with what
//! the position chooses, and read with the same; heads share what they write and read with in groups.
//!
//! Dao, Gu 2024, *Transformers are SSMs*, <https://arxiv.org/abs/2405.21060>.

use candle_core::{Device, Result, Tensor};
use rayon::prelude::*;

use super::convolution::Convolution;
use super::mamba::{Decay, convolution};
use super::{
    ALL_POSITIONS, HeadOrder, Heads, Kind, Mixer, Past, numbers, product, rms_scale, rounded, silu,
    softplus,
};
use crate::model::ModelError;
use crate::model::checkpoint::Checkpoint;
use crate::model::dtype::Dtype;
use crate::model::linear::Linear;
use crate::model::spec::Bias;

/// A Mamba-2 state space.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// Heads.
    pub heads: usize,
    /// Channels of a head.
    pub width: usize,
    /// Groups of heads that write and read with the same.
    pub groups: usize,
    /// Numbers of a channel.
    pub state: usize,
    /// Positions that the convolution sees.
    pub kernel: usize,
    /// Bias of the projection into it.
    pub bias: Bias,
    /// Bias of the projection out of it.
    pub output_bias: Bias,
    /// Bias of the convolution.
    pub convolution_bias: Bias,
    /// Where what the heads of a group give is normed.
    pub normed: Normed,
    /// Of that norm.
    pub eps: f64,
    /// Rates stay within these two.
    pub rates: [f64; 2],
    /// What goes in is multiplied by the first, and the gates, the channels, what writes, what reads
    /// and the rates that are made of it by the others, as in Falcon-H1.
    pub scales: Option<(f64, [f64; 5])>,
}

/// Where the norm of what the heads of a group give stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Normed {
    /// There is none.
    Nowhere,
    /// Behind the gates.
    Gated,
    /// Before the gates.
    Ungated,
    /// Behind the gates, where the checkpoint holds its weights: GGUF metadata do not say.
    AsStored,
}

impl Spec {
    fn channels(&self) -> usize {
        self.heads.saturating_mul(self.width)
    }

    /// What goes through the convolution: channels, what is written with, what is read with.
    fn convolved(&self) -> usize {
        let both = self.groups.saturating_mul(self.state).saturating_mul(2);
        self.channels().saturating_add(both)
    }
}

impl Kind for Spec {
    fn heads(&self) -> Heads {
        Heads {
            count: self.heads,
            width: self.width,
            order: HeadOrder::Counted,
        }
    }

    fn words(&self) -> String {
        let norm = match self.normed {
            Normed::Nowhere => "",
            Normed::Gated => ", RMSNorm behind its gates",
            Normed::Ungated => ", RMSNorm before its gates",
            Normed::AsStored => ", RMSNorm behind its gates where the files hold one",
        };
        let scales = match self.scales {
            None => String::new(),
            Some((input, [gates, channels, writes, reads, rates])) => format!(
                ", input scaled by {input}, gates by {gates}, channels by {channels}, what writes \
                 by {writes}, what reads by {reads}, rates by {rates}"
            ),
        };
        format!(
            "Mamba-2, {} heads of {} channels in {} groups, {} numbers a channel, convolution over \
             {} positions{norm}{scales}",
            self.heads, self.width, self.groups, self.state, self.kernel
        )
    }

    fn widths(&self) -> Vec<u64> {
        vec![self.channels() as u64, self.convolved() as u64]
    }

    fn state(&self) -> u64 {
        let kept = product(&[self.kernel.saturating_sub(1), self.convolved()]);
        kept.saturating_add(product(&[self.channels(), self.state]))
    }

    fn sums_over(&self) -> usize {
        ALL_POSITIONS
    }
}

/// Where the tensors of a Mamba-2 state space stand.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// Gates, what goes through the convolution, and rates, one below the other.
    pub inner: &'static str,
    /// `[convolved, kernel]`.
    pub convolution: &'static str,
    /// One number a head.
    pub decay: Decay,
    /// Added to the rates before their softplus, `[heads]`; the name as a whole.
    pub step: &'static str,
    /// How much of a channel passes by, `[heads]`; the name as a whole.
    pub passed: &'static str,
    /// The norm of what the heads give.
    pub norm: &'static str,
    /// The output projection.
    pub output: &'static str,
}

/// A Mamba-2 state space with its weights.
#[derive(Debug)]
pub struct Mamba2 {
    spec: Spec,
    inner: Linear,
    convolution: Convolution,
    decay: Vec<f32>,
    step: Vec<f32>,
    passed: Vec<f32>,
    /// The weights of its norm, and whether that stands behind the gates.
    norm: Option<(Vec<f32>, bool)>,
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
) -> std::result::Result<Mamba2, ModelError> {
    let name = |name: &str| checkpoint.in_block(name, l);
    let (channels, convolved, heads) = (spec.channels(), spec.convolved(), spec.heads);
    let rows = channels + convolved + heads;
    let inner = checkpoint.projection(&name(layout.inner), rows, d_model, spec.bias)?;
    let output_bias = spec.output_bias;
    let output = checkpoint.projection(&name(layout.output), d_model, channels, output_bias)?;
    let weights = name(layout.norm);
    let is_gated = match spec.normed {
        Normed::Nowhere => None,
        Normed::Gated => Some(true),
        Normed::Ungated => Some(false),
        Normed::AsStored => checkpoint.has_weight(&weights).then_some(true),
    };
    let norm = match is_gated {
        Some(is_gated) => Some((checkpoint.flat(&(weights + ".weight"), channels)?, is_gated)),
        None => None,
    };
    let shape = [convolved, spec.kernel];
    let bias = spec.convolution_bias;
    Ok(Mamba2 {
        inner: checkpoint.stacked(vec![inner])?,
        convolution: convolution(checkpoint, &name(layout.convolution), shape, bias)?,
        decay: layout.decay.read(checkpoint, l, heads)?,
        step: checkpoint.flat(&name(layout.step), heads)?,
        passed: checkpoint.flat(&name(layout.passed), heads)?,
        norm,
        output: checkpoint.stacked(vec![output])?,
        dtype: checkpoint.dtype(),
        spec: spec.clone(),
    })
}

impl Mixer for Mamba2 {
    fn heads(&self, x: &Tensor, past: &mut Past) -> Result<Tensor> {
        let spec = &self.spec;
        let (channels, convolved) = (spec.channels(), spec.convolved());
        let rows = x.dim(0)?;
        let of_row = channels + convolved + spec.heads;
        let inner = self.inner(x)?;
        let part = |from: usize, len: usize| -> Vec<f32> {
            let rows = inner.chunks_exact(of_row.max(1));
            let parts = rows.filter_map(|row| row.get(from..from + len));
            parts.flatten().copied().collect()
        };
        let gates = part(0, channels);
        let rates = part(channels + convolved, spec.heads);

        let kept = self.convolution.kept();
        let mut all = past.state.take(kept + channels * spec.state);
        let (kept, memory) = all.split_at_mut(kept);
        let mixed = self.convolution.forward(&part(channels, convolved), kept);
        let mixed = rounded(mixed, self.dtype)?;
        let mixed = rounded(mixed.into_iter().map(silu).collect(), self.dtype)?;

        let of_heads: Vec<Vec<f32>> = memory
            .par_chunks_exact_mut((spec.width * spec.state).max(1))
            .enumerate()
            .map(|(head, memory)| self.of_head(head, memory, &mixed, &rates))
            .collect();
        past.state.put(all);

        let width = spec.width;
        let mut given = Vec::with_capacity(rows * channels);
        for row in 0..rows {
            for of_head in &of_heads {
                let of_row = of_head.get(row * width..(row + 1) * width);
                given.extend_from_slice(of_row.unwrap_or_default());
            }
        }
        let given = self.gated(given, &gates);
        let given = Tensor::from_vec(given, (rows, channels), &Device::Cpu)?;
        self.dtype.round(given)?.to_device(x.device())
    }

    fn output(&self) -> &Linear {
        &self.output
    }

    fn bytes(&self) -> u64 {
        self.inner.bytes() + self.output.bytes()
    }
}

impl Mamba2 {
    /// What head `head` gives for each position, whose `memory`, `[width, state]`, it goes on from.
    #[expect(clippy::cast_possible_truncation, reason = "the model computes in f32")]
    fn of_head(&self, head: usize, memory: &mut [f32], mixed: &[f32], rates: &[f32]) -> Vec<f32> {
        let spec = &self.spec;
        let number = |all: &[f32]| all.get(head).copied().unwrap_or_default();
        let (decay, step, passed) = (
            number(&self.decay),
            number(&self.step),
            number(&self.passed),
        );
        let group = head / (spec.heads / spec.groups.max(1)).max(1);
        let shared = spec.channels() + group * spec.state;
        let [least, most] = spec.rates.map(|rate| rate as f32);
        let rows = mixed.chunks_exact(spec.convolved().max(1));
        let rows = rows.zip(rates.chunks_exact(spec.heads.max(1)));
        let mut given = Vec::with_capacity(rows.len() * spec.width);
        for (mixed, rates) in rows {
            let slice = |from: usize, len: usize| mixed.get(from..from + len).unwrap_or_default();
            let rate = softplus(number(rates) + step).max(least).min(most);
            let kept = (rate * decay).exp();
            let write = slice(shared, spec.state);
            let read = slice(shared + spec.groups * spec.state, spec.state);
            let channels = slice(head * spec.width, spec.width);
            for (channel, memory) in channels
                .iter()
                .zip(memory.chunks_exact_mut(spec.state.max(1)))
            {
                let taken_in = channel * rate;
                let mut sum = 0.0;
                for ((memory, write), read) in memory.iter_mut().zip(write).zip(read) {
                    *memory = *memory * kept + taken_in * write;
                    sum += *memory * read;
                }
                given.push(sum + passed * channel);
            }
        }
        given
    }

    /// Gates, what goes through the convolution, and rates of each position, scaled where it has
    /// scales.
    #[expect(clippy::cast_possible_truncation, reason = "the model computes in f32")]
    fn inner(&self, x: &Tensor) -> Result<Vec<f32>> {
        let spec = &self.spec;
        let Some((of_input, of_parts)) = spec.scales else {
            return numbers(&self.inner.forward(x)?);
        };
        let x = self.dtype.round((x * of_input)?)?;
        let mut inner = numbers(&self.inner.forward(&x)?)?;
        let (channels, state) = (spec.channels(), spec.groups * spec.state);
        let of_row = [channels, channels, state, state, spec.heads];
        let of_row = of_row.into_iter().zip(of_parts.map(|scale| scale as f32));
        let of_row = of_row.flat_map(|(len, scale)| std::iter::repeat_n(scale, len));
        let of_row: Vec<f32> = of_row.collect();
        for row in inner.chunks_exact_mut(of_row.len().max(1)) {
            let numbers = row.iter_mut().zip(&of_row);
            numbers.for_each(|(number, scale)| *number *= scale);
        }
        rounded(inner, self.dtype)
    }

    /// What the heads give, through its gates and its norm.
    fn gated(&self, mut given: Vec<f32>, gates: &[f32]) -> Vec<f32> {
        let gate = |given: &mut [f32]| {
            let gated = given.iter_mut().zip(gates);
            gated.for_each(|(given, gate)| *given *= silu(*gate));
        };
        match &self.norm {
            None => gate(&mut given),
            Some((weights, true)) => {
                gate(&mut given);
                self.norm(&mut given, weights);
            }
            Some((weights, false)) => {
                self.norm(&mut given, weights);
                gate(&mut given);
            }
        }
        given
    }

    /// Norms what the heads give, which has a statistic for each group.
    fn norm(&self, given: &mut [f32], weights: &[f32]) {
        let channels = self.spec.channels().max(1);
        let of_group = (channels / self.spec.groups.max(1)).max(1);
        for row in given.chunks_exact_mut(channels) {
            let groups = row.chunks_exact_mut(of_group);
            for (group, weights) in groups.zip(weights.chunks_exact(of_group)) {
                let scale = rms_scale(group, self.spec.eps);
                for (number, weight) in group.iter_mut().zip(weights) {
                    *number *= scale * weight;
                }
            }
        }
    }
}
