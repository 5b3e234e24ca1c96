//! Where a model runs.

use clap::Args;

use crate::model::device::{DeviceChoice, WantedDevices};
use crate::settings::Options;

/// Where a model runs, as the command line asks for it.
#[derive(Args, Clone, Debug, Default)]
pub struct DeviceOptions {
    /// Where the model runs: auto, cpu, cuda, cuda:N, cuda:0,1 for several cards, or metal.
    #[arg(long, value_name = "DEVICE")]
    pub device: Option<DeviceChoice>,
    /// With a card: how many layers, the last ones, run on it; the others run on the CPU.
    #[arg(long, value_name = "N")]
    pub gpu_layers: Option<u32>,
}

impl DeviceOptions {
    /// The options with what the command line asks for.
    pub fn over(&self, options: &mut Options) {
        if let Some(device) = &self.device {
            options.device.clone_from(device);
        }
        if let Some(layers) = self.gpu_layers {
            options.gpu_layers = i64::from(layers);
        }
    }

    /// What is wanted: as the command line asks for, over the settings.
    #[must_use]
    pub fn wanted(&self, options: &Options) -> WantedDevices {
        let mut options = options.clone();
        self.over(&mut options);
        options.devices()
    }
}
