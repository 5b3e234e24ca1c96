//! What can go wrong with a command that runs a model.

use std::io;

use crate::engine::OpenError;
use crate::model::ModelError;

/// A command that runs a model did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The model could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A run failed.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A watched text becomes no token.
    #[error("--watch: {0}")]
    Watch(String),
    /// The text ended before the step that is asked about.
    #[error(
        "--at {step}: the model ended its text after {steps} tokens; give {steps} or less, or \
         another prompt"
    )]
    NoSuchStep {
        /// Counted from 1.
        step: usize,
        /// How many there are.
        steps: usize,
    },
    /// Checks did not pass; this many.
    #[error("{0} of the checks failed")]
    ChecksFailed(usize),
    /// The result could not be written.
    #[error("cannot write the result: {0}")]
    Output(#[from] io::Error),
}
