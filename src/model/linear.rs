//! `y = x Wᵀ + b`, on any device.

use candle_core::{Result, Storage, Tensor};

use super::dtype::Dtype;
use super::weight::Weight;

/// A linear projection.
#[derive(Clone, Debug)]
pub struct Linear {
    /// `[out, in]`.
    weight: Weight,
    /// `[out]`.
    bias: Option<Tensor>,
    dtype: Dtype,
}

impl Linear {
    /// A projection with a `weight` of `[out, in]` and a `bias` of `[out]`, whose results are kept
    /// as `dtype` says.
    #[must_use]
    pub fn new(weight: Weight, bias: Option<Tensor>, dtype: Dtype) -> Self {
        Self {
            weight,
            bias,
            dtype,
        }
    }

    /// `[rows, in]` → `[rows, out]`.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let y = self.without_bias(x)?;
        let y = match &self.bias {
            Some(bias) => y.broadcast_add(bias)?,
            None => y,
        };
        self.dtype.round(y)
    }

    /// `x Wᵀ` alone, not rounded: `[rows, in]` → `[rows, out]`.
    pub fn without_bias(&self, x: &Tensor) -> Result<Tensor> {
        self.weight.matmul(x)
    }

    /// Bytes of weights that a product reads.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.weight.bytes()
    }

    /// `[out]`.
    #[must_use]
    pub fn bias(&self) -> Option<&Tensor> {
        self.bias.as_ref()
    }
}

/// Calls `f` with the float32 values of a tensor on the CPU from its first one on, and with how
/// far its first dimension strides. Those behind the tensor in its memory are there too.
pub fn with_values_from<T>(tensor: &Tensor, f: impl FnOnce(&[f32], usize) -> T) -> Result<T> {
    let (storage, layout) = tensor.storage_and_layout();
    let (Storage::Cpu(storage), Some(stride)) = (&*storage, layout.stride().first()) else {
        candle_core::bail!("a tensor on the CPU is needed");
    };
    let values = storage.as_slice::<f32>()?;
    match values.get(layout.start_offset()..) {
        Some(values) => Ok(f(values, *stride)),
        None => candle_core::bail!("a tensor's layout does not fit its storage"),
    }
}

/// Calls `f` with the float32 values of a contiguous tensor on the CPU, without copying them.
pub fn with_values<T>(tensor: &Tensor, f: impl FnOnce(&[f32]) -> T) -> Result<T> {
    let (storage, layout) = tensor.storage_and_layout();
    let (Storage::Cpu(storage), Some((start, end))) = (&*storage, layout.contiguous_offsets())
    else {
        candle_core::bail!("a contiguous tensor on the CPU is needed");
    };
    let values = storage.as_slice::<f32>()?;
    match values.get(start..end) {
        Some(values) => Ok(f(values)),
        None => candle_core::bail!("a tensor's layout does not fit its storage"),
    }
}
