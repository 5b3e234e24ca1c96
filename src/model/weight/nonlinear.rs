//! GGUF's blocks whose four bits choose one of sixteen numbers that do not lie evenly: closer to
//! each other around zero, where most weights are. The layouts are those of llama.cpp's
//! `ggml-common.h`.

use super::floats::half;

/// What four bits stand for.
pub(super) const NUMBERS: [f32; 16] = [
    -127.0, -104.0, -83.0, -65.0, -49.0, -35.0, -22.0, -10.0, 1.0, 13.0, 25.0, 38.0, 53.0, 69.0,
    89.0, 113.0,
];

/// `scale * number`; f16 scale, then the nibbles of weights `i` and `i + 16`.
#[inline(always)]
pub(super) fn iq4_nl(block: &[u8; 18], out: &mut [f32; 32]) {
    let scale = half([block[0], block[1]]);
    for i in 0..16 {
        out[i] = NUMBERS[usize::from(block[2 + i] & 15)] * scale;
        out[16 + i] = NUMBERS[usize::from(block[2 + i] >> 4)] * scale;
    }
}

/// The same with 256 weights, of which each 32 have a scale of six bits. Layout: f16 scale of the
/// scales, their upper two bits, their lower four, nibbles.
#[inline(always)]
pub(super) fn iq4_xs(block: &[u8; 136], out: &mut [f32; 256]) {
    let scale = half([block[0], block[1]]);
    let high = u16::from_le_bytes([block[2], block[3]]);
    for (group, out) in out.as_chunks_mut::<32>().0.iter_mut().enumerate() {
        let low = block[4 + group / 2] >> (4 * (group % 2)) & 15;
        let six_bits = f32::from(low) + f32::from((high >> (2 * group) & 3) << 4);
        let scale = scale * (six_bits - 32.0);
        for i in 0..16 {
            let byte = block[8 + 16 * group + i];
            out[i] = NUMBERS[usize::from(byte & 15)] * scale;
            out[16 + i] = NUMBERS[usize::from(byte >> 4)] * scale;
        }
    }
}
