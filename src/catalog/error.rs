//! Why a model's files could not be had.

use std::error::Error;
use std::fmt;
use std::io;

use super::{CatalogError, ReferenceError, SourceError};
use crate::trace::LensKind;
use crate::vocabulary::visible_line;

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
    /// No lens of the model is published where it is looked for.
    #[error(
        "no {lens} lens{} is published where it was looked for; give its file with --lens-file",
        .model.as_deref().map(|model| format!(" of {}", visible_line(model))).unwrap_or_default()
    )]
    NoLens {
        /// Which lens.
        lens: LensKind,
        /// The model's id on the hub; a file or folder on this machine has none.
        model: Option<String>,
    },
    /// The list of published lenses cannot be used.
    #[error(transparent)]
    Lenses(CatalogError),
    /// No source gave the files: a first line, and one line a source. Nothing in a name makes
    /// another one.
    #[error("cannot get {}{failures}", visible_line(.name))]
    NoSource {
        /// The model.
        name: String,
        /// What was tried, in order.
        #[source]
        failures: SourceFailures,
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

/// The sources that were tried without success, in order.
#[derive(Debug)]
pub struct SourceFailures(pub Vec<SourceFailure>);

impl Error for SourceFailures {}

/// What stands behind `cannot get …`.
impl fmt::Display for SourceFailures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = |SourceFailure { source, error }: &SourceFailure| {
            visible_line(&format!("{source}: {error}"))
        };
        match self.0.as_slice() {
            [only] => write!(f, " from the {}", line(only)),
            many => many
                .iter()
                .try_for_each(|failure| write!(f, "\n  {}", line(failure))),
        }
    }
}
