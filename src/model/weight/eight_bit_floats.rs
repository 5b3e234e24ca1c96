//! FP8 weights with float32 scales. Checkpoints hold codes and scales in tensors of their own; here
//! the scale stands before the codes that it is of.

/// Weights of four exponent and three mantissa bits (`E4M3`), times a scale; the f32 scale, then
/// the codes.
#[inline(always)]
pub(super) fn e4m3<const BYTES: usize, const WEIGHTS: usize>(
    block: &[u8; BYTES],
    out: &mut [f32; WEIGHTS],
) {
    let scale = f32::from_le_bytes([block[0], block[1], block[2], block[3]]);
    for (out, code) in out.iter_mut().zip(&block[4..]) {
        *out = number(*code) * scale;
    }
}

/// The number that an `E4M3` code stands for, without infinities and with one pattern, and its
/// negative, for what is no number. Exponent and mantissa move to their places in a float32, and a
/// product with 2¹²⁰ makes good the difference of the exponents' biases, for subnormal numbers too.
#[inline(always)]
#[must_use]
pub fn number(code: u8) -> f32 {
    const TWO_TO_THE_120: f32 = f32::from_bits((127 + 120) << 23);
    let magnitude = f32::from_bits(u32::from(code & 0x7f) << 20) * TWO_TO_THE_120;
    let not_a_number = if code & 0x7f == 0x7f { 0x7fc0_0000 } else { 0 };
    f32::from_bits(magnitude.to_bits() | not_a_number | u32::from(code & 0x80) << 24)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use candle_core::{DType, Device, Tensor};

    #[test]
    fn every_code_is_what_candle_makes_of_it() {
        let bytes: Vec<u8> = (0..=u8::MAX).collect();
        let all = Tensor::from_raw_buffer(&bytes, DType::F8E4M3, &[256], &Device::Cpu).unwrap();
        let all: Vec<f32> = all.to_dtype(DType::F32).unwrap().to_vec1().unwrap();
        for (code, expected) in bytes.into_iter().zip(all) {
            let found = super::number(code);
            assert!(
                found.to_bits() == expected.to_bits() || (found.is_nan() && expected.is_nan()),
                "{code:#x}: {found}, expected {expected}"
            );
        }
    }
}
