//! One vector times a matrix on the CPU, on all threads. candle's own product runs on one thread
//! for a single row, which is what each generated token is.

use pulp::Arch;
use rayon::prelude::*;

/// Sums are kept in this many lanes, enough for four of the widest registers.
pub(super) const LANES: usize = 64;

/// Sums over a narrow row are kept in this many lanes: adding up more would take longer than the
/// products.
const NARROW_LANES: usize = 16;

/// As wide as a head of an attention may be.
const NARROW: usize = 256;

/// Weights that one task takes, at least: fewer are done before another thread has woken up.
const LEAST: usize = 1 << 16;

/// Tasks for each thread, at most. More than one, so that a thread that is kept from its work does
/// not keep the others waiting.
const TASKS: usize = 4;

/// How many rows of a matrix of this size one task takes.
pub(super) fn rows_a_task(height: usize, width: usize) -> usize {
    let shared = height.div_ceil(TASKS * rayon::current_num_threads());
    shared.max(LEAST / width.max(1)).max(1)
}

/// `out[i] = Σ_j matrix[i, j] * vector[j]` for a row-major matrix `[out.len(), vector.len()]`.
///
/// Nothing is written when the lengths do not fit together.
pub fn matvec(matrix: &[f32], vector: &[f32], out: &mut [f32]) {
    let width = vector.len();
    if width == 0 || Some(matrix.len()) != width.checked_mul(out.len()) {
        return;
    }
    let rows = rows_a_task(out.len(), width);
    if rows >= out.len() {
        return matvec_alone(matrix, vector, out);
    }
    out.par_chunks_mut(rows)
        .zip(matrix.par_chunks(rows * width))
        .for_each(|(out, matrix)| matvec_alone(matrix, vector, out));
}

/// [`matvec`] on this thread alone, of as many rows as there are.
pub(super) fn matvec_alone(matrix: &[f32], vector: &[f32], out: &mut [f32]) {
    let width = vector.len().max(1);
    Arch::new().dispatch(
        #[inline(always)]
        || {
            let rows = out.iter_mut().zip(matrix.chunks_exact(width));
            if width <= NARROW {
                for (y, row) in rows {
                    *y = dot::<NARROW_LANES>(row, vector);
                }
            } else {
                for (y, row) in rows {
                    *y = dot::<LANES>(row, vector);
                }
            }
        },
    );
}

/// `out[j] += Σ_i weights[i] * matrix[i, j]` for a row-major matrix `[weights.len(), out.len()]`.
pub(super) fn weighted_sum(matrix: &[f32], weights: &[f32], out: &mut [f32]) {
    let width = out.len().max(1);
    let (fours, rest) = weights.as_chunks::<4>();
    let (four_rows, rows) = matrix
        .split_at_checked(4 * width * fours.len())
        .unwrap_or_default();
    Arch::new().dispatch(
        #[inline(always)]
        || {
            for (weights, rows) in fours.iter().zip(four_rows.chunks_exact(4 * width)) {
                let (a, rows) = rows.split_at(width);
                let (b, rows) = rows.split_at(width);
                let (c, d) = rows.split_at(width);
                for ((((sum, a), b), c), d) in out.iter_mut().zip(a).zip(b).zip(c).zip(d) {
                    *sum += (weights[0] * a + weights[1] * b) + (weights[2] * c + weights[3] * d);
                }
            }
            for (weight, row) in rest.iter().zip(rows.chunks_exact(width)) {
                for (sum, number) in out.iter_mut().zip(row) {
                    *sum += weight * number;
                }
            }
        },
    );
}

/// `Σ a[i] * b[i]`.
#[inline(always)]
fn dot<const N: usize>(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = Lanes::<N>::default();
    sums.add(a, b);
    sums.total()
}

/// A sum of products over lanes that the compiler turns into vector registers.
pub(super) struct Lanes<const N: usize>([f32; N]);

impl<const N: usize> Default for Lanes<N> {
    #[inline(always)]
    fn default() -> Self {
        Self([0.0; N])
    }
}

impl<const N: usize> Lanes<N> {
    /// Adds the products `a[i] * b[i]`.
    #[inline(always)]
    pub(super) fn add(&mut self, a: &[f32], b: &[f32]) {
        let (a_blocks, a_rest) = a.as_chunks::<N>();
        let (b_blocks, b_rest) = b.as_chunks::<N>();
        for (a, b) in a_blocks.iter().zip(b_blocks) {
            for ((sum, a), b) in self.0.iter_mut().zip(a).zip(b) {
                *sum += a * b;
            }
        }
        for ((sum, a), b) in self.0.iter_mut().zip(a_rest).zip(b_rest) {
            *sum += a * b;
        }
    }

    /// The sum.
    #[inline(always)]
    pub(super) fn total(mut self) -> f32 {
        let mut width = N;
        while width > 1 {
            width /= 2;
            for i in 0..width {
                self.0[i] += self.0[i + width];
            }
        }
        self.0[0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn plain(matrix: &[f32], vector: &[f32]) -> Vec<f64> {
        matrix
            .chunks_exact(vector.len())
            .map(|row| {
                row.iter()
                    .zip(vector)
                    .map(|(a, b)| f64::from(*a) * f64::from(*b))
                    .sum()
            })
            .collect()
    }

    proptest! {
        #[test]
        fn it_equals_the_plain_sum(
            rows in 0_usize..80,
            vector in proptest::collection::vec(-2.0_f32..2.0, 1..200),
            seed in any::<u32>(),
        ) {
            let matrix: Vec<f32> = (0..rows * vector.len())
                .map(|i| ((i as u32).wrapping_mul(2_654_435_761).wrapping_add(seed) % 1000) as f32 / 500.0 - 1.0)
                .collect();
            let mut out = vec![0.0; rows];
            matvec(&matrix, &vector, &mut out);
            for (fast, exact) in out.iter().zip(plain(&matrix, &vector)) {
                prop_assert!((f64::from(*fast) - exact).abs() < 1e-4, "{fast} {exact}");
            }
        }
    }

    #[test]
    fn a_weighted_sum_takes_every_row() {
        for rows in 0..10 {
            let matrix: Vec<f32> = (0..rows * 3).map(|i| i as f32).collect();
            let weights: Vec<f32> = (0..rows).map(|i| i as f32 - 2.0).collect();
            let mut out = [1.0; 3];
            weighted_sum(&matrix, &weights, &mut out);
            for (j, found) in out.into_iter().enumerate() {
                let numbers = matrix.iter().skip(j).step_by(3).zip(&weights);
                let expected = numbers.map(|(number, weight)| number * weight).sum::<f32>();
                assert_eq!(found, 1.0 + expected);
            }
        }
    }

    #[test]
    fn lengths_that_do_not_fit_leave_the_result_alone() {
        let mut out = [7.0; 2];
        matvec(&[1.0; 5], &[1.0; 3], &mut out);
        assert_eq!(out, [7.0; 2]);
    }
}
