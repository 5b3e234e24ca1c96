//! Apple's cards, through Metal.

#[cfg(feature = "metal")]
use super::{About, Kind};

/// The card of a Mac.
#[cfg(feature = "metal")]
pub(super) const KIND: Metal = Metal;
/// The card of a Mac.
#[cfg(not(feature = "metal"))]
pub(super) const KIND: super::absent::Absent = super::absent::Absent {
    name: "metal",
    feature: "metal",
    needs: "macOS",
};

#[cfg(feature = "metal")]
#[derive(Debug)]
pub(super) struct Metal;

#[cfg(feature = "metal")]
impl Kind for Metal {
    fn name(&self) -> &'static str {
        "metal"
    }

    fn count(&self) -> Result<usize, String> {
        self.open(0).map(|_| 1)
    }

    fn open(&self, number: usize) -> Result<candle_core::Device, String> {
        candle_core::Device::new_metal(number).map_err(|error| crate::model::error::plain(&error))
    }

    fn about(&self, number: usize) -> About {
        let Ok(candle_core::Device::Metal(device)) = self.open(number) else {
            return About::default();
        };
        let device = device.metal_device();
        let total = device.recommended_max_working_set_size() as u64;
        About {
            model: None,
            total: Some(total),
            free: Some(total.saturating_sub(device.current_allocated_size() as u64)),
        }
    }
}
