//! Products of several vectors with rows of weights on the CPU: the positions of a prompt, the rows
//! of the lens. A piece of a few rows is dequantised into the first-level cache and multiplied
//! there with every vector before the next one is read, so that each weight is read from memory and
//! dequantised once for some hundred vectors.
//!
//! A sum is made in the same order whatever type the weights are held in and whatever vectors are
//! beside: a position gives the same figures, bit for bit, in any company but its own.

use pulp::Arch;
use rayon::prelude::*;

use super::kernels::{self, ROWS};
use super::matmul::widen_blocks;
use super::rows::Rows;
use crate::model::matvec::{self, LANES, Lanes};

/// Weights of a row that are dequantised at once, a whole number of blocks of any type: 8 KiB of
/// float32 for [`ROWS`] rows.
const PIECE: usize = 512;

/// Vectors that are multiplied with a piece before the next one is dequantised; their pieces, 192
/// KiB, stay in the second-level cache.
const VECTORS: usize = 96;

/// Rows of one task, at most, so that their sums stay in the second-level cache too.
const MOST_ROWS: usize = 128;

/// `out[r, i] = Σ_j row_i[j] * x[r, j]` for the rows of `parts`, one below the other, each
/// `width` wide. `x` is `[n, width]` and `out` `[n, rows]`, both row-major; nothing is written
/// when the lengths do not fit together.
pub(super) fn with_several(parts: &[Rows], width: usize, x: &[f32], out: &mut [f32]) {
    let height = parts.iter().map(Rows::count).sum::<usize>();
    let n = x.len() / width.max(1);
    let fits = parts.iter().all(|rows| rows.width() == width);
    if !fits || n == 0 || x.len() != n * width || out.len() != n * height {
        return;
    }
    let out = Columns {
        matrix: out.as_mut_ptr(),
        height,
    };
    let mut column = 0;
    for parts in parts.chunk_by(Rows::stands_as) {
        multiply(parts, width, x, column, &out);
        column += parts.iter().map(Rows::count).sum::<usize>();
    }
}

/// Writes the products with the rows of `parts`, whose weights stand in one order, to the columns
/// of `out` from `at` on. Nothing else may use these columns meanwhile, and there must be room.
fn multiply(parts: &[Rows], width: usize, x: &[f32], at: usize, out: &Columns) {
    let height = parts.iter().map(Rows::count).sum::<usize>();
    let order = parts.first().and_then(Rows::order);
    let packed: Vec<Packed> = x
        .chunks(VECTORS * width)
        .map(|x| Packed::new(x, width, order))
        .collect();
    let size = matvec::rows_a_task(height, width);
    let size = size.next_multiple_of(ROWS).min(MOST_ROWS);
    let tasks = (0..height).into_par_iter().step_by(size);
    tasks.for_each_init(Task::default, |task, start| {
        let count = size.min(height - start);
        let mut first = 0;
        for x in &packed {
            task.multiply(parts, start, count, x);
            for (r, sums) in task.sums.chunks_exact(x.vectors).enumerate() {
                for (j, sums) in sums.iter().enumerate() {
                    let row = start + ROWS * r;
                    let sums = &sums[..ROWS.min(start + count - row)];
                    // SAFETY: `first + j` is below the number of vectors and these rows below
                    // `height`, for which there is room behind `at`. No two tasks have a column in
                    // common, and `out` is borrowed until all have ended.
                    unsafe { out.set(first + j, at + row, sums) };
                }
            }
            first += x.vectors;
        }
    });
}

/// At most [`VECTORS`] vectors, cut into pieces that lie one behind the other: within one, vector
/// after vector, with zeros at the end where the width is no multiple of eight. Their numbers are in
/// the order in which the weights of a row stand.
struct Packed {
    vectors: usize,
    width: usize,
    numbers: Vec<[f32; 8]>,
}

impl Packed {
    /// `x` is `[vectors, width]`; `order` has the column of each weight of a row.
    fn new(x: &[f32], width: usize, order: Option<&[u32]>) -> Self {
        let vectors = x.len() / width;
        let mut numbers = vec![[0.0; 8]; vectors * width.div_ceil(8)];
        let pieces = numbers.chunks_mut(vectors * PIECE / 8);
        for (piece, start) in pieces.zip((0..width).step_by(PIECE)) {
            let end = width.min(start + PIECE);
            let vectors = piece.chunks_exact_mut((end - start).div_ceil(8));
            for (to, vector) in vectors.zip(x.chunks_exact(width)) {
                let to = &mut to.as_flattened_mut()[..end - start];
                match order.and_then(|order| order.get(start..end)) {
                    None => to.copy_from_slice(&vector[start..end]),
                    Some(columns) => {
                        for (to, column) in to.iter_mut().zip(columns) {
                            // An order is one of the columns.
                            *to = vector[*column as usize];
                        }
                    }
                }
            }
        }
        Self {
            vectors,
            width,
            numbers,
        }
    }
}

/// What one thread works with.
#[derive(Default)]
struct Task {
    /// A piece of [`ROWS`] rows.
    rows: Vec<[f32; 8]>,
    /// For each [`ROWS`] rows, their products with each vector.
    sums: Vec<[f32; ROWS]>,
    /// The end of a row with what fills up its last block.
    filled_up: Vec<f32>,
}

impl Task {
    /// Makes `sums` the products of `count` rows from row `start` on with the vectors of `x`.
    fn multiply(&mut self, parts: &[Rows], start: usize, count: usize, x: &Packed) {
        self.sums.clear();
        self.sums
            .resize(count.div_ceil(ROWS) * x.vectors, [0.0; ROWS]);
        let pieces = x.numbers.chunks(x.vectors * PIECE / 8);
        for (first, x_piece) in (0..x.width).step_by(PIECE).zip(pieces) {
            let columns = first..x.width.min(first + PIECE);
            let width = columns.len().div_ceil(8);
            self.rows.clear();
            self.rows.resize(ROWS * width, [0.0; 8]);
            let sums = self.sums.chunks_exact_mut(x.vectors);
            for (sums, row) in sums.zip((start..start + count).step_by(ROWS)) {
                let rows = self.rows.chunks_exact_mut(width);
                for (to, row) in rows.zip(row..start + count) {
                    let to = &mut to.as_flattened_mut()[..columns.len()];
                    if let Some((rows, row)) = find(parts, row) {
                        let bytes = rows.bytes_of_weights(row, &columns);
                        let filled_up = rows.storage().filled_up(columns.len());
                        if filled_up == columns.len() {
                            widen_blocks(rows.storage(), bytes, to);
                        } else {
                            self.filled_up.resize(filled_up, 0.0);
                            widen_blocks(rows.storage(), bytes, &mut self.filled_up);
                            to.copy_from_slice(&self.filled_up[..columns.len()]);
                        }
                    }
                }
                if !kernels::tiles(&self.rows, x_piece, sums) {
                    tiles(&self.rows, x_piece, sums);
                }
            }
        }
    }
}

/// The rows that have this row of all, and its number there.
fn find(parts: &[Rows], mut row: usize) -> Option<(&Rows, usize)> {
    for rows in parts {
        if row < rows.count() {
            return Some((rows, row));
        }
        row -= rows.count();
    }
    None
}

/// The scalar twin of [`kernels::tiles`].
fn tiles(rows: &[[f32; 8]], x: &[[f32; 8]], out: &mut [[f32; ROWS]]) {
    let width = (rows.len() / ROWS).max(1);
    Arch::new().dispatch(
        #[inline(always)]
        || {
            for (x, out) in x.chunks_exact(width).zip(out) {
                for (row, out) in rows.chunks_exact(width).zip(out) {
                    let mut sums = Lanes::<LANES>::default();
                    sums.add(row.as_flattened(), x.as_flattened());
                    *out += sums.total();
                }
            }
        },
    );
}

/// A matrix `[any, height]` whose columns are written by several threads, each by one.
struct Columns {
    matrix: *mut f32,
    height: usize,
}

// SAFETY: who calls `set` has seen to it that no two threads write to the same place.
unsafe impl Sync for Columns {}

impl Columns {
    /// Writes `numbers` to this row, from this column on.
    ///
    /// # Safety
    /// They must be in the matrix, and nobody else may use these places meanwhile.
    unsafe fn set(&self, row: usize, column: usize, numbers: &[f32]) {
        let to = row * self.height + column;
        // SAFETY: as the caller has promised.
        unsafe {
            let to = std::slice::from_raw_parts_mut(self.matrix.add(to), numbers.len());
            to.copy_from_slice(numbers);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::storage::{Span, Storage};
    use super::*;

    /// Numbers from -1 to 1 that seem to be random and are the same each time.
    fn numbers(count: usize, seed: u32) -> Vec<f32> {
        let hashed = |i: usize| (i as u32 ^ seed).wrapping_mul(2_654_435_761) >> 8;
        let spread = |bits: u32| bits as f32 / (1 << 23) as f32 - 1.0;
        (0..count).map(|i| spread(hashed(i))).collect()
    }

    fn floats(width: usize, values: &[f32]) -> Rows {
        let bytes = values.iter().flat_map(|x| x.to_le_bytes()).collect();
        Rows::new(Storage::F32, width, bytes).unwrap()
    }

    fn products(parts: &[Rows], width: usize, x: &[f32]) -> Vec<f32> {
        let height = parts.iter().map(Rows::count).sum::<usize>();
        let mut out = vec![f32::NAN; x.len() / width * height];
        with_several(parts, width, x, &mut out);
        out
    }

    /// A float32 sum of `n` products is off by at most `n * 2^-24` of the sum of their sizes,
    /// whatever their order (Higham 2002, section 3.1); the float64 one counts as exact.
    fn assert_is_within_the_bound(found: f32, weights: &[f32], x: &[f32]) {
        let products = weights.iter().zip(x);
        let products = products.map(|(w, x)| f64::from(*w) * f64::from(*x));
        let (sum, sizes) = products.fold((0.0, 0.0), |(s, t), p| (s + p, t + p.abs()));
        let bound = (x.len() as f64 + 1.0) * f64::from(f32::EPSILON) / 2.0 * sizes;
        let off = (f64::from(found) - sum).abs();
        assert!(off <= bound, "{found}, exact {sum}, width {}", x.len());
    }

    #[test]
    fn any_number_of_vectors_is_multiplied_with_any_number_of_rows_of_any_width() {
        for (n, height, width) in [
            (1, 1, 1),
            (2, 5, 7),
            (3, 4, 8),
            (4, 130, 9),
            (5, 3, 512),
            (7, 257, 513),
            (97, 6, 1029),
            (200, 9, 100),
        ] {
            let weights = numbers(height * width, 1);
            let x = numbers(n * width, 2);
            // A boundary between two parts may be inside a tile.
            let (first, second) = weights.split_at(height / 2 * width);
            let mut parts = vec![floats(width, second)];
            if !first.is_empty() {
                parts.insert(0, floats(width, first));
            }
            let found = products(&parts, width, &x);
            for (x, found) in x.chunks_exact(width).zip(found.chunks_exact(height)) {
                for (weights, found) in weights.chunks_exact(width).zip(found) {
                    assert_is_within_the_bound(*found, weights, x);
                }
            }
        }
    }

    #[test]
    fn the_scalar_twin_gives_what_the_kernel_gives() {
        for (vectors, eights) in [(1, 1), (2, 3), (3, 64), (4, 5), (8, 9)] {
            let eight = |numbers: Vec<f32>| numbers.as_chunks::<8>().0.to_vec();
            let rows = eight(numbers(ROWS * eights * 8, 3));
            let x = eight(numbers(vectors * eights * 8, 4));
            let mut sums = [vec![[1.0; ROWS]; vectors], vec![[1.0; ROWS]; vectors]];
            tiles(&rows, &x, &mut sums[0]);
            if !kernels::tiles(&rows, &x, &mut sums[1]) {
                return;
            }
            for sums in sums {
                for (x, sums) in x.chunks_exact(eights).zip(sums) {
                    for (row, sum) in rows.chunks_exact(eights).zip(sums) {
                        let gemv = |numbers: &[[f32; 8]]| {
                            let mut numbers = numbers.as_flattened().to_vec();
                            numbers.push(1.0);
                            numbers
                        };
                        assert_is_within_the_bound(sum, &gemv(row), &gemv(x));
                    }
                }
            }
        }
    }

    #[test]
    fn a_vector_has_the_same_products_beside_any_others() {
        let (height, width) = (10, 700);
        let parts = [floats(width, &numbers(height * width, 5))];
        let x = numbers(100 * width, 6);
        let together = products(&parts, width, &x);
        for count in [2, 3, 5, 96] {
            let fewer = products(&parts, width, &x[..count * width]);
            assert_eq!(fewer, together[..count * height]);
        }
    }

    #[test]
    fn the_same_weights_give_the_same_sums_in_whatever_type_they_are_held() {
        let width = 3 * 256;
        for storage in [Storage::F16, Storage::Q4_0, Storage::Q8_0, Storage::Q6K] {
            // Below 64, so that no number is infinite or none at all.
            let size = 9 * storage.row_bytes(width).unwrap();
            let bytes = (0..size).map(|i| (i * 37 % 64) as u8).collect();
            let rows = Rows::new(storage, width, bytes).unwrap();
            let dequantised = floats(width, &rows.dequantised(0, 9));
            let x = numbers(4 * width, 7);
            let found = products(&[rows], width, &x);
            assert_eq!(found, products(&[dequantised], width, &x), "{storage:?}");
        }
    }

    #[test]
    fn rows_that_are_filled_up_or_in_another_order_are_multiplied_column_by_column() {
        for (storage, width) in [
            (Storage::E4m3(Span::Of128), 200),
            (Storage::Int4(Span::Of64), 513),
            (Storage::Nvfp4Times, 1000),
            (Storage::Nf4(Span::Of32), 7),
        ] {
            let size = 5 * storage.row_bytes(width).unwrap();
            // Below 64, so that no number is infinite or none at all.
            let bytes: Vec<u8> = (0..size).map(|i| (i * 37 % 64) as u8).collect();
            let rows = || Rows::new(storage, width, bytes.clone()).unwrap();
            let order = |step: usize| {
                let columns = (0..width).map(|i| ((i + step) % width) as u32);
                rows().in_columns(columns.rev().collect()).unwrap()
            };
            let parts = [
                rows(),
                order(1),
                order(1),
                order(3),
                floats(width, &vec![0.5; width]),
            ];
            let weights: Vec<f32> = parts
                .iter()
                .flat_map(|rows| rows.dequantised(0, rows.count()))
                .collect();
            for n in [2, 5] {
                let x = numbers(n * width, 8);
                let found = products(&parts, width, &x);
                for (x, found) in x.chunks_exact(width).zip(found.chunks_exact(21)) {
                    for (weights, found) in weights.chunks_exact(width).zip(found) {
                        assert_is_within_the_bound(*found, weights, x);
                    }
                }
            }
        }
    }

    #[test]
    fn lengths_that_do_not_fit_leave_the_result_alone() {
        let parts = [floats(4, &[1.0; 8])];
        let mut out = [7.0; 4];
        with_several(&parts, 4, &[1.0; 7], &mut out);
        with_several(&parts, 3, &[1.0; 6], &mut out);
        assert_eq!(out, [7.0; 4]);
    }
}
