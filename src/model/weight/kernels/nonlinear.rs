//! Kernels of the blocks whose layouts [`nonlinear`](super::super::nonlinear) tells.

use super::super::nonlinear::NUMBERS;
use super::blocks::{Block, nibbles, part, unrolled};
use super::simd::Simd;

pub(super) struct Iq4Nl;
pub(super) struct Iq4Xs;

/// `number * scale` for the 32 weights of 16 bytes.
#[inline(always)]
pub(super) fn thirty_two<S: Simd>(
    s: S,
    numbers: &[f32; 16],
    bytes: &[u8; 16],
    scale: S::Floats,
    take: &mut impl FnMut(usize, S::Floats),
) {
    let both = nibbles(s, bytes);
    unrolled!(half in [0 1] {
        unrolled!(which in [0 1] {
            let weights = s.mul(s.pick(numbers, both[half], which), scale);
            take(2 * half + which, weights);
        });
    });
}

impl Block<18, 32, 32> for Iq4Nl {
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
        let scale = s.splat_f16([block[0], block[1]]);
        thirty_two(s, &NUMBERS, part(block, 2), scale, &mut take);
    }
}

impl Block<136, 256, 32> for Iq4Xs {
    type Scales = [f32; 8];

    #[inline(always)]
    fn scales<S: Simd>(s: S, block: &[u8; 136]) -> [f32; 8] {
        let scale = s.splat_f16([block[0], block[1]]);
        let high = u16::from_le_bytes([block[2], block[3]]);
        let mut six_bits = [0; 8];
        unrolled!(group in [0 1 2 3 4 5 6 7] {
            let low = block[4 + group / 2] >> (4 * (group % 2)) & 15;
            let [high, _] = (high >> (2 * group) & 3).to_le_bytes();
            six_bits[group] = low | high << 4;
        });
        let numbers = s.add(s.eight_unsigned(six_bits), s.splat(-32.0));
        let mut scales = [0.0; 8];
        s.store(s.mul(numbers, scale), &mut scales);
        scales
    }

    #[inline(always)]
    fn dequantise<S: Simd>(
        s: S,
        block: &[u8; 136],
        scales: &[f32; 8],
        group: usize,
        mut take: impl FnMut(usize, S::Floats),
    ) {
        let scale = s.splat(scales[group % 8]);
        thirty_two(s, &NUMBERS, part(block, 8 + 16 * group), scale, &mut take);
    }
}
