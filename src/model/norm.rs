//! LayerNorm and RMSNorm. One function serves the blocks and the lens, and takes its statistics
//! from each row anew.

use candle_core::{D, Result, Tensor};

use super::dtype::Dtype;
use super::spec::{NormKind, NormSpec};

/// A norm with its weights.
#[derive(Clone, Debug)]
pub struct Norm {
    spec: NormSpec,
    /// `[d]` or `[heads, 1, d]`, the spec's `weight_offset` already added.
    weight: Tensor,
    /// `[d]`.
    bias: Option<Tensor>,
    dtype: Dtype,
}

impl Norm {
    /// A norm whose checkpoint stores `weight` and `bias`, each `[d]`. A LayerNorm can have
    /// weights of `[heads, 1, d]`, one row for each head of what it is given. Its results are
    /// kept as `dtype` says; inside it is float32.
    pub fn new(
        spec: NormSpec,
        weight: &Tensor,
        bias: Option<Tensor>,
        dtype: Dtype,
    ) -> Result<Self> {
        Ok(Self {
            spec,
            weight: weight.affine(1.0, spec.weight_offset)?,
            bias,
            dtype,
        })
    }

    /// The norm as a linear map of parts, its statistics held at those of `at`: `[1, d]` and
    /// `[parts, d]` → `[parts, d]`. Where the parts add up to `at`, what comes out and the
    /// [`Norm::bias`] add up to the norm of `at`.
    ///
    /// Right where a logit is split into parts, wrong in the lens, where each row has its own
    /// statistics.
    pub fn held(&self, at: &Tensor, parts: &Tensor) -> Result<Tensor> {
        let (scale, parts) = match self.spec.kind {
            NormKind::Rms => (at.sqr()?.mean_keepdim(D::Minus1)?, parts.clone()),
            NormKind::Layer => {
                let centred = |x: &Tensor| x.broadcast_sub(&x.mean_keepdim(D::Minus1)?);
                (
                    centred(at)?.sqr()?.mean_keepdim(D::Minus1)?,
                    centred(parts)?,
                )
            }
        };
        parts
            .broadcast_div(&(scale + self.spec.eps)?.sqrt()?)?
            .broadcast_mul(&self.weight)
    }

    /// `[d]`.
    #[must_use]
    pub fn bias(&self) -> Option<&Tensor> {
        self.bias.as_ref()
    }

    /// `[rows, d]` → `[rows, d]`, or `[heads, rows, d]` → the same.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let y = match self.spec.kind {
            #[expect(clippy::cast_possible_truncation, reason = "the model computes in f32")]
            NormKind::Rms => {
                candle_nn::ops::rms_norm(&x.contiguous()?, &self.weight, self.spec.eps as f32)?
            }
            // candle's fast LayerNorm takes the variance as E[x²] - E[x]², which cancels where
            // the mean is large; states have such rows.
            NormKind::Layer => {
                let centred = x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?;
                let variance = centred.sqr()?.mean_keepdim(D::Minus1)?;
                let deviation = (variance + self.spec.eps)?.sqrt()?;
                centred
                    .broadcast_div(&deviation)?
                    .broadcast_mul(&self.weight)?
            }
        };
        let y = match &self.bias {
            Some(bias) => y.broadcast_add(bias)?,
            None => y,
        };
        self.dtype.round(y)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::model::spec::{Bias, NormWeights};
    use candle_core::Device;

    fn norm(kind: NormKind, weight_offset: f64) -> Norm {
        let spec = NormSpec {
            kind,
            eps: 0.0,
            weight_offset,
            weights: NormWeights::Stored,
            bias: Bias::Absent,
        };
        let weight = Tensor::new(&[1.0_f32, 2.0], &Device::Cpu).unwrap();
        Norm::new(spec, &weight, None, Dtype::Auto).unwrap()
    }

    fn rows(norm: &Norm, rows: &[[f32; 2]]) -> Vec<Vec<f32>> {
        let x = Tensor::from_slice(rows.as_flattened(), (rows.len(), 2), &Device::Cpu).unwrap();
        norm.forward(&x).unwrap().to_vec2().unwrap()
    }

    #[test]
    fn rms_divides_by_the_root_of_the_mean_square() {
        let root = 12.5_f32.sqrt();
        let y = rows(&norm(NormKind::Rms, 0.0), &[[3.0, 4.0]]);
        assert!((y[0][0] - 3.0 / root).abs() < 1e-6 && (y[0][1] - 8.0 / root).abs() < 1e-6);
    }

    #[test]
    fn layer_norm_takes_the_mean_off_first() {
        let y = rows(&norm(NormKind::Layer, 0.0), &[[3.0, 5.0]]);
        assert_eq!(y, [[-1.0, 2.0]]);
    }

    #[test]
    fn each_row_has_its_own_statistics() {
        let norm = norm(NormKind::Rms, 0.0);
        let together = rows(&norm, &[[3.0, 4.0], [300.0, -1.0]]);
        let alone = rows(&norm, &[[300.0, -1.0]]);
        assert_eq!(together[1], alone[0]);
    }

    #[test]
    fn a_stored_weight_of_w_can_mean_one_plus_w() {
        let y = rows(&norm(NormKind::Layer, 1.0), &[[3.0, 5.0]]);
        assert_eq!(y, [[-2.0, 3.0]]);
    }

    #[test]
    fn parts_through_the_held_norm_add_up_to_the_norm_of_their_sum() {
        for kind in [NormKind::Rms, NormKind::Layer] {
            let norm = norm(kind, 0.0);
            let parts = Tensor::new(&[[1.0_f32, -2.0], [2.5, 4.0], [-0.5, 3.0]], &Device::Cpu);
            let parts = parts.unwrap();
            let sum = parts.sum_keepdim(0).unwrap();
            let held = norm.held(&sum, &parts).unwrap().sum_keepdim(0).unwrap();
            let whole = norm.forward(&sum).unwrap();
            let difference = (held - whole).unwrap().abs().unwrap();
            assert!(difference.max_all().unwrap().to_scalar::<f32>().unwrap() < 1e-6);
        }
    }

    #[test]
    fn a_large_mean_does_not_cancel_the_variance() {
        let y = rows(&norm(NormKind::Layer, 0.0), &[[10_000.0, 10_002.0]]);
        assert_eq!(y, [[-1.0, 2.0]]);
    }
}
