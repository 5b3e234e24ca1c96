//! `y = x Wᵀ + b`, on any device.

use candle_core::{Device, Result, Storage, Tensor};

use super::matvec::matvec;

/// A linear projection.
#[derive(Clone, Debug)]
pub struct Linear {
    /// `[out, in]`, contiguous.
    weight: Tensor,
    /// `[out]`.
    bias: Option<Tensor>,
}

impl Linear {
    /// A projection with a `weight` of `[out, in]` and a `bias` of `[out]`.
    #[must_use]
    pub fn new(weight: Tensor, bias: Option<Tensor>) -> Self {
        Self { weight, bias }
    }

    /// `[rows, in]` → `[rows, out]`.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let y = self.without_bias(x)?;
        match &self.bias {
            Some(bias) => y.broadcast_add(bias),
            None => Ok(y),
        }
    }

    /// `x Wᵀ` alone: `[rows, in]` → `[rows, out]`.
    pub fn without_bias(&self, x: &Tensor) -> Result<Tensor> {
        match (x.device(), x.dim(0)?) {
            (Device::Cpu, 1) => self.forward_one(x),
            _ => x.matmul(&self.weight.t()?),
        }
    }

    /// `[out]`.
    #[must_use]
    pub fn bias(&self) -> Option<&Tensor> {
        self.bias.as_ref()
    }

    /// One row on the CPU, read in place.
    fn forward_one(&self, x: &Tensor) -> Result<Tensor> {
        let (out_width, _) = self.weight.dims2()?;
        let mut out = vec![0.0; out_width];
        let x = x.contiguous()?;
        with_values(&self.weight, |weight| {
            with_values(&x, |x| matvec(weight, x, &mut out))
        })??;
        Tensor::from_vec(out, (1, out_width), &Device::Cpu)
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
