//! Kernels of the blocks whose layouts [`four_bit_floats`](super::super::four_bit_floats) tells.

use std::marker::PhantomData;

use super::super::four_bit_floats::{E2M1, Outer, TWICE_E2M1, Table, half_power, half_unsigned};
use super::blocks::{Block, nibbles, part, unrolled};
use super::nonlinear::thirty_two;
use super::simd::Simd;

pub(super) struct Mxfp4;
pub(super) struct Nvfp4;
pub(super) struct ScaledNvfp4<O>(PhantomData<O>);
pub(super) struct OfTable<T>(PhantomData<T>);

impl Block<17, 32, 32> for Mxfp4 {
    type Scales = ();

    #[inline(always)]
    fn scales<S: Simd>(_: S, _: &[u8; 17]) {}

    #[inline(always)]
    fn dequantise<S: Simd>(
        s: S,
        block: &[u8; 17],
        _: &(),
        _: usize,
        mut take: impl FnMut(usize, S::Floats),
    ) {
        let scale = s.splat(half_power(block[0]));
        thirty_two(s, &TWICE_E2M1, part(block, 1), scale, &mut take);
    }
}

/// The 32 weights of 16 bytes that belong to two scales, eight bytes each.
#[inline(always)]
fn two_groups<S: Simd>(
    s: S,
    numbers: &[f32; 16],
    bytes: &[u8; 16],
    scales: [f32; 2],
    take: &mut impl FnMut(usize, S::Floats),
) {
    let both = nibbles(s, bytes);
    unrolled!(group in [0 1] {
        let scale = s.splat(scales[group]);
        unrolled!(half in [0 1] {
            let weights = s.mul(s.pick(numbers, both[half], group), scale);
            take(2 * group + half, weights);
        });
    });
}

impl Block<36, 64, 32> for Nvfp4 {
    type Scales = ();

    #[inline(always)]
    fn scales<S: Simd>(_: S, _: &[u8; 36]) {}

    #[inline(always)]
    fn dequantise<S: Simd>(
        s: S,
        block: &[u8; 36],
        _: &(),
        pair: usize,
        mut take: impl FnMut(usize, S::Floats),
    ) {
        let [first, second] = *part(block, 2 * pair);
        let scales = [half_unsigned(first), half_unsigned(second)];
        two_groups(
            s,
            &TWICE_E2M1,
            part(block, 4 + 16 * pair),
            scales,
            &mut take,
        );
    }
}

impl<O: Outer> Block<76, 128, 32> for ScaledNvfp4<O> {
    type Scales = [f32; 8];

    #[inline(always)]
    fn scales<S: Simd>(s: S, block: &[u8; 76]) -> [f32; 8] {
        let outer = s.splat(f32::from_le_bytes(*part(block, 0)));
        let inner = s.eight_e4m3(*part(block, 4));
        let both = if O::DIVIDES {
            s.div(inner, outer)
        } else {
            s.mul(inner, outer)
        };
        let mut scales = [0.0; 8];
        s.store(both, &mut scales);
        scales
    }

    #[inline(always)]
    fn dequantise<S: Simd>(
        s: S,
        block: &[u8; 76],
        scales: &[f32; 8],
        pair: usize,
        mut take: impl FnMut(usize, S::Floats),
    ) {
        let scales = [scales[2 * pair % 8], scales[(2 * pair + 1) % 8]];
        two_groups(s, &E2M1, part(block, 12 + 16 * pair), scales, &mut take);
    }
}

impl<T: Table, const BYTES: usize, const WEIGHTS: usize> Block<BYTES, WEIGHTS, 32> for OfTable<T> {
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
        thirty_two(
            s,
            &T::NUMBERS,
            part(block, 4 + 16 * group),
            scale,
            &mut take,
        );
    }
}
