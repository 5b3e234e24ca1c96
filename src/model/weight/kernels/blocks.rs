//! What the kernels of all quantised types have in common.

use super::simd::Simd;

/// A quantised type: blocks of `BYTES` bytes that hold `WEIGHTS` weights, dequantised in parts of
/// `PART`. Where a block is several, the compiler sees a loop over them, and not more weights at
/// once than there are registers for.
pub(super) trait Block<const BYTES: usize, const WEIGHTS: usize, const PART: usize> {
    /// What the numbers of a block are multiplied with, where that has to be worked out.
    type Scales: Copy + Default;

    /// Reads it.
    fn scales<S: Simd>(s: S, block: &[u8; BYTES]) -> Self::Scales;

    /// Dequantises one part of a block, exactly as its scalar twin does. `take` gets the weights
    /// eight at a time, with a number that counts from 0 in the part.
    fn dequantise<S: Simd>(
        s: S,
        block: &[u8; BYTES],
        scales: &Self::Scales,
        which: usize,
        take: impl FnMut(usize, S::Floats),
    );
}

/// Blocks whose scales are read before the weights of the first one are: a block's own would have
/// to be waited for.
const AHEAD: usize = 8;

/// Dequantises `blocks`. `take` gets the weights of a part as [`Block::dequantise`] gives them,
/// with what stands at the place of the part in `along`.
#[inline(always)]
pub(super) fn dequantise_all<S, B, A, const BYTES: usize, const WEIGHTS: usize, const PART: usize>(
    s: S,
    blocks: &[[u8; BYTES]],
    along: impl Iterator<Item = A>,
    mut take: impl FnMut(&mut A, usize, S::Floats),
) where
    S: Simd,
    B: Block<BYTES, WEIGHTS, PART>,
{
    let parts = WEIGHTS / PART;
    let mut along = along;
    let mut scales = [B::Scales::default(); AHEAD];
    let ahead = match size_of::<B::Scales>() {
        // There are none to wait for.
        0 => blocks.len().max(1),
        _ => AHEAD,
    };
    for blocks in blocks.chunks(ahead) {
        for (scales, block) in scales.iter_mut().zip(blocks) {
            *scales = B::scales(s, block);
        }
        for (place, mut with) in (0..blocks.len() * parts).zip(&mut along) {
            if let Some(block) = blocks.get(place / parts) {
                B::dequantise(
                    s,
                    block,
                    &scales[place / parts % AHEAD],
                    place % parts,
                    #[inline(always)]
                    |i, weights| take(&mut with, i, weights),
                );
            }
        }
    }
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
