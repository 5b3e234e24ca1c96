//! Kernels of the blocks of 256 weights, whose layouts [`large_blocks`](super::super::large_blocks)
//! tells. The scales of all weights of a block are worked out first. A block is two halves of
//! eight sixteenths; the numbers of every other one of those are bits of the same 16 bytes.

use super::blocks::{Block, OFF, above_minimum, around_zero, nibbles, part, unrolled};
use super::simd::Simd;

pub(super) struct Q2K;
pub(super) struct Q3K;
pub(super) struct Q4K;
pub(super) struct Q5K;
pub(super) struct Q6K;

/// What the numbers of a block are multiplied with, and what is then added: `N` of each.
#[derive(Clone, Copy)]
pub(super) struct Scales<const N: usize> {
    factors: [[f32; 8]; N],
    minimums: [[f32; 8]; N],
}

impl<const N: usize> Default for Scales<N> {
    fn default() -> Self {
        Self {
            factors: [[0.0; 8]; N],
            minimums: [[0.0; 8]; N],
        }
    }
}

/// The lower four bits of every byte.
const NIBBLES: u64 = 0x0f0f_0f0f_0f0f_0f0f;
/// The lower two bits of every byte.
const PAIRS: u64 = 0x0303_0303_0303_0303;

impl Block<84, 256, 256> for Q2K {
    type Scales = Scales<2>;

    #[inline(always)]
    fn scales<S: Simd>(s: S, block: &[u8; 84]) -> Scales<2> {
        let scale = s.splat_f16([block[80], block[81]]);
        let minimum = s.mul(s.splat_f16([block[82], block[83]]), s.splat(-1.0));
        let mut scales = Scales::<2>::default();
        unrolled!(half in [0 1] {
            let both = u64::from_le_bytes(*part(block, 8 * half));
            scales.factors[half] = scaled(s, both & NIBBLES, scale);
            scales.minimums[half] = scaled(s, both >> 4 & NIBBLES, minimum);
        });
        scales
    }

    #[inline(always)]
    fn dequantise<S: Simd>(
        s: S,
        block: &[u8; 84],
        scales: &Scales<2>,
        _: usize,
        mut take: impl FnMut(usize, S::Floats),
    ) {
        unrolled!(half in [0 1] {
        unrolled!(odd in [0 1] {
            let bytes = s.bytes(part(block, 16 + 32 * half + 16 * odd));
            unrolled!(quarter in [0 1 2 3] {
                let i = 2 * quarter + odd;
                let numbers =
                s.and(s.shr(bytes, 2 * quarter as i32), s.splat_byte(3));
                let (scale, minimum) =
                (s.splat(scales.factors[half][i]), s.splat(scales.minimums[half][i]));
                above_minimum(s, 8 * half + i, numbers, scale, minimum, &mut take);
            });
        });
        });
    }
}

impl Block<110, 256, 128> for Q3K {
    type Scales = [[f32; 8]; 2];

    #[inline(always)]
    fn scales<S: Simd>(s: S, block: &[u8; 110]) -> [[f32; 8]; 2] {
        let scale = s.mul(s.splat_f16([block[108], block[109]]), s.splat(OFF));
        let low = u64::from_le_bytes(*part(block, 96));
        let high = u64::from(u32::from_le_bytes(*part(block, 104)));
        let high = high | high << 30;
        let mut scales = [[0.0; 8]; 2];
        unrolled!(half in [0 1] {
            let six_bits = low >> (4 * half) & NIBBLES | (high >> (4 * half) & PAIRS) << 4;
            let numbers = s.eight_unsigned(six_bits.to_le_bytes());
            let numbers = s.add(numbers, s.splat(-32.0));
            scales[half] = stored(s, s.mul(numbers, scale));
        });
        scales
    }

    #[inline(always)]
    fn dequantise<S: Simd>(
        s: S,
        block: &[u8; 110],
        scales: &[[f32; 8]; 2],
        half: usize,
        mut take: impl FnMut(usize, S::Floats),
    ) {
        let four = s.splat_byte(4);
        unrolled!(odd in [0 1] {
            let bytes = s.bytes(part(block, 32 + 32 * half + 16 * odd));
            let thirds = s.shr(s.bytes(part(block, 16 * odd)), 4 * half as i32);
            unrolled!(quarter in [0 1 2 3] {
                let i = 2 * quarter + odd;
                let low = s.and(s.shr(bytes, 2 * quarter as i32), s.splat_byte(3));
                let third = s.and(moved(s, thirds, quarter, 2), four);
                let numbers = s.sub(s.or(low, third), four);
                let scale = s.splat(scales[half][i]);
                around_zero(s, i, numbers, scale, &mut take);
            });
        });
    }
}

impl Block<144, 256, 256> for Q4K {
    type Scales = Scales<1>;

    #[inline(always)]
    fn scales<S: Simd>(s: S, block: &[u8; 144]) -> Scales<1> {
        scales_and_minimums(s, part(block, 0))
    }

    #[inline(always)]
    fn dequantise<S: Simd>(
        s: S,
        block: &[u8; 144],
        scales: &Scales<1>,
        _: usize,
        mut take: impl FnMut(usize, S::Floats),
    ) {
        let ([scales], [minimums]) = (&scales.factors, &scales.minimums);
        unrolled!(pair in [0 1 2 3] {
            unrolled!(odd in [0 1] {
                let both = nibbles(s, part(block, 16 + 32 * pair + 16 * odd));
                unrolled!(which in [0 1] {
                    let numbers = both[which];
                    let i = 2 * pair + which;
                    let (scale, minimum) = (s.splat(scales[i]), s.splat(minimums[i]));
                    above_minimum(s, 2 * i + odd, numbers, scale, minimum, &mut take);
                });
            });
        });
    }
}

impl Block<176, 256, 64> for Q5K {
    type Scales = Scales<1>;

    #[inline(always)]
    fn scales<S: Simd>(s: S, block: &[u8; 176]) -> Scales<1> {
        scales_and_minimums(s, part(block, 0))
    }

    #[inline(always)]
    fn dequantise<S: Simd>(
        s: S,
        block: &[u8; 176],
        scales: &Scales<1>,
        pair: usize,
        mut take: impl FnMut(usize, S::Floats),
    ) {
        let ([scales], [minimums]) = (&scales.factors, &scales.minimums);
        unrolled!(odd in [0 1] {
            let fifths = s.shr(s.bytes(part(block, 16 + 16 * odd)), 2 * pair as i32);
            let both = nibbles(s, part(block, 48 + 32 * pair + 16 * odd));
            unrolled!(which in [0 1] {
                let nibbles = both[which];
                let i = 2 * pair + which;
                let fifth = s.and(moved(s, fifths, which, 4), s.splat_byte(16));
                let numbers = s.or(nibbles, fifth);
                let (scale, minimum) = (s.splat(scales[i]), s.splat(minimums[i]));
                above_minimum(s, 2 * which + odd, numbers, scale, minimum, &mut take);
            });
        });
    }
}

impl Block<210, 256, 128> for Q6K {
    type Scales = [[f32; 8]; 2];

    #[inline(always)]
    fn scales<S: Simd>(s: S, block: &[u8; 210]) -> [[f32; 8]; 2] {
        let scale = s.mul(s.splat_f16([block[208], block[209]]), s.splat(OFF));
        let mut scales = [[0.0; 8]; 2];
        unrolled!(half in [0 1] {
            let numbers = s.eight_signed(*part(block, 192 + 8 * half));
            scales[half] = stored(s, s.mul(numbers, scale));
        });
        scales
    }

    #[inline(always)]
    fn dequantise<S: Simd>(
        s: S,
        block: &[u8; 210],
        scales: &[[f32; 8]; 2],
        half: usize,
        mut take: impl FnMut(usize, S::Floats),
    ) {
        unrolled!(odd in [0 1] {
            let from = 64 * half + 16 * odd;
            let low = [nibbles(s, part(block, from)), nibbles(s, part(block, from + 32))];
            let high = s.bytes(part(block, 128 + 32 * half + 16 * odd));
            unrolled!(quarter in [0 1 2 3] {
                let i = 2 * quarter + odd;
                let low = low[quarter % 2][quarter / 2];
                let high = s.and(moved(s, high, 2 * quarter, 4), s.splat_byte(48));
                let numbers = s.sub(s.or(low, high), s.splat_byte(32));
                let scale = s.splat(scales[half][i]);
                around_zero(s, i, numbers, scale, &mut take);
            });
        });
    }
}

/// Moves the bit `from` of each byte to the bit `to`; what comes to the others is to be masked.
#[inline(always)]
fn moved<S: Simd>(s: S, bytes: S::Bytes, from: usize, to: usize) -> S::Bytes {
    if from > to {
        s.shr(bytes, (from - to) as i32)
    } else {
        s.shl(bytes, (to - from) as i32)
    }
}

/// Eight unsigned bytes times `scale`.
#[inline(always)]
fn scaled<S: Simd>(s: S, bytes: u64, scale: S::Floats) -> [f32; 8] {
    stored(s, s.mul(s.eight_unsigned(bytes.to_le_bytes()), scale))
}

#[inline(always)]
fn stored<S: Simd>(s: S, numbers: S::Floats) -> [f32; 8] {
    let mut to = [0.0; 8];
    s.store(numbers, &mut to);
    to
}

/// Scales and negative minimums of each 32 weights of a block, from its first 16 bytes.
#[inline(always)]
fn scales_and_minimums<S: Simd>(s: S, head: &[u8; 16]) -> Scales<1> {
    let word = |at| u32::from_le_bytes(*part(head, at));
    let (scales, minimums, rest) = (word(4), word(8), word(12));
    let two_bits = |of: u32| (of >> 6 & 0x0303_0303) << 4;
    let joined = |first: u32, last: u32| u64::from(first) | u64::from(last) << 32;
    let six_bit_scales = joined(scales & 0x3f3f_3f3f, rest & 0x0f0f_0f0f | two_bits(scales));
    let six_bit_minimums = joined(
        minimums & 0x3f3f_3f3f,
        rest >> 4 & 0x0f0f_0f0f | two_bits(minimums),
    );
    let scale = s.splat_f16([head[0], head[1]]);
    let minimum = s.mul(s.splat_f16([head[2], head[3]]), s.splat(-1.0));
    Scales {
        factors: [scaled(s, six_bit_scales, scale)],
        minimums: [scaled(s, six_bit_minimums, minimum)],
    }
}
