//! What the kernels of all quantised types have in common.

use super::simd::Simd;

/// A quantised type: blocks of `BYTES` bytes that hold `WEIGHTS` weights.
pub(super) trait Block<const BYTES: usize, const WEIGHTS: usize> {
    /// Dequantises a block, exactly as its scalar twin does. `take` gets the weights eight at a
    /// time, with a number that counts from 0.
    fn dequantise<S: Simd>(s: S, block: &[u8; BYTES], take: impl FnMut(usize, S::Floats));
}

/// `N` bytes from the byte `at` on; who calls this knows that they are there.
#[inline(always)]
pub(super) fn part<const N: usize>(bytes: &[u8], at: usize) -> &[u8; N] {
    match bytes.get(at..).and_then(|bytes| bytes.first_chunk()) {
        Some(part) => part,
        None => &[0; N],
    }
}

/// Does the same for each of a few numbers, which the compiler knows each time.
macro_rules! unrolled {
    ($name:ident in [$($number:literal)*] $work:block) => {
        $({
            let $name: usize = $number;
            $work
        })*
    };
}
pub(super) use unrolled;

/// The lower and the upper four bits of 16 bytes.
#[inline(always)]
pub(super) fn nibbles<S: Simd>(s: S, bytes: &[u8; 16]) -> [S::Bytes; 2] {
    let (bytes, fifteen) = (s.bytes(bytes), s.splat_byte(15));
    [s.and(bytes, fifteen), s.and(s.shr(bytes, 4), fifteen)]
}

/// `numbers * scale + minimum` for 16 unsigned bytes, the weights from 16 times `sixteenth` on.
#[inline(always)]
pub(super) fn above_minimum<S: Simd>(
    s: S,
    sixteenth: usize,
    numbers: S::Bytes,
    scale: S::Floats,
    minimum: S::Floats,
    take: &mut impl FnMut(usize, S::Floats),
) {
    unrolled!(which in [0 1] {
            let weights = s.mul_add(s.unsigned(numbers, which), scale, minimum);
            take(2 * sixteenth + which, weights);
    });
}

/// `numbers * scale` for 16 signed bytes, the weights from 16 times `sixteenth` on; the scale is
/// to be given times [`OFF`].
#[inline(always)]
pub(super) fn around_zero<S: Simd>(
    s: S,
    sixteenth: usize,
    numbers: S::Bytes,
    scale: S::Floats,
    take: &mut impl FnMut(usize, S::Floats),
) {
    unrolled!(which in [0 1] {
            let weights = s.mul(s.signed(numbers, which), scale);
            take(2 * sixteenth + which, weights);
    });
}

/// 2⁻²⁴: what signed bytes come multiplied with is taken off the scale.
pub(super) const OFF: f32 = 1.0 / 16_777_216.0;
