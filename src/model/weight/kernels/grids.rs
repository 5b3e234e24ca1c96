//! Kernels of the blocks whose layouts [`grids`](super::super::grids) tells. Eight weights are
//! eight bytes of a grid, made into numbers and multiplied by the scale with their signs.

use super::super::grids::{
    IQ1, IQ2_S, IQ2_XS, IQ2_XXS, IQ3_S, IQ3_XXS, eight_signs, quarter_scale, scattered_scale,
};
use super::blocks::{Block, part, unrolled};
use super::simd::Simd;

pub(super) struct Iq2Xxs;
pub(super) struct Iq2Xs;
pub(super) struct Iq2S;
pub(super) struct Iq3Xxs;
pub(super) struct Iq3S;
pub(super) struct Iq1S;
pub(super) struct Iq1M;

/// For each byte the signs that its bits stand for, the lowest bit first: -1 where it is set.
static SIGNS: [[f32; 8]; 256] = {
    let mut all = [[1.0; 8]; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut i = 0;
        while i < 8 {
            if byte >> i & 1 == 1 {
                all[byte][i] = -1.0;
            }
            i += 1;
        }
        byte += 1;
    }
    all
};

/// The same for seven bits, of which [`eight_signs`] makes eight.
static SIGNS_OF_SEVEN: [[f32; 8]; 128] = {
    let mut all = [[1.0; 8]; 128];
    let mut seven = 0;
    while seven < 128 {
        all[seven as usize] = SIGNS[eight_signs(seven) as usize];
        seven += 1;
    }
    all
};

/// The entry of a grid that the lower bits of `code` name; `N` is a power of two.
#[inline(always)]
fn entry<T: Copy + Default, const N: usize>(grid: &[T; N], code: usize) -> T {
    grid.get(code % N).copied().unwrap_or_default()
}

/// A float16 as float32.
#[inline(always)]
fn float<S: Simd>(s: S, from: [u8; 2]) -> f32 {
    let mut to = [0.0; 8];
    s.store(s.splat_f16(from), &mut to);
    to[0]
}

/// The signs that the lower bits of `code` stand for; `N` is a power of two.
#[inline(always)]
fn signs<const N: usize>(table: &'static [[f32; 8]; N], code: usize) -> &'static [f32; 8] {
    table.get(code % N).unwrap_or(&SIGNS[0])
}

/// `scale * number` for eight unsigned bytes, with these signs.
#[inline(always)]
fn signed<S: Simd>(s: S, numbers: u64, signs: &[f32; 8], scale: f32) -> S::Floats {
    let scales = s.mul(s.floats(signs), s.splat(scale));
    s.mul(s.eight_unsigned(numbers.to_le_bytes()), scales)
}

#[inline(always)]
fn word(block: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(*part(block, at))
}

#[inline(always)]
fn short(block: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(*part(block, at))
}

#[inline(always)]
fn byte(block: &[u8], at: usize) -> u8 {
    let [byte] = *part(block, at);
    byte
}

#[inline(always)]
fn nibble(block: &[u8], at: usize, which: usize) -> u8 {
    byte(block, at) >> (4 * (which % 2)) & 15
}

#[inline(always)]
fn top_nibble(word: u32) -> u8 {
    let [.., top] = word.to_le_bytes();
    top >> 4
}

impl Block<66, 256, 32> for Iq2Xxs {
    type Scales = f32;

    #[inline(always)]
    fn scales<S: Simd>(s: S, block: &[u8; 66]) -> f32 {
        float(s, [block[0], block[1]])
    }

    #[inline(always)]
    fn dequantise<S: Simd>(
        s: S,
        block: &[u8; 66],
        whole: &f32,
        group: usize,
        mut take: impl FnMut(usize, S::Floats),
    ) {
        let rest = word(block, 2 + 8 * group + 4);
        let scale = whole * quarter_scale(top_nibble(rest));
        unrolled!(i in [0 1 2 3] {
            let numbers = entry(&IQ2_XXS, usize::from(byte(block, 2 + 8 * group + i)));
            let weights = signed(s, numbers, signs(&SIGNS_OF_SEVEN, (rest >> (7 * i)) as usize), scale);
            take(i, weights);
        });
    }
}

impl Block<74, 256, 32> for Iq2Xs {
    type Scales = f32;

    #[inline(always)]
    fn scales<S: Simd>(s: S, block: &[u8; 74]) -> f32 {
        float(s, [block[0], block[1]])
    }

    #[inline(always)]
    fn dequantise<S: Simd>(
        s: S,
        block: &[u8; 74],
        whole: &f32,
        group: usize,
        mut take: impl FnMut(usize, S::Floats),
    ) {
        unrolled!(j in [0 1 2 3] {
            let i = 4 * group + j;
            let code = short(block, 2 + 2 * i);
            let scale = whole * quarter_scale(nibble(block, 66 + i / 4, i / 2));
            let numbers = entry(&IQ2_XS, usize::from(code));
            let signs = signs(&SIGNS_OF_SEVEN, usize::from(code >> 9));
            take(j, signed(s, numbers, signs, scale));
        });
    }
}

impl Block<82, 256, 32> for Iq2S {
    type Scales = f32;

    #[inline(always)]
    fn scales<S: Simd>(s: S, block: &[u8; 82]) -> f32 {
        float(s, [block[0], block[1]])
    }

    #[inline(always)]
    fn dequantise<S: Simd>(
        s: S,
        block: &[u8; 82],
        whole: &f32,
        group: usize,
        mut take: impl FnMut(usize, S::Floats),
    ) {
        unrolled!(j in [0 1 2 3] {
            let i = 4 * group + j;
            let high = usize::from(byte(block, 66 + i / 4) >> (2 * j) & 3);
            let scale = whole * quarter_scale(nibble(block, 74 + i / 4, i / 2));
            let numbers = entry(&IQ2_S, usize::from(byte(block, 2 + i)) | high << 8);
            take(j, signed(s, numbers, signs(&SIGNS, byte(block, 34 + i).into()), scale));
        });
    }
}

impl Block<98, 256, 32> for Iq3Xxs {
    type Scales = f32;

    #[inline(always)]
    fn scales<S: Simd>(s: S, block: &[u8; 98]) -> f32 {
        float(s, [block[0], block[1]])
    }

    #[inline(always)]
    fn dequantise<S: Simd>(
        s: S,
        block: &[u8; 98],
        whole: &f32,
        group: usize,
        mut take: impl FnMut(usize, S::Floats),
    ) {
        let rest = word(block, 66 + 4 * group);
        let scale = whole * (2.0 * quarter_scale(top_nibble(rest)));
        unrolled!(i in [0 1 2 3] {
            let four = |at: usize| {
                let code = byte(block, 2 + 8 * group + 2 * i + at);
                u64::from(entry(&IQ3_XXS, usize::from(code)))
            };
            let numbers = four(0) | four(1) << 32;
            let weights = signed(s, numbers, signs(&SIGNS_OF_SEVEN, (rest >> (7 * i)) as usize), scale);
            take(i, weights);
        });
    }
}

impl Block<110, 256, 32> for Iq3S {
    type Scales = f32;

    #[inline(always)]
    fn scales<S: Simd>(s: S, block: &[u8; 110]) -> f32 {
        float(s, [block[0], block[1]])
    }

    #[inline(always)]
    fn dequantise<S: Simd>(
        s: S,
        block: &[u8; 110],
        whole: &f32,
        group: usize,
        mut take: impl FnMut(usize, S::Floats),
    ) {
        let ninths = byte(block, 66 + group);
        let scale = whole * (1.0 + 2.0 * f32::from(nibble(block, 106 + group / 2, group)));
        unrolled!(j in [0 1 2 3] {
            let i = 4 * group + j;
            let four = |at: usize| {
                let ninth = usize::from(ninths >> (2 * j + at) & 1);
                let code = usize::from(byte(block, 2 + 2 * i + at));
                u64::from(entry(&IQ3_S, code | ninth << 8))
            };
            let numbers = four(0) | four(1) << 32;
            take(j, signed(s, numbers, signs(&SIGNS, byte(block, 74 + i).into()), scale));
        });
    }
}

/// `scale / 8 * (number ± 1)` for eight signed bytes.
#[inline(always)]
fn shifted<S: Simd>(s: S, numbers: u64, is_down: bool, scale: f32) -> S::Floats {
    let shift = s.splat(if is_down { -1.0 } else { 1.0 });
    let numbers = s.add(s.eight_signed(numbers.to_le_bytes()), shift);
    s.mul(numbers, s.splat(scale * 0.125))
}

impl Block<50, 256, 32> for Iq1S {
    type Scales = f32;

    #[inline(always)]
    fn scales<S: Simd>(s: S, block: &[u8; 50]) -> f32 {
        float(s, [block[0], block[1]])
    }

    #[inline(always)]
    fn dequantise<S: Simd>(
        s: S,
        block: &[u8; 50],
        whole: &f32,
        group: usize,
        mut take: impl FnMut(usize, S::Floats),
    ) {
        let rest = short(block, 34 + 2 * group);
        let scale = whole * (2.0 * f32::from(rest >> 12 & 7) + 1.0);
        unrolled!(i in [0 1 2 3] {
            let high = usize::from(rest >> (3 * i) & 7);
            let code = usize::from(byte(block, 2 + 4 * group + i)) | high << 8;
            let weights = shifted(s, entry(&IQ1, code), rest & 0x8000 != 0, scale);
            take(i, weights);
        });
    }
}

impl Block<56, 256, 32> for Iq1M {
    type Scales = f32;

    #[inline(always)]
    fn scales<S: Simd>(s: S, block: &[u8; 56]) -> f32 {
        float(s, scattered_scale(block))
    }

    #[inline(always)]
    fn dequantise<S: Simd>(
        s: S,
        block: &[u8; 56],
        whole: &f32,
        group: usize,
        mut take: impl FnMut(usize, S::Floats),
    ) {
        unrolled!(j in [0 1 2 3] {
            let i = 4 * group + j;
            let three_bits = short(block, 48 + 2 * (i / 8)) >> (3 * (i / 2 % 4)) & 7;
            let scale = whole * (2.0 * f32::from(three_bits) + 1.0);
            let rest = nibble(block, 32 + i / 2, i);
            let code = usize::from(byte(block, i)) | usize::from(rest & 7) << 8;
            take(j, shifted(s, entry(&IQ1, code), rest & 8 != 0, scale));
        });
    }
}
