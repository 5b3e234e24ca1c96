//! Options that several commands have.

mod choices;
mod recording;
mod sampling;

pub use choices::{CharsetName, ColorChoice, DtypeChoice, LensChoice, ReportFormat};
pub use recording::{CastVersionChoice, RecordingOptions};
pub use sampling::SamplingOptions;
