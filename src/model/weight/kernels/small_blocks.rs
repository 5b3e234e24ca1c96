//! Kernels of the blocks of 32 weights, whose layouts [`small_blocks`](super::super::small_blocks)
//! tells.

use super::blocks::{Block, OFF, above_minimum, around_zero, nibbles, part, unrolled};
use super::simd::Simd;

pub(super) struct Q4_0;
pub(super) struct Q4_1;
pub(super) struct Q5_0;
pub(super) struct Q5_1;
pub(super) struct Q8_0;

impl Block<18, 32, 32> for Q4_0 {
    type Scales = ();

    #[inline(always)]
    fn scales<S: Simd>(_: S, _: &[u8; 18]) {}

    #[inline(always)]
    fn dequantise<S: Simd>(
        s: S,
        block: &[u8; 18],
        _: &(),
        _: usize,
        mut take: impl FnMut(usize, S::Floats),
    ) {
        let scale = s.mul(s.splat_f16([block[0], block[1]]), s.splat(OFF));
        let both = nibbles(s, part(block, 2));
        unrolled!(i in [0 1] {
            let nibbles = both[i];
            let numbers = s.sub(nibbles, s.splat_byte(8));
            around_zero(s, i, numbers, scale, &mut take);
        });
    }
}

impl Block<20, 32, 32> for Q4_1 {
    type Scales = ();

    #[inline(always)]
    fn scales<S: Simd>(_: S, _: &[u8; 20]) {}

    #[inline(always)]
    fn dequantise<S: Simd>(
        s: S,
        block: &[u8; 20],
        _: &(),
        _: usize,
        mut take: impl FnMut(usize, S::Floats),
    ) {
        let scale = s.splat_f16([block[0], block[1]]);
        let minimum = s.splat_f16([block[2], block[3]]);
        let both = nibbles(s, part(block, 4));
        unrolled!(i in [0 1] {
            let numbers = both[i];
            above_minimum(s, i, numbers, scale, minimum, &mut take);
        });
    }
}

impl Block<22, 32, 32> for Q5_0 {
    type Scales = ();

    #[inline(always)]
    fn scales<S: Simd>(_: S, _: &[u8; 22]) {}

    #[inline(always)]
    fn dequantise<S: Simd>(
        s: S,
        block: &[u8; 22],
        _: &(),
        _: usize,
        mut take: impl FnMut(usize, S::Floats),
    ) {
        let scale = s.mul(s.splat_f16([block[0], block[1]]), s.splat(OFF));
        let sixteen = s.splat_byte(16);
        let both = nibbles(s, part(block, 6));
        unrolled!(i in [0 1] {
            let nibbles = both[i];
            let fifths = s.spread(u16::from_le_bytes(*part(block, 2 + 2 * i)));
            let numbers = s.sub(s.or(nibbles, s.and(fifths, sixteen)), sixteen);
            around_zero(s, i, numbers, scale, &mut take);
        });
    }
}

impl Block<24, 32, 32> for Q5_1 {
    type Scales = ();

    #[inline(always)]
    fn scales<S: Simd>(_: S, _: &[u8; 24]) {}

    #[inline(always)]
    fn dequantise<S: Simd>(
        s: S,
        block: &[u8; 24],
        _: &(),
        _: usize,
        mut take: impl FnMut(usize, S::Floats),
    ) {
        let scale = s.splat_f16([block[0], block[1]]);
        let minimum = s.splat_f16([block[2], block[3]]);
        let both = nibbles(s, part(block, 8));
        unrolled!(i in [0 1] {
            let nibbles = both[i];
            let fifths = s.spread(u16::from_le_bytes(*part(block, 4 + 2 * i)));
            let numbers = s.or(nibbles, s.and(fifths, s.splat_byte(16)));
            above_minimum(s, i, numbers, scale, minimum, &mut take);
        });
    }
}

impl Block<34, 32, 32> for Q8_0 {
    type Scales = ();

    #[inline(always)]
    fn scales<S: Simd>(_: S, _: &[u8; 34]) {}

    #[inline(always)]
    fn dequantise<S: Simd>(
        s: S,
        block: &[u8; 34],
        _: &(),
        _: usize,
        mut take: impl FnMut(usize, S::Floats),
    ) {
        let scale = s.mul(s.splat_f16([block[0], block[1]]), s.splat(OFF));
        unrolled!(i in [0 1] {
            let numbers = s.bytes(part(block, 2 + 16 * i));
            around_zero(s, i, numbers, scale, &mut take);
        });
    }
}
