//! Why a model's files could not be had.

use std::io;

use super::{ReferenceError, SourceError};

/// Why a model's files could not be had.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// It was cancelled.
    #[error("cancelled")]
    Cancelled,
    /// The word means no model.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// The catalog has no entry of this name.
    #[error("the catalog has no model `{0}`")]
    NoEntry(String),
    /// There is nowhere to keep files.
    #[error("the home folder is not known: set LENSCAPE_HOME to the folder for models")]
    NoHome,
    /// No source gave the files: a first line, and one line a source.
    #[error("cannot get {name}{}", lines(.failures))]
    NoSource {
        /// The model.
        name: String,
        /// What was tried, in order.
        failures: Vec<SourceFailure>,
    },
    /// The system refused something that every fetch needs.
    #[error("cannot begin to fetch: {0}")]
    System(#[from] io::Error),
}

/// A source that was tried without success.
#[derive(Debug)]
pub struct SourceFailure {
    /// The source, for example `hub`.
    pub source: String,
    /// Why it gave nothing.
    pub error: SourceError,
}

fn lines(failures: &[SourceFailure]) -> String {
    match failures {
        [SourceFailure { source, error }] => format!(" from the {source}: {error}"),
        many => many
            .iter()
            .map(|SourceFailure { source, error }| format!("\n  {source}: {error}"))
            .collect(),
    }
}
