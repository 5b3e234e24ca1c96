//! Dequantises rows of weights in the registers of this processor, and multiplies them there. What
//! comes out of a block is the float32 numbers that its scalar twin in this folder's parent gives,
//! bit for bit. Sums of products are float32, in an order that is the same for all types: weights
//! give the same figures, bit for bit, in whatever type they are held. Where a processor has none
//! of the instructions, the caller uses the scalar twins.
//!
//! The unsafe code is in one file for each set of instructions, behind [`Simd`]; the kernels
//! themselves are written once.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod blocks;
mod eight_bit_floats;
mod floats;
mod four_bit_floats;
mod grids;
mod integers;
mod large_blocks;
#[cfg(target_arch = "aarch64")]
mod neon;
mod nonlinear;
mod simd;
mod small_blocks;
mod ternary;
#[cfg(test)]
mod tests;
mod tile;
#[cfg(any(target_arch = "x86_64", test))]
mod wide_tile;

use super::four_bit_floats::{Float, Normal, Over, Times};
use super::storage::{Span, Storage};
use blocks::{Block, dequantise_all};
use eight_bit_floats::E4m3;
use floats::Floats;
use four_bit_floats::{OfTable, ScaledNvfp4};
use integers::{Int4, Int8};
use simd::Simd;
pub(super) use tile::ROWS;
use tile::Tiles;

/// `out[i] = Σ_j row_i[j] * x[j]` for rows held in `storage`, one behind the other in `rows`. Says
/// whether it was done; it is not where this processor has none of the instructions.
pub(super) fn dots(storage: Storage, rows: &[u8], x: &[f32], out: &mut [f32]) -> bool {
    run(Dots {
        storage,
        rows,
        x,
        out,
    })
}

/// Dequantises as many whole rows of weights as fill `out`. Says whether it was done, as [`dots`]
/// does.
pub(super) fn dequantise(storage: Storage, rows: &[u8], out: &mut [f32]) -> bool {
    run(Dequantise { storage, rows, out })
}

/// `out[j][r] += Σ_i rows[r, i] * x[j, i]` for [`ROWS`] rows of dequantised weights and the vectors
/// of `x`, all equally wide and one below the other. Says whether it was done, as [`dots`] does.
pub(super) fn tiles(rows: &[[f32; 8]], x: &[[f32; 8]], out: &mut [[f32; ROWS]]) -> bool {
    let job = Tiles { rows, x, out };
    #[cfg(target_arch = "x86_64")]
    let job = {
        let mut job = job;
        if avx512::tiles(&mut job) {
            return true;
        }
        job
    };
    run(job)
}

/// Something that is done with the instructions of this processor.
trait Job {
    fn run<S: Simd>(self, s: S);
}

#[cfg(target_arch = "x86_64")]
use avx2::run;
#[cfg(target_arch = "aarch64")]
use neon::run;

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn run<J: Job>(_: J) -> bool {
    false
}

/// Something that is done with weights of a type that has a kernel.
trait KernelTask {
    fn blocks<S, B, const BYTES: usize, const WEIGHTS: usize, const PART: usize>(self, s: S)
    where
        S: Simd,
        B: Block<BYTES, WEIGHTS, PART>;

    fn floats<S: Simd, F: Floats>(self, s: S);
}

/// Does `task` with the kernel for `storage`. Each kernel is a function of its own: all of them in
/// one would take the compiler minutes.
#[inline(always)]
fn with_kernel<S: Simd, T: KernelTask>(s: S, storage: Storage, task: T) {
    match storage {
        Storage::F32 => of_floats::<S, T, floats::F32>(s, task),
        Storage::F16 => of_floats::<S, T, floats::F16>(s, task),
        Storage::Bf16 => of_floats::<S, T, floats::Bf16>(s, task),
        Storage::Q4_0 => of_blocks::<S, T, small_blocks::Q4_0, 18, 32, 32>(s, task),
        Storage::Q4_1 => of_blocks::<S, T, small_blocks::Q4_1, 20, 32, 32>(s, task),
        Storage::Q5_0 => of_blocks::<S, T, small_blocks::Q5_0, 22, 32, 32>(s, task),
        Storage::Q5_1 => of_blocks::<S, T, small_blocks::Q5_1, 24, 32, 32>(s, task),
        Storage::Q8_0 => of_blocks::<S, T, small_blocks::Q8_0, 34, 32, 32>(s, task),
        Storage::Q2K => of_blocks::<S, T, large_blocks::Q2K, 84, 256, 256>(s, task),
        Storage::Q3K => of_blocks::<S, T, large_blocks::Q3K, 110, 256, 128>(s, task),
        Storage::Q4K => of_blocks::<S, T, large_blocks::Q4K, 144, 256, 256>(s, task),
        Storage::Q5K => of_blocks::<S, T, large_blocks::Q5K, 176, 256, 64>(s, task),
        Storage::Q6K => of_blocks::<S, T, large_blocks::Q6K, 210, 256, 128>(s, task),
        Storage::Iq4Nl => of_blocks::<S, T, nonlinear::Iq4Nl, 18, 32, 32>(s, task),
        Storage::Iq4Xs => of_blocks::<S, T, nonlinear::Iq4Xs, 136, 256, 32>(s, task),
        Storage::Iq3S => of_blocks::<S, T, grids::Iq3S, 110, 256, 32>(s, task),
        Storage::Iq3Xxs => of_blocks::<S, T, grids::Iq3Xxs, 98, 256, 32>(s, task),
        Storage::Iq2S => of_blocks::<S, T, grids::Iq2S, 82, 256, 32>(s, task),
        Storage::Iq2Xs => of_blocks::<S, T, grids::Iq2Xs, 74, 256, 32>(s, task),
        Storage::Iq2Xxs => of_blocks::<S, T, grids::Iq2Xxs, 66, 256, 32>(s, task),
        Storage::Iq1S => of_blocks::<S, T, grids::Iq1S, 50, 256, 32>(s, task),
        Storage::Iq1M => of_blocks::<S, T, grids::Iq1M, 56, 256, 32>(s, task),
        Storage::Tq1_0 => of_blocks::<S, T, ternary::Tq1_0, 54, 256, 256>(s, task),
        Storage::Tq2_0 => of_blocks::<S, T, ternary::Tq2_0, 66, 256, 128>(s, task),
        Storage::Mxfp4 => of_blocks::<S, T, four_bit_floats::Mxfp4, 17, 32, 32>(s, task),
        Storage::Nvfp4 => of_blocks::<S, T, four_bit_floats::Nvfp4, 36, 64, 32>(s, task),
        Storage::Nvfp4Times => of_blocks::<S, T, ScaledNvfp4<Times>, 76, 128, 32>(s, task),
        Storage::Nvfp4Over => of_blocks::<S, T, ScaledNvfp4<Over>, 76, 128, 32>(s, task),
        Storage::Int4(Span::Of32) => of_blocks::<S, T, Int4, 21, 32, 32>(s, task),
        Storage::Int4(Span::Of64) => of_blocks::<S, T, Int4, 37, 64, 32>(s, task),
        Storage::Int4(Span::Of128) => of_blocks::<S, T, Int4, 69, 128, 32>(s, task),
        Storage::Int8(Span::Of32) => of_blocks::<S, T, Int8, 38, 32, 32>(s, task),
        Storage::Int8(Span::Of64) => of_blocks::<S, T, Int8, 70, 64, 32>(s, task),
        Storage::Int8(Span::Of128) => of_blocks::<S, T, Int8, 134, 128, 32>(s, task),
        Storage::E4m3(Span::Of32) => of_blocks::<S, T, E4m3, 36, 32, 32>(s, task),
        Storage::E4m3(Span::Of64) => of_blocks::<S, T, E4m3, 68, 64, 32>(s, task),
        Storage::E4m3(Span::Of128) => of_blocks::<S, T, E4m3, 132, 128, 32>(s, task),
        Storage::Nf4(Span::Of32) => of_blocks::<S, T, OfTable<Normal>, 20, 32, 32>(s, task),
        Storage::Nf4(Span::Of64) => of_blocks::<S, T, OfTable<Normal>, 36, 64, 32>(s, task),
        Storage::Nf4(Span::Of128) => of_blocks::<S, T, OfTable<Normal>, 68, 128, 32>(s, task),
        Storage::Fp4(Span::Of32) => of_blocks::<S, T, OfTable<Float>, 20, 32, 32>(s, task),
        Storage::Fp4(Span::Of64) => of_blocks::<S, T, OfTable<Float>, 36, 64, 32>(s, task),
        Storage::Fp4(Span::Of128) => of_blocks::<S, T, OfTable<Float>, 68, 128, 32>(s, task),
    }
}

#[inline(always)]
fn of_blocks<S, T, B, const BYTES: usize, const WEIGHTS: usize, const PART: usize>(s: S, task: T)
where
    S: Simd,
    T: KernelTask,
    B: Block<BYTES, WEIGHTS, PART>,
{
    s.apart(
        #[inline(always)]
        || task.blocks::<S, B, BYTES, WEIGHTS, PART>(s),
    );
}

#[inline(always)]
fn of_floats<S: Simd, T: KernelTask, F: Floats>(s: S, task: T) {
    s.apart(
        #[inline(always)]
        || task.floats::<S, F>(s),
    );
}

/// See [`dots`].
struct Dots<'a> {
    storage: Storage,
    rows: &'a [u8],
    x: &'a [f32],
    out: &'a mut [f32],
}

impl Job for Dots<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        with_kernel(s, self.storage, self);
    }
}

impl KernelTask for Dots<'_> {
    #[inline(always)]
    fn blocks<S, B, const BYTES: usize, const WEIGHTS: usize, const PART: usize>(self, s: S)
    where
        S: Simd,
        B: Block<BYTES, WEIGHTS, PART>,
    {
        let row_bytes = (self.x.len() / WEIGHTS * BYTES).max(1);
        let x = self.x.as_chunks::<PART>().0;
        for (y, row) in self.out.iter_mut().zip(self.rows.chunks_exact(row_bytes)) {
            let mut sums = [s.splat(0.0); 4];
            dequantise_all::<S, B, _, BYTES, WEIGHTS, PART>(
                s,
                row.as_chunks().0,
                x.iter(),
                #[inline(always)]
                |x, at, weights| {
                    let x = &x.as_chunks::<8>().0[at];
                    sums[at % 4] = s.mul_add(weights, s.floats(x), sums[at % 4]);
                },
            );
            *y = sum(s, sums);
        }
    }

    #[inline(always)]
    fn floats<S: Simd, F: Floats>(self, s: S) {
        let row_bytes = (self.x.len() * F::BYTES).max(1);
        for (y, row) in self.out.iter_mut().zip(self.rows.chunks_exact(row_bytes)) {
            *y = floats::dot::<S, F>(s, row, self.x);
        }
    }
}

/// See [`dequantise`].
struct Dequantise<'a> {
    storage: Storage,
    rows: &'a [u8],
    out: &'a mut [f32],
}

impl Job for Dequantise<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        with_kernel(s, self.storage, self);
    }
}

impl KernelTask for Dequantise<'_> {
    #[inline(always)]
    fn blocks<S, B, const BYTES: usize, const WEIGHTS: usize, const PART: usize>(self, s: S)
    where
        S: Simd,
        B: Block<BYTES, WEIGHTS, PART>,
    {
        dequantise_all::<S, B, _, BYTES, WEIGHTS, PART>(
            s,
            self.rows.as_chunks().0,
            self.out.as_chunks_mut::<PART>().0.iter_mut(),
            #[inline(always)]
            |out, at, weights| s.store(weights, &mut out.as_chunks_mut::<8>().0[at]),
        );
    }

    #[inline(always)]
    fn floats<S: Simd, F: Floats>(self, s: S) {
        floats::dequantise::<S, F>(s, self.rows, self.out);
    }
}

/// The sum of all numbers of four registers.
#[inline(always)]
fn sum<S: Simd>(s: S, sums: [S::Floats; 4]) -> f32 {
    let [a, b, c, d] = sums;
    s.total(s.add(s.add(a, b), s.add(c, d)))
}
