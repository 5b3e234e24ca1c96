//! GGUF's blocks of 256 weights whose codes choose several weights at once, from a grid of those
//! combinations that occur most: `IQ1`, `IQ2` and `IQ3`. The layouts are those of llama.cpp's
//! `ggml-common.h`; every product here is exact in float32.

mod iq1;
mod iq2_s;
mod iq2_xs;
mod iq2_xxs;
mod iq3_s;
mod iq3_xxs;

use super::floats::half;

/// Eight weights an entry, a byte each, the first one lowest.
pub(super) static IQ2_XXS: [u64; 256] = eights(&iq2_xxs::GRID, [8, 25, 43, 0]);
/// Alike.
pub(super) static IQ2_XS: [u64; 512] = eights(&iq2_xs::GRID, [8, 25, 43, 0]);
/// Alike.
pub(super) static IQ2_S: [u64; 1024] = eights(&iq2_s::GRID, [8, 25, 43, 0]);
/// Alike, as signed bytes: eight times -1, 0 or 1.
pub(super) static IQ1: [u64; 2048] = eights(&iq1::GRID, [0xf8, 0, 8, 0]);
/// Four weights an entry, a byte each, the first one lowest.
pub(super) static IQ3_XXS: [u32; 256] = fours(&iq3_xxs::GRID, [4, 12, 20, 28, 36, 44, 52, 62]);
/// Alike.
pub(super) static IQ3_S: [u32; 512] = fours(&iq3_s::GRID, [1, 3, 5, 7, 9, 11, 13, 15]);

const fn eights<const N: usize>(grid: &[u16; N], numbers: [u8; 4]) -> [u64; N] {
    let mut all = [0; N];
    let mut entry = 0;
    while entry < N {
        let mut i = 0;
        while i < 8 {
            let number = numbers[(grid[entry] >> (2 * i) & 3) as usize];
            all[entry] |= (number as u64) << (8 * i);
            i += 1;
        }
        entry += 1;
    }
    all
}

const fn fours<const N: usize>(grid: &[u16; N], numbers: [u8; 8]) -> [u32; N] {
    let mut all = [0; N];
    let mut entry = 0;
    while entry < N {
        let mut i = 0;
        while i < 4 {
            let number = numbers[(grid[entry] >> (4 * i) & 7) as usize];
            all[entry] |= (number as u32) << (8 * i);
            i += 1;
        }
        entry += 1;
    }
    all
}

/// The signs of eight weights from seven bits: the eighth makes their number even.
#[inline(always)]
pub(super) const fn eight_signs(seven_bits: u32) -> u8 {
    let [seven, ..] = (seven_bits & 0x7f).to_le_bytes();
    if seven.count_ones() & 1 == 1 {
        seven | 0x80
    } else {
        seven
    }
}

/// `scale * number` for eight unsigned bytes, negative where a bit of `signs` is set.
#[inline(always)]
fn signed(numbers: [u8; 8], signs: u8, scale: f32, out: &mut [f32; 8]) {
    for (i, (out, number)) in out.iter_mut().zip(numbers).enumerate() {
        let sign = if signs >> i & 1 == 1 { -1.0 } else { 1.0 };
        *out = scale * f32::from(number) * sign;
    }
}

#[inline(always)]
fn word(block: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([block[at], block[at + 1], block[at + 2], block[at + 3]])
}

#[inline(always)]
fn short(block: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([block[at], block[at + 1]])
}

/// What four bits of a scale stand for: `(n + 1/2) / 4`.
#[inline(always)]
pub(super) fn quarter_scale(nibble: u8) -> f32 {
    (0.5 + f32::from(nibble)) * 0.25
}

#[inline(always)]
fn joined(low: u32, high: u32) -> [u8; 8] {
    (u64::from(low) | u64::from(high) << 32).to_le_bytes()
}

/// f16 scale; then for each 32 weights four entries of the grid in a byte each, and a word with
/// four times seven signs and the four bits of a scale.
#[inline(always)]
pub(super) fn iq2_xxs(block: &[u8; 66], out: &mut [f32; 256]) {
    let scale = half([block[0], block[1]]);
    for (group, out) in out.as_chunks_mut::<32>().0.iter_mut().enumerate() {
        let rest = word(block, 2 + 8 * group + 4);
        let [.., top] = rest.to_le_bytes();
        let scale = scale * quarter_scale(top >> 4);
        for (i, out) in out.as_chunks_mut::<8>().0.iter_mut().enumerate() {
            let entry = IQ2_XXS[usize::from(block[2 + 8 * group + i])];
            let signs = eight_signs(rest >> (7 * i));
            signed(entry.to_le_bytes(), signs, scale, out);
        }
    }
}

/// f16 scale; for each eight weights nine bits of an entry and seven signs; for each 16 a scale of
/// four bits.
#[inline(always)]
pub(super) fn iq2_xs(block: &[u8; 74], out: &mut [f32; 256]) {
    let scale = half([block[0], block[1]]);
    for (i, out) in out.as_chunks_mut::<8>().0.iter_mut().enumerate() {
        let code = short(block, 2 + 2 * i);
        let nibble = block[66 + i / 4] >> (4 * (i / 2 % 2)) & 15;
        let entry = IQ2_XS[usize::from(code & 511)];
        let signs = eight_signs(u32::from(code >> 9));
        signed(
            entry.to_le_bytes(),
            signs,
            scale * quarter_scale(nibble),
            out,
        );
    }
}

/// f16 scale; for each eight weights eight bits of an entry; a byte of signs for each; two more
/// bits of the entries; for each 16 weights a scale of four bits.
#[inline(always)]
pub(super) fn iq2_s(block: &[u8; 82], out: &mut [f32; 256]) {
    let scale = half([block[0], block[1]]);
    for (i, out) in out.as_chunks_mut::<8>().0.iter_mut().enumerate() {
        let high = u16::from(block[66 + i / 4] >> (2 * (i % 4)) & 3);
        let nibble = block[74 + i / 4] >> (4 * (i / 2 % 2)) & 15;
        let entry = IQ2_S[usize::from(u16::from(block[2 + i]) | high << 8)];
        let signs = block[34 + i];
        signed(
            entry.to_le_bytes(),
            signs,
            scale * quarter_scale(nibble),
            out,
        );
    }
}

/// f16 scale; an entry of four weights in each of 64 bytes; for each 32 weights a word with four
/// times seven signs and the four bits of a scale.
#[inline(always)]
pub(super) fn iq3_xxs(block: &[u8; 98], out: &mut [f32; 256]) {
    let scale = half([block[0], block[1]]);
    for (group, out) in out.as_chunks_mut::<32>().0.iter_mut().enumerate() {
        let rest = word(block, 66 + 4 * group);
        let [.., top] = rest.to_le_bytes();
        let scale = scale * (2.0 * quarter_scale(top >> 4));
        for (i, out) in out.as_chunks_mut::<8>().0.iter_mut().enumerate() {
            let entry = |at: usize| IQ3_XXS[usize::from(block[2 + 8 * group + 2 * i + at])];
            let numbers = joined(entry(0), entry(1));
            signed(numbers, eight_signs(rest >> (7 * i)), scale, out);
        }
    }
}

/// f16 scale; eight bits of an entry of four weights in each of 64 bytes; their ninth bits; a byte
/// of signs for each eight weights; for each 32 a scale of four bits.
#[inline(always)]
pub(super) fn iq3_s(block: &[u8; 110], out: &mut [f32; 256]) {
    let scale = half([block[0], block[1]]);
    for (i, out) in out.as_chunks_mut::<8>().0.iter_mut().enumerate() {
        let nibble = block[106 + i / 8] >> (4 * (i / 4 % 2)) & 15;
        let scale = scale * (1.0 + 2.0 * f32::from(nibble));
        let entry = |at: usize| {
            let at = 2 * i + at;
            let ninth = u16::from(block[66 + at / 8] >> (at % 8) & 1);
            IQ3_S[usize::from(u16::from(block[2 + at]) | ninth << 8)]
        };
        signed(joined(entry(0), entry(1)), block[74 + i], scale, out);
    }
}

/// `scale / 8 * (number ± 1)` for eight signed bytes.
#[inline(always)]
fn shifted(numbers: u64, is_down: bool, scale: f32, out: &mut [f32; 8]) {
    let shift = if is_down { -1.0 } else { 1.0 };
    for (out, number) in out.iter_mut().zip(numbers.to_le_bytes()) {
        *out = (f32::from(number.cast_signed()) + shift) * (scale * 0.125);
    }
}

/// f16 scale; for each eight weights eight bits of an entry; for each 32 three more bits of four
/// entries, a scale of three bits, and whether all are an eighth lower or higher.
#[inline(always)]
pub(super) fn iq1_s(block: &[u8; 50], out: &mut [f32; 256]) {
    let scale = half([block[0], block[1]]);
    for (i, out) in out.as_chunks_mut::<8>().0.iter_mut().enumerate() {
        let rest = short(block, 34 + 2 * (i / 4));
        let scale = scale * (2.0 * f32::from(rest >> 12 & 7) + 1.0);
        let high = rest >> (3 * (i % 4)) & 7;
        let entry = IQ1[usize::from(u16::from(block[2 + i]) | high << 8)];
        shifted(entry, rest & 0x8000 != 0, scale, out);
    }
}

/// For each eight weights eight bits of an entry; for each three more and whether they are an
/// eighth lower or higher; for each 16 a scale of three bits, and between those the f16 scale.
#[inline(always)]
pub(super) fn iq1_m(block: &[u8; 56], out: &mut [f32; 256]) {
    let scale = half(scattered_scale(block));
    for (i, out) in out.as_chunks_mut::<8>().0.iter_mut().enumerate() {
        let three_bits = short(block, 48 + 2 * (i / 8)) >> (3 * (i / 2 % 4)) & 7;
        let scale = scale * (2.0 * f32::from(three_bits) + 1.0);
        let nibble = block[32 + i / 2] >> (4 * (i % 2)) & 15;
        let entry = IQ1[usize::from(u16::from(block[i]) | u16::from(nibble & 7) << 8)];
        shifted(entry, nibble & 8 != 0, scale, out);
    }
}

/// The f16 scale of an IQ1_M block: four bits in each of the last four words.
#[inline(always)]
pub(super) fn scattered_scale(block: &[u8; 56]) -> [u8; 2] {
    let top = |i: usize| short(block, 48 + 2 * i) >> 12;
    (top(0) | top(1) << 4 | top(2) << 8 | top(3) << 12).to_le_bytes()
}
