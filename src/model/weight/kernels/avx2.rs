//! AVX2, FMA and F16C: what x86-64 processors have since 2013 or so.

use std::arch::x86_64::*;

use super::Job;
use super::simd::Simd;

/// Proof that this processor has AVX2, FMA and F16C.
#[derive(Clone, Copy)]
pub(super) struct Avx2(());

/// Does `job` with these instructions, and says whether the processor has them.
pub(super) fn run<J: Job>(job: J) -> bool {
    let has_them = is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("fma")
        && is_x86_feature_detected!("f16c");
    if has_them {
        // SAFETY: the processor has what the function is compiled for.
        unsafe { run_with_features(job) }
    }
    has_them
}

/// # Safety
/// The processor must have AVX2, FMA and F16C.
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn run_with_features<J: Job>(job: J) {
    job.run(Avx2(()));
}

/// Moves eight bytes from the byte `first` on, of a half that stands in both halves of a register,
/// to the byte `to` of each of eight numbers, and zeros to the others.
const fn eight_from(first: u8, to: usize) -> [u8; 32] {
    let mut shuffle = [0x80; 32];
    let mut i = 0;
    while i < 8 {
        shuffle[4 * i + to] = first + i as u8;
        i += 1;
    }
    shuffle
}

const TO_LOWEST: [[u8; 32]; 2] = [eight_from(0, 0), eight_from(8, 0)];

const TO_HIGHEST: [[u8; 32]; 2] = [eight_from(0, 3), eight_from(8, 3)];

/// The byte of 16 bits that has each bit.
const BYTE_OF_BIT: [u8; 16] = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1];

/// 32 bytes.
#[inline(always)]
fn load(from: &[u8; 32]) -> __m256i {
    // SAFETY: an `Avx2` is at hand wherever this is called, and 32 bytes are read through a
    // reference to as many.
    unsafe { _mm256_loadu_si256(from.as_ptr().cast()) }
}

// SAFETY of every block below: an `Avx2` is only made where the processor has the instructions,
// and memory is only touched through references to as many bytes as are read or written.
impl Simd for Avx2 {
    /// In both halves of a register: a shuffle stays within each.
    type Bytes = __m256i;
    type Floats = __m256;

    fn apart(self, f: impl FnOnce()) {
        /// # Safety
        /// The processor must have the instructions.
        #[target_feature(enable = "avx2,fma,f16c")]
        #[inline(never)]
        unsafe fn call(f: impl FnOnce()) {
            f();
        }
        unsafe { call(f) }
    }
    #[inline(always)]
    fn bytes(self, from: &[u8; 16]) -> __m256i {
        unsafe { _mm256_broadcastsi128_si256(_mm_loadu_si128(from.as_ptr().cast())) }
    }
    #[inline(always)]
    fn spread(self, bits: u16) -> __m256i {
        unsafe {
            let bits = _mm256_set1_epi16(bits.cast_signed());
            let each = _mm256_shuffle_epi8(bits, self.bytes(&BYTE_OF_BIT));
            let bit = _mm256_set1_epi64x(0x8040_2010_0804_0201_u64.cast_signed());
            _mm256_cmpeq_epi8(_mm256_and_si256(each, bit), bit)
        }
    }
    #[inline(always)]
    fn splat_byte(self, byte: u8) -> __m256i {
        unsafe { _mm256_set1_epi8(byte.cast_signed()) }
    }
    #[inline(always)]
    fn and(self, a: __m256i, b: __m256i) -> __m256i {
        unsafe { _mm256_and_si256(a, b) }
    }
    #[inline(always)]
    fn or(self, a: __m256i, b: __m256i) -> __m256i {
        unsafe { _mm256_or_si256(a, b) }
    }
    #[inline(always)]
    fn sub(self, a: __m256i, b: __m256i) -> __m256i {
        unsafe { _mm256_sub_epi8(a, b) }
    }
    #[inline(always)]
    fn shl(self, a: __m256i, by: i32) -> __m256i {
        unsafe { _mm256_sll_epi16(a, _mm_cvtsi32_si128(by)) }
    }
    #[inline(always)]
    fn shr(self, a: __m256i, by: i32) -> __m256i {
        unsafe { _mm256_srl_epi16(a, _mm_cvtsi32_si128(by)) }
    }
    #[inline(always)]
    fn unsigned(self, bytes: __m256i, which: usize) -> __m256 {
        let shuffle = load(&TO_LOWEST[which % 2]);
        unsafe { _mm256_cvtepi32_ps(_mm256_shuffle_epi8(bytes, shuffle)) }
    }
    #[inline(always)]
    fn signed(self, bytes: __m256i, which: usize) -> __m256 {
        let shuffle = load(&TO_HIGHEST[which % 2]);
        unsafe { _mm256_cvtepi32_ps(_mm256_shuffle_epi8(bytes, shuffle)) }
    }
    #[inline(always)]
    fn eight_unsigned(self, bytes: [u8; 8]) -> __m256 {
        unsafe {
            let bytes = _mm_cvtsi64_si128(i64::from_le_bytes(bytes));
            _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes))
        }
    }
    #[inline(always)]
    fn eight_signed(self, bytes: [u8; 8]) -> __m256 {
        unsafe {
            let bytes = _mm_cvtsi64_si128(i64::from_le_bytes(bytes));
            _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(bytes))
        }
    }
    #[inline(always)]
    fn eight_e4m3(self, bytes: [u8; 8]) -> __m256 {
        // See `number` in the twins' file.
        unsafe {
            let codes = _mm256_cvtepi8_epi32(_mm_cvtsi64_si128(i64::from_le_bytes(bytes)));
            let rest = _mm256_set1_epi32(0x7f);
            let is_none = _mm256_cmpeq_epi32(_mm256_and_si256(codes, rest), rest);
            // The sign is in all bits above the code.
            let sign_and_rest = _mm256_set1_epi32(0x87f0_0000_u32.cast_signed());
            let placed = _mm256_and_si256(_mm256_slli_epi32(codes, 20), sign_and_rest);
            let scale = _mm256_castsi256_ps(_mm256_set1_epi32((127 + 120) << 23));
            let numbers = _mm256_mul_ps(_mm256_castsi256_ps(placed), scale);
            let none = _mm256_and_si256(is_none, _mm256_set1_epi32(0x7fc0_0000));
            _mm256_or_ps(numbers, _mm256_castsi256_ps(none))
        }
    }
    #[inline(always)]
    fn pick(self, numbers: &[f32; 16], bytes: __m256i, which: usize) -> __m256 {
        let shuffle = load(&TO_LOWEST[which % 2]);
        let ([low, high], _) = numbers.as_chunks::<8>() else {
            return self.splat(0.0);
        };
        unsafe {
            let each = _mm256_shuffle_epi8(bytes, shuffle);
            let low = _mm256_permutevar8x32_ps(self.floats(low), each);
            let high = _mm256_permutevar8x32_ps(self.floats(high), each);
            // The fourth bit, as the sign.
            let is_high = _mm256_castsi256_ps(_mm256_slli_epi32(each, 28));
            _mm256_blendv_ps(low, high, is_high)
        }
    }
    #[inline(always)]
    fn splat(self, number: f32) -> __m256 {
        unsafe { _mm256_set1_ps(number) }
    }
    #[inline(always)]
    fn floats(self, from: &[f32; 8]) -> __m256 {
        unsafe { _mm256_loadu_ps(from.as_ptr()) }
    }
    #[inline(always)]
    fn store(self, numbers: __m256, to: &mut [f32; 8]) {
        unsafe { _mm256_storeu_ps(to.as_mut_ptr(), numbers) }
    }
    #[inline(always)]
    fn widen_f16(self, from: &[u8; 16]) -> __m256 {
        unsafe { _mm256_cvtph_ps(_mm_loadu_si128(from.as_ptr().cast())) }
    }
    #[inline(always)]
    fn widen_bf16(self, from: &[u8; 16]) -> __m256 {
        unsafe {
            let wide = _mm256_cvtepu16_epi32(_mm_loadu_si128(from.as_ptr().cast()));
            _mm256_castsi256_ps(_mm256_slli_epi32(wide, 16))
        }
    }
    #[inline(always)]
    fn splat_f16(self, from: [u8; 2]) -> __m256 {
        unsafe { _mm256_cvtph_ps(_mm_set1_epi16(i16::from_le_bytes(from))) }
    }
    #[inline(always)]
    fn mul(self, a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_mul_ps(a, b) }
    }
    #[inline(always)]
    fn div(self, a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_div_ps(a, b) }
    }
    #[inline(always)]
    fn add(self, a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_add_ps(a, b) }
    }
    #[inline(always)]
    fn mul_add(self, a: __m256, b: __m256, c: __m256) -> __m256 {
        unsafe { _mm256_fmadd_ps(a, b, c) }
    }
    #[inline(always)]
    fn total(self, numbers: __m256) -> f32 {
        unsafe {
            let four = _mm_add_ps(
                _mm256_castps256_ps128(numbers),
                _mm256_extractf128_ps(numbers, 1),
            );
            let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)))
        }
    }
    #[inline(always)]
    fn totals(self, numbers: [__m256; 4]) -> [f32; 4] {
        let [a, b, c, d] = numbers;
        let mut sums = [0.0; 4];
        unsafe {
            let eight = _mm256_hadd_ps(_mm256_hadd_ps(a, b), _mm256_hadd_ps(c, d));
            let upper = _mm256_extractf128_ps(eight, 1);
            let four = _mm_add_ps(_mm256_castps256_ps128(eight), upper);
            _mm_storeu_ps(sums.as_mut_ptr(), four);
        }
        sums
    }
}
