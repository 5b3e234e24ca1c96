//! Kernels of floating-point numbers, whose layouts [`floats`](super::super::floats) tells. Rows
//! are of any width.

use super::super::floats as twins;
use super::simd::Simd;
use super::sum;

/// A type of floating-point numbers.
pub(super) trait Floats {
    /// Bytes of a number.
    const BYTES: usize;

    /// The first eight numbers of `bytes`, which has as many.
    fn eight<S: Simd>(s: S, bytes: &[u8]) -> S::Floats;

    /// The first number of `bytes`, which has one.
    fn one(bytes: &[u8]) -> f32;
}

pub(super) struct F32;
pub(super) struct F16;
pub(super) struct Bf16;

impl Floats for F32 {
    const BYTES: usize = 4;

    #[inline(always)]
    fn eight<S: Simd>(s: S, bytes: &[u8]) -> S::Floats {
        let mut numbers = [0.0; 8];
        for (number, bytes) in numbers.iter_mut().zip(bytes.as_chunks().0) {
            *number = f32::from_le_bytes(*bytes);
        }
        s.floats(&numbers)
    }

    #[inline(always)]
    fn one(bytes: &[u8]) -> f32 {
        dequantised(bytes, twins::f32)
    }
}

impl Floats for F16 {
    const BYTES: usize = 2;

    #[inline(always)]
    fn eight<S: Simd>(s: S, bytes: &[u8]) -> S::Floats {
        match bytes.first_chunk() {
            Some(bytes) => s.widen_f16(bytes),
            None => s.splat(0.0),
        }
    }

    #[inline(always)]
    fn one(bytes: &[u8]) -> f32 {
        dequantised(bytes, twins::f16)
    }
}

impl Floats for Bf16 {
    const BYTES: usize = 2;

    #[inline(always)]
    fn eight<S: Simd>(s: S, bytes: &[u8]) -> S::Floats {
        match bytes.first_chunk() {
            Some(bytes) => s.widen_bf16(bytes),
            None => s.splat(0.0),
        }
    }

    #[inline(always)]
    fn one(bytes: &[u8]) -> f32 {
        dequantised(bytes, twins::bf16)
    }
}

#[inline(always)]
fn dequantised<const BYTES: usize>(bytes: &[u8], twin: fn(&[u8; BYTES], &mut [f32; 1])) -> f32 {
    let mut out = [0.0];
    if let Some(bytes) = bytes.first_chunk() {
        twin(bytes, &mut out);
    }
    out[0]
}

/// `Σ row[j] * x[j]`.
#[inline(always)]
pub(super) fn dot<S: Simd, F: Floats>(s: S, row: &[u8], x: &[f32]) -> f32 {
    let mut sums = [s.splat(0.0); 4];
    let (long, rest) = x.as_chunks::<32>();
    let (long_rows, row_rest) = row.split_at(long.len() * 32 * F::BYTES);
    for (bytes, x) in long_rows.chunks_exact(32 * F::BYTES).zip(long) {
        let numbers = bytes.chunks_exact(8 * F::BYTES).zip(x.as_chunks().0);
        for (sum, (bytes, x)) in sums.iter_mut().zip(numbers) {
            *sum = s.mul_add(F::eight(s, bytes), s.floats(x), *sum);
        }
    }
    let (short, rest) = rest.as_chunks::<8>();
    let (short_rows, row_rest) = row_rest.split_at(short.len() * 8 * F::BYTES);
    for (bytes, x) in short_rows.chunks_exact(8 * F::BYTES).zip(short) {
        sums[0] = s.mul_add(F::eight(s, bytes), s.floats(x), sums[0]);
    }
    let last = row_rest.chunks_exact(F::BYTES).zip(rest);
    last.fold(sum(s, sums), |sum, (bytes, x)| sum + F::one(bytes) * x)
}

/// As many numbers as fill `out`.
#[inline(always)]
pub(super) fn dequantise<S: Simd, F: Floats>(s: S, numbers: &[u8], out: &mut [f32]) {
    let (eights, rest) = out.as_chunks_mut::<8>();
    let mut bytes = numbers.chunks_exact(8 * F::BYTES);
    for (out, bytes) in eights.iter_mut().zip(&mut bytes) {
        s.store(F::eight(s, bytes), out);
    }
    let mut last = bytes.remainder();
    for out in rest {
        *out = F::one(last);
        last = last.get(F::BYTES..).unwrap_or_default();
    }
}
