//! Weights whose four bits choose one of sixteen numbers: floats of two exponent bits and one of
//! mantissa (`E2M1`) with scales as in MXFP4 and NVFP4, and the tables of bitsandbytes.

use super::eight_bit_floats::number;

/// What four bits of `E2M1` stand for.
pub(super) const E2M1: [f32; 16] = [
    0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, -0.0, -0.5, -1.0, -1.5, -2.0, -3.0, -4.0, -6.0,
];

/// Twice that, as GGUF counts it.
pub(super) const TWICE_E2M1: [f32; 16] = [
    0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, -0.0, -1.0, -2.0, -3.0, -4.0, -6.0, -8.0, -12.0,
];

/// bitsandbytes' `nf4`: quantiles of a normal distribution.
pub(super) const NF4: [f32; 16] = [
    -1.0,
    -0.696_192_8,
    -0.525_073_05,
    -0.394_917_5,
    -0.284_441_38,
    -0.184_773_43,
    -0.091_050_036,
    0.0,
    0.079_580_3,
    0.160_930_2,
    0.246_112_3,
    0.337_915_24,
    0.440_709_83,
    0.562_617,
    0.722_956_84,
    1.0,
];

/// bitsandbytes' `fp4`, whose largest number is 1.
pub(super) const FP4: [f32; 16] = [
    0.0,
    0.005_208_333_5,
    0.666_666_7,
    1.0,
    0.333_333_34,
    0.5,
    0.166_666_67,
    0.25,
    0.0,
    -0.005_208_333_5,
    -0.666_666_7,
    -1.0,
    -0.333_333_34,
    -0.5,
    -0.166_666_67,
    -0.25,
];

/// GGUF's MXFP4: a power of two in a byte, then the nibbles of weights `i` and `i + 16`.
#[inline(always)]
pub(super) fn mxfp4(block: &[u8; 17], out: &mut [f32; 32]) {
    let scale = half_power(block[0]);
    for i in 0..16 {
        out[i] = TWICE_E2M1[usize::from(block[1 + i] & 15)] * scale;
        out[16 + i] = TWICE_E2M1[usize::from(block[1 + i] >> 4)] * scale;
    }
}

/// Half of the power of two that an `E8M0` byte stands for, `2^(byte - 128)`.
#[inline(always)]
pub(super) fn half_power(byte: u8) -> f32 {
    let byte = u32::from(byte);
    f32::from_bits(match byte {
        // Below the smallest normal number.
        0 | 1 => 0x0020_0000 << byte,
        _ => (byte - 1) << 23,
    })
}

/// GGUF's NVFP4: a scale for each 16 weights, unsigned `E4M3`, then 8 bytes for each with the
/// nibbles of weights `i` and `i + 8`.
#[inline(always)]
pub(super) fn nvfp4(block: &[u8; 36], out: &mut [f32; 64]) {
    for (group, out) in out.as_chunks_mut::<16>().0.iter_mut().enumerate() {
        let scale = half_unsigned(block[group]);
        for i in 0..8 {
            let byte = block[4 + 8 * group + i];
            out[i] = TWICE_E2M1[usize::from(byte & 15)] * scale;
            out[8 + i] = TWICE_E2M1[usize::from(byte >> 4)] * scale;
        }
    }
}

/// Half of what an unsigned `E4M3` stands for; ggml has zero for the pattern that is no number.
#[inline(always)]
pub(super) fn half_unsigned(code: u8) -> f32 {
    match code {
        0x7f => 0.0,
        0xff => 240.0,
        _ => 0.5 * number(code & 0x7f),
    }
}

/// What becomes of the scales of each 16 weights and the one scale of all of them.
pub(super) trait Outer {
    /// Whether they are divided by it.
    const DIVIDES: bool;
}

/// They are multiplied with it: modelopt.
pub(super) struct Times;
/// They are divided by it: compressed-tensors.
pub(super) struct Over;

impl Outer for Times {
    const DIVIDES: bool = false;
}

impl Outer for Over {
    const DIVIDES: bool = true;
}

/// NVFP4 as safetensors hold it, with a scale of the whole matrix: that one in f32, eight `E4M3`
/// scales, then the nibbles as [`nvfp4`] has them.
#[inline(always)]
pub(super) fn scaled_nvfp4<O: Outer>(block: &[u8; 76], out: &mut [f32; 128]) {
    let outer = f32::from_le_bytes([block[0], block[1], block[2], block[3]]);
    for (group, out) in out.as_chunks_mut::<16>().0.iter_mut().enumerate() {
        let inner = number(block[4 + group]);
        let scale = if O::DIVIDES {
            inner / outer
        } else {
            inner * outer
        };
        for i in 0..8 {
            let byte = block[12 + 8 * group + i];
            out[i] = E2M1[usize::from(byte & 15)] * scale;
            out[8 + i] = E2M1[usize::from(byte >> 4)] * scale;
        }
    }
}

/// A table of sixteen numbers.
pub(super) trait Table {
    /// What four bits stand for.
    const NUMBERS: [f32; 16];
}

/// See [`NF4`].
pub(super) struct Normal;
/// See [`FP4`].
pub(super) struct Float;

impl Table for Normal {
    const NUMBERS: [f32; 16] = NF4;
}

impl Table for Float {
    const NUMBERS: [f32; 16] = FP4;
}

/// Numbers of a table times a scale; the f32 scale, then of each 32 weights the nibbles of `i` and
/// `i + 16`.
#[inline(always)]
pub(super) fn of_table<T: Table, const BYTES: usize, const WEIGHTS: usize>(
    block: &[u8; BYTES],
    out: &mut [f32; WEIGHTS],
) {
    let scale = f32::from_le_bytes([block[0], block[1], block[2], block[3]]);
    let codes = block[4..].as_chunks::<16>().0;
    for (out, codes) in out.as_chunks_mut::<32>().0.iter_mut().zip(codes) {
        for (i, byte) in codes.iter().enumerate() {
            out[i] = T::NUMBERS[usize::from(byte & 15)] * scale;
            out[16 + i] = T::NUMBERS[usize::from(byte >> 4)] * scale;
        }
    }
}
