//! One run as plain data: what was asked of which model, what is recorded of it, and what can be
//! answered about it. The engine makes it; screen, files and commands read it.

mod answers;
mod continuation;
mod id;
mod intervention;
mod model_info;
mod record;
mod sampling;
mod stop_reason;
mod wanted;

pub use answers::{Comparison, Predictions, StateRows};
pub use continuation::Continuation;
pub use id::RunId;
pub use intervention::{Intervention, StatePatch};
pub use model_info::{LensInfo, ModelInfo, SavedText};
pub use record::{Record, Watch};
pub use sampling::Sampling;
pub use stop_reason::StopReason;
pub use wanted::Wanted;
