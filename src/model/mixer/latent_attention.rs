//! Multi-head latent attention: of each position only a narrow latent is kept, from which the keys
//! and values of all heads are made, and one more key that is turned and shared by all of them.
//!
//! DeepSeek-AI 2024, *DeepSeek-V2*, <https://arxiv.org/abs/2405.04434>. What makes keys and values
//! of a latent is applied to the queries and to what is mixed instead (section 2.1.2 there), so
//! that they are never made: the sums are the same in another order.

use candle_core::{D, Result, Tensor};

use super::attending::shares;
use super::{HeadOrder, Heads, Kind, Mixer, Past, product};
use crate::model::ModelError;
use crate::model::checkpoint::{Checkpoint, Projection};
use crate::model::dtype::Dtype;
use crate::model::layout::RopeRows;
use crate::model::linear::Linear;
use crate::model::norm::Norm;
use crate::model::rope::Rotation;
use crate::model::spec::{Bias, NormSpec, Rope};

/// A multi-head latent attention.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// Heads.
    pub heads: usize,
    /// Width of the latent that queries are made of, if there is one.
    pub query_latent: Option<usize>,
    /// Width of the latent that keys and values are made of.
    pub latent: usize,
    /// Width of the part of a query and a key that is not turned.
    pub unturned: usize,
    /// The rotation of the other part.
    pub rope: Rope,
    /// How the rows of what is turned stand.
    pub rope_rows: RopeRows,
    /// Width of a value.
    pub value: usize,
    /// Scores are multiplied by it.
    pub scale: f64,
    /// Of the latents.
    pub norm: NormSpec,
    /// Biases of the projections to the latents and of the output.
    pub bias: Bias,
}

impl Spec {
    fn query(&self) -> usize {
        self.unturned.saturating_add(self.rope.dim)
    }
}

impl Kind for Spec {
    fn heads(&self) -> Heads {
        Heads {
            count: self.heads,
            width: self.value,
            order: HeadOrder::Counted,
        }
    }

    fn words(&self) -> String {
        let queries = match self.query_latent {
            Some(width) => format!(", queries through a latent of {width}"),
            None => String::new(),
        };
        format!(
            "latent attention, {} heads, keys {} wide, values {} wide, through a latent of \
             {}{queries}, rotary ({} dimensions)",
            self.heads,
            self.query(),
            self.value,
            self.latent,
            self.rope.dim
        )
    }

    fn widths(&self) -> Vec<u64> {
        vec![
            product(&[self.heads, self.value]),
            self.latent.saturating_add(self.rope.dim) as u64,
        ]
    }

    fn state(&self) -> u64 {
        0
    }

    fn of_position(&self) -> u64 {
        self.latent.saturating_add(self.rope.dim) as u64
    }
}

/// Where the tensors of a latent attention stand.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// From the stream to the queries, where they have no latent.
    pub queries: &'static str,
    /// From the stream to the queries' latent.
    pub to_query_latent: &'static str,
    /// Its norm.
    pub query_norm: &'static str,
    /// From it to the queries.
    pub from_query_latent: &'static str,
    /// From the stream to the latent of keys and values and the turned key.
    pub to_latent: &'static str,
    /// The latent's norm.
    pub norm: &'static str,
    /// From it to keys and values.
    pub from_latent: FromLatent,
    /// The output projection.
    pub output: &'static str,
}

/// How the matrices are stored that make keys and values of a latent.
#[derive(Clone, Copy, Debug)]
pub enum FromLatent {
    /// One tensor, for each head its key and then its value: `[heads * (key + value), latent]`.
    Together(&'static str),
    /// Two tensors, as llama.cpp's converter writes them: `[heads, latent, key]` and
    /// `[heads, value, latent]`; its earlier files have one.
    Apart {
        /// Keys.
        keys: &'static str,
        /// Values.
        values: &'static str,
        /// Both, in earlier files.
        together: &'static str,
    },
}

/// A latent attention with its weights.
#[derive(Debug)]
pub struct LatentAttention {
    spec: Spec,
    queries: Queries,
    /// `[latent + turned, d]`.
    to_latent: Linear,
    norm: Norm,
    /// `[heads, unturned, latent]`.
    keys: Tensor,
    /// `[heads, latent, value]`.
    values: Tensor,
    rotation: Rotation,
    output: Linear,
    dtype: Dtype,
}

#[derive(Debug)]
enum Queries {
    Straight(Linear),
    ThroughLatent(Linear, Norm, Linear),
}

/// Reads the latent attention of block `l`.
pub(super) fn read(
    spec: &Spec,
    layout: &Layout,
    checkpoint: &Checkpoint<'_>,
    l: usize,
    d_model: usize,
) -> std::result::Result<LatentAttention, ModelError> {
    let name = |name: &str| checkpoint.in_block(name, l);
    let (heads, query, turned) = (spec.heads, spec.query(), spec.rope.dim);
    let queries = |part: &str, width: usize| {
        let rows = checkpoint.projection(&name(part), heads * query, width, Bias::Absent)?;
        checkpoint.stacked(vec![in_halves(rows, spec, heads, spec.unturned)])
    };
    let queries = match spec.query_latent {
        None => Queries::Straight(queries(layout.queries, d_model)?),
        Some(latent) => {
            let to = name(layout.to_query_latent);
            let to = checkpoint.projection(&to, latent, d_model, spec.bias)?;
            Queries::ThroughLatent(
                checkpoint.stacked(vec![to])?,
                checkpoint.norm(&name(layout.query_norm), spec.norm, &[latent])?,
                queries(layout.from_query_latent, latent)?,
            )
        }
    };
    let to_latent = name(layout.to_latent);
    let to_latent = checkpoint.projection(&to_latent, spec.latent + turned, d_model, spec.bias)?;
    let (keys, values) = from_latent(spec, layout, checkpoint, l)?;
    let output = name(layout.output);
    let output = checkpoint.projection(&output, d_model, heads * spec.value, spec.bias)?;
    let divisors = checkpoint.rope_divisors(&spec.rope)?;
    let dtype = checkpoint.dtype();
    Ok(LatentAttention {
        queries,
        to_latent: checkpoint.stacked(vec![in_halves(to_latent, spec, 1, spec.latent)])?,
        norm: checkpoint.norm(&name(layout.norm), spec.norm, &[spec.latent])?,
        keys,
        values,
        rotation: Rotation::new(&spec.rope, divisors.as_deref(), dtype),
        output: checkpoint.stacked(vec![output])?,
        dtype,
        spec: spec.clone(),
    })
}

/// The rows that are turned, behind `before` others of each of the heads, with the two halves of a
/// turned pair half of them apart.
fn in_halves(projection: Projection, spec: &Spec, heads: usize, before: usize) -> Projection {
    if spec.rope_rows == RopeRows::HalfSplit {
        return projection;
    }
    let turned = spec.rope.dim;
    let rows = (0..heads).flat_map(|head| {
        let first = head * (before + turned);
        let turned = first + before..first + before + turned;
        let (evens, odds) = (turned.clone().step_by(2), turned.skip(1).step_by(2));
        (first..first + before).chain(evens).chain(odds)
    });
    let order: Vec<u32> = rows.filter_map(|row| u32::try_from(row).ok()).collect();
    let bias = projection.bias.as_ref().and_then(|bias| {
        let order = Tensor::new(order.as_slice(), bias.device()).ok()?;
        bias.index_select(&order, 0).ok()
    });
    Projection {
        bias,
        ..projection.ordered(&order)
    }
}

/// The matrices that make keys and values of a latent: `[heads, unturned, latent]` and
/// `[heads, latent, value]`.
fn from_latent(
    spec: &Spec,
    layout: &Layout,
    checkpoint: &Checkpoint<'_>,
    l: usize,
) -> std::result::Result<(Tensor, Tensor), ModelError> {
    let (heads, key, value, latent) = (spec.heads, spec.unturned, spec.value, spec.latent);
    let name = |name: &str| checkpoint.in_block(name, l);
    let read = |name: &str, shape: &[usize]| checkpoint.tensor(&format!("{name}.weight"), shape);
    let together = |whole: &str| -> std::result::Result<(Tensor, Tensor), ModelError> {
        let whole = read(&name(whole), &[heads * (key + value), latent])?;
        let whole = whole.reshape((heads, key + value, latent))?;
        Ok((whole.narrow(1, 0, key)?, whole.narrow(1, key, value)?))
    };
    let (keys, values) = match layout.from_latent {
        FromLatent::Together(whole) => together(whole)?,
        FromLatent::Apart {
            together: whole, ..
        } if checkpoint.has_weight(&name(whole)) => together(whole)?,
        FromLatent::Apart { keys, values, .. } => (
            read(&name(keys), &[heads, latent, key])?.transpose(1, 2)?,
            read(&name(values), &[heads, value, latent])?,
        ),
    };
    let device = checkpoint.device();
    let values = values.transpose(1, 2)?.contiguous()?.to_device(device)?;
    Ok((keys.contiguous()?.to_device(device)?, values))
}

impl Mixer for LatentAttention {
    fn heads(&self, x: &Tensor, past: &mut Past) -> Result<Tensor> {
        let Spec {
            heads,
            latent,
            unturned,
            value,
            scale,
            ..
        } = self.spec;
        let turned = self.spec.rope.dim;
        let rows = x.dim(0)?;
        let start = past.cache.len();
        let queries = match &self.queries {
            Queries::Straight(queries) => queries.forward(x)?,
            Queries::ThroughLatent(to, norm, from) => {
                from.forward(&norm.forward(&to.forward(x)?)?)?
            }
        };
        let queries = queries
            .reshape((rows, heads, unturned + turned))?
            .transpose(0, 1)?;
        let turned_queries = queries.narrow(D::Minus1, unturned, turned)?;
        let turned_queries = self.rotation.apply(&turned_queries, start)?;
        let queries = queries.narrow(D::Minus1, 0, unturned)?.contiguous()?;

        let kept = self.to_latent.forward(x)?;
        let latents = self.norm.forward(&kept.narrow(D::Minus1, 0, latent)?)?;
        let keys = kept.narrow(D::Minus1, latent, turned)?.unsqueeze(0)?;
        let keys = self.rotation.apply(&keys, start)?;
        let (keys, latents) = past.cache.write(&keys, &latents.unsqueeze(0)?)?;
        let (keys, latents) = (keys.squeeze(0)?, latents.squeeze(0)?);
        let seen = start + rows;

        let of_all = |x: Tensor, width: usize| x.contiguous()?.reshape((heads * rows, width));
        let by_latent = of_all(queries.matmul(&self.keys)?, latent)?.matmul(&latents.t()?)?;
        let by_place = of_all(turned_queries, turned)?.matmul(&keys.t()?)?;
        let scores = self.dtype.round(((by_latent + by_place)? * scale)?)?;
        let shares = shares(&scores.reshape((heads, rows, seen))?, None, self.dtype)?;
        let mixed = shares.reshape((heads * rows, seen))?.matmul(&latents)?;
        let given = mixed.reshape((heads, rows, latent))?.matmul(&self.values)?;
        let given = given.transpose(0, 1)?.contiguous()?;
        self.dtype.round(given.reshape((rows, heads * value))?)
    }

    fn output(&self) -> &Linear {
        &self.output
    }

    fn bytes(&self) -> u64 {
        let of_tensor = |x: &Tensor| (x.elem_count() * x.dtype().size_in_bytes()) as u64;
        let queries = match &self.queries {
            Queries::Straight(queries) => queries.bytes(),
            Queries::ThroughLatent(to, _, from) => to.bytes() + from.bytes(),
        };
        queries
            + self.to_latent.bytes()
            + of_tensor(&self.keys)
            + of_tensor(&self.values)
            + self.output.bytes()
    }
}
