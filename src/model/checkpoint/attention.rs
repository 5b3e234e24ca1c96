//! The tensors of a block's attention.

use candle_core::{Device, Tensor};

use super::{Checkpoint, Projection};
use crate::model::ModelError;
use crate::model::layout::{QkvLayout, RopeRows};
use crate::model::linear::Linear;
use crate::model::norm::Norm;
use crate::model::spec::{AttentionSpec, Gate, NormSpec, Presence, QkNormSpan, Rope, Sinks};

impl Checkpoint<'_> {
    /// The norm before the attention of block `l`, or of the sum behind it.
    pub fn attention_norm(
        &self,
        l: usize,
        spec: NormSpec,
        d_model: usize,
    ) -> Result<Norm, ModelError> {
        let name = self.in_block(self.layout.attention_norm, l);
        self.norm(&name, spec, &[d_model])
    }

    /// The norm of the attention's output of block `l`.
    pub fn attention_output_norm(
        &self,
        l: usize,
        spec: NormSpec,
        d_model: usize,
    ) -> Result<Norm, ModelError> {
        let name = self.in_block(self.layout.attention_output_norm, l);
        self.norm(&name, spec, &[d_model])
    }

    /// Queries, keys and values of block `l` as one projection, rows in this order.
    pub fn qkv(
        &self,
        l: usize,
        spec: &AttentionSpec,
        d_model: usize,
    ) -> Result<Linear, ModelError> {
        let q_rows = spec.n_heads * spec.head_dim;
        let kv_rows = spec.n_kv_heads * spec.head_dim;
        let read = |name: &str, rows: usize| {
            self.projection(&self.in_block(name, l), rows, d_model, spec.qkv_bias)
        };
        let parts = match self.qkv_layout(l) {
            QkvLayout::Concatenated(name) if self.layout.rope_rows == RopeRows::HalfSplit => {
                vec![read(name, q_rows + 2 * kv_rows)?]
            }
            QkvLayout::Concatenated(name) => {
                let all = read(name, q_rows + 2 * kv_rows)?;
                let (q, k) = (all.part(0, q_rows)?, all.part(q_rows, kv_rows)?);
                vec![
                    self.half_split(q, spec.n_heads, rotary_dim(spec))?,
                    self.half_split(k, spec.n_kv_heads, rotary_dim(spec))?,
                    all.part(q_rows + kv_rows, kv_rows)?,
                ]
            }
            QkvLayout::Grouped(name) => {
                vec![ungrouped(read(name, q_rows + 2 * kv_rows)?, spec)?]
            }
            QkvLayout::Blocks { name, count } => {
                let part = read(name, q_rows + 2 * kv_rows)?;
                let [q, k, v] = of_blocks(&part, count, q_rows)?;
                vec![
                    self.half_split(q, spec.n_heads, rotary_dim(spec))?,
                    self.half_split(k, spec.n_kv_heads, rotary_dim(spec))?,
                    v,
                ]
            }
            QkvLayout::Separate { q, k, v } => vec![
                self.half_split(
                    self.queries(q, l, spec, d_model)?.0,
                    spec.n_heads,
                    rotary_dim(spec),
                )?,
                self.half_split(read(k, kv_rows)?, spec.n_kv_heads, rotary_dim(spec))?,
                read(v, kv_rows)?,
            ],
        };
        self.stacked(parts)
    }

    /// The rows of the queries, and of their gates, where there are any.
    fn queries(
        &self,
        name: &str,
        l: usize,
        spec: &AttentionSpec,
        d_model: usize,
    ) -> Result<(Projection, Option<Projection>), ModelError> {
        let name = self.in_block(name, l);
        let rows = spec.n_heads * spec.head_dim;
        if spec.gate == Gate::None {
            let queries = self.projection(&name, rows, d_model, spec.qkv_bias)?;
            return Ok((queries, None));
        }
        let both = self.projection(&name, 2 * rows, d_model, spec.qkv_bias)?;
        let both = both.in_order(|tensor| {
            let rest = tensor.elem_count() / tensor.dim(0)?;
            let heads = tensor.reshape((spec.n_heads, 2, spec.head_dim * rest))?;
            Ok(heads.transpose(0, 1)?.reshape(tensor.shape())?)
        })?;
        let part = |start: usize| -> Result<Projection, ModelError> {
            let bias = both.bias.as_ref();
            let bias = bias.map(|bias| bias.narrow(0, start, rows)).transpose()?;
            let weight = both.weight.part(start, rows);
            Ok(Projection { weight, bias })
        };
        Ok((part(0)?, Some(part(rows)?)))
    }

    /// The projection to the gates of what the heads of block `l` give, where there are any.
    pub fn gate(
        &self,
        l: usize,
        spec: &AttentionSpec,
        d_model: usize,
    ) -> Result<Option<Linear>, ModelError> {
        let (QkvLayout::Separate { q, .. }, Gate::Sigmoid) = (self.qkv_layout(l), spec.gate) else {
            return Ok(None);
        };
        let (_, gate) = self.queries(q, l, spec, d_model)?;
        gate.map(|gate| self.stacked(vec![gate])).transpose()
    }

    /// The way in which this checkpoint stores queries, keys and values.
    fn qkv_layout(&self, l: usize) -> QkvLayout {
        let is_there = |layout: QkvLayout| {
            let (QkvLayout::Separate { q: name, .. }
            | QkvLayout::Concatenated(name)
            | QkvLayout::Grouped(name)
            | QkvLayout::Blocks { name, .. }) = layout;
            self.has_weight(&self.in_block(name, l))
        };
        let usual = self.layout.qkv;
        let other = self.layout.other_qkv.filter(|other| is_there(*other));
        other.filter(|_| !is_there(usual)).unwrap_or(usual)
    }

    /// The score that each head of block `l` has for nothing; none where heads must attend.
    pub fn sinks(&self, l: usize, spec: &AttentionSpec) -> Result<Vec<f32>, ModelError> {
        match spec.sinks {
            Sinks::Absent => Ok(Vec::new()),
            Sinks::Learned => {
                let name = self.in_block(self.layout.sinks, l);
                Ok(self.tensor(&name, &[spec.n_heads])?.to_vec1()?)
            }
        }
    }

    /// The norms of queries and keys of block `l`, where there are any.
    pub fn qk_norms(
        &self,
        l: usize,
        spec: &AttentionSpec,
    ) -> Result<Option<(Norm, Norm)>, ModelError> {
        let Some(qk) = spec.qk_norm else {
            return Ok(None);
        };
        let name = self.in_block(self.layout.q_norm, l) + ".weight";
        if qk.presence == Presence::AsStored && self.weights.shape(&name).is_none() {
            return Ok(None);
        }
        let read = |name: &str, heads: usize| -> Result<Norm, ModelError> {
            let name = self.in_block(name, l);
            match qk.span {
                QkNormSpan::Head => self.norm(&name, qk.norm, &[spec.head_dim]),
                QkNormSpan::Projection => self.norm(&name, qk.norm, &[heads * spec.head_dim]),
                QkNormSpan::EachHead => {
                    let weight = self.head_weights(&name, heads, spec.head_dim)?;
                    let weight = self
                        .half_split_rows(&weight.flatten_all()?, heads, rotary_dim(spec))?
                        .reshape((heads, 1, spec.head_dim))?;
                    let weight = weight.to_device(self.device())?;
                    Ok(Norm::new(qk.norm, &weight, None, self.dtype)?)
                }
            }
        };
        Ok(Some((
            read(self.layout.q_norm, spec.n_heads)?,
            read(self.layout.k_norm, spec.n_kv_heads)?,
        )))
    }

    /// `[heads, head_dim]`: one tensor, or one of each head where the name has a place for it.
    fn head_weights(
        &self,
        name: &str,
        heads: usize,
        head_dim: usize,
    ) -> Result<Tensor, ModelError> {
        if !name.contains("{h}") {
            return self.tensor(&format!("{name}.weight"), &[heads, head_dim]);
        }
        let rows = (0..heads)
            .map(|h| {
                let name = name.replace("{h}", &h.to_string());
                self.tensor(&format!("{name}.weight"), &[head_dim])
            })
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Tensor::stack(&rows, 0)?)
    }

    /// The attention's output projection of block `l`.
    pub fn attention_output(
        &self,
        l: usize,
        spec: &AttentionSpec,
        d_model: usize,
    ) -> Result<Linear, ModelError> {
        let name = self.in_block(self.layout.output, l);
        let width = spec.n_heads * spec.head_dim;
        self.stacked(vec![self.projection(
            &name,
            d_model,
            width,
            spec.output_bias,
        )?])
    }

    /// Divisors of the rotary frequencies, `[dim / 2]`, where the checkpoint holds them. They
    /// are no weights and never rounded.
    pub fn rope_divisors(&self, rope: &Rope) -> Result<Option<Vec<f32>>, ModelError> {
        let name = format!("{}.weight", self.layout.rope_divisors);
        if self.weights.shape(&name).is_none() {
            return Ok(None);
        }
        let divisors = self.unrounded(&name, &[rope.dim / 2])?;
        Ok(Some(divisors.to_vec1()?))
    }

    /// Rows of queries or keys with the pairs of the rotation `dim / 2` apart, whatever way the
    /// checkpoint stores them.
    fn half_split(
        &self,
        part: Projection,
        n_heads: usize,
        rotary_dim: usize,
    ) -> Result<Projection, ModelError> {
        if self.layout.rope_rows == RopeRows::HalfSplit || rotary_dim == 0 {
            return Ok(part);
        }
        part.in_order(|rows| self.half_split_rows(rows, n_heads, rotary_dim))
    }

    /// The same for one tensor whose rows, in order, are those of all heads.
    fn half_split_rows(
        &self,
        tensor: &Tensor,
        n_heads: usize,
        rotary_dim: usize,
    ) -> Result<Tensor, ModelError> {
        if self.layout.rope_rows == RopeRows::HalfSplit || rotary_dim == 0 {
            return Ok(tensor.clone());
        }
        let columns = tensor.elem_count() / tensor.dim(0)?;
        let rows = tensor.dim(0)? / n_heads;
        let heads = tensor.reshape((n_heads, rows, columns))?;
        let first = heads.narrow(1, 0, rotary_dim)?;
        let pairs = match self.layout.rope_rows {
            RopeRows::Exchanged => {
                let half = rotary_dim / 2;
                Tensor::cat(
                    &[first.narrow(1, half, half)?, first.narrow(1, 0, half)?],
                    1,
                )?
            }
            RopeRows::HalfSplit | RopeRows::Interleaved => first
                .reshape((n_heads, rotary_dim / 2, 2, columns))?
                .transpose(1, 2)?
                .reshape((n_heads, rotary_dim, columns))?,
        };
        let passed = heads.narrow(1, rotary_dim, rows - rotary_dim)?;
        Ok(Tensor::cat(&[pairs, passed], 1)?.reshape(tensor.shape())?)
    }
}

/// How many dimensions of a head the rotation covers.
fn rotary_dim(spec: &AttentionSpec) -> usize {
    spec.rope().map_or(0, |rope| rope.dim)
}

impl Projection {
    /// `count` rows from row `start` on.
    fn part(&self, start: usize, count: usize) -> Result<Self, ModelError> {
        let bias = self.bias.as_ref();
        let bias = bias.map(|bias| bias.narrow(0, start, count)).transpose()?;
        let weight = self.weight.part(start, count);
        Ok(Self { weight, bias })
    }

    /// With its rows in the order that `sorted` gives to the rows of a tensor.
    pub(super) fn in_order(
        self,
        sorted: impl Fn(&Tensor) -> Result<Tensor, ModelError>,
    ) -> Result<Self, ModelError> {
        let rows = u32::try_from(self.weight.count()).unwrap_or(u32::MAX);
        let order = sorted(&Tensor::arange(0, rows, &Device::Cpu)?)?;
        Ok(Self {
            weight: self.weight.reordered(&order.to_vec1()?),
            bias: self.bias.as_ref().map(sorted).transpose()?,
        })
    }
}

/// All queries, then all keys, then all values, from rows that stand together by key head.
fn ungrouped(part: Projection, spec: &AttentionSpec) -> Result<Projection, ModelError> {
    let group = spec.n_heads / spec.n_kv_heads;
    part.in_order(|tensor| {
        let rest = tensor.elem_count() / tensor.dim(0)?;
        let groups = tensor.reshape((spec.n_kv_heads, group + 2, spec.head_dim * rest))?;
        let rows = |start: usize, len: usize, heads: usize| {
            groups
                .narrow(1, start, len)?
                .reshape((heads * spec.head_dim, rest))
        };
        let parts = [
            rows(0, group, spec.n_heads)?,
            rows(group, 1, spec.n_kv_heads)?,
            rows(group + 1, 1, spec.n_kv_heads)?,
        ];
        Ok(Tensor::cat(&parts, 0)?.reshape(tensor.shape())?)
    })
}

/// All queries, all keys and all values, each `rows` high, from `count` blocks that hold their
/// queries, then their values, then their keys.
fn of_blocks(part: &Projection, count: usize, rows: usize) -> Result<[Projection; 3], ModelError> {
    let height = rows / count.max(1);
    let of = |third: usize| -> Result<Projection, ModelError> {
        let rows = (0..count).flat_map(|block| {
            let start = (3 * block + third) * height;
            start..start + height
        });
        let order: Vec<u32> = rows.filter_map(|row| u32::try_from(row).ok()).collect();
        let order_of_bias = Tensor::from_slice(&order, order.len(), &Device::Cpu)?;
        let bias = part.bias.as_ref();
        let bias = bias.map(|bias| bias.index_select(&order_of_bias, 0));
        Ok(Projection {
            weight: part.weight.reordered(&order),
            bias: bias.transpose()?,
        })
    };
    Ok([of(0)?, of(2)?, of(1)?])
}
