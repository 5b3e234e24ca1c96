//! The kernel of the blocks whose layout [`eight_bit_floats`](super::super::eight_bit_floats)
//! tells.

use super::blocks::{Block, part, unrolled};
use super::simd::Simd;

pub(super) struct E4m3;

impl<const BYTES: usize, const WEIGHTS: usize> Block<BYTES, WEIGHTS, 32> for E4m3 {
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
        unrolled!(i in [0 1 2 3] {
            let at = 4 * group + i;
            take(i, s.mul(s.eight_e4m3(*part(block, 4 + 8 * at)), scale));
        });
    }
}
