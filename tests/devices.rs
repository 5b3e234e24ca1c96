//! What runs on a card, on the device that `LENSCAPE_TEST_DEVICE` names (`cuda:0`, `metal`), held
//! against the CPU and against the references. Where the variable names none, the CPU takes its
//! place without the kernels of our own, by the very code that runs on a card.

mod lens;
mod models;
mod operations;
mod program;

use lenscape::model::device::{DeviceChoice, Processor, WantedDevices};

/// The device that is tested.
pub fn device() -> Processor {
    let Ok(name) = std::env::var("LENSCAPE_TEST_DEVICE") else {
        return Processor::cpu_as_a_card();
    };
    let choice: DeviceChoice = name.parse().unwrap();
    let wanted = WantedDevices {
        choice,
        gpu_layers: None,
    };
    let card = wanted.open().unwrap().processors[0].clone();
    assert!(!card.place().is_cpu(), "name a card, not {name}");
    card
}
