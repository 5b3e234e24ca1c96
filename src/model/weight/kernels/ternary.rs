//! Kernels of the blocks whose layouts [`ternary`](super::super::ternary) tells.

use super::super::ternary::digits;
use super::blocks::{Block, OFF, around_zero, part, unrolled};
use super::simd::Simd;

pub(super) struct Tq1_0;
pub(super) struct Tq2_0;

impl Block<66, 256, 128> for Tq2_0 {
    type Scales = ();

    #[inline(always)]
    fn scales<S: Simd>(_: S, _: &[u8; 66]) {}

    #[inline(always)]
    fn dequantise<S: Simd>(
        s: S,
        block: &[u8; 66],
        _: &(),
        half: usize,
        mut take: impl FnMut(usize, S::Floats),
    ) {
        let scale = s.mul(s.splat_f16([block[64], block[65]]), s.splat(OFF));
        let (one, three) = (s.splat_byte(1), s.splat_byte(3));
        unrolled!(odd in [0 1] {
            let bytes = s.bytes(part(block, 32 * half + 16 * odd));
            unrolled!(quarter in [0 1 2 3] {
                let numbers = s.sub(s.and(s.shr(bytes, 2 * quarter as i32), three), one);
                around_zero(s, 2 * quarter + odd, numbers, scale, &mut take);
            });
        });
    }
}

impl Block<54, 256, 256> for Tq1_0 {
    type Scales = ();

    #[inline(always)]
    fn scales<S: Simd>(_: S, _: &[u8; 54]) {}

    #[inline(always)]
    fn dequantise<S: Simd>(
        s: S,
        block: &[u8; 54],
        _: &(),
        _: usize,
        mut take: impl FnMut(usize, S::Floats),
    ) {
        let scale = s.mul(s.splat_f16([block[52], block[53]]), s.splat(OFF));
        let digits = digits(block);
        for pair in 0..8 {
            unrolled!(odd in [0 1] {
                let sixteenth = 2 * pair + odd;
                let numbers = s.bytes(part(&digits, 16 * sixteenth));
                around_zero(s, sixteenth, numbers, scale, &mut take);
            });
        }
    }
}
