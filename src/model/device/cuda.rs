//! NVIDIA cards, through CUDA.
//!
//! Products are float32 there as on the CPU: cuBLAS' TF32 stays off, and candle's products with
//! quantised weights, which round what they are multiplied with to eight bits, are told to
//! dequantise instead.

#[cfg(feature = "cuda")]
use super::{About, Kind};

/// NVIDIA cards.
#[cfg(feature = "cuda")]
pub(super) const KIND: Cuda = Cuda;
/// NVIDIA cards.
#[cfg(not(feature = "cuda"))]
pub(super) const KIND: super::absent::Absent = super::absent::Absent {
    name: "cuda",
    feature: "cuda",
    needs: "the CUDA toolkit",
};

#[cfg(feature = "cuda")]
#[derive(Debug)]
pub(super) struct Cuda;

#[cfg(feature = "cuda")]
impl Kind for Cuda {
    fn name(&self) -> &'static str {
        "cuda"
    }

    fn count(&self) -> Result<usize, String> {
        let count = CudaContext::device_count().map_err(in_one_line)?;
        match usize::try_from(count) {
            Ok(count) if count > 0 => Ok(count),
            _ => Err("the driver knows no card".to_owned()),
        }
    }

    fn open(&self, number: usize) -> Result<candle_core::Device, String> {
        candle_core::quantized::cuda::set_force_dmmv(true);
        candle_core::cuda::set_gemm_reduced_precision_f32(false);
        if candle_core::cuda::gemm_reduced_precision_f32() {
            return Err("its float32 products cannot be kept from TF32".to_owned());
        }
        candle_core::Device::new_cuda(number).map_err(|error| crate::model::error::plain(&error))
    }

    fn about(&self, number: usize) -> About {
        let Ok(context) = CudaContext::new(number) else {
            return About::default();
        };
        let memory = context.mem_get_info().ok();
        About {
            model: context.name().ok(),
            free: memory.map(|(free, _)| free as u64),
            total: memory.map(|(_, total)| total as u64),
        }
    }
}

#[cfg(feature = "cuda")]
use candle_core::cuda_backend::cudarc::driver::{CudaContext, DriverError};

#[cfg(feature = "cuda")]
fn in_one_line(error: DriverError) -> String {
    let text = error.to_string();
    text.lines().next().unwrap_or_default().to_owned()
}
