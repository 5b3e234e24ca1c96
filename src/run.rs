//! One run as plain data: what was asked of which model, what is recorded of it, and what can be
//! answered about it. The engine makes it; screen, files and commands read it.

mod answers;
mod candidate_request;
mod chat_frame;
mod continuation;
mod id;
mod intervention;
mod model_info;
mod record;
mod sampling;
mod stop_reason;

pub use answers::{Comparison, LayerPredictions, StateRows};
pub use candidate_request::CandidateRequest;
pub use chat_frame::{ChatFrame, ChatPrompt};
pub use continuation::Continuation;
pub use id::RunId;
pub use intervention::{ActivationPatch, Intervention};
pub use model_info::{LensInfo, ModelInfo, SavedText};
pub use record::{Record, Watch};
pub use sampling::Sampling;
pub use stop_reason::StopReason;
