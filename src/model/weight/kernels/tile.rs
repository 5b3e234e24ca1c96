//! Products of a few rows of weights, dequantised before, with several vectors. Four rows and three
//! vectors are a tile: their twelve sums stay in registers, each number that is read goes into
//! three or four of them, and along rows and vectors everything is read as it lies.

use super::Job;
use super::simd::Simd;

/// Rows of weights of a tile.
pub(in super::super) const ROWS: usize = 4;

/// Vectors of a tile.
const VECTORS: usize = 3;

/// `out[j][r] += Σ_i rows[r, i] * x[j, i]` for [`ROWS`] rows and any number of vectors, one below
/// the other and equally wide, and for as many vectors as `out` has places for.
pub(super) struct Tiles<'a> {
    pub rows: &'a [[f32; 8]],
    pub x: &'a [[f32; 8]],
    pub out: &'a mut [[f32; ROWS]],
}

impl Job for Tiles<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let width = self.rows.len() / ROWS;
        let (threes, rest) = self.out.as_chunks_mut::<VECTORS>();
        let (threes_x, rest_x) = self.x.split_at(VECTORS * width * threes.len());
        if width == 0 {
            return;
        }
        for (out, x) in threes
            .iter_mut()
            .zip(threes_x.chunks_exact(VECTORS * width))
        {
            tile(s, self.rows, x, width, out);
        }
        let (twos, rest) = rest.as_chunks_mut::<2>();
        for out in twos {
            tile(s, self.rows, rest_x, width, out);
        }
        for out in rest.as_chunks_mut::<1>().0 {
            tile(s, self.rows, rest_x, width, out);
        }
    }
}

/// One tile of `X` vectors, `width` eights wide.
#[inline(always)]
fn tile<S: Simd, const X: usize>(
    s: S,
    rows: &[[f32; 8]],
    x: &[[f32; 8]],
    width: usize,
    out: &mut [[f32; ROWS]; X],
) {
    let rows: [&[[f32; 8]]; ROWS] = lines(rows, width);
    let x: [&[[f32; 8]]; X] = lines(x, width);
    let mut sums = [[s.splat(0.0); ROWS]; X];
    for i in 0..width {
        // All lines are `width` long.
        let mut vectors = [s.splat(0.0); X];
        for (vector, x) in vectors.iter_mut().zip(x) {
            *vector = s.floats(&x[i]);
        }
        for (r, row) in rows.iter().enumerate() {
            let weights = s.floats(&row[i]);
            for (sums, vector) in sums.iter_mut().zip(vectors) {
                sums[r] = s.mul_add(weights, vector, sums[r]);
            }
        }
    }
    for (out, sums) in out.iter_mut().zip(sums) {
        for (out, sum) in out.iter_mut().zip(s.totals(sums)) {
            *out += sum;
        }
    }
}

/// The first `N` lines of a matrix of this width.
#[inline(always)]
pub(super) fn lines<const N: usize>(matrix: &[[f32; 8]], width: usize) -> [&[[f32; 8]]; N] {
    let mut lines = [Default::default(); N];
    for (line, numbers) in lines.iter_mut().zip(matrix.chunks_exact(width)) {
        *line = numbers;
    }
    lines
}
