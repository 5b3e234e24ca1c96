//! The gated delta net: each value head holds a matrix that it reads with its query and writes to
//! with its key, after a decay; what it writes is the difference of the value and what the key
//! reads already.
//!
//! Yang, Kautz, Hatamizadeh 2024, *Gated Delta Networks*, <https://arxiv.org/abs/2412.06464>, as
//! Qwen3-Next and Qwen3.5 have it.

use candle_core::{Result, Tensor};
use rayon::prelude::*;

use super::convolution::Convolution;
use super::{
    ALL_POSITIONS, HeadOrder, Heads, Kind, Mixer, Past, numbers, product, rounded, sigmoid, silu,
    softplus,
};
use crate::model::ModelError;
use crate::model::checkpoint::{Checkpoint, Projection};
use crate::model::dtype::Dtype;
use crate::model::linear::Linear;
use crate::model::spec::Bias;

/// Added to the sum of the squares of a query or key before the root, in transformers and fla.
const UNIT_EPS: f32 = 1e-6;

/// A gated delta net.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// Heads of queries and keys.
    pub key_heads: usize,
    /// Heads of values; as many of them share a key head.
    pub value_heads: usize,
    /// Width of a query and a key.
    pub key_width: usize,
    /// Width of a value.
    pub value_width: usize,
    /// Positions that the convolution sees.
    pub kernel: usize,
    /// Of the norm of what a head gives.
    pub eps: f64,
    /// How the value heads stand in the files.
    pub order: HeadOrder,
}

impl Spec {
    fn keys(&self) -> usize {
        self.key_heads.saturating_mul(self.key_width)
    }

    fn values(&self) -> usize {
        self.value_heads.saturating_mul(self.value_width)
    }

    /// Queries, keys and values of a position, which go through the convolution.
    fn channels(&self) -> usize {
        self.keys().saturating_mul(2).saturating_add(self.values())
    }

    /// The key head of the value head at `place`.
    fn key_head(&self, place: usize) -> usize {
        match self.order {
            HeadOrder::Counted | HeadOrder::Then { .. } => {
                place / (self.value_heads / self.key_heads.max(1)).max(1)
            }
            HeadOrder::Tiled { groups } => place % groups.max(1),
        }
    }
}

impl Kind for Spec {
    fn heads(&self) -> Heads {
        Heads {
            count: self.value_heads,
            width: self.value_width,
            order: self.order,
        }
    }

    fn words(&self) -> String {
        format!(
            "gated delta net, {} heads of values, each {} wide, {} of queries and keys, each {} \
             wide, convolution over {} positions",
            self.value_heads, self.value_width, self.key_heads, self.key_width, self.kernel
        )
    }

    fn widths(&self) -> Vec<u64> {
        vec![self.channels() as u64]
    }

    fn state(&self) -> u64 {
        let kept = product(&[self.kernel.saturating_sub(1), self.channels()]);
        kept.saturating_add(product(&[self.values(), self.key_width]))
    }

    fn sums_over(&self) -> usize {
        ALL_POSITIONS
    }
}

/// Where the tensors of a gated delta net stand.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// Queries, keys, values and gates.
    pub inner: Inner,
    /// Strengths of writing and rates of decay.
    pub rates: Rates,
    /// `[channels, kernel]`.
    pub convolution: &'static str,
    /// One number a value head.
    pub decay: Decay,
    /// Added to the rates of decay before their softplus; the name as a whole.
    pub step: &'static str,
    /// The norm of what a head gives.
    pub norm: &'static str,
    /// The output projection.
    pub output: &'static str,
}

/// How queries, keys, values and gates are stored.
#[derive(Clone, Copy, Debug)]
pub enum Inner {
    /// All queries, keys and values in one tensor, in this order, and all gates in another.
    Apart {
        /// Queries, keys and values.
        qkv: &'static str,
        /// Gates.
        gate: &'static str,
    },
    /// One tensor: for each key head its query, its key, and the values and gates that share it.
    ByKeyHead(&'static str),
}

/// How strengths of writing and rates of decay are stored.
#[derive(Clone, Copy, Debug)]
pub enum Rates {
    /// In a tensor each.
    Apart {
        /// Strengths of writing.
        write: &'static str,
        /// Rates of decay.
        decay: &'static str,
    },
    /// One tensor: for each key head the strengths and then the rates of the values that share it.
    ByKeyHead(&'static str),
}

/// How the factor of the decay is stored; the names as a whole.
#[derive(Clone, Copy, Debug)]
pub enum Decay {
    /// Its logarithm.
    Logarithm(&'static str),
    /// Less than zero, as llama.cpp's converter writes it.
    Negative(&'static str),
}

/// A gated delta net with its weights.
#[derive(Debug)]
pub struct DeltaNet {
    spec: Spec,
    /// Queries, keys, values, gates, strengths, rates, one below the other.
    inner: Linear,
    convolution: Convolution,
    /// `-A`, one a value head.
    decay: Vec<f32>,
    step: Vec<f32>,
    /// `[value_width]`.
    norm: Vec<f32>,
    output: Linear,
    dtype: Dtype,
}

/// Reads the delta net of block `l`.
pub(super) fn read(
    spec: &Spec,
    layout: &Layout,
    checkpoint: &Checkpoint<'_>,
    l: usize,
    d_model: usize,
) -> std::result::Result<DeltaNet, ModelError> {
    let name = |name: &str| checkpoint.in_block(name, l);
    let rows =
        |part: &str, rows: usize| checkpoint.projection(&name(part), rows, d_model, Bias::Absent);
    let (channels, values, heads) = (spec.channels(), spec.values(), spec.value_heads);
    let mut parts = match layout.inner {
        Inner::Apart { qkv, gate } => vec![rows(qkv, channels)?, rows(gate, values)?],
        Inner::ByKeyHead(all) => {
            let shared = values / spec.key_heads.max(1);
            let sizes = [spec.key_width, spec.key_width, shared, shared];
            vec![by_part(
                rows(all, channels + values)?,
                spec.key_heads,
                &sizes,
            )]
        }
    };
    match layout.rates {
        Rates::Apart { write, decay } => {
            parts.extend([rows(write, heads)?, rows(decay, heads)?]);
        }
        Rates::ByKeyHead(all) => {
            let shared = heads / spec.key_heads.max(1);
            let rates = rows(all, 2 * heads)?;
            parts.push(by_part(rates, spec.key_heads, &[shared, shared]));
        }
    }
    let vector = |name: String, len: usize| -> std::result::Result<Vec<f32>, ModelError> {
        Ok(numbers(&checkpoint.tensor(&name, &[len])?)?)
    };
    let decay = match layout.decay {
        Decay::Logarithm(decay) => vector(name(decay), heads)?
            .into_iter()
            .map(|logarithm| -logarithm.exp())
            .collect(),
        Decay::Negative(decay) => vector(name(decay), heads)?,
    };
    let convolution = name(layout.convolution) + ".weight";
    let convolution = checkpoint.squeezed(&convolution, &[channels, spec.kernel])?;
    let output = checkpoint.projection(&name(layout.output), d_model, values, Bias::Absent)?;
    Ok(DeltaNet {
        inner: checkpoint.stacked(parts)?,
        convolution: Convolution::new(channels, spec.kernel, &numbers(&convolution)?, None),
        decay,
        step: vector(name(layout.step), heads)?,
        norm: vector(name(layout.norm) + ".weight", spec.value_width)?,
        output: checkpoint.stacked(vec![output])?,
        dtype: checkpoint.dtype(),
        spec: spec.clone(),
    })
}

/// Rows that stand together by group, each group's parts of these sizes one after the other, in
/// the order of all first parts, then all second ones, and so on.
fn by_part(projection: Projection, groups: usize, sizes: &[usize]) -> Projection {
    let group: usize = sizes.iter().sum();
    let mut order = Vec::with_capacity(groups * group);
    let mut start = 0;
    for size in sizes {
        for g in 0..groups {
            let first = g * group + start;
            order.extend((first..first + size).filter_map(|row| u32::try_from(row).ok()));
        }
        start += size;
    }
    projection.ordered(&order)
}

impl Mixer for DeltaNet {
    fn heads(&self, x: &Tensor, past: &mut Past) -> Result<Tensor> {
        let spec = &self.spec;
        let (channels, values, heads) = (spec.channels(), spec.values(), spec.value_heads);
        let rows = x.dim(0)?;
        let inner = numbers(&self.inner.forward(x)?)?;
        let of_row = channels + values + 2 * heads;
        let mixed: Vec<f32> = inner
            .chunks_exact(of_row)
            .flat_map(|row| row.get(..channels).unwrap_or_default())
            .copied()
            .collect();

        let kept = self.convolution.kept();
        let mut state = past.state.take(kept + values * spec.key_width);
        let (kept, matrices) = state.split_at_mut(kept);
        let mixed = rounded(self.convolution.forward(&mixed, kept), self.dtype)?;
        let mixed = rounded(mixed.into_iter().map(silu).collect(), self.dtype)?;
        let read: Vec<Position<'_>> = mixed
            .chunks_exact(channels.max(1))
            .zip(inner.chunks_exact(of_row))
            .map(|(mixed, inner)| self.position(mixed, inner))
            .collect();

        let matrix = spec.key_width * spec.value_width;
        let of_heads: Vec<Vec<f32>> = matrices
            .par_chunks_exact_mut(matrix.max(1))
            .enumerate()
            .map(|(head, matrix)| self.of_head(head, matrix, &read))
            .collect();
        past.state.put(state);

        let width = spec.value_width.max(1);
        let mut given = Vec::with_capacity(rows * values);
        for (row, position) in read.iter().enumerate() {
            let gates = position.gates.chunks_exact(width);
            for (of_head, gates) in of_heads.iter().zip(gates) {
                let given_by_head = of_head.get(row * width..(row + 1) * width);
                given.extend(self.gated(given_by_head.unwrap_or_default(), gates));
            }
        }
        let given = Tensor::from_vec(given, (rows, values), &candle_core::Device::Cpu)?;
        self.dtype.round(given)?.to_device(x.device())
    }

    fn output(&self) -> &Linear {
        &self.output
    }

    fn bytes(&self) -> u64 {
        self.inner.bytes() + self.output.bytes()
    }
}

/// What one position reads and writes with.
struct Position<'a> {
    /// Of each key head, of length 1 and divided by the root of its width.
    queries: Vec<f32>,
    /// Of each key head, of length 1.
    keys: Vec<f32>,
    values: &'a [f32],
    gates: &'a [f32],
    /// What the matrices are multiplied by, one a value head.
    decays: Vec<f32>,
    /// How much of the difference is written, one a value head.
    strengths: Vec<f32>,
}

impl DeltaNet {
    /// `mixed` is behind the convolution, `inner` is all of the projection.
    fn position<'a>(&self, mixed: &'a [f32], inner: &'a [f32]) -> Position<'a> {
        let spec = &self.spec;
        let (queries, rest) = mixed.split_at(spec.keys());
        let (keys, values) = rest.split_at(spec.keys());
        let (_, rest) = inner.split_at(spec.channels());
        let (gates, rest) = rest.split_at(spec.values());
        let (strengths, rates) = rest.split_at(spec.value_heads);
        #[expect(clippy::cast_precision_loss, reason = "a head is narrower than 2^23")]
        let root = (spec.key_width as f32).sqrt();
        let decays = rates.iter().zip(&self.step).zip(&self.decay);
        Position {
            queries: of_length_one(queries, spec.key_width, root.recip()),
            keys: of_length_one(keys, spec.key_width, 1.0),
            values,
            gates,
            decays: decays
                .map(|((rate, step), decay)| (decay * softplus(rate + step)).exp())
                .collect(),
            strengths: strengths
                .iter()
                .map(|strength| sigmoid(*strength))
                .collect(),
        }
    }

    /// What the value head at place `head` gives for each position, whose `matrix`,
    /// `[key_width, value_width]`, it goes on from.
    fn of_head(&self, head: usize, matrix: &mut [f32], positions: &[Position<'_>]) -> Vec<f32> {
        let Spec {
            key_width,
            value_width,
            ..
        } = self.spec;
        let key_head = self.spec.key_head(head);
        let slice = |numbers: &[f32], head: usize, width: usize| {
            let found = numbers.get(head * width..(head + 1) * width);
            found.unwrap_or_default().to_vec()
        };
        let mut given = vec![0.0; positions.len() * value_width];
        for (given, position) in given.chunks_exact_mut(value_width.max(1)).zip(positions) {
            let query = slice(&position.queries, key_head, key_width);
            let key = slice(&position.keys, key_head, key_width);
            let mut difference = slice(position.values, head, value_width);
            let decay = position.decays.get(head).copied().unwrap_or(1.0);
            let strength = position.strengths.get(head).copied().unwrap_or(0.0);
            let mut known = vec![0.0_f32; value_width];
            for (row, key) in matrix.chunks_exact_mut(value_width.max(1)).zip(&key) {
                for (number, known) in row.iter_mut().zip(&mut known) {
                    *number *= decay;
                    *known += *number * key;
                }
            }
            for (value, known) in difference.iter_mut().zip(&known) {
                *value = (*value - known) * strength;
            }
            let rows = matrix.chunks_exact_mut(value_width.max(1));
            for ((row, key), query) in rows.zip(&key).zip(&query) {
                for ((number, write), given) in row.iter_mut().zip(&difference).zip(&mut *given) {
                    *number += key * write;
                    *given += *number * query;
                }
            }
        }
        given
    }

    /// What a head gives, through its norm and its gates.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "a head is narrower than 2^23, and the model computes in f32"
    )]
    fn gated<'a>(
        &'a self,
        given: &'a [f32],
        gates: &'a [f32],
    ) -> impl Iterator<Item = f32> + use<'a> {
        let squares: f32 = given.iter().map(|number| number * number).sum();
        let mean = squares / given.len().max(1) as f32;
        let scale = (mean + self.spec.eps as f32).sqrt().recip();
        let numbers = given.iter().zip(&self.norm).zip(gates);
        numbers.map(move |((number, weight), gate)| number * scale * weight * silu(*gate))
    }
}

/// Vectors of `width` numbers, one behind the other, each made as long as 1 and then times `scale`.
fn of_length_one(vectors: &[f32], width: usize, scale: f32) -> Vec<f32> {
    let vectors = vectors.chunks_exact(width.max(1));
    let vectors = vectors.flat_map(|vector| {
        let squares: f32 = vector.iter().map(|number| number * number).sum();
        let scale = (squares + UNIT_EPS).sqrt().recip() * scale;
        vector.iter().map(move |number| number * scale)
    });
    vectors.collect()
}
