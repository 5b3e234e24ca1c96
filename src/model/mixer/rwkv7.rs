//! The time mixing of RWKV-7: each head holds a matrix that decays by a rate of each of its rows,
//! forgets part of what a key reads, and takes in a value for another key; how much of each, every
//! position chooses by projections of low rank. Values are mixed with those of the first block.
//!
//! Peng et al. 2025, *RWKV-7 "Goose"*, <https://arxiv.org/abs/2503.14456>, as the package
//! flash-linear-attention computes it (`fla/layers/rwkv7.py`).

use std::sync::Arc;

use candle_core::{Device, Result, Tensor};
use candle_nn::ops;
use rayon::prelude::*;

use super::{
    ALL_POSITIONS, Handed, HeadOrder, Heads, Kind, Mixer, Past, numbers, product, sigmoid,
};
use crate::model::ModelError;
use crate::model::checkpoint::Checkpoint;
use crate::model::device::moved;
use crate::model::dtype::Dtype;
use crate::model::linear::Linear;
use crate::model::spec::Bias;
use crate::model::token_shift::Shifted;

/// The least of the logarithms of the decays: `-e^-0.5`.
const LEAST_LOG_DECAY: f32 = -0.606_530_67;

/// A time mixing.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// Heads.
    pub heads: usize,
    /// Width of their keys, and of their values.
    pub width: usize,
    /// Of the projections of low rank.
    pub ranks: Ranks,
    /// Where the values come from.
    pub values: Values,
    /// How the key that removes is made as long as one.
    pub unit: Unit,
    /// Of the LayerNorm of what each head reads.
    pub eps: f64,
}

/// The widths within the projections of low rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ranks {
    /// Of what makes the decays.
    pub decay: usize,
    /// Of what makes the rates in the context: how much of a key is replaced.
    pub rate: usize,
    /// Of what makes the shares of the first block's values.
    pub value: usize,
    /// Of what makes the gates.
    pub gate: usize,
}

/// Where the values of a block come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Values {
    /// The block's own projection; others mix them into theirs.
    Own,
    /// The block's own projection, with those of the block of this number mixed in.
    MixedWith(usize),
}

/// How a vector is made as long as one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Unit {
    /// Divided by `sqrt(sum + eps)`, `sum` that of its squares.
    Inside(f32),
    /// Divided by the larger of `sqrt(sum)` and `eps`.
    AtLeast(f32),
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
        let Ranks {
            decay,
            rate,
            value,
            gate,
        } = self.ranks;
        let values = match self.values {
            Values::Own => String::new(),
            Values::MixedWith(l) => format!(", values mixed with those of L{l} (rank {value})"),
        };
        // GGUF files hold it as float32, whose digits behind the seventh say nothing.
        #[expect(clippy::cast_possible_truncation, reason = "shown only")]
        let eps = self.eps as f32;
        format!(
            "RWKV-7 time mixing, {} heads, each {} wide, decays of rank {decay}, rates of rank \
             {rate}, gates of rank {gate}{values}, LayerNorm (eps {eps:e}) of what each head reads",
            self.heads, self.width
        )
    }

    fn widths(&self) -> Vec<u64> {
        let Ranks {
            decay,
            rate,
            value,
            gate,
        } = self.ranks;
        let ranks = [decay, rate, value, gate].map(|rank| rank as u64);
        [vec![product(&[self.heads, self.width])], ranks.to_vec()].concat()
    }

    fn state(&self) -> u64 {
        let before = product(&[self.heads, self.width]);
        before.saturating_add(product(&[self.heads, self.width, self.width]))
    }

    fn sums_over(&self) -> usize {
        ALL_POSITIONS
    }
}

/// Where the tensors of a time mixing stand.
#[derive(Clone, Copy, Debug)]
pub struct Layout(pub &'static Names);

/// The names of the tensors of a time mixing.
#[derive(Clone, Copy, Debug)]
pub struct Names {
    /// The shares of the token shift.
    pub shares: SharesLayout,
    /// What reads from the heads' matrices.
    pub receptance: &'static str,
    /// What writes to them.
    pub key: &'static str,
    /// What is written.
    pub value: &'static str,
    /// The output projection.
    pub output: &'static str,
    /// What makes the decays.
    pub decay: LowRankLayout,
    /// What makes the rates in the context.
    pub rate: LowRankLayout,
    /// What makes the shares of the first block's values.
    pub value_share: LowRankLayout,
    /// What makes the gates; it has no bias.
    pub gate: LowRankLayout,
    /// What keys are multiplied by to remove, `[width]`; the name as a whole.
    pub removal: &'static str,
    /// How far rates change what is written, `[width]`; the name as a whole.
    pub replacement: &'static str,
    /// What a position gives to itself past the state, `[heads, width]`; the name as a whole.
    pub bonus: &'static str,
    /// The norm of what each head reads.
    pub norm: &'static str,
}

/// Where the shares of a token shift stand; the names as a whole.
#[derive(Clone, Copy, Debug)]
pub enum SharesLayout {
    /// Of what receptance, decay, key, value, rate and gate read, in this order, a tensor each, or
    /// else all in one as in the first files.
    Each([&'static str; 6], &'static str),
    /// All in one, in that order.
    Fused(&'static str),
}

/// Where a projection of low rank stands.
#[derive(Clone, Copy, Debug)]
pub struct LowRankLayout {
    /// To the lower width.
    pub down: &'static str,
    /// Back.
    pub up: &'static str,
    /// What is added at last; the name as a whole.
    pub bias: &'static str,
}

/// A time mixing with its weights.
#[derive(Debug)]
pub struct Rwkv7 {
    spec: Spec,
    shares: Shares,
    receptance: Linear,
    key: Linear,
    value: Linear,
    output: Linear,
    decay: LowRank,
    rate: LowRank,
    /// With which the values of another block are mixed in.
    value_share: Option<LowRank>,
    gate: LowRank,
    removal: Vec<f32>,
    replacement: Vec<f32>,
    bonus: Vec<f32>,
    norm: [Vec<f32>; 2],
    /// The values of the pass that one block hands to the others.
    handed: Arc<Handed>,
    dtype: Dtype,
}

/// What of the position before is in what each projection reads, `[d]` each.
#[derive(Debug)]
struct Shares {
    receptance: Tensor,
    decay: Tensor,
    key: Tensor,
    value: Tensor,
    rate: Tensor,
    gate: Tensor,
}

impl Shares {
    fn read(
        layout: SharesLayout,
        checkpoint: &Checkpoint<'_>,
        l: usize,
        d_model: usize,
    ) -> std::result::Result<Self, ModelError> {
        let name = |name: &str| checkpoint.in_block(name, l);
        let all = match layout {
            SharesLayout::Each(each, fused) if !checkpoint.holds(&name(fused)) => {
                let each = each.map(|share| checkpoint.flat(&name(share), d_model));
                each.into_iter().collect::<std::result::Result<_, _>>()?
            }
            SharesLayout::Each(_, fused) | SharesLayout::Fused(fused) => {
                let all = checkpoint.flat(&name(fused), d_model.saturating_mul(6))?;
                all.chunks(d_model.max(1)).map(<[f32]>::to_vec).collect()
            }
        };
        let mut all: std::vec::IntoIter<Vec<f32>> = Vec::into_iter(all);
        let mut next = || {
            let share = all.next().unwrap_or_default();
            Tensor::from_vec(share, d_model, checkpoint.device())
        };
        Ok(Self {
            receptance: next()?,
            decay: next()?,
            key: next()?,
            value: next()?,
            rate: next()?,
            gate: next()?,
        })
    }
}

/// A projection of low rank.
#[derive(Debug)]
struct LowRank {
    down: Linear,
    up: Linear,
}

impl LowRank {
    fn read(
        layout: &LowRankLayout,
        checkpoint: &Checkpoint<'_>,
        l: usize,
        [d_model, rank, width]: [usize; 3],
        bias: Bias,
    ) -> std::result::Result<Self, ModelError> {
        let name = |name: &str| checkpoint.in_block(name, l);
        let down = checkpoint.projection(&name(layout.down), rank, d_model, Bias::Absent)?;
        let mut up = checkpoint.projection(&name(layout.up), width, rank, Bias::Absent)?;
        if bias == Bias::Present {
            up.bias = Some(checkpoint.tensor(&name(layout.bias), &[width])?);
        }
        Ok(Self {
            down: checkpoint.stacked(vec![down])?,
            up: checkpoint.stacked(vec![up])?,
        })
    }

    /// Of `x`, through `between` at the lower width.
    fn forward(
        &self,
        x: &Tensor,
        between: impl Fn(&Tensor) -> Result<Tensor>,
        dtype: Dtype,
    ) -> Result<Tensor> {
        let inner = dtype.round(between(&self.down.forward(x)?)?)?;
        self.up.forward(&inner)
    }

    fn bytes(&self) -> u64 {
        self.down.bytes() + self.up.bytes()
    }
}

/// Reads the time mixing of block `l`.
pub(super) fn read(
    spec: &Spec,
    Layout(layout): &Layout,
    checkpoint: &Checkpoint<'_>,
    l: usize,
    d_model: usize,
) -> std::result::Result<Rwkv7, ModelError> {
    let name = |name: &str| checkpoint.in_block(name, l);
    let width = spec.heads.saturating_mul(spec.width);
    let linear = |part: &str, rows: usize, columns: usize| {
        let part = checkpoint.projection(&name(part), rows, columns, Bias::Absent)?;
        checkpoint.stacked(vec![part])
    };
    let low_rank = |layout: &LowRankLayout, rank: usize, bias: Bias| {
        LowRank::read(layout, checkpoint, l, [d_model, rank, width], bias)
    };
    let flat = |part: &str| checkpoint.flat(&name(part), width);
    let ranks = spec.ranks;
    let (value_share, first) = match spec.values {
        Values::Own => {
            // Files may hold what is never used.
            let LowRankLayout { down, up, bias } = layout.value_share;
            let bias = bias.trim_end_matches(".weight").trim_end_matches(".bias");
            for part in [down, up, bias] {
                checkpoint.not_needed(&name(part));
            }
            (None, l)
        }
        Values::MixedWith(first) => {
            let share = low_rank(&layout.value_share, ranks.value, Bias::Present)?;
            (Some(share), first)
        }
    };
    let norm = name(layout.norm);
    Ok(Rwkv7 {
        shares: Shares::read(layout.shares, checkpoint, l, d_model)?,
        receptance: linear(layout.receptance, width, d_model)?,
        key: linear(layout.key, width, d_model)?,
        value: linear(layout.value, width, d_model)?,
        output: linear(layout.output, d_model, width)?,
        decay: low_rank(&layout.decay, ranks.decay, Bias::Present)?,
        rate: low_rank(&layout.rate, ranks.rate, Bias::Present)?,
        value_share,
        gate: low_rank(&layout.gate, ranks.gate, Bias::Absent)?,
        removal: flat(layout.removal)?,
        replacement: flat(layout.replacement)?,
        bonus: flat(layout.bonus)?,
        norm: [
            checkpoint.flat(&format!("{norm}.weight"), width)?,
            checkpoint.flat(&format!("{norm}.bias"), width)?,
        ],
        handed: checkpoint.handed(first),
        dtype: checkpoint.dtype(),
        spec: spec.clone(),
    })
}

impl Mixer for Rwkv7 {
    fn heads(&self, x: &Tensor, past: &mut Past) -> Result<Tensor> {
        let Spec { heads, width, .. } = self.spec;
        let rows = x.dim(0)?;
        let mut all = past.state.take(heads * width * (width + 1));
        let (before, matrices) = all.split_at_mut(heads * width);
        let made = self.made(&Shifted::of(x, before, self.dtype)?)?;
        let of_heads: Vec<Vec<f32>> = matrices
            .par_chunks_exact_mut((width * width).max(1))
            .enumerate()
            .map(|(head, matrix)| self.of_head(head, matrix, &made))
            .collect();
        past.state.put(all);
        let mut given = Vec::with_capacity(rows * heads * width);
        for row in 0..rows {
            for of_head in &of_heads {
                let of_row = of_head.get(row * width..(row + 1) * width);
                given.extend_from_slice(of_row.unwrap_or_default());
            }
        }
        let given = Tensor::from_vec(given, (rows, heads * width), &Device::Cpu)?;
        self.dtype.round(given)?.to_device(x.device())
    }

    fn output(&self) -> &Linear {
        &self.output
    }

    fn bytes(&self) -> u64 {
        let linears = [&self.receptance, &self.key, &self.value, &self.output];
        let linears: u64 = linears.into_iter().map(Linear::bytes).sum();
        let low_rank = [&self.decay, &self.rate, &self.gate].into_iter();
        let low_rank = low_rank.chain(&self.value_share);
        linears + low_rank.map(LowRank::bytes).sum::<u64>()
    }
}

/// What the projections make of a pass, `[rows, heads * width]` each.
struct Made {
    receptance: Vec<f32>,
    /// Logits of the decays.
    decay: Vec<f32>,
    key: Vec<f32>,
    value: Vec<f32>,
    /// Logits of the rates.
    rate: Vec<f32>,
    gate: Vec<f32>,
}

impl Rwkv7 {
    fn made(&self, x: &Shifted<'_>) -> Result<Made> {
        let dtype = self.dtype;
        let mixed = |share: &Tensor| dtype.round(x.mixed(share)?);
        let same = |x: &Tensor| Ok(x.clone());
        let shares = &self.shares;
        let decay = mixed(&shares.decay)?;
        let rate = mixed(&shares.rate)?;
        let gate = mixed(&shares.gate)?;
        Ok(Made {
            receptance: numbers(&self.receptance.forward(&mixed(&shares.receptance)?)?)?,
            decay: numbers(&self.decay.forward(&decay, Tensor::tanh, dtype)?)?,
            key: numbers(&self.key.forward(&mixed(&shares.key)?)?)?,
            value: numbers(&self.values(&mixed(&shares.value)?)?)?,
            rate: numbers(&self.rate.forward(&rate, same, dtype)?)?,
            gate: numbers(&self.gate.forward(&gate, ops::sigmoid, dtype)?)?,
        })
    }

    /// The values that `x` makes, those of the first block mixed in or handed on.
    fn values(&self, x: &Tensor) -> Result<Tensor> {
        let values = self.value.forward(x)?;
        let Some(share) = &self.value_share else {
            self.handed.put(vec![values.clone()]);
            return Ok(values);
        };
        let handed = self.handed.get();
        let [first] = &*handed else {
            candle_core::bail!("no block has handed on its values");
        };
        let share = share.forward(x, |x| Ok(x.clone()), self.dtype)?;
        let share = self.dtype.round(ops::sigmoid(&share)?)?;
        let difference = (moved(first, x.device())? - &values)?;
        self.dtype.round((values + (difference * share)?)?)
    }

    /// What head `head` gives for each position, whose `matrix`, `[keys, values]`, it goes on from.
    fn of_head(&self, head: usize, matrix: &mut [f32], made: &Made) -> Vec<f32> {
        let Spec { heads, width, .. } = self.spec;
        let rows = made.key.len() / (heads * width).max(1);
        let of_head = |all: &[f32]| -> Vec<f32> { slice(all, head, width).to_vec() };
        let (removal, replacement) = (of_head(&self.removal), of_head(&self.replacement));
        let (bonus, norm) = (
            of_head(&self.bonus),
            self.norm.each_ref().map(|n| of_head(n)),
        );
        let mut given = vec![0.0; rows * width];
        for (row, given) in given.chunks_exact_mut(width.max(1)).enumerate() {
            let of_row = |all| slice(all, row * heads + head, width);
            let (receptance, value) = (of_row(&made.receptance), of_row(&made.value));
            let decays = of_row(&made.decay).iter();
            let decays = decays.map(|logit| (LEAST_LOG_DECAY * sigmoid(*logit)).exp());
            let rates: Vec<f32> = of_row(&made.rate).iter().copied().map(sigmoid).collect();
            let removed = of_row(&made.key).iter().zip(&removal);
            let removed = self
                .spec
                .unit
                .of(removed.map(|(key, by)| key * by).collect());
            let written = of_row(&made.key).iter().zip(&rates).zip(&replacement);
            let written = written.map(|((key, rate), by)| key + key * (rate - 1.0) * by);
            let written: Vec<f32> = written.collect();

            let mut known = vec![0.0_f32; width];
            for (numbers, key) in matrix.chunks_exact(width.max(1)).zip(&removed) {
                for (known, number) in known.iter_mut().zip(numbers) {
                    *known -= number * key;
                }
            }
            let keys = decays
                .zip(&removed)
                .zip(&rates)
                .zip(&written)
                .zip(receptance);
            let rows_of_matrix = matrix.chunks_exact_mut(width.max(1));
            for (numbers, ((((decay, removed), rate), written), read)) in rows_of_matrix.zip(keys) {
                let back = removed * rate;
                let columns = numbers.iter_mut().zip(&known).zip(value).zip(&mut *given);
                for (((number, known), value), given) in columns {
                    *number = *number * decay + back * known + written * value;
                    *given += *number * read;
                }
            }
            normed(given, &norm, self.spec.eps);
            let past_the_state = receptance.iter().zip(&written).zip(&bonus);
            let past_the_state: f32 = past_the_state.map(|((r, k), by)| r * k * by).sum();
            let numbers = given.iter_mut().zip(value).zip(of_row(&made.gate));
            for ((given, value), gate) in numbers {
                *given = (*given + past_the_state * value) * gate;
            }
        }
        given
    }
}

/// Vector number `which` of those of `width` numbers.
fn slice(all: &[f32], which: usize, width: usize) -> &[f32] {
    all.get(which * width..(which + 1) * width)
        .unwrap_or_default()
}

impl Unit {
    fn of(self, mut vector: Vec<f32>) -> Vec<f32> {
        let sum: f32 = vector.iter().map(|number| number * number).sum();
        let length = match self {
            Self::Inside(eps) => (sum + eps).sqrt(),
            Self::AtLeast(eps) => sum.sqrt().max(eps),
        };
        vector.iter_mut().for_each(|number| *number /= length);
        vector
    }
}

/// Puts what a head reads through its LayerNorm, with these weights and biases.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "heads are narrower than 2^23, and the model computes in f32"
)]
fn normed(given: &mut [f32], [weights, biases]: &[Vec<f32>; 2], eps: f64) {
    let len = given.len().max(1) as f32;
    let mean = given.iter().sum::<f32>() / len;
    let squares = given.iter().map(|number| (number - mean).powi(2));
    let scale = (squares.sum::<f32>() / len + eps as f32).sqrt().recip();
    for ((number, weight), bias) in given.iter_mut().zip(weights).zip(biases) {
        *number = (*number - mean) * scale * weight + bias;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: &[f32], expected: &[f32]) {
        let off = found.iter().zip(expected).map(|(a, b)| (a - b).abs());
        let is_close = off.fold(0.0, f32::max) < 1e-6 && found.len() == expected.len();
        assert!(is_close, "{found:?}, not {expected:?}");
    }

    #[test]
    fn a_vector_is_made_as_long_as_one_with_room_for_none() {
        close(&Unit::AtLeast(1e-12).of(vec![3.0, 4.0]), &[0.6, 0.8]);
        close(&Unit::AtLeast(10.0).of(vec![3.0, 4.0]), &[0.3, 0.4]);
        close(&Unit::Inside(11.0).of(vec![3.0, 4.0]), &[0.5, 4.0 / 6.0]);
        close(&Unit::AtLeast(1e-12).of(vec![0.0]), &[0.0]);
    }

    #[test]
    fn what_a_head_reads_goes_through_a_layer_norm() {
        let mut given = [3.0, 5.0];
        normed(&mut given, &[vec![1.0, 10.0], vec![0.0, 0.5]], 3.0);
        close(&given, &[-0.5, 5.5]);
    }
}
