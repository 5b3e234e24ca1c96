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
    ///
    /// Nothing is measured at load to choose: a weight out of the cache is multiplied at most
    /// 1.4 times as fast in float32 as in four bits, but each token reads all weights from memory,
    /// where float32 are seven times as many bytes. A model of 135 million weights in Q4_0
    /// generated half as fast in float32 (31 against 60 tokens/s on two cores); a larger one is
    /// further from fitting into a cache.
    #[must_use]
    pub fn of(dtype: Dtype) -> Self {
        match dtype {
            Dtype::F32 => Self::AtLoad,
            Dtype::Auto | Dtype::Bf16 | Dtype::F16 => Self::AtUse,
        }
    }
}
