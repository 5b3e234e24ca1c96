//! The attention of Gemma 4: values are normed too, keys may be the values before their norm, and
//! the last layers attend to the keys and values of an earlier one of their kind.
//!
//! Google DeepMind 2026, *Gemma 4*.

use std::sync::{Arc, Mutex, PoisonError};

use candle_core::{DType, Result, Tensor};

use super::attending::shares;
use super::{HeadOrder, Heads, Kind, Mixer, Past, product};
use crate::model::ModelError;
use crate::model::checkpoint::Checkpoint;
use crate::model::device::moved;
use crate::model::dtype::Dtype;
use crate::model::layout::QkvLayout;
use crate::model::linear::Linear;
use crate::model::norm::Norm;
use crate::model::rope::Rotation;
use crate::model::spec::{Bias, NormSpec, Rope};

/// An attention whose keys and values may be those of another block.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// Query heads.
    pub n_heads: usize,
    /// Key and value heads.
    pub n_kv_heads: usize,
    /// Width of a head.
    pub head_dim: usize,
    /// Each position attends to this many last ones, itself included; `None`: to all.
    pub window: Option<usize>,
    /// The rotation of queries and keys.
    pub rope: Rope,
    /// Of queries and keys; that of the values has no weights.
    pub norm: NormSpec,
    /// Biases of all projections.
    pub bias: Bias,
    /// Where keys and values come from.
    pub source: Source,
}

/// Where the keys and values of a layer come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A projection each.
    Projections,
    /// The keys' projection gives both.
    OneProjection,
    /// As one of the two, as the checkpoint holds it: GGUF metadata do not say.
    AsStored,
    /// Those of the block of this number are used.
    Block(usize),
}

impl Kind for Spec {
    fn heads(&self) -> Heads {
        Heads {
            count: self.n_heads,
            width: self.head_dim,
            order: HeadOrder::Counted,
        }
    }

    fn words(&self) -> String {
        let window = match self.window {
            Some(window) => format!(", window {window}"),
            None => String::new(),
        };
        let source = match self.source {
            Source::Projections | Source::AsStored => String::new(),
            Source::OneProjection => ", one projection for keys and values".to_owned(),
            Source::Block(l) => format!(", those of L{l}"),
        };
        format!(
            "attention {} heads, {} of keys and values{source}, each {} wide{window}, rotary ({} \
             dimensions, base {}), RMSNorm of queries, keys and values",
            self.n_heads, self.n_kv_heads, self.head_dim, self.rope.dim, self.rope.theta
        )
    }

    fn widths(&self) -> Vec<u64> {
        vec![product(&[self.n_heads, self.head_dim])]
    }

    fn state(&self) -> u64 {
        0
    }

    fn of_position(&self) -> u64 {
        match self.source {
            Source::Block(_) => 0,
            _ => product(&[2, self.n_kv_heads, self.head_dim]),
        }
    }
}

/// Its tensors stand where those of other attentions do.
#[derive(Clone, Copy, Debug)]
pub struct Layout;

/// The keys and values of all positions seen that one block hands to others.
#[derive(Debug, Default)]
pub struct Handed(Mutex<Option<(Tensor, Tensor)>>);

impl Handed {
    fn put(&self, keys: &Tensor, values: &Tensor) {
        let mut handed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *handed = Some((keys.clone(), values.clone()));
    }

    fn get(&self) -> Option<(Tensor, Tensor)> {
        let handed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        handed.clone()
    }
}

/// An attention with its weights.
#[derive(Debug)]
pub struct LayeredAttention {
    spec: Spec,
    /// Queries, and keys and values where they are the layer's own, one below the other.
    projection: Linear,
    query_norm: Norm,
    own: Option<Own>,
    /// What it hands to others, or they to it.
    handed: Arc<Handed>,
    rotation: Rotation,
    output: Linear,
    dtype: Dtype,
}

/// What makes keys and values.
#[derive(Debug)]
struct Own {
    key_norm: Norm,
    value_norm: Norm,
    /// Whether the keys' projection gives the values too.
    values_are_keys: bool,
}

/// Reads the attention of block `l`.
pub(super) fn read(
    spec: &Spec,
    _: &Layout,
    checkpoint: &Checkpoint<'_>,
    l: usize,
    d_model: usize,
) -> std::result::Result<LayeredAttention, ModelError> {
    let layout = checkpoint.layout();
    let name = |name: &str| checkpoint.in_block(name, l);
    let QkvLayout::Separate { q, k, v } = layout.qkv else {
        return Err(checkpoint.about(&name(layout.output), "stands beside no queries".into()));
    };
    let width = spec.head_dim;
    let rows = |part: &str, heads: usize| {
        checkpoint.projection(&name(part), heads * width, d_model, spec.bias)
    };
    let mut parts = vec![rows(q, spec.n_heads)?];
    let norm = |part: &str| checkpoint.norm(&name(part), spec.norm, &[width]);
    let dtype = checkpoint.dtype();
    let own = match spec.source {
        Source::Block(_) => {
            // Files may hold what is never used.
            for part in [k, v, layout.k_norm] {
                checkpoint.not_needed(&name(part));
            }
            None
        }
        source => {
            let values_are_keys = match source {
                Source::AsStored => !checkpoint.has_weight(&name(v)),
                source => source == Source::OneProjection,
            };
            parts.push(rows(k, spec.n_kv_heads)?);
            if !values_are_keys {
                parts.push(rows(v, spec.n_kv_heads)?);
            }
            let plain = NormSpec {
                weight_offset: 0.0,
                ..spec.norm
            };
            let ones = Tensor::ones(width, DType::F32, checkpoint.device())?;
            Some(Own {
                key_norm: norm(layout.k_norm)?,
                value_norm: Norm::new(plain, &ones, None, dtype)?,
                values_are_keys,
            })
        }
    };
    let output = checkpoint.projection(
        &name(layout.output),
        d_model,
        spec.n_heads * width,
        spec.bias,
    )?;
    let divisors = match spec.window {
        None => checkpoint.rope_divisors(&spec.rope)?,
        Some(_) => None,
    };
    Ok(LayeredAttention {
        projection: checkpoint.stacked(parts)?,
        query_norm: norm(layout.q_norm)?,
        own,
        handed: checkpoint.handed(match spec.source {
            Source::Block(l) => l,
            _ => l,
        }),
        rotation: Rotation::new(&spec.rope, divisors.as_deref(), dtype),
        output: checkpoint.stacked(vec![output])?,
        dtype,
        spec: spec.clone(),
    })
}

impl LayeredAttention {
    /// Keys and values of all positions up to those of this pass, `[n_kv_heads, seen, head_dim]`
    /// each; `made` is what the projection gives behind the queries.
    fn keys_and_values(
        &self,
        own: &Own,
        made: &Tensor,
        past: &mut Past,
    ) -> Result<(Tensor, Tensor)> {
        let heads = self.spec.n_kv_heads;
        let keys = made.narrow(0, 0, heads)?;
        let values = match own.values_are_keys {
            true => keys.clone(),
            false => made.narrow(0, heads, heads)?,
        };
        let keys = own.key_norm.forward(&keys)?;
        let keys = self.rotation.apply(&keys, past.cache.len())?;
        let values = own.value_norm.forward(&values)?;
        let (keys, values) = past.cache.write(&keys, &values)?;
        self.handed.put(&keys, &values);
        Ok((keys, values))
    }
}

impl Mixer for LayeredAttention {
    fn heads(&self, x: &Tensor, past: &mut Past) -> Result<Tensor> {
        let Spec {
            n_heads,
            n_kv_heads,
            head_dim,
            window,
            ..
        } = self.spec;
        let rows = x.dim(0)?;
        let made = self.projection.forward(x)?;
        let made = made.reshape((rows, made.elem_count() / (rows * head_dim).max(1), head_dim))?;
        let made = made.transpose(0, 1)?;
        let (keys, values) = match &self.own {
            Some(own) => {
                let behind = made.dim(0)?.saturating_sub(n_heads);
                self.keys_and_values(own, &made.narrow(0, n_heads, behind)?, past)?
            }
            None => match self.handed.get() {
                Some((keys, values)) => (moved(&keys, x.device())?, moved(&values, x.device())?),
                None => candle_core::bail!("no block has handed on its keys and values"),
            },
        };
        let seen = keys.dim(1)?;
        let queries = self.query_norm.forward(&made.narrow(0, 0, n_heads)?)?;
        let queries = self.rotation.apply(&queries, seen.saturating_sub(rows))?;
        let together = (n_heads / n_kv_heads.max(1)) * rows;
        let queries = queries
            .contiguous()?
            .reshape((n_kv_heads, together, head_dim))?;
        let scores = self.dtype.round(queries.matmul(&keys.t()?)?)?;
        let shares = shares(&scores.reshape((n_heads, rows, seen))?, window, self.dtype)?;
        let shares = shares.reshape((n_kv_heads, together, seen))?;
        let given = self.dtype.round(shares.matmul(&values)?)?;
        given
            .reshape((n_heads, rows, head_dim))?
            .transpose(0, 1)?
            .reshape((rows, n_heads * head_dim))
    }

    fn output(&self) -> &Linear {
        &self.output
    }

    fn bytes(&self) -> u64 {
        self.projection.bytes() + self.output.bytes()
    }
}
