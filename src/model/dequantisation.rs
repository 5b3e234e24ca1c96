//! Whether weights are dequantised at load or at use.

use super::dtype::Dtype;

/// When weights that are stored in fewer bits than float32 are dequantised. The numbers are the
/// same, and so are arithmetic and results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dequantisation {
    /// As float32, dequantised once.
    AtLoad,
    /// Held in the type that they are stored in, or rounded to, and dequantised in registers where
    /// they are used: the smallest, and the fastest, as memory is what a product with one vector
    /// waits for.
    AtUse,
}

impl Dequantisation {
    /// How a model is held that is computed with as `dtype` says.
    #[must_use]
    pub fn of(dtype: Dtype) -> Self {
        match dtype {
            Dtype::F32 => Self::AtLoad,
            Dtype::Auto | Dtype::Bf16 | Dtype::F16 => Self::AtUse,
        }
    }
}
