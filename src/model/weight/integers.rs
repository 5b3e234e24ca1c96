//! Integers of four and eight bits, less a zero point, times a float32 scale: what GPTQ, AWQ,
//! compressed-tensors and bitsandbytes' eight bits come to. Checkpoints hold codes, scales and zero
//! points in tensors of their own; here scale and zero point stand before the codes that they are
//! of.

/// `scale * (code - zero)`; the f32 scale, the zero point in a byte, then of each 32 weights the
/// nibbles of `i` and `i + 16`.
#[inline(always)]
pub(super) fn int4<const BYTES: usize, const WEIGHTS: usize>(
    block: &[u8; BYTES],
    out: &mut [f32; WEIGHTS],
) {
    let scale = f32::from_le_bytes([block[0], block[1], block[2], block[3]]);
    let zero = f32::from(block[4]);
    let codes = block[5..].as_chunks::<16>().0;
    for (out, codes) in out.as_chunks_mut::<32>().0.iter_mut().zip(codes) {
        for (i, byte) in codes.iter().enumerate() {
            out[i] = (f32::from(byte & 15) - zero) * scale;
            out[16 + i] = (f32::from(byte >> 4) - zero) * scale;
        }
    }
}

/// The same with a byte a code and two for the zero point.
#[inline(always)]
pub(super) fn int8<const BYTES: usize, const WEIGHTS: usize>(
    block: &[u8; BYTES],
    out: &mut [f32; WEIGHTS],
) {
    let scale = f32::from_le_bytes([block[0], block[1], block[2], block[3]]);
    let zero = f32::from(u16::from_le_bytes([block[4], block[5]]));
    for (out, code) in out.iter_mut().zip(&block[6..]) {
        *out = (f32::from(*code) - zero) * scale;
    }
}

/// Writes a zero point to the beginning of `block`, and gives the rest of it.
pub(super) fn with_zero<'b>(block: &'b mut [u8], zero: &[u8]) -> &'b mut [u8] {
    match block.split_at_mut_checked(zero.len()) {
        Some((to, rest)) => {
            to.copy_from_slice(zero);
            rest
        }
        None => &mut [],
    }
}
