//! In which type of numbers a model is held and computed with.

use candle_core::{DType, Result, Tensor};
use serde::{Deserialize, Serialize};

/// In which type of numbers a model is held and computed with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dtype {
    /// All arithmetic is float32 on the exact values, which are held as they are stored.
    #[default]
    Auto,
    /// The same with weights held in float32, which takes more memory.
    F32,
    /// As a model that was loaded in bfloat16 computes: weights are rounded to that type, and so
    /// is what each operation gives. Sums inside an operation are float32.
    Bf16,
    /// The same in float16. Its largest number is 65504.
    F16,
}

impl Dtype {
    /// How the status line calls the arithmetic.
    #[must_use]
    pub fn arithmetic(self) -> &'static str {
        match self {
            Self::Auto => "exact",
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
            Self::F16 => "f16",
        }
    }

    /// The type that numbers are rounded to, if they are.
    #[must_use]
    pub fn rounds_to(self) -> Option<DType> {
        match self {
            Self::Auto | Self::F32 => None,
            Self::Bf16 => Some(DType::BF16),
            Self::F16 => Some(DType::F16),
        }
    }

    /// From one number to the next one, as a share of it, where numbers are rounded; else 0.
    #[must_use]
    pub fn step(self) -> f32 {
        match self {
            Self::Auto | Self::F32 => 0.0,
            Self::Bf16 => 1.0 / 128.0,
            Self::F16 => 1.0 / 1024.0,
        }
    }

    /// What an operation gives, float32 of any shape, as this arithmetic keeps it. It stays a
    /// float32 tensor.
    pub fn round(self, x: Tensor) -> Result<Tensor> {
        match self.rounds_to() {
            Some(dtype) => x.to_dtype(dtype)?.to_dtype(DType::F32),
            None => Ok(x),
        }
    }

    /// What to do where a result is not a finite number.
    #[must_use]
    pub fn advice_if_not_finite(self) -> &'static str {
        match self {
            Self::F16 => "float16 ends at 65504, try --dtype bf16 or --dtype auto",
            Self::Auto | Self::F32 | Self::Bf16 => "the weights may be damaged",
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::model::ModelError;
    use candle_core::Device;

    /// `1 + 2⁻⁸` lies half-way between two bfloat16 numbers, `1 + 2⁻¹¹` between two of float16.
    fn numbers() -> [f32; 3] {
        [1.0 + 2.0_f32.powi(-8), 1.0 + 2.0_f32.powi(-11), 70_000.0]
    }

    fn rounded(dtype: Dtype) -> Vec<f32> {
        let x = Tensor::new(&numbers(), &Device::Cpu).unwrap();
        dtype.round(x).unwrap().to_vec1().unwrap()
    }

    #[test]
    fn exact_arithmetic_keeps_every_number() {
        assert_eq!(rounded(Dtype::Auto), numbers());
        assert_eq!(rounded(Dtype::F32), numbers());
    }

    #[test]
    fn half_way_goes_to_the_even_neighbour() {
        assert_eq!(rounded(Dtype::Bf16), [1.0, 1.0, 70_144.0]);
        assert_eq!(rounded(Dtype::F16)[..2], [numbers()[0], 1.0]);
    }

    #[test]
    fn an_overflow_is_told_with_what_to_do() {
        let error = ModelError::NotFinite {
            place: "L3".into(),
            dtype: Dtype::F16,
        };
        assert_eq!(
            error.to_string(),
            "L3: a logit is not a finite number; \
             float16 ends at 65504, try --dtype bf16 or --dtype auto"
        );
    }

    #[test]
    fn float16_has_no_number_as_large_as_70000() {
        assert_eq!(rounded(Dtype::F16)[2], f32::INFINITY);
    }
}
