//! Multi-head and grouped-query attention over the kept positions.

use candle_core::{Device, Result, Tensor};

use super::alibi::Alibi;
use super::dtype::Dtype;
use super::head::capped;
use super::intervention::replaced;
use super::kv_cache::KvCache;
use super::linear::Linear;
use super::norm::Norm;
use super::rope::Rotation;
use super::spec::{AttentionSpec, HeadPositions, QkNorm, QkNormSpan};

/// The attention of one block.
#[derive(Debug)]
pub struct Attention {
    spec: AttentionSpec,
    /// Queries, keys and values in one projection: `[(n_heads + 2 * n_kv_heads) * head_dim, d]`.
    qkv: Linear,
    output: Linear,
    rotation: Option<Rotation>,
    /// Norms of queries and keys.
    qk_norms: Option<(Norm, Norm)>,
    alibi: Option<Alibi>,
    cache: KvCache,
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
            rotation,
            qk_norms,
            cache: KvCache::default(),
            dtype,
        }
    }

    /// Bytes of weights that one token reads.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.qkv.bytes() + self.output.bytes()
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
        let AttentionSpec {
            n_heads,
            n_kv_heads,
            head_dim,
            scale,
            cap,
            window,
            ..
        } = self.spec;
        let rows = x.dim(0)?;
        let start = self.cache.len();
        let qkv = self
            .qkv
            .forward(x)?
            .reshape((rows, n_heads + 2 * n_kv_heads, head_dim))?
            .transpose(0, 1)?;
        let mut q = qkv.narrow(0, 0, n_heads)?;
        let mut k = qkv.narrow(0, n_heads, n_kv_heads)?;
        let v = qkv.narrow(0, n_heads + n_kv_heads, n_kv_heads)?;
        if let Some(norms) = &self.qk_norms {
            (q, k) = self.normed(norms, &q, &k)?;
        }
        if let Some(rotation) = &self.rotation {
            q = rotation.apply(&q, start)?;
            k = rotation.apply(&k, start)?;
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
        if let Some(mask) = mask(rows, start, window, x.device())? {
            let seen = start + rows;
            scores = scores
                .reshape((n_heads, rows, seen))?
                .broadcast_add(&mask)?
                .reshape((n_kv_heads, group * rows, seen))?;
        }
        let shares = self
            .dtype
            .round(candle_nn::ops::softmax_last_dim(&scores)?)?;
        self.dtype
            .round(shares.matmul(&v)?)?
            .reshape((n_heads, rows, head_dim))?
            .transpose(0, 1)?
            .reshape((rows, n_heads * head_dim))
    }

    /// What the heads give, `[rows, n_heads * head_dim]`, without some of them.
    pub fn silenced(&self, heads: &Tensor, silent: &[usize]) -> Result<Tensor> {
        let width = self.spec.head_dim;
        silent
            .iter()
            .filter(|head| **head < self.spec.n_heads)
            .try_fold(heads.clone(), |heads, head| {
                let range = head * width..(head + 1) * width;
                let nothing = heads.narrow(1, range.start, width)?.zeros_like()?;
                replaced(&heads, range, 1, &nothing)
            })
    }

    /// What the heads give, `[rows, n_heads * head_dim]` → the attention's output, `[rows, d]`.
    pub fn output(&self, heads: &Tensor) -> Result<Tensor> {
        self.output.forward(heads)
    }

    /// What each head of one position adds to the attention's output: its share of
    /// `heads`, `[1, n_heads * head_dim]` → `[n_heads, d]`, the bias of the output left out.
    pub fn output_by_head(&self, heads: &Tensor) -> Result<Tensor> {
        let AttentionSpec {
            n_heads, head_dim, ..
        } = self.spec;
        let alone: Vec<Tensor> = (0..n_heads)
            .map(|head| {
                let mask: Vec<f32> = (0..n_heads * head_dim)
                    .map(|i| if i / head_dim == head { 1.0 } else { 0.0 })
                    .collect();
                let mask = Tensor::from_vec(mask, (1, n_heads * head_dim), heads.device())?;
                heads * mask
            })
            .collect::<Result<_>>()?;
        self.output.without_bias(&Tensor::cat(&alone, 0)?)
    }

    /// The bias of the output, `[d]`.
    #[must_use]
    pub fn output_bias(&self) -> Option<&Tensor> {
        self.output.bias()
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
/// position `j`. It sees `i - window < j <= i`. `None` where every row sees everything.
fn mask(
    rows: usize,
    start: usize,
    window: Option<usize>,
    device: &Device,
) -> Result<Option<Tensor>> {
    let seen = start + rows;
    let window = window.unwrap_or(usize::MAX);
    if rows == 1 && seen <= window {
        return Ok(None);
    }
    let values: Vec<f32> = (start..seen)
        .flat_map(|i| {
            (0..seen).map(move |j| {
                if j <= i && i - j < window {
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

    fn visible(rows: usize, start: usize, window: Option<usize>) -> Vec<Vec<bool>> {
        mask(rows, start, window, &Device::Cpu)
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
    fn a_single_row_inside_the_window_needs_no_mask() {
        assert!(mask(1, 3, Some(4), &Device::Cpu).unwrap().is_none());
    }
}
