//! The softmax of one row of logits, in numerically safe passes over it.

use pulp::Arch;

use super::exp::exp;

/// Independent running sums, so that the compiler can use vector registers.
const LANES: usize = 32;

/// Values that are summed in float32 before the sum moves on in float64.
const BLOCK: usize = 2048;

/// What the softmax of a row of logits needs to be known by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Distribution {
    /// The largest logit.
    pub max: f32,
    /// ln Σ exp(logit).
    pub log_sum_exp: f64,
    /// -Σ p ln p, in nats.
    pub entropy: f64,
}

impl Distribution {
    /// The distribution of a row of logits; `None` where one of them is not a finite number.
    #[must_use]
    pub fn of(logits: &[f32]) -> Option<Self> {
        let max = max(logits).filter(|max| max.is_finite())?;
        // With d = logit - max: H = ln Σ e^d - Σ e^d d / Σ e^d.
        let (sum, weighted) = sums(logits, |z| {
            let d = z - max;
            let e = exp(d);
            (e, e * d)
        });
        Some(Self::of_sums(max, sum, weighted))
    }

    /// The distribution of logits whose largest is `max`, by Σ e^d and Σ e^d d, with
    /// d = logit - max.
    #[must_use]
    pub(super) fn of_sums(max: f32, sum: f64, weighted: f64) -> Self {
        Self {
            max,
            log_sum_exp: f64::from(max) + sum.ln(),
            entropy: (sum.ln() - weighted / sum).max(0.0),
        }
    }

    /// The probability, 0 to 1, of a token with this logit.
    #[must_use]
    pub fn prob(&self, logit: f32) -> f32 {
        #[expect(clippy::cast_possible_truncation, reason = "a cell's figures are f32")]
        let prob = (f64::from(logit) - self.log_sum_exp).exp() as f32;
        prob
    }

    /// KL(self ‖ other), in nats, from the logits of both.
    ///
    /// KL = Σ p (z - z') - (lse - lse'), with both rows shifted by their maximum so that a large
    /// common offset does not eat the digits.
    #[must_use]
    pub fn kl(&self, logits: &[f32], other: &Self, other_logits: &[f32]) -> f64 {
        let shift = self.max - other.max;
        let (sum, weighted) = paired_sums(logits, other_logits, |z, other_z| {
            let p = exp(z - self.max);
            (p, p * ((z - other_z) - shift))
        });
        self.kl_of_sums(sum, weighted, other)
    }

    /// [`Distribution::kl`] by Σ e^d and Σ e^d (d - d'), with d = logit - max and d' alike of the
    /// other.
    #[must_use]
    pub(super) fn kl_of_sums(&self, sum: f64, weighted: f64, other: &Self) -> f64 {
        let difference =
            (self.log_sum_exp - f64::from(self.max)) - (other.log_sum_exp - f64::from(other.max));
        (weighted / sum - difference).max(0.0)
    }
}

/// The largest value; `None` for an empty row and where a value is not finite.
fn max(values: &[f32]) -> Option<f32> {
    Arch::new().dispatch(
        #[inline(always)]
        || {
            let mut largest = [f32::NEG_INFINITY; LANES];
            // x · 0 is 0 for a finite number and NaN for any other, and NaN stays in a sum.
            let mut check = [0.0_f32; LANES];
            let (blocks, rest) = values.as_chunks::<LANES>();
            for block in blocks {
                for ((largest, check), x) in largest.iter_mut().zip(&mut check).zip(block) {
                    *largest = if *x > *largest { *x } else { *largest };
                    *check += x * 0.0;
                }
            }
            for x in rest {
                largest[0] = if *x > largest[0] { *x } else { largest[0] };
                check[0] += x * 0.0;
            }
            let finite = check.iter().all(|x| *x == 0.0);
            finite.then(|| largest.iter().copied().fold(f32::NEG_INFINITY, f32::max))
        },
    )
}

/// Sums of both results of `f` over `values`.
fn sums(values: &[f32], f: impl Fn(f32) -> (f32, f32)) -> (f64, f64) {
    Arch::new().dispatch(
        #[inline(always)]
        || {
            let mut total = (0.0_f64, 0.0_f64);
            for block in values.chunks(BLOCK) {
                let mut lanes = ([0.0_f32; LANES], [0.0_f32; LANES]);
                let (chunks, rest) = block.as_chunks::<LANES>();
                for chunk in chunks {
                    for (i, z) in chunk.iter().enumerate() {
                        let (a, b) = f(*z);
                        lanes.0[i] += a;
                        lanes.1[i] += b;
                    }
                }
                for z in rest {
                    let (a, b) = f(*z);
                    lanes.0[0] += a;
                    lanes.1[0] += b;
                }
                total.0 += lanes.0.iter().copied().map(f64::from).sum::<f64>();
                total.1 += lanes.1.iter().copied().map(f64::from).sum::<f64>();
            }
            total
        },
    )
}

/// Sums of both results of `f` over the pairs of `left` and `right`.
fn paired_sums(left: &[f32], right: &[f32], f: impl Fn(f32, f32) -> (f32, f32)) -> (f64, f64) {
    Arch::new().dispatch(
        #[inline(always)]
        || {
            let mut total = (0.0_f64, 0.0_f64);
            for (left, right) in left.chunks(BLOCK).zip(right.chunks(BLOCK)) {
                let mut lanes = ([0.0_f32; LANES], [0.0_f32; LANES]);
                let (left_chunks, left_rest) = left.as_chunks::<LANES>();
                let (right_chunks, right_rest) = right.as_chunks::<LANES>();
                for (left, right) in left_chunks.iter().zip(right_chunks) {
                    for (i, (x, y)) in left.iter().zip(right).enumerate() {
                        let (a, b) = f(*x, *y);
                        lanes.0[i] += a;
                        lanes.1[i] += b;
                    }
                }
                for (x, y) in left_rest.iter().zip(right_rest) {
                    let (a, b) = f(*x, *y);
                    lanes.0[0] += a;
                    lanes.1[0] += b;
                }
                total.0 += lanes.0.iter().copied().map(f64::from).sum::<f64>();
                total.1 += lanes.1.iter().copied().map(f64::from).sum::<f64>();
            }
            total
        },
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    /// ln Σ exp, entropy and KL as their definitions say, in float64.
    fn by_definition(logits: &[f32], other: &[f32]) -> (f64, f64, f64) {
        let log_softmax = |z: &[f32]| -> (f64, Vec<f64>) {
            let max = z.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let sum: f64 = z
                .iter()
                .map(|z| (f64::from(*z) - f64::from(max)).exp())
                .sum();
            let lse = f64::from(max) + sum.ln();
            (lse, z.iter().map(|z| f64::from(*z) - lse).collect())
        };
        let (lse, p) = log_softmax(logits);
        let (_, q) = log_softmax(other);
        let entropy = -p.iter().map(|p| p.exp() * p).sum::<f64>();
        let kl = p.iter().zip(&q).map(|(p, q)| p.exp() * (p - q)).sum();
        (lse, entropy, kl)
    }

    proptest! {
        #[test]
        fn it_agrees_with_the_definitions(
            pairs in proptest::collection::vec((-300.0_f32..300.0, -300.0_f32..300.0), 1..5000),
        ) {
            let (z, other): (Vec<f32>, Vec<f32>) = pairs.into_iter().unzip();
            let (lse, entropy, kl) = by_definition(&z, &other);
            let p = Distribution::of(&z).unwrap();
            let q = Distribution::of(&other).unwrap();
            prop_assert!((p.log_sum_exp - lse).abs() < 1e-5);
            prop_assert!((p.entropy - entropy).abs() < 1e-4);
            prop_assert!((p.kl(&z, &q, &other) - kl).abs() < 1e-3 + 1e-5 * kl.abs());
        }
    }

    #[test]
    fn large_logits_do_not_overflow() {
        let p = Distribution::of(&[5000.0, 5000.0]).unwrap();
        assert!((p.prob(5000.0) - 0.5).abs() < 1e-6);
        assert!((p.entropy - std::f64::consts::LN_2).abs() < 1e-6);
    }

    #[test]
    fn a_row_is_at_no_distance_from_itself_or_from_a_shifted_copy() {
        let z: Vec<f32> = (0..1000).map(|i| (i % 17) as f32 / 4.0).collect();
        let shifted: Vec<f32> = z.iter().map(|z| z + 256.0).collect();
        let p = Distribution::of(&z).unwrap();
        let q = Distribution::of(&shifted).unwrap();
        assert_eq!(p.kl(&z, &p, &z), 0.0);
        assert!(p.kl(&z, &q, &shifted) < 1e-6);
    }

    #[test]
    fn what_is_not_a_number_is_no_distribution() {
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            for place in [0, 40, 99] {
                let mut z = vec![1.0; 100];
                z[place] = bad;
                assert_eq!(Distribution::of(&z), None, "{bad} at {place}");
            }
        }
        assert_eq!(Distribution::of(&[]), None);
    }
}
