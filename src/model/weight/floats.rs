//! Floating-point numbers as files store them: little-endian, one after the other. All three
//! types widen to float32 without loss.

/// IEEE 754 binary32.
#[inline(always)]
pub(super) fn f32(bytes: &[u8; 4], out: &mut [f32; 1]) {
    out[0] = f32::from_le_bytes(*bytes);
}

/// IEEE 754 binary16.
#[inline(always)]
pub(super) fn f16(bytes: &[u8; 2], out: &mut [f32; 1]) {
    out[0] = half(*bytes);
}

/// The upper half of a binary32.
#[inline(always)]
pub(super) fn bf16(bytes: &[u8; 2], out: &mut [f32; 1]) {
    out[0] = f32::from_bits(u32::from(u16::from_le_bytes(*bytes)) << 16);
}

/// A float16 as float32, without a branch, so that the compiler makes vector code of a loop of
/// it. Exponent and mantissa move to their places, and a product with 2¹¹² makes good the
/// difference of the exponents' biases, for subnormal numbers too; infinities and NaN get the
/// exponent back that only they have.
#[inline(always)]
pub(super) fn half(bytes: [u8; 2]) -> f32 {
    const TWO_TO_THE_112: u32 = (127 + 112) << 23;
    let bits = u32::from(u16::from_le_bytes(bytes));
    let magnitude = f32::from_bits((bits & 0x7fff) << 13) * f32::from_bits(TWO_TO_THE_112);
    let not_finite = if bits & 0x7c00 == 0x7c00 {
        0x7f80_0000
    } else {
        0
    };
    f32::from_bits(magnitude.to_bits() | not_finite | (bits & 0x8000) << 16)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use candle_core::{DType, Device, Tensor};

    #[test]
    fn every_float16_is_what_candle_makes_of_it() {
        let bytes: Vec<u8> = (0..=u16::MAX).flat_map(u16::to_le_bytes).collect();
        let all = Tensor::from_raw_buffer(&bytes, DType::F16, &[1 << 16], &Device::Cpu).unwrap();
        let all: Vec<f32> = all.to_dtype(DType::F32).unwrap().to_vec1().unwrap();
        for (pair, expected) in bytes.as_chunks::<2>().0.iter().zip(all) {
            let found = super::half(*pair);
            assert!(
                found.to_bits() == expected.to_bits() || (found.is_nan() && expected.is_nan()),
                "{pair:?}: {found}, expected {expected}"
            );
        }
    }
}
