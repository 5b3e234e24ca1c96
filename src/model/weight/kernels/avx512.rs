//! AVX-512: 16 float32 at once and 32 registers, for products with several vectors. Those with one
//! vector wait for memory, and AVX2 reads as fast.

use std::arch::x86_64::*;

use super::tile::Tiles;
use super::wide_tile::{self, Wide};

/// Proof that this processor has AVX-512F.
#[derive(Clone, Copy)]
struct Avx512(());

/// Does `job` with these instructions, and says whether the processor has them; where it has not,
/// nothing is done.
pub(super) fn tiles(job: &mut Tiles<'_>) -> bool {
    let has_them = is_x86_feature_detected!("avx512f");
    if has_them {
        // SAFETY: the processor has what the function is compiled for.
        unsafe { tiles_with_features(job) }
    }
    has_them
}

/// # Safety
/// The processor must have AVX-512F.
#[target_feature(enable = "avx512f")]
unsafe fn tiles_with_features(job: &mut Tiles<'_>) {
    let Tiles { rows, x, out } = job;
    wide_tile::tiles(Avx512(()), Tiles { rows, x, out });
}

// SAFETY of every block below: an `Avx512` is only made where the processor has the instructions,
// and memory is only read through references to as many bytes.
impl Wide for Avx512 {
    type Numbers = __m512;

    #[inline(always)]
    fn zero(self) -> __m512 {
        unsafe { _mm512_setzero_ps() }
    }
    #[inline(always)]
    fn sixteen(self, from: &[[f32; 8]; 2]) -> __m512 {
        unsafe { _mm512_loadu_ps(from.as_ptr().cast()) }
    }
    #[inline(always)]
    fn eight(self, from: &[f32; 8]) -> __m512 {
        unsafe { _mm512_zextps256_ps512(_mm256_loadu_ps(from.as_ptr())) }
    }
    #[inline(always)]
    fn mul_add(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        unsafe { _mm512_fmadd_ps(a, b, c) }
    }
    #[inline(always)]
    fn total(self, numbers: __m512) -> f32 {
        unsafe { _mm512_reduce_add_ps(numbers) }
    }
}
