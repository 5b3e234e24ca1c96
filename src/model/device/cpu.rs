//! The CPU.

use super::{About, Kind};
use crate::model::memory;

/// Whether `--device cpu` means [`super::Processor::cpu_as_a_card`], so that what runs on cards can be tried
/// with whole programs where there is none.
pub(super) fn is_as_a_card() -> bool {
    std::env::var_os("LENSCAPE_CPU_AS_A_CARD").is_some_and(|value| value == "1")
}

/// The CPU, of which there is one.
#[derive(Debug)]
pub(super) struct Cpu;

impl Kind for Cpu {
    fn name(&self) -> &'static str {
        "cpu"
    }

    fn count(&self) -> Result<usize, String> {
        Ok(1)
    }

    fn open(&self, _: usize) -> Result<candle_core::Device, String> {
        Ok(candle_core::Device::Cpu)
    }

    fn about(&self, _: usize) -> About {
        About {
            model: None,
            total: None,
            free: memory::available().map(|available| available.bytes),
        }
    }
}
