//! Kernels of the blocks whose layouts [`integers`](super::super::integers) tells.

use super::blocks::{Block, nibbles, part, unrolled};
use super::simd::Simd;

pub(super) struct Int4;
pub(super) struct Int8;

impl<const BYTES: usize, const WEIGHTS: usize> Block<BYTES, WEIGHTS> for Int4 {
    #[inline(always)]
    fn dequantise<S: Simd>(s: S, block: &[u8; BYTES], mut take: impl FnMut(usize, S::Floats)) {
        let scale = s.splat(f32::from_le_bytes(*part(block, 0)));
        let [zero] = *part(block, 4);
        let zero = s.splat(-f32::from(zero));
        for group in 0..WEIGHTS / 32 {
            let both = nibbles(s, part(block, 5 + 16 * group));
            unrolled!(half in [0 1] {
                unrolled!(which in [0 1] {
                    let numbers = s.add(s.unsigned(both[half], which), zero);
                    take(4 * group + 2 * half + which, s.mul(numbers, scale));
                });
            });
        }
    }
}

impl<const BYTES: usize, const WEIGHTS: usize> Block<BYTES, WEIGHTS> for Int8 {
    #[inline(always)]
    fn dequantise<S: Simd>(s: S, block: &[u8; BYTES], mut take: impl FnMut(usize, S::Floats)) {
        let scale = s.splat(f32::from_le_bytes(*part(block, 0)));
        let zero = s.splat(-f32::from(u16::from_le_bytes(*part(block, 4))));
        for four in 0..WEIGHTS / 32 {
            unrolled!(i in [0 1 2 3] {
                let at = 4 * four + i;
                let numbers = s.add(s.eight_unsigned(*part(block, 6 + 8 * at)), zero);
                take(at, s.mul(numbers, scale));
            });
        }
    }
}
