//! A device that was opened, and how tensors come onto it.

use std::sync::atomic::{AtomicU64, Ordering};

use candle_core::{Device, Result, Tensor};

use super::Place;
use crate::model::weight::Storage;

/// A device that was opened.
#[derive(Clone, Debug)]
pub struct Processor {
    place: Place,
    device: Device,
    way: Way,
}

/// What computes on a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// Kernels of our own, where there are some, and else candle's operations.
    Kernels,
    /// Candle's operations alone.
    Operations,
}

impl Processor {
    /// The CPU, with the kernels that there are for it.
    #[must_use]
    pub fn cpu() -> Self {
        Self::of(Place::cpu(), Device::Cpu)
    }

    /// The CPU as if it were a card: without our own kernels. What runs on cards is tested with it.
    #[must_use]
    pub fn cpu_as_a_card() -> Self {
        Self {
            way: Way::Operations,
            ..Self::cpu()
        }
    }

    /// An opened `device`, which stands at `place`.
    pub(super) fn of(place: Place, device: Device) -> Self {
        let way = match device.is_cpu() {
            true => Way::Kernels,
            false => Way::Operations,
        };
        Self { place, device, way }
    }

    /// Which one it is.
    #[must_use]
    pub fn place(&self) -> Place {
        self.place
    }

    /// As candle has it.
    #[must_use]
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Whether it is the CPU with our own kernels.
    #[must_use]
    pub fn has_kernels(&self) -> bool {
        self.way == Way::Kernels
    }

    /// Whether both are the same one, used in the same way.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.way == other.way && self.device.same_device(&other.device)
    }

    /// Whether matrices that are stored as `storage` can be held so: the products with them that
    /// candle has there are float32 ones.
    #[must_use]
    pub fn holds(&self, storage: Storage) -> bool {
        match storage {
            Storage::F32 | Storage::F16 | Storage::Bf16 => true,
            // On Metal candle multiplies several rows in float16, and dequantises on the CPU.
            _ => self.has_kernels() || (!self.device.is_metal() && storage.of_candle().is_some()),
        }
    }

    /// How many numbers of a matrix that is held as it is stored are dequantised at once, so that a
    /// product takes no more memory than for those beside it: 256 MiB.
    pub const AT_ONCE: usize = 1 << 26;
}

/// `x` on `device`.
pub fn moved(x: &Tensor, device: &Device) -> Result<Tensor> {
    if x.device().same_device(device) {
        return Ok(x.clone());
    }
    // candle would take all that shares the tensor's memory along.
    let whole = x.force_contiguous()?;
    if device.is_cpu() {
        count(&whole);
    }
    whole.to_device(device)
}

/// The numbers of `x`, row after row, on the CPU; they count as [transferred].
pub fn numbers(x: &Tensor) -> Result<Vec<f32>> {
    count(x);
    x.to_device(&Device::Cpu)?.flatten_all()?.to_vec1()
}

/// Bytes that came from devices to the CPU.
static TRANSFERRED: AtomicU64 = AtomicU64::new(0);

fn count(x: &Tensor) {
    let bytes = x.elem_count() * x.dtype().size_in_bytes();
    TRANSFERRED.fetch_add(bytes as u64, Ordering::Relaxed);
}

/// How many bytes have come from devices to the CPU since the program began.
#[must_use]
pub fn transferred() -> u64 {
    TRANSFERRED.load(Ordering::Relaxed)
}
