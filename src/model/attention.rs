//! Multi-head and grouped-query attention over the kept positions.

mod one_position;

use candle_core::{Device, Result, Tensor};

use super::alibi::Alibi;
use super::dtype::Dtype;
use super::kv_cache::KvCache;
use super::linear::{Linear, with_values, with_values_from};
use super::mixer;
use super::norm::Norm;
use super::rope::Rotation;
use super::spec::{AttentionSpec, HeadPositions, QkNorm, QkNormPlace, QkNormSpan};
use super::unembed::capped;
use one_position::{Heads, Kept};

/// The attention of one block.
#[derive(Debug)]
pub struct Attention {
    spec: AttentionSpec,
    /// Queries, keys and values in one projection: `[(n_heads + 2 * n_kv_heads) * head_dim, d]`.
    qkv: Linear,
    output: Linear,
    /// The sigmoid of what it makes is what the heads' results are multiplied by:
    /// `[n_heads * head_dim, d]`.
    gate: Option<Linear>,
    rotation: Option<Rotation>,
    /// Norms of queries and keys.
    qk_norms: Option<(Norm, Norm)>,
    alibi: Option<Alibi>,
    /// The score that each head has for nothing, `[n_heads]`; none where heads must attend.
    sinks: Vec<f32>,
    cache: KvCache,
    /// Whether one position on the CPU has code of its own.
    has_kernels: bool,
    dtype: Dtype,
}

impl Attention {
    /// An attention with its projections; `qkv` has the rows of queries, keys and values, in
    /// this order. Scores, their softmax and what it mixes are kept as `dtype` says.
    #[must_use]
    pub fn new(
        spec: AttentionSpec,
        qkv: Linear,
        output: Linear,
        rotation: Option<Rotation>,
        qk_norms: Option<(Norm, Norm)>,
        dtype: Dtype,
    ) -> Self {
        let alibi = match spec.positions {
            HeadPositions::Alibi { scale, precision } => {
                Some(Alibi::new(spec.n_heads, scale, precision))
            }
            HeadPositions::None | HeadPositions::Rotary(_) => None,
        };
        Self {
            alibi,
            spec,
            qkv,
            output,
            gate: None,
            rotation,
            qk_norms,
            sinks: Vec::new(),
            cache: KvCache::default(),
            has_kernels: true,
            dtype,
        }
    }

    /// The same by candle's operations alone, as on a card.
    #[must_use]
    pub fn without_kernels(self) -> Self {
        Self {
            has_kernels: false,
            ..self
        }
    }

    /// The same with a projection to the gates of what its heads give, where there is one.
    #[must_use]
    pub fn gated(self, gate: Option<Linear>) -> Self {
        Self { gate, ..self }
    }

    /// The same with a score for nothing, one a head.
    #[must_use]
    pub fn with_sinks(self, sinks: Vec<f32>) -> Self {
        Self { sinks, ..self }
    }

    /// Bytes of weights that one token reads.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let gate = self.gate.as_ref().map_or(0, Linear::bytes);
        self.qkv.bytes() + gate + self.output.bytes()
    }

    /// Counts the first `len` positions as seen.
    pub fn keep(&mut self, len: usize) {
        self.cache.keep(len);
    }

    /// The keys and values of the positions seen.
    pub fn cache_mut(&mut self) -> &mut KvCache {
        &mut self.cache
    }

    /// `[rows, d]` → what the heads give, `[rows, n_heads * head_dim]`, for the positions that
    /// follow the seen ones.
    pub fn heads(&mut self, x: &Tensor) -> Result<Tensor> {
        let given = self.ungated(x)?;
        match &self.gate {
            Some(gate) => {
                let gates = candle_nn::ops::sigmoid(&gate.forward(x)?)?;
                self.dtype.round((given * self.dtype.round(gates)?)?)
            }
            None => Ok(given),
        }
    }

    /// [`Attention::heads`] before its gates.
    fn ungated(&mut self, x: &Tensor) -> Result<Tensor> {
        let AttentionSpec {
            n_heads,
            n_kv_heads,
            head_dim,
            scale,
            cap,
            ..
        } = self.spec;
        let rows = x.dim(0)?;
        let start = self.cache.len();
        let is_exact = self.dtype.rounds_to().is_none();
        let is_plain = is_exact && self.alibi.is_none();
        if rows == 1 && x.device().is_cpu() && self.has_kernels && is_plain {
            return self.heads_of_one_position(x);
        }
        let qkv = self
            .qkv
            .forward(x)?
            .reshape((rows, n_heads + 2 * n_kv_heads, head_dim))?
            .transpose(0, 1)?;
        let mut q = qkv.narrow(0, 0, n_heads)?;
        let mut k = qkv.narrow(0, n_heads, n_kv_heads)?;
        let v = qkv.narrow(0, n_heads + n_kv_heads, n_kv_heads)?;
        if let Some(norms) = self.norms_at(QkNormPlace::BeforeRotation) {
            (q, k) = self.normed(norms, &q, &k)?;
        }
        if let Some(rotation) = &self.rotation {
            q = rotation.apply(&q, start)?;
            k = rotation.apply(&k, start)?;
        }
        if let Some(norms) = self.norms_at(QkNormPlace::AfterRotation) {
            (q, k) = self.normed(norms, &q, &k)?;
        }
        if let Some(factors) = self.temperatures(start, rows, x.device())? {
            q = self.dtype.round(q.broadcast_mul(&factors)?)?;
        }
        let (k, v) = self.cache.write(&k, &v)?;

        // The query heads that share a key head stand one below the other.
        let group = n_heads / n_kv_heads;
        let q = q
            .contiguous()?
            .reshape((n_kv_heads, group * rows, head_dim))?;
        let mut scores = self.dtype.round((q.matmul(&k.t()?)? * scale)?)?;
        if let Some(cap) = cap {
            scores = capped(&scores, cap)?;
        }
        if let Some(alibi) = &self.alibi {
            scores = alibi.add(&scores, start, rows)?;
        }
        let first_seen = |position| self.spec.first_seen(position);
        if let Some(mask) = mask(rows, start, first_seen, x.device())? {
            let seen = start + rows;
            scores = scores
                .reshape((n_heads, rows, seen))?
                .broadcast_add(&mask)?
                .reshape((n_kv_heads, group * rows, seen))?;
        }
        let shares = self.dtype.round(self.shares(&scores, rows)?)?;
        self.dtype
            .round(shares.matmul(&v)?)?
            .reshape((n_heads, rows, head_dim))?
            .transpose(0, 1)?
            .reshape((rows, n_heads * head_dim))
    }

    /// The norms of queries and keys, where they stand at `place`.
    fn norms_at(&self, place: QkNormPlace) -> Option<&(Norm, Norm)> {
        let stand_there = self.spec.qk_norm_place == place;
        self.qk_norms.as_ref().filter(|_| stand_there)
    }

    /// What the queries of `rows` positions from `start` on are multiplied by, `[rows, 1]`.
    fn temperatures(&self, start: usize, rows: usize, device: &Device) -> Result<Option<Tensor>> {
        let Some(temperature) = self.spec.temperature else {
            return Ok(None);
        };
        let factors = (start..start + rows).map(|p| temperature.factor(p) as f32);
        Tensor::from_iter(factors, device)?
            .reshape((rows, 1))
            .map(Some)
    }

    /// Scores, `[n_kv_heads, group * rows, seen]`, to shares. With sinks they add up to less than
    /// one.
    fn shares(&self, scores: &Tensor, rows: usize) -> Result<Tensor> {
        if self.sinks.is_empty() {
            return candle_nn::ops::softmax_last_dim(&scores.contiguous()?);
        }
        let (n_heads, seen) = (self.spec.n_heads, scores.dim(2)?);
        let sinks = Tensor::from_slice(&self.sinks, (n_heads, 1, 1), scores.device())?;
        let sinks = sinks.broadcast_as((n_heads, rows, 1))?;
        let all = Tensor::cat(&[&scores.reshape((n_heads, rows, seen))?, &sinks], 2)?;
        candle_nn::ops::softmax_last_dim(&all.contiguous()?)?
            .narrow(2, 0, seen)?
            .contiguous()?
            .reshape(scores.shape())
    }

    /// [`Attention::ungated`] of one position on the CPU, where nothing is rounded.
    fn heads_of_one_position(&mut self, x: &Tensor) -> Result<Tensor> {
        let AttentionSpec {
            n_heads,
            n_kv_heads,
            head_dim,
            ..
        } = self.spec;
        let position = self.cache.len();
        let mut qkv = with_values(&self.qkv.forward(x)?, <[f32]>::to_vec)?;
        let tensor = |numbers: &[f32]| {
            let heads = numbers.len() / head_dim.max(1);
            Tensor::from_slice(numbers, (heads, 1, head_dim), &Device::Cpu)
        };
        let (rotated, values) = qkv.split_at_mut((n_heads + n_kv_heads) * head_dim);
        let norm = |rotated: &mut [f32], place| -> Result<()> {
            let (queries, keys) = rotated.split_at_mut(n_heads * head_dim);
            if let Some(norms) = self.norms_at(place) {
                let (q, k) = self.normed(norms, &tensor(queries)?, &tensor(keys)?)?;
                with_values(&q.contiguous()?, |q| queries.copy_from_slice(q))?;
                with_values(&k.contiguous()?, |k| keys.copy_from_slice(k))?;
            }
            Ok(())
        };
        norm(rotated, QkNormPlace::BeforeRotation)?;
        if let Some(rotation) = &self.rotation {
            rotation.rotate(rotated, head_dim, position);
        }
        norm(rotated, QkNormPlace::AfterRotation)?;
        let (queries, keys) = rotated.split_at_mut(n_heads * head_dim);
        if let Some(temperature) = self.spec.temperature {
            let factor = temperature.factor(position) as f32;
            queries.iter_mut().for_each(|query| *query *= factor);
        }
        let (keys, values) = self.cache.write(&tensor(keys)?, &tensor(values)?)?;
        let heads = Heads {
            count: n_heads,
            kv_count: n_kv_heads,
            width: head_dim,
            scale: self.spec.scale as f32,
            cap: self.spec.cap.map(|cap| cap as f32),
        };
        let seen = self.spec.first_seen(position)..position + 1;
        let given = with_values_from(&keys, |k, k_stride| {
            with_values_from(&values, |v, v_stride| {
                let (keys, values) = (Kept::new(k, k_stride), Kept::new(v, v_stride));
                one_position::attend(heads, queries, keys, values, seen, &self.sinks)
            })
        })??;
        Tensor::from_vec(given, (1, n_heads * head_dim), &Device::Cpu)
    }

    /// From what the heads give to what the attention adds.
    #[must_use]
    pub fn projection(&self) -> &Linear {
        &self.output
    }

    /// Its heads.
    #[must_use]
    pub fn which(&self) -> mixer::Heads {
        self.spec.heads()
    }

    /// Queries and keys, each `[heads, rows, head_dim]`, through their norms.
    fn normed(&self, norms: &(Norm, Norm), q: &Tensor, k: &Tensor) -> Result<(Tensor, Tensor)> {
        let over_all_heads = matches!(
            self.spec.qk_norm,
            Some(QkNorm {
                span: QkNormSpan::Projection,
                ..
            })
        );
        let through = |norm: &Norm, x: &Tensor| -> Result<Tensor> {
            let (heads, rows, width) = x.dims3()?;
            if !over_all_heads {
                return norm.forward(x);
            }
            let joined = x.transpose(0, 1)?.reshape((rows, heads * width))?;
            norm.forward(&joined)?
                .reshape((rows, heads, width))?
                .transpose(0, 1)
        };
        Ok((through(&norms.0, q)?, through(&norms.1, k)?))
    }
}

/// What is added to the scores, `[rows, start + rows]`: -∞ where position `i` must not see
/// position `j`. It sees those from `first_seen` of `i` to `i`. `None` where every row sees
/// everything.
pub(super) fn mask(
    rows: usize,
    start: usize,
    first_seen: impl Fn(usize) -> usize,
    device: &Device,
) -> Result<Option<Tensor>> {
    let seen = start + rows;
    if rows == 1 && first_seen(start) == 0 {
        return Ok(None);
    }
    let values: Vec<f32> = (start..seen)
        .flat_map(|i| {
            let first = first_seen(i);
            (0..seen).map(move |j| {
                if (first..=i).contains(&j) {
                    0.0
                } else {
                    f32::NEG_INFINITY
                }
            })
        })
        .collect();
    Tensor::from_vec(values, (rows, seen), device).map(Some)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    use crate::model::spec::{Bias, Gate, NormSpec, Rope, RopeScaling, Sinks, Temperature};
    use crate::model::weight::Weight;

    const WIDTH: usize = 12;

    fn spec(cap: Option<f64>, window: Option<usize>) -> AttentionSpec {
        AttentionSpec {
            n_heads: 4,
            n_kv_heads: 2,
            head_dim: 6,
            scale: 0.7,
            cap,
            window,
            chunk: None,
            positions: HeadPositions::Rotary(Rope {
                dim: 4,
                theta: 100.0,
                scaling: RopeScaling::None,
                magnitude: 1.0,
            }),
            qk_norm: None,
            gate: Gate::None,
            qk_norm_place: QkNormPlace::BeforeRotation,
            temperature: None,
            sinks: Sinks::Absent,
            qkv_bias: Bias::Absent,
            output_bias: Bias::Absent,
        }
    }

    fn attention(spec: &AttentionSpec, qkv: &Tensor) -> Attention {
        let linear = || Linear::new(Weight::from_tensor(qkv.clone()), None, Dtype::Auto);
        let rotation = spec
            .rope()
            .map(|rope| Rotation::new(rope, None, Dtype::Auto));
        Attention::new(
            spec.clone(),
            linear(),
            linear(),
            rotation,
            None,
            Dtype::Auto,
        )
    }

    #[test]
    fn positions_one_by_one_give_what_they_give_together() {
        let random = |rows, deviation: f32| {
            Tensor::randn(0.0, deviation, (rows, WIDTH), &Device::Cpu).unwrap()
        };
        // Queries, keys and values are of about the size of 1.
        let (qkv, x) = (random(8 * 6, 0.3), random(9, 1.0));
        for (cap, window) in [
            (None, None),
            (Some(0.5), None),
            (None, Some(3)),
            (None, Some(99)),
        ] {
            let spec = spec(cap, window);
            let together = attention(&spec, &qkv).heads(&x).unwrap();
            let mut alone = attention(&spec, &qkv);
            for i in 0..9 {
                let found = alone.heads(&x.narrow(0, i, 1).unwrap()).unwrap();
                alone.keep(i + 1);
                let expected = together.narrow(0, i, 1).unwrap();
                let off = (found - expected).unwrap().abs().unwrap().max_all();
                let off = off.unwrap().to_scalar::<f32>().unwrap();
                assert!(off < 1e-5, "{cap:?} {window:?} row {i}: off by {off}");
            }
        }
    }

    #[test]
    fn sinks_temperatures_and_late_norms_do_the_same_one_by_one() {
        let random = |shape: (usize, usize)| Tensor::randn(0.0_f32, 1.0, shape, &Device::Cpu);
        let (qkv, x) = (random((8 * 6, WIDTH)).unwrap(), random((9, WIDTH)).unwrap());
        let spec = AttentionSpec {
            qk_norm_place: QkNormPlace::AfterRotation,
            temperature: Some(Temperature {
                strength: 0.5,
                step: 3.0,
                first: 0,
            }),
            sinks: Sinks::Learned,
            ..spec(None, None)
        };
        let made = || {
            let weight = Tensor::ones(6, candle_core::DType::F32, &Device::Cpu).unwrap();
            let norm = Norm::new(NormSpec::rms(1e-6), &weight, None, Dtype::Auto).unwrap();
            let mut attention = attention(&spec, &qkv).with_sinks(vec![0.5, -1.0, 2.0, 0.0]);
            attention.qk_norms = Some((norm.clone(), norm));
            attention
        };
        let together = made().heads(&x).unwrap();
        let mut alone = made();
        for i in 0..9 {
            let found = alone.heads(&x.narrow(0, i, 1).unwrap()).unwrap();
            alone.keep(i + 1);
            let off = (found - together.narrow(0, i, 1).unwrap()).unwrap();
            let off = off.abs().unwrap().max_all().unwrap();
            assert!(off.to_scalar::<f32>().unwrap() < 1e-5, "row {i}");
        }
    }

    #[test]
    fn what_a_sink_takes_is_given_by_no_position() {
        let qkv = Tensor::zeros((8 * 6, WIDTH), candle_core::DType::F32, &Device::Cpu).unwrap();
        let attention =
            attention(&spec(None, None), &qkv).with_sinks(vec![0.0, 3.0_f32.ln(), 0.0, 0.0]);
        let scores = Tensor::zeros((2, 2, 3), candle_core::DType::F32, &Device::Cpu).unwrap();
        let shares = attention.shares(&scores, 1).unwrap();
        let shares: Vec<Vec<Vec<f32>>> = shares.to_vec3().unwrap();
        assert!((shares[0][0][0] - 1.0 / 4.0).abs() < 1e-6, "{shares:?}");
        assert!((shares[0][1][0] - 1.0 / 6.0).abs() < 1e-6, "{shares:?}");
    }

    #[test]
    fn the_temperature_grows_in_steps() {
        let temperature = Temperature {
            strength: 0.5,
            step: 4.0,
            first: 0,
        };
        assert_eq!(temperature.factor(3), 1.0);
        let off = temperature.factor(4) - (1.0 + 0.5 * 2.0_f64.ln());
        assert!(off.abs() < 1e-12);
        assert_eq!(temperature.factor(7), temperature.factor(4));
    }

    fn visible(rows: usize, start: usize, window: Option<usize>) -> Vec<Vec<bool>> {
        let spec = spec(None, window);
        mask(rows, start, |i| spec.first_seen(i), &Device::Cpu)
            .unwrap()
            .unwrap()
            .to_vec2::<f32>()
            .unwrap()
            .into_iter()
            .map(|row| row.into_iter().map(|x| x == 0.0).collect())
            .collect()
    }

    #[test]
    fn a_position_sees_itself_and_those_before() {
        assert_eq!(
            visible(2, 1, None),
            [[true, true, false], [true, true, true]]
        );
    }

    #[test]
    fn a_window_of_two_holds_a_position_and_the_one_before() {
        assert_eq!(visible(1, 3, Some(2)), [[false, false, true, true]]);
    }

    #[test]
    fn a_position_sees_no_other_chunk() {
        let spec = AttentionSpec {
            chunk: Some(3),
            ..spec(None, Some(2))
        };
        let first_seen: Vec<usize> = (0..7).map(|i| spec.first_seen(i)).collect();
        assert_eq!(first_seen, [0, 0, 1, 3, 3, 4, 6]);
    }

    #[test]
    fn a_single_row_inside_the_window_needs_no_mask() {
        let spec = spec(None, Some(4));
        let mask = mask(1, 3, |i| spec.first_seen(i), &Device::Cpu);
        assert!(mask.unwrap().is_none());
    }
}
