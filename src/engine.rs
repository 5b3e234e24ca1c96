//! The thread that owns the model: [`Command`]s in, [`Event`]s out.
//!
//! One event a token, with finished cells. Questions about a run that is kept (another lens,
//! candidates at some position) are answered from its states, between two tokens if need be,
//! never by running the model again.

mod command;
mod event;
mod generation;
mod handle;
mod interventions;
mod kv_session;
mod loader;
mod models;
mod open;
mod question;
mod questions;
mod run_state;
mod sampler;
mod saved;
mod session;
mod states_file;
mod wording;
mod worker;

pub use command::{Command, RunRequest};
pub use event::{Event, FetchProgress, Rest, Whereabouts};
pub use generation::Progress;
pub use handle::{CancelledRuns, Handle};
pub use models::{Fit, ModelEntry};
pub use open::{LensFile, OpenError, Opener};
pub use question::{Answer, Ask, AskKind, Question};
pub use saved::SavedRun;
pub use session::Session;
pub use states_file::{PromptEnd, StatesFile};
pub use worker::spawn;
