//! NEON, which every 64-bit ARM processor has.

use std::arch::aarch64::*;

use super::Job;
use super::simd::Simd;

/// Proof that this is a processor with NEON.
#[derive(Clone, Copy)]
pub(super) struct Neon(());

/// Does `job` with these instructions, and says whether the processor has them.
pub(super) fn run<J: Job>(job: J) -> bool {
    job.run(Neon(()));
    true
}

/// Moves four bytes from the byte `first` on to the byte `to` of each of four numbers, and zeros
/// to the others.
const fn four_from(first: u8, to: usize) -> [u8; 16] {
    let mut table = [0xff; 16];
    let mut i = 0;
    while i < 4 {
        table[4 * i + to] = first + i as u8;
        i += 1;
    }
    table
}

const TO_LOWEST: [[u8; 16]; 4] = [
    four_from(0, 0),
    four_from(4, 0),
    four_from(8, 0),
    four_from(12, 0),
];

const TO_HIGHEST: [[u8; 16]; 4] = [
    four_from(0, 3),
    four_from(4, 3),
    four_from(8, 3),
    four_from(12, 3),
];

/// Four bytes from the byte `first` on, each four times.
const fn four_times(first: u8) -> [u8; 16] {
    let mut table = [0; 16];
    let mut i = 0;
    while i < 16 {
        table[i] = first + i as u8 / 4;
        i += 1;
    }
    table
}

const FOUR_TIMES: [[u8; 16]; 4] = [four_times(0), four_times(4), four_times(8), four_times(12)];

/// The bytes of a number, four times.
const BYTES_OF_NUMBER: [u8; 16] = [0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3];

/// Each bit of a byte, lowest first, twice.
const BITS: [u8; 16] = [1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128];

#[inline(always)]
fn load(from: &[u8; 16]) -> uint8x16_t {
    // SAFETY: 16 bytes are read through a reference to as many.
    unsafe { vld1q_u8(from.as_ptr()) }
}

#[inline(always)]
fn load_floats(from: &[f32; 4]) -> float32x4_t {
    // SAFETY: four numbers are read through a reference to as many.
    unsafe { vld1q_f32(from.as_ptr()) }
}

/// Both halves of 32 bytes.
#[inline(always)]
fn two<T, const N: usize, const M: usize>(all: &[T; M]) -> (&[T; N], &[T; N]) {
    match (all.first_chunk(), all.last_chunk()) {
        (Some(first), Some(last)) => (first, last),
        _ => unreachable!("M is twice N"),
    }
}

/// Four float16 as float32; see [`half`](super::super::floats::half).
#[inline(always)]
fn widen_halves(bits: uint16x4_t) -> float32x4_t {
    // SAFETY: every 64-bit ARM processor has NEON.
    unsafe {
        let bits = vmovl_u16(bits);
        let magnitude = vshlq_n_u32::<13>(vandq_u32(bits, vdupq_n_u32(0x7fff)));
        let magnitude = vmulq_f32(
            vreinterpretq_f32_u32(magnitude),
            vreinterpretq_f32_u32(vdupq_n_u32((127 + 112) << 23)),
        );
        let exponent = vdupq_n_u32(0x7c00);
        let is_not_finite = vceqq_u32(vandq_u32(bits, exponent), exponent);
        let not_finite = vandq_u32(is_not_finite, vdupq_n_u32(0x7f80_0000));
        let sign = vshlq_n_u32::<16>(vandq_u32(bits, vdupq_n_u32(0x8000)));
        let magnitude = vreinterpretq_u32_f32(magnitude);
        vreinterpretq_f32_u32(vorrq_u32(vorrq_u32(magnitude, not_finite), sign))
    }
}

#[inline(always)]
fn map<A: Copy, B>(a: (A, A), f: impl Fn(A) -> B) -> (B, B) {
    (f(a.0), f(a.1))
}

#[inline(always)]
fn zip<A: Copy, B>(a: (A, A), b: (A, A), f: impl Fn(A, A) -> B) -> (B, B) {
    (f(a.0, b.0), f(a.1, b.1))
}

// SAFETY of every block below: every 64-bit ARM processor has NEON, and memory is only touched
// through references to as many bytes as are read or written.
impl Simd for Neon {
    type Bytes = uint8x16_t;
    type Floats = (float32x4_t, float32x4_t);

    #[inline(never)]
    fn apart(self, f: impl FnOnce()) {
        f();
    }
    #[inline(always)]
    fn bytes(self, from: &[u8; 16]) -> uint8x16_t {
        load(from)
    }
    #[inline(always)]
    fn spread(self, bits: u16) -> uint8x16_t {
        let [low, high] = bits.to_le_bytes();
        unsafe {
            let each = vcombine_u8(vdup_n_u8(low), vdup_n_u8(high));
            vtstq_u8(each, load(&BITS))
        }
    }
    #[inline(always)]
    fn splat_byte(self, byte: u8) -> uint8x16_t {
        unsafe { vdupq_n_u8(byte) }
    }
    #[inline(always)]
    fn and(self, a: uint8x16_t, b: uint8x16_t) -> uint8x16_t {
        unsafe { vandq_u8(a, b) }
    }
    #[inline(always)]
    fn or(self, a: uint8x16_t, b: uint8x16_t) -> uint8x16_t {
        unsafe { vorrq_u8(a, b) }
    }
    #[inline(always)]
    fn sub(self, a: uint8x16_t, b: uint8x16_t) -> uint8x16_t {
        unsafe { vsubq_u8(a, b) }
    }
    #[inline(always)]
    fn shl(self, a: uint8x16_t, by: i32) -> uint8x16_t {
        unsafe { vshlq_u8(a, vdupq_n_s8(by as i8)) }
    }
    #[inline(always)]
    fn shr(self, a: uint8x16_t, by: i32) -> uint8x16_t {
        unsafe { vshlq_u8(a, vdupq_n_s8(-by as i8)) }
    }
    #[inline(always)]
    fn unsigned(self, bytes: uint8x16_t, which: usize) -> Self::Floats {
        let four = |table| unsafe { vcvtq_f32_u32(vreinterpretq_u32_u8(vqtbl1q_u8(bytes, table))) };
        let first = 2 * (which % 2);
        (
            four(load(&TO_LOWEST[first])),
            four(load(&TO_LOWEST[first + 1])),
        )
    }
    #[inline(always)]
    fn signed(self, bytes: uint8x16_t, which: usize) -> Self::Floats {
        let four = |table| unsafe { vcvtq_f32_s32(vreinterpretq_s32_u8(vqtbl1q_u8(bytes, table))) };
        let first = 2 * (which % 2);
        (
            four(load(&TO_HIGHEST[first])),
            four(load(&TO_HIGHEST[first + 1])),
        )
    }
    #[inline(always)]
    fn eight_unsigned(self, bytes: [u8; 8]) -> Self::Floats {
        unsafe {
            let wide = vmovl_u8(vcreate_u8(u64::from_le_bytes(bytes)));
            map((vget_low_u16(wide), vget_high_u16(wide)), |four| {
                vcvtq_f32_u32(vmovl_u16(four))
            })
        }
    }
    #[inline(always)]
    fn eight_signed(self, bytes: [u8; 8]) -> Self::Floats {
        unsafe {
            let wide = vmovl_s8(vcreate_s8(u64::from_le_bytes(bytes)));
            map((vget_low_s16(wide), vget_high_s16(wide)), |four| {
                vcvtq_f32_s32(vmovl_s16(four))
            })
        }
    }
    #[inline(always)]
    fn eight_e4m3(self, bytes: [u8; 8]) -> Self::Floats {
        // See `number` in the twins' file.
        let four = |codes: int16x4_t| unsafe {
            let codes = vreinterpretq_u32_s32(vmovl_s16(codes));
            let rest = vdupq_n_u32(0x7f);
            let is_none = vceqq_u32(vandq_u32(codes, rest), rest);
            // The sign is in all bits above the code.
            let placed = vandq_u32(vshlq_n_u32::<20>(codes), vdupq_n_u32(0x87f0_0000));
            let scale = vreinterpretq_f32_u32(vdupq_n_u32((127 + 120) << 23));
            let numbers = vmulq_f32(vreinterpretq_f32_u32(placed), scale);
            let none = vandq_u32(is_none, vdupq_n_u32(0x7fc0_0000));
            vreinterpretq_f32_u32(vorrq_u32(vreinterpretq_u32_f32(numbers), none))
        };
        unsafe {
            let wide = vmovl_s8(vcreate_s8(u64::from_le_bytes(bytes)));
            map((vget_low_s16(wide), vget_high_s16(wide)), four)
        }
    }
    #[inline(always)]
    fn pick(self, numbers: &[f32; 16], bytes: uint8x16_t, which: usize) -> Self::Floats {
        let ([a, b, c, d], _) = numbers.as_chunks::<4>() else {
            return self.splat(0.0);
        };
        let part = |four| unsafe { vreinterpretq_u8_f32(load_floats(four)) };
        let table = uint8x16x4_t(part(a), part(b), part(c), part(d));
        let four = |places: &[u8; 16]| unsafe {
            let each = vqtbl1q_u8(bytes, load(places));
            let places = vaddq_u8(vshlq_n_u8::<2>(each), load(&BYTES_OF_NUMBER));
            vreinterpretq_f32_u8(vqtbl4q_u8(table, places))
        };
        let first = 2 * (which % 2);
        (four(&FOUR_TIMES[first]), four(&FOUR_TIMES[first + 1]))
    }
    #[inline(always)]
    fn splat(self, number: f32) -> Self::Floats {
        unsafe { (vdupq_n_f32(number), vdupq_n_f32(number)) }
    }
    #[inline(always)]
    fn floats(self, from: &[f32; 8]) -> Self::Floats {
        let (low, high) = two(from);
        (load_floats(low), load_floats(high))
    }
    #[inline(always)]
    fn store(self, numbers: Self::Floats, to: &mut [f32; 8]) {
        unsafe {
            vst1q_f32(to.as_mut_ptr(), numbers.0);
            vst1q_f32(to.as_mut_ptr().add(4), numbers.1);
        }
    }
    #[inline(always)]
    fn widen_f16(self, from: &[u8; 16]) -> Self::Floats {
        unsafe {
            let bits = vreinterpretq_u16_u8(load(from));
            map((vget_low_u16(bits), vget_high_u16(bits)), |four| {
                widen_halves(four)
            })
        }
    }
    #[inline(always)]
    fn widen_bf16(self, from: &[u8; 16]) -> Self::Floats {
        unsafe {
            let bits = vreinterpretq_u16_u8(load(from));
            map((vget_low_u16(bits), vget_high_u16(bits)), |four| {
                vreinterpretq_f32_u32(vshll_n_u16::<16>(four))
            })
        }
    }
    #[inline(always)]
    fn splat_f16(self, from: [u8; 2]) -> Self::Floats {
        unsafe {
            let four = widen_halves(vdup_n_u16(u16::from_le_bytes(from)));
            (four, four)
        }
    }
    #[inline(always)]
    fn mul(self, a: Self::Floats, b: Self::Floats) -> Self::Floats {
        unsafe { zip(a, b, |a, b| vmulq_f32(a, b)) }
    }
    #[inline(always)]
    fn div(self, a: Self::Floats, b: Self::Floats) -> Self::Floats {
        unsafe { zip(a, b, |a, b| vdivq_f32(a, b)) }
    }
    #[inline(always)]
    fn add(self, a: Self::Floats, b: Self::Floats) -> Self::Floats {
        unsafe { zip(a, b, |a, b| vaddq_f32(a, b)) }
    }
    #[inline(always)]
    fn mul_add(self, a: Self::Floats, b: Self::Floats, c: Self::Floats) -> Self::Floats {
        unsafe { (vfmaq_f32(c.0, a.0, b.0), vfmaq_f32(c.1, a.1, b.1)) }
    }
    #[inline(always)]
    fn total(self, numbers: Self::Floats) -> f32 {
        unsafe { vaddvq_f32(vaddq_f32(numbers.0, numbers.1)) }
    }
    #[inline(always)]
    fn totals(self, numbers: [Self::Floats; 4]) -> [f32; 4] {
        let [a, b, c, d] = numbers;
        let mut sums = [0.0; 4];
        unsafe {
            let pairs = zip(
                (vpaddq_f32(a.0, b.0), vpaddq_f32(a.1, b.1)),
                (vpaddq_f32(c.0, d.0), vpaddq_f32(c.1, d.1)),
                |ab, cd| vpaddq_f32(ab, cd),
            );
            vst1q_f32(sums.as_mut_ptr(), vaddq_f32(pairs.0, pairs.1));
        }
        sums
    }
}
