//! Apple's cards, through Metal.

use super::{About, Kind, Support};

/// The card of a Mac.
#[derive(Debug)]
pub(super) struct Metal;

#[cfg(feature = "metal")]
impl Kind for Metal {
    fn name(&self) -> &'static str {
        "metal"
    }

    fn support(&self) -> Support {
        Support::CompiledIn
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

#[cfg(not(feature = "metal"))]
impl Kind for Metal {
    fn name(&self) -> &'static str {
        "metal"
    }

    fn support(&self) -> Support {
        Support::Absent {
            feature: "metal",
            needs: "macOS",
        }
    }

    fn count(&self) -> Result<usize, String> {
        Ok(0)
    }

    fn open(&self, _: usize) -> Result<candle_core::Device, String> {
        Err("not compiled in".to_owned())
    }

    fn about(&self, _: usize) -> About {
        About::default()
    }
}
