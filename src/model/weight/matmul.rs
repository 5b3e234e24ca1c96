//! Products of one vector with rows of weights on the CPU, in float32 on the dequantised values.
//! Weights are dequantised where they are used, in registers, so that memory is read in the stored
//! type; what dequantising costs is less than what reading float32 would.
//!
//! The [`kernels`] do that where the processor has their instructions. What is here beside them is
//! their scalar twin, for all other processors.

use std::borrow::Cow;

use rayon::prelude::*;

use super::kernels;
use super::rows::Rows;
use super::storage::{BlockVisitor, Storage};
use crate::model::matvec::{self, LANES, Lanes};

/// Weights that are dequantised at once by the scalar twin; a whole number of blocks of any type.
/// They stay in the first-level cache.
const PIECE: usize = 256;

/// `out[i] = Σ_j row_i[j] * x[j]` for the rows of `parts`, one below the other, each as wide as
/// `x` and `out` as long as there are rows.
pub(super) fn gemv(parts: &[Rows], x: &[f32], out: &mut [f32]) {
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

impl BlockVisitor for Dots<'_> {
    type Output = ();

    fn with<const BYTES: usize, const WEIGHTS: usize>(
        self,
        dequantise: impl Fn(&[u8; BYTES], &mut [f32; WEIGHTS]) + Copy,
    ) {
        let row_bytes = (self.x.len() / WEIGHTS * BYTES).max(1);
        let rows = self.rows.chunks_exact(row_bytes);
        for (y, row) in self.out.iter_mut().zip(rows) {
            *y = dot(row, self.x, dequantise);
        }
    }
}

/// One row times one vector.
#[inline(always)]
fn dot<const BYTES: usize, const WEIGHTS: usize>(
    row: &[u8],
    x: &[f32],
    dequantise: impl Fn(&[u8; BYTES], &mut [f32; WEIGHTS]) + Copy,
) -> f32 {
    let mut sums = Lanes::<LANES>::default();
    let mut piece = [0.0; PIECE];
    let (blocks, _) = row.as_chunks::<BYTES>();
    let mut pieces = blocks.chunks(PIECE / WEIGHTS);
    let (whole, rest) = x.as_chunks::<PIECE>();
    // Whole pieces have a length that the compiler knows.
    for (x, blocks) in whole.iter().zip(&mut pieces) {
        dequantise_all(blocks, &mut piece, dequantise);
        sums.add(&piece, x);
    }
    if let Some(blocks) = pieces.next() {
        dequantise_all(blocks, &mut piece, dequantise);
        sums.add(&piece[..rest.len()], rest);
    }
    sums.total()
}

/// Blocks to the beginning of `out`.
#[inline(always)]
fn dequantise_all<const BYTES: usize, const WEIGHTS: usize>(
    blocks: &[[u8; BYTES]],
    out: &mut [f32],
    dequantise: impl Fn(&[u8; BYTES], &mut [f32; WEIGHTS]),
) {
    let (places, _) = out.as_chunks_mut::<WEIGHTS>();
    for (block, place) in blocks.iter().zip(places) {
        dequantise(block, place);
    }
}

/// Dequantises the rows from `start` on that fill `out`.
pub(super) fn dequantise(rows: &Rows, start: usize, out: &mut [f32]) {
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

/// Dequantises the weights in `bytes`, whole blocks, which fill `out`.
pub(super) fn widen_blocks(storage: Storage, bytes: &[u8], out: &mut [f32]) {
    if !kernels::dequantise(storage, bytes, out) {
        storage.with(Dequantise { bytes, out });
    }
}

/// Blocks to float32.
struct Dequantise<'a> {
    bytes: &'a [u8],
    out: &'a mut [f32],
}

impl BlockVisitor for Dequantise<'_> {
    type Output = ();

    fn with<const BYTES: usize, const WEIGHTS: usize>(
        self,
        dequantise: impl Fn(&[u8; BYTES], &mut [f32; WEIGHTS]) + Copy,
    ) {
        let (blocks, _) = self.bytes.as_chunks::<BYTES>();
        dequantise_all(blocks, self.out, dequantise);
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
            let mut dequantised = vec![0.0; 3 * width];
            storage.with(Dequantise {
                bytes: &bytes,
                out: &mut dequantised,
            });
            let mut found = [f32::NAN; 3];
            storage.with(Dots {
                rows: &bytes,
                x: &x,
                out: &mut found,
            });
            for (row, found) in dequantised.chunks_exact(width).zip(found) {
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
