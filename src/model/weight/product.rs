//! Products with rows of weights on the CPU, in float32 on the widened values. Weights are widened
//! where they are used, in registers or in a panel that stays in the cache, so that memory is read
//! in the stored type; what widening costs is less than what reading float32 would.
//!
//! The [`kernels`] do that where the processor has their instructions. What is here beside them is
//! their scalar twin.

use std::borrow::Cow;
use std::ops::Range;

use gemm::Parallelism;
use pulp::Arch;
use rayon::prelude::*;

use super::kernels;
use super::rows::Rows;
use super::storage::{Storage, Work};
use crate::model::matvec::{self, LANES, Lanes};

/// Weights that are widened at once by the scalar twin; a whole number of blocks of any type. They
/// stay in the first-level cache.
const PIECE: usize = 256;

/// Weights that are widened at once for a product with several vectors: 256 KiB of float32, which
/// stay in the second-level cache.
const PANEL: usize = 1 << 16;

/// Rows of a panel, at least.
const PANEL_ROWS: usize = 32;

/// `out[i] = Σ_j row_i[j] * x[j]` for the rows of `parts`, one below the other, each as wide as
/// `x` and `out` as long as there are rows.
pub(super) fn with_one(parts: &[Rows], x: &[f32], out: &mut [f32]) {
    let size = matvec::rows_a_task(out.len(), x.len());
    let mut rest = out;
    let met: Vec<Cow<'_, [f32]>> = parts.iter().map(|rows| rows.meeting(x)).collect();
    let mut tasks = Vec::new();
    for (rows, x) in parts.iter().zip(&met) {
        for start in (0..rows.count()).step_by(size) {
            let count = size.min(rows.count() - start);
            let Some((share, behind)) = rest.split_at_mut_checked(count) else {
                return;
            };
            tasks.push((rows, start, &**x, share));
            rest = behind;
        }
    }
    let work = |(rows, start, x, out): (&Rows, usize, &[f32], &mut [f32])| {
        dots(rows.storage(), rows.bytes_of(start, out.len()), x, out);
    };
    match tasks.len() {
        0 | 1 => tasks.into_iter().for_each(work),
        _ => tasks.into_par_iter().for_each(work),
    }
}

/// Each of the `rows` times `x`.
fn dots(storage: Storage, rows: &[u8], x: &[f32], out: &mut [f32]) {
    if !kernels::dots(storage, rows, x, out) {
        storage.with(Dots { rows, x, out });
    }
}

/// Each row times the vector `x`.
struct Dots<'a> {
    rows: &'a [u8],
    x: &'a [f32],
    out: &'a mut [f32],
}

impl Work for Dots<'_> {
    type Output = ();

    fn with<const BYTES: usize, const WEIGHTS: usize>(
        self,
        widen: impl Fn(&[u8; BYTES], &mut [f32; WEIGHTS]) + Copy,
    ) {
        let row_bytes = (self.x.len() / WEIGHTS * BYTES).max(1);
        let rows = self.rows.chunks_exact(row_bytes);
        Arch::new().dispatch(
            #[inline(always)]
            || {
                for (y, row) in self.out.iter_mut().zip(rows) {
                    *y = dot(row, self.x, widen);
                }
            },
        );
    }
}

/// One row times one vector.
#[inline(always)]
fn dot<const BYTES: usize, const WEIGHTS: usize>(
    row: &[u8],
    x: &[f32],
    widen: impl Fn(&[u8; BYTES], &mut [f32; WEIGHTS]) + Copy,
) -> f32 {
    let mut sums = Lanes::<LANES>::default();
    let mut piece = [0.0; PIECE];
    let (blocks, _) = row.as_chunks::<BYTES>();
    let mut pieces = blocks.chunks(PIECE / WEIGHTS);
    let (whole, rest) = x.as_chunks::<PIECE>();
    // Whole pieces have a length that the compiler knows.
    for (x, blocks) in whole.iter().zip(&mut pieces) {
        widen_all(blocks, &mut piece, widen);
        sums.add(&piece, x);
    }
    if let Some(blocks) = pieces.next() {
        widen_all(blocks, &mut piece, widen);
        sums.add(&piece[..rest.len()], rest);
    }
    sums.total()
}

/// Blocks to the beginning of `out`.
#[inline(always)]
fn widen_all<const BYTES: usize, const WEIGHTS: usize>(
    blocks: &[[u8; BYTES]],
    out: &mut [f32],
    widen: impl Fn(&[u8; BYTES], &mut [f32; WEIGHTS]),
) {
    let (places, _) = out.as_chunks_mut::<WEIGHTS>();
    for (block, place) in blocks.iter().zip(places) {
        widen(block, place);
    }
}

/// `out[r, i] = Σ_j row_i[j] * x[r, j]` for the rows of `parts`, one below the other, each
/// `width` wide. `x` is `[n, width]` and `out` `[n, rows]`, both row-major; nothing is written
/// when the lengths do not fit together.
pub(super) fn with_many(parts: &[Rows], width: usize, x: &[f32], out: &mut [f32]) {
    let height = parts.iter().map(Rows::count).sum::<usize>();
    let n = x.len() / width.max(1);
    let fits = parts.iter().all(|rows| rows.width() == width);
    if !fits || n == 0 || x.len() != n * width || out.len() != n * height {
        return;
    }
    let out = Columns(out.as_mut_ptr());
    let size = (PANEL / width).max(PANEL_ROWS);
    (0..height).into_par_iter().step_by(size).for_each_init(
        Vec::new,
        |panel: &mut Vec<f32>, start| {
            let count = size.min(height - start);
            panel.resize(count * width, 0.0);
            fill(panel, parts, start, width);
            // SAFETY: `x` is `[n, width]`, checked above, the panel `[count, width]`; the product
            // goes to the columns `start` to `start + count` of `out`, `[n, height]`. No two tasks
            // have a column in common, and `out` is borrowed until all have ended.
            unsafe { out.set(start..start + count, height, panel, x, n, width) };
        },
    );
}

/// Widens the rows from `start` on that fill `panel`. The parts are as one here, so that sums do
/// not depend on where one ends.
fn fill(mut panel: &mut [f32], parts: &[Rows], mut start: usize, width: usize) {
    for rows in parts {
        let count = rows.count().saturating_sub(start).min(panel.len() / width);
        let (now, rest) = panel.split_at_mut(count * width);
        if count > 0 {
            widen(rows, start, now);
        }
        start = start.saturating_sub(rows.count());
        panel = rest;
    }
}

/// A matrix whose columns are written by several threads, each by one.
struct Columns(*mut f32);

// SAFETY: who calls `set` has seen to it that no two threads write to the same place.
unsafe impl Sync for Columns {}

impl Columns {
    /// Writes `x`, `[n, width]`, times the transposed `panel`, `[columns, width]`, to these
    /// columns of this matrix of `[n, height]`.
    ///
    /// # Safety
    /// The lengths must be as told, and nobody else may use these columns meanwhile.
    unsafe fn set(
        &self,
        columns: Range<usize>,
        height: usize,
        panel: &[f32],
        x: &[f32],
        n: usize,
        width: usize,
    ) {
        let stride = isize::try_from(width).unwrap_or(isize::MAX);
        // SAFETY: as the caller has promised.
        unsafe {
            gemm::gemm(
                n,
                columns.len(),
                width,
                self.0.add(columns.start),
                1,
                isize::try_from(height).unwrap_or(isize::MAX),
                false,
                x.as_ptr(),
                1,
                stride,
                panel.as_ptr(),
                stride,
                1,
                0.0,
                1.0,
                false,
                false,
                false,
                Parallelism::None,
            );
        }
    }
}

/// Widens the rows from `start` on that fill `out`.
pub(super) fn widen(rows: &Rows, start: usize, out: &mut [f32]) {
    let count = out.len() / rows.width();
    if rows.is_plain() {
        widen_blocks(rows.storage(), rows.bytes_of(start, count), out);
        return;
    }
    let mut weights = vec![0.0; rows.storage().filled_up(rows.width())];
    for (row, out) in out.chunks_exact_mut(rows.width()).enumerate() {
        let bytes = rows.bytes_of(start + row, 1);
        widen_blocks(rows.storage(), bytes, &mut weights);
        rows.to_columns(&weights, out);
    }
}

fn widen_blocks(storage: Storage, bytes: &[u8], out: &mut [f32]) {
    if !kernels::widen(storage, bytes, out) {
        storage.with(Widening { bytes, out });
    }
}

/// Blocks to float32.
struct Widening<'a> {
    bytes: &'a [u8],
    out: &'a mut [f32],
}

impl Work for Widening<'_> {
    type Output = ();

    fn with<const BYTES: usize, const WEIGHTS: usize>(
        self,
        widen: impl Fn(&[u8; BYTES], &mut [f32; WEIGHTS]) + Copy,
    ) {
        let (blocks, _) = self.bytes.as_chunks::<BYTES>();
        Arch::new().dispatch(
            #[inline(always)]
            || widen_all(blocks, self.out, widen),
        );
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// On a processor that has the kernels' instructions nothing else goes through the twin.
    #[test]
    fn the_scalar_twin_multiplies_what_it_widens() {
        for (storage, width) in [
            (Storage::F32, 301),
            (Storage::F16, 300),
            (Storage::Q4_1, 11 * 32),
            (Storage::Q8_0, 8 * 32),
            (Storage::Q6K, 3 * 256),
        ] {
            let size = 3 * storage.row_bytes(width).unwrap();
            // Below 64, so that no number is infinite or none at all.
            let bytes: Vec<u8> = (0..size).map(|i| (i * 37 % 64) as u8).collect();
            let x: Vec<f32> = (0..width).map(|i| (i % 13) as f32 / 4.0 - 1.5).collect();
            let mut widened = vec![0.0; 3 * width];
            storage.with(Widening {
                bytes: &bytes,
                out: &mut widened,
            });
            let mut found = [f32::NAN; 3];
            storage.with(Dots {
                rows: &bytes,
                x: &x,
                out: &mut found,
            });
            for (row, found) in widened.chunks_exact(width).zip(found) {
                let products = row.iter().zip(&x);
                let products = products.map(|(w, x)| f64::from(*w) * f64::from(*x));
                let (sum, sizes) = products.fold((0.0, 0.0), |(s, t), p| (s + p, t + p.abs()));
                let bound = (width as f64 + 1.0) * f64::from(f32::EPSILON) / 2.0 * sizes;
                let off = (f64::from(found) - sum).abs();
                assert!(off <= bound, "{storage:?}: {found}, exact {sum}");
            }
        }
    }
}
