//! Tiles as in [`super::tile`], for processors with 32 registers of 16 float32: four rows and six
//! vectors, whose 24 sums stay in registers.

use super::tile::{ROWS, Tiles, lines};

/// Vectors of a tile.
const VECTORS: usize = 6;

/// The vector operations that a tile is written in. A type that implements it is a proof that this
/// processor has them.
pub(super) trait Wide: Copy {
    /// Sixteen float32.
    type Numbers: Copy;

    /// Sixteen zeros.
    fn zero(self) -> Self::Numbers;
    /// Sixteen numbers from memory.
    fn sixteen(self, from: &[[f32; 8]; 2]) -> Self::Numbers;
    /// Eight numbers from memory, and eight zeros behind them.
    fn eight(self, from: &[f32; 8]) -> Self::Numbers;
    /// `a * b + c`, rounded once.
    fn mul_add(self, a: Self::Numbers, b: Self::Numbers, c: Self::Numbers) -> Self::Numbers;
    /// The sum of all sixteen.
    fn total(self, numbers: Self::Numbers) -> f32;
}

/// Does what [`Tiles`] says.
#[inline(always)]
pub(super) fn tiles<W: Wide>(w: W, job: Tiles<'_>) {
    let width = job.rows.len() / ROWS;
    let (full, rest) = job.out.as_chunks_mut::<VECTORS>();
    let (full_x, rest_x) = job.x.split_at(VECTORS * width * full.len());
    if width == 0 {
        return;
    }
    for (out, x) in full.iter_mut().zip(full_x.chunks_exact(VECTORS * width)) {
        tile(w, job.rows, x, width, out);
    }
    // What is left is fewer than six: three, then one by one.
    let (threes, ones) = rest.as_chunks_mut::<3>();
    let (threes_x, ones_x) = rest_x.split_at(3 * width * threes.len());
    for (out, x) in threes.iter_mut().zip(threes_x.chunks_exact(3 * width)) {
        tile(w, job.rows, x, width, out);
    }
    for (out, x) in ones
        .as_chunks_mut::<1>()
        .0
        .iter_mut()
        .zip(ones_x.chunks_exact(width))
    {
        tile(w, job.rows, x, width, out);
    }
}

/// One tile of `X` vectors, `width` eights wide. Each vector's sums are in the same order whatever
/// stands beside it.
#[inline(always)]
fn tile<W: Wide, const X: usize>(
    w: W,
    rows: &[[f32; 8]],
    x: &[[f32; 8]],
    width: usize,
    out: &mut [[f32; ROWS]; X],
) {
    let rows: [&[[f32; 8]]; ROWS] = lines(rows, width);
    let x: [&[[f32; 8]]; X] = lines(x, width);
    let (sixteen_rows, sixteen_x) = (rows.map(sixteens), x.map(sixteens));
    let mut sums = [[w.zero(); ROWS]; X];
    for i in 0..width / 2 {
        // All lines are `width` long.
        let mut vectors = [w.zero(); X];
        for (vector, x) in vectors.iter_mut().zip(sixteen_x) {
            *vector = w.sixteen(&x[i]);
        }
        for (r, row) in sixteen_rows.iter().enumerate() {
            let weights = w.sixteen(&row[i]);
            for (sums, vector) in sums.iter_mut().zip(vectors) {
                sums[r] = w.mul_add(weights, vector, sums[r]);
            }
        }
    }
    if width % 2 == 1 {
        let last = width - 1;
        for (sums, x) in sums.iter_mut().zip(x) {
            for (sum, row) in sums.iter_mut().zip(rows) {
                *sum = w.mul_add(w.eight(&row[last]), w.eight(&x[last]), *sum);
            }
        }
    }
    for (out, sums) in out.iter_mut().zip(sums) {
        for (out, sum) in out.iter_mut().zip(sums) {
            *out += w.total(sum);
        }
    }
}

#[inline(always)]
fn sixteens(line: &[[f32; 8]]) -> &[[[f32; 8]; 2]] {
    line.as_chunks().0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sixteen numbers in an array: what any processor can do.
    #[derive(Clone, Copy)]
    struct Scalar;

    impl Wide for Scalar {
        type Numbers = [f32; 16];

        fn zero(self) -> [f32; 16] {
            [0.0; 16]
        }
        fn sixteen(self, from: &[[f32; 8]; 2]) -> [f32; 16] {
            std::array::from_fn(|i| from[i / 8][i % 8])
        }
        fn eight(self, from: &[f32; 8]) -> [f32; 16] {
            std::array::from_fn(|i| from.get(i).copied().unwrap_or(0.0))
        }
        fn mul_add(self, a: [f32; 16], b: [f32; 16], c: [f32; 16]) -> [f32; 16] {
            std::array::from_fn(|i| a[i].mul_add(b[i], c[i]))
        }
        fn total(self, numbers: [f32; 16]) -> f32 {
            numbers.iter().sum()
        }
    }

    /// Whole numbers from -8 to 7, whose sums are exact in any order.
    fn whole_numbers(eights: usize, seed: usize) -> Vec<[f32; 8]> {
        let number = |i: usize| ((i * 7 + i / 8 * 3 + seed) % 16) as f32 - 8.0;
        (0..eights)
            .map(|eight| std::array::from_fn(|i| number(8 * eight + i)))
            .collect()
    }

    /// Holds `tiles` to sums that are exact, for every number of vectors up to more than two tiles.
    fn are_exact(tiles: impl Fn(Tiles<'_>)) {
        for (vectors, width) in (0..15).flat_map(|n| [(n, 1), (n, 2), (n, 5), (n, 64)]) {
            let rows = whole_numbers(ROWS * width, 3);
            let x = whole_numbers(vectors * width, 5);
            let mut out = vec![[1.0; ROWS]; vectors];
            tiles(Tiles {
                rows: &rows,
                x: &x,
                out: &mut out,
            });
            for (x, out) in x.chunks_exact(width).zip(out) {
                for (row, sum) in rows.chunks_exact(width).zip(out) {
                    let products = row.as_flattened().iter().zip(x.as_flattened());
                    let exact = 1.0 + products.map(|(a, b)| a * b).sum::<f32>();
                    assert_eq!(sum.to_bits(), exact.to_bits(), "{vectors} of {width}");
                }
            }
        }
    }

    #[test]
    fn sums_of_whole_numbers_are_exact() {
        are_exact(|job| tiles(Scalar, job));
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn so_they_are_with_the_instructions_of_the_processor() {
        are_exact(|mut job| {
            if !super::super::avx512::tiles(&mut job) {
                tiles(Scalar, job);
            }
        });
    }
}
