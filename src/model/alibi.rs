//! Attention with linear biases: a score is lowered in proportion to the distance, by a slope
//! that differs from head to head (Press, Smith, Lewis 2022).

use candle_core::{Result, Tensor};
use half::bf16;

use super::spec::AlibiPrecision;

/// The biases of the heads of one attention.
#[derive(Clone, Debug)]
pub struct Alibi {
    /// `[n_heads]`.
    slopes: Vec<f64>,
    scale: f64,
    precision: AlibiPrecision,
}

impl Alibi {
    /// The biases of `n_heads` heads, worked out as `precision` says and then times `scale`.
    #[must_use]
    pub fn new(n_heads: usize, scale: f64, precision: AlibiPrecision) -> Self {
        Self {
            slopes: slopes(n_heads).collect(),
            scale,
            precision,
        }
    }

    /// What is added to the scores of the key at `position` by a head of this `slope`.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "positions are below 2^23, and the model computes in f32"
    )]
    fn bias(&self, slope: f64, position: usize) -> f32 {
        match self.precision {
            AlibiPrecision::Float32 => (slope * self.scale) as f32 * position as f32,
            AlibiPrecision::Bfloat16 => {
                let [slope, position] = [slope as f32, position as f32].map(bf16::from_f32);
                (slope * position).to_f32() * self.scale as f32
            }
        }
    }

    /// Adds the biases to scores of `[kv_heads, heads a kv head * rows, start + rows]`. A bias is
    /// the slope times the key's position: as only differences count, the query's may be left out.
    pub fn add(&self, scores: &Tensor, start: usize, rows: usize) -> Result<Tensor> {
        let (heads, seen) = (self.slopes.len(), start + rows);
        let biases: Vec<f32> = self
            .slopes
            .iter()
            .flat_map(|slope| (0..seen).map(move |position| self.bias(*slope, position)))
            .collect();
        let biases = Tensor::from_vec(biases, (heads, 1, seen), scores.device())?;
        scores
            .reshape((heads, rows, seen))?
            .broadcast_add(&biases)?
            .reshape(scores.shape())
    }
}

/// A geometric series from `2^(-8/n)` on for a power of two `n`; for other numbers of heads the
/// series of the next lower power, then every other member of the next higher one.
#[expect(clippy::cast_precision_loss, reason = "there are few heads")]
fn slopes(n_heads: usize) -> impl Iterator<Item = f64> {
    let whole = if n_heads.is_power_of_two() {
        n_heads
    } else {
        n_heads.next_power_of_two() / 2
    };
    let series = |n: usize| (1..=n).map(move |i| (-8.0 * i as f64 / n as f64).exp2());
    series(whole)
        .chain(series(2 * whole).step_by(2))
        .take(n_heads)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_heads_halve_from_one_half_on() {
        let found: Vec<f64> = slopes(8).collect();
        assert_eq!(&found[..3], [0.5, 0.25, 0.125]);
        assert_eq!(found.len(), 8);
    }

    #[test]
    fn biases_may_be_rounded_before_they_are_scaled() {
        let exact = Alibi::new(8, 0.5, AlibiPrecision::Float32);
        assert_eq!(exact.bias(0.25, 261), 261.0 * 0.125);
        let rounded = Alibi::new(8, 0.5, AlibiPrecision::Bfloat16);
        assert_eq!(rounded.bias(0.25, 261), 260.0 * 0.125);
    }

    #[test]
    fn six_heads_take_two_from_the_series_of_eight() {
        let found: Vec<f64> = slopes(6).collect();
        assert_eq!(found, [0.25, 0.0625, 0.015_625, 0.003_906_25, 0.5, 0.125]);
    }
}
