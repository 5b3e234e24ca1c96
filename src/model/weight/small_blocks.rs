//! The quantised blocks of 32 weights of GGUF files: integers of a few bits, times a scale, plus
//! a minimum where there is one. The layouts are those of llama.cpp's `ggml-common.h`.

use super::floats::half;

/// The lower and the upper four bits of a byte.
#[inline(always)]
fn nibbles(byte: u8) -> (i32, i32) {
    (i32::from(byte & 15), i32::from(byte >> 4))
}

/// The fifth bits of weight `i` and weight `i + 16`, in their place.
#[inline(always)]
fn fifths(bits: u32, i: usize) -> (i32, i32) {
    let fifth = |i: usize| if bits >> i & 1 == 1 { 16 } else { 0 };
    (fifth(i), fifth(i + 16))
}

/// `scale * (q - 8)`; f16 scale, then the nibbles of weights `i` and `i + 16`.
#[inline(always)]
pub(super) fn q4_0(block: &[u8; 18], out: &mut [f32; 32]) {
    let scale = half([block[0], block[1]]);
    for i in 0..16 {
        let (low, high) = nibbles(block[2 + i]);
        out[i] = single(low - 8) * scale;
        out[16 + i] = single(high - 8) * scale;
    }
}

/// `scale * q + minimum`; f16 scale, f16 minimum, nibbles.
#[inline(always)]
pub(super) fn q4_1(block: &[u8; 20], out: &mut [f32; 32]) {
    let scale = half([block[0], block[1]]);
    let minimum = half([block[2], block[3]]);
    for i in 0..16 {
        let (low, high) = nibbles(block[4 + i]);
        out[i] = single(low) * scale + minimum;
        out[16 + i] = single(high) * scale + minimum;
    }
}

/// `scale * (q - 16)`; f16 scale, 32 fifth bits, nibbles.
#[inline(always)]
pub(super) fn q5_0(block: &[u8; 22], out: &mut [f32; 32]) {
    let scale = half([block[0], block[1]]);
    let bits = u32::from_le_bytes([block[2], block[3], block[4], block[5]]);
    for i in 0..16 {
        let (low, high) = nibbles(block[6 + i]);
        let (low_fifth, high_fifth) = fifths(bits, i);
        out[i] = single((low | low_fifth) - 16) * scale;
        out[16 + i] = single((high | high_fifth) - 16) * scale;
    }
}

/// `scale * q + minimum`; f16 scale, f16 minimum, 32 fifth bits, nibbles.
#[inline(always)]
pub(super) fn q5_1(block: &[u8; 24], out: &mut [f32; 32]) {
    let scale = half([block[0], block[1]]);
    let minimum = half([block[2], block[3]]);
    let bits = u32::from_le_bytes([block[4], block[5], block[6], block[7]]);
    for i in 0..16 {
        let (low, high) = nibbles(block[8 + i]);
        let (low_fifth, high_fifth) = fifths(bits, i);
        out[i] = single(low | low_fifth) * scale + minimum;
        out[16 + i] = single(high | high_fifth) * scale + minimum;
    }
}

/// `scale * q`; f16 scale, then signed bytes.
#[inline(always)]
pub(super) fn q8_0(block: &[u8; 34], out: &mut [f32; 32]) {
    let scale = half([block[0], block[1]]);
    for (out, byte) in out.iter_mut().zip(&block[2..]) {
        *out = single(i32::from(byte.cast_signed())) * scale;
    }
}

#[inline(always)]
#[expect(clippy::cast_precision_loss, reason = "a few bits")]
fn single(x: i32) -> f32 {
    x as f32
}
