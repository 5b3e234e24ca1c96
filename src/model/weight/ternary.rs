//! GGUF's blocks of 256 weights that are -1, 0 or 1 times one scale. The layouts are those of
//! llama.cpp's `ggml-common.h`.

use super::floats::half;

/// Two bits a weight: 64 bytes, then the f16 scale. A byte has those of four weights that are 32
/// apart.
#[inline(always)]
pub(super) fn tq2_0(block: &[u8; 66], out: &mut [f32; 256]) {
    let scale = half([block[64], block[65]]);
    for (i, out) in out.iter_mut().enumerate() {
        let (half, part, byte) = (i / 128, i % 128 / 32, i % 32);
        let two_bits = block[32 * half + byte] >> (2 * part) & 3;
        *out = (f32::from(two_bits) - 1.0) * scale;
    }
}

/// Five weights a byte: a byte is a fraction of 256 whose digits to the base of three are the
/// weights. 32 bytes with five weights each that are 32 apart, 16 with five that are 16 apart, 4
/// with four that are 4 apart, then the f16 scale.
#[inline(always)]
pub(super) fn tq1_0(block: &[u8; 54], out: &mut [f32; 256]) {
    let scale = half([block[52], block[53]]);
    for (out, digit) in out.iter_mut().zip(digits(block)) {
        *out = f32::from(digit.cast_signed()) * scale;
    }
}

/// The weights of a block before they are scaled, as signed bytes.
#[inline(always)]
pub(super) fn digits(block: &[u8; 54]) -> [u8; 256] {
    let mut out = [0; 256];
    let (first, rest) = out.split_at_mut(160);
    let (second, third) = rest.split_at_mut(80);
    digits_of(&block[..32], first);
    digits_of(&block[32..48], second);
    digits_of(&block[48..52], third);
    out
}

/// The first digit of each byte, the second one of each, and so on.
#[inline(always)]
fn digits_of(bytes: &[u8], out: &mut [u8]) {
    let mut power = 1_u8;
    for out in out.chunks_exact_mut(bytes.len()) {
        for (out, byte) in out.iter_mut().zip(bytes) {
            let fraction = u16::from(byte.wrapping_mul(power));
            let [_, digit] = (3 * fraction).to_le_bytes();
            *out = digit.wrapping_sub(1);
        }
        power = power.wrapping_mul(3);
    }
}
