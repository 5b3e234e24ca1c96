//! Options that several commands have.

pub mod chat;
mod choices;
mod device;
mod lens;
mod recording;
mod sampling;

pub use chat::ChatOptions;
pub use choices::{CharsetName, ColorChoice, DtypeChoice, ReportFormat};
pub use device::DeviceOptions;
pub use lens::{LensChoice, LensOptions, NoLens};
pub use recording::{CastVersionChoice, RecordingOptions};
pub use sampling::SamplingOptions;
pub(super) use sampling::positive;
