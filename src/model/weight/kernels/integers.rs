//! Kernels of the blocks whose layouts [`integers`](super::super::integers) tells.

use super::blocks::{Block, nibbles, part, unrolled};
use super::simd::Simd;

pub(super) struct Int4;
pub(super) struct Int8;

impl<const BYTES: usize, const WEIGHTS: usize> Block<BYTES, WEIGHTS, 32> for Int4 {
    type Scales = ();

    #[inline(always)]
    fn scales<S: Simd>(_: S, _: &[u8; BYTES]) {}

    #[inline(always)]
    fn dequantise<S: Simd>(
        s: S,
        block: &[u8; BYTES],
        _: &(),
        group: usize,
        mut take: impl FnMut(usize, S::Floats),
    ) {
        let scale = s.splat(f32::from_le_bytes(*part(block, 0)));
        let [zero] = *part(block, 4);
        let zero = s.splat(-f32::from(zero));
        let both = nibbles(s, part(block, 5 + 16 * group));
        unrolled!(half in [0 1] {
            unrolled!(which in [0 1] {
                let numbers = s.add(s.unsigned(both[half], which), zero);
                take(2 * half + which, s.mul(numbers, scale));
            });
        });
    }
}

impl<const BYTES: usize, const WEIGHTS: usize> Block<BYTES, WEIGHTS, 32> for Int8 {
    type Scales = ();

    #[inline(always)]
    fn scales<S: Simd>(_: S, _: &[u8; BYTES]) {}

    #[inline(always)]
    fn dequantise<S: Simd>(
        s: S,
        block: &[u8; BYTES],
        _: &(),
        group: usize,
        mut take: impl FnMut(usize, S::Floats),
    ) {
        let scale = s.splat(f32::from_le_bytes(*part(block, 0)));
        let zero = s.splat(-f32::from(u16::from_le_bytes(*part(block, 4))));
        unrolled!(i in [0 1 2 3] {
            let at = 4 * group + i;
            let numbers = s.add(s.eight_unsigned(*part(block, 6 + 8 * at)), zero);
            take(i, s.mul(numbers, scale));
        });
    }
}
