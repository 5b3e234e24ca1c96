//! The quantised blocks of 256 weights of GGUF files, the "K" kinds: integers of a few bits,
//! times a scale for each 16 or 32 weights, which is itself an integer times the block's scale.
//! The layouts are those of llama.cpp's `ggml-common.h`, the order of the products that of its
//! `dequantize_row_*`.

use super::floats::half;

/// `scale * q - minimum`, two bits; each 16 weights share a byte with a nibble for either. Layout:
/// 16 such bytes, 64 of weights, f16 scale of the scales, f16 scale of the minimums.
#[inline(always)]
pub(super) fn q2_k(block: &[u8; 84], out: &mut [f32; 256]) {
    let scale = half([block[80], block[81]]);
    let minimum = half([block[82], block[83]]);
    for (group, out) in out.as_chunks_mut::<16>().0.iter_mut().enumerate() {
        let both = block[group];
        let scale = scale * f32::from(both & 15);
        let minimum = minimum * f32::from(both >> 4);
        let (from, shift) = place_of_two_bits(group);
        for (i, out) in out.iter_mut().enumerate() {
            *out = scale * f32::from(block[16 + from + i] >> shift & 3) - minimum;
        }
    }
}

/// Where the two bits of the weights of a group of 16 stand: the first byte, and the shift. A
/// byte has those of four weights that are 32 apart.
#[inline(always)]
fn place_of_two_bits(group: usize) -> (usize, usize) {
    let (half, pair, odd) = (group / 8, group % 8 / 2, group % 2);
    (32 * half + 16 * odd, 2 * pair)
}

/// `scale * q`, three bits, signed; each 16 weights have a scale of six bits. Layout: 32 bytes of
/// third bits (clear: minus 4), 64 of the other two, 12 of scales, f16 scale of the scales.
#[inline(always)]
pub(super) fn q3_k(block: &[u8; 110], out: &mut [f32; 256]) {
    let scale = half([block[108], block[109]]);
    for (group, out) in out.as_chunks_mut::<16>().0.iter_mut().enumerate() {
        let (byte, nibble) = (group % 8, group / 8);
        let low = block[96 + byte] >> (4 * nibble) & 15;
        let high = block[104 + group % 4] >> (2 * (group / 4)) & 3;
        let scale = scale * (f32::from(low | high << 4) - 32.0);
        let (from, shift) = place_of_two_bits(group);
        let third = 1 << (group / 2);
        for (i, out) in out.iter_mut().enumerate() {
            let low = i16::from(block[32 + from + i] >> shift & 3);
            let is_set = block[from % 32 + i] & third != 0;
            *out = scale * f32::from(low - if is_set { 0 } else { 4 });
        }
    }
}

/// `scale * q - minimum`, four bits; each 32 weights have six bits for either. Layout: f16 scale
/// of the scales, f16 scale of the minimums, 12 bytes of both, 128 of weights.
#[inline(always)]
pub(super) fn q4_k(block: &[u8; 144], out: &mut [f32; 256]) {
    for (group, out) in out.as_chunks_mut::<32>().0.iter_mut().enumerate() {
        let (scale, minimum) = scale_and_minimum(block, group);
        let from = 16 + 32 * (group / 2);
        let shift = 4 * (group % 2);
        for (i, out) in out.iter_mut().enumerate() {
            *out = scale * f32::from(block[from + i] >> shift & 15) - minimum;
        }
    }
}

/// As [`q4_k`] with a fifth bit: 32 bytes of them stand before the others.
#[inline(always)]
pub(super) fn q5_k(block: &[u8; 176], out: &mut [f32; 256]) {
    for (group, out) in out.as_chunks_mut::<32>().0.iter_mut().enumerate() {
        let (scale, minimum) = scale_and_minimum(block, group);
        let from = 48 + 32 * (group / 2);
        let shift = 4 * (group % 2);
        for (i, out) in out.iter_mut().enumerate() {
            let low = block[from + i] >> shift & 15;
            let fifth = (block[16 + i] >> group & 1) << 4;
            *out = scale * f32::from(low | fifth) - minimum;
        }
    }
}

/// Scale and minimum of a group of 32 weights, from the first 16 bytes of a block.
#[inline(always)]
fn scale_and_minimum(block: &[u8], group: usize) -> (f32, f32) {
    let packed = |i: usize| block[4 + i];
    let (scale, minimum) = if group < 4 {
        (packed(group) & 63, packed(group + 4) & 63)
    } else {
        let (low, high) = (packed(group + 4), group - 4);
        (
            low & 15 | packed(high) >> 6 << 4,
            low >> 4 | packed(group) >> 6 << 4,
        )
    };
    (
        half([block[0], block[1]]) * f32::from(scale),
        half([block[2], block[3]]) * f32::from(minimum),
    )
}

/// `scale * (q - 32)`, six bits; each 16 weights have a scale of a signed byte. Layout: 128 bytes
/// of lower nibbles, 64 of upper bits, 16 of scales, f16 scale of the scales.
#[inline(always)]
pub(super) fn q6_k(block: &[u8; 210], out: &mut [f32; 256]) {
    let scale = half([block[208], block[209]]);
    for (group, out) in out.as_chunks_mut::<16>().0.iter_mut().enumerate() {
        let scale = scale * f32::from(block[192 + group].cast_signed());
        let (half, quarter, odd) = (group / 8, group % 8 / 2, group % 2);
        let low = 64 * half + 32 * (quarter % 2) + 16 * odd;
        let high = 128 + 32 * half + 16 * odd;
        for (i, out) in out.iter_mut().enumerate() {
            let low = block[low + i] >> (4 * (quarter / 2)) & 15;
            let high = block[high + i] >> (2 * quarter) & 3;
            *out = scale * f32::from(i16::from(low | high << 4) - 32);
        }
    }
}
