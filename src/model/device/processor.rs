//! A device that was opened, and how tensors come onto it.

use std::sync::Arc;
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
    /// No more than this is used of its memory, in bytes.
    bound: Option<u64>,
    /// How many products are left until it fails, if it does.
    products_left: Option<Arc<AtomicU64>>,
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
        Self {
            place,
            device,
            way,
            bound: None,
            products_left: None,
        }
    }

    /// The same with no more memory than so many bytes.
    #[must_use]
    pub fn with_memory(self, bytes: u64) -> Self {
        Self {
            bound: Some(bytes),
            ..self
        }
    }

    /// The same, as one that fails behind so many products and stays so: what happens to a card
    /// that runs out of memory or disappears is tested with it.
    #[must_use]
    pub fn failing_after(self, products: u64) -> Self {
        Self {
            products_left: Some(Arc::new(AtomicU64::new(products))),
            ..self
        }
    }

    /// Counts a product.
    ///
    /// # Errors
    /// Where it is one that fails.
    pub(in crate::model) fn count_product(&self) -> Result<()> {
        let Some(left) = &self.products_left else {
            return Ok(());
        };
        let less = |left: u64| left.checked_sub(1);
        match left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less) {
            Ok(_) => Ok(()),
            Err(_) => candle_core::bail!("out of memory"),
        }
    }

    /// How many bytes of its memory are free, as far as that is known.
    #[must_use]
    pub fn free(&self) -> Option<u64> {
        let free = self.place.about().free;
        match (self.bound, free) {
            (Some(bound), Some(free)) => Some(bound.min(free)),
            (bound, free) => bound.or(free),
        }
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
