//! Why a trace file cannot be opened, in one line.

use std::io;
use std::path::{Path, PathBuf};

use crate::vocabulary::visible_text;

/// A trace file cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("{}: {flaw}", path.display())]
pub struct TraceFileError {
    path: PathBuf,
    flaw: Flaw,
}

impl TraceFileError {
    pub(super) fn new(path: &Path, flaw: Flaw) -> Self {
        Self {
            path: path.to_owned(),
            flaw,
        }
    }
}

/// What is the matter with a trace file.
#[derive(Debug, thiserror::Error)]
pub enum Flaw {
    /// It cannot be read.
    #[error("cannot be read: {0}")]
    Unreadable(io::Error),
    /// It is something else.
    #[error(
        "is not a trace file; `lenscape trace --format json` or `--format safetensors` writes one"
    )]
    NoTrace,
    /// It is of another version.
    #[error(
        "is a trace file of version {found}, this program reads version {}; use a newer lenscape",
        super::VERSION
    )]
    Version {
        /// The file's.
        found: u64,
    },
    /// It is cut off or not well-formed.
    #[error("is damaged: {0}; save the trace again")]
    Damaged(String),
    /// What is in it cannot be.
    #[error("cannot be right: {0}; save the trace again")]
    Wrong(String),
}

impl Flaw {
    /// The parser's own words, which may quote anything out of the file.
    pub(super) fn of_json(error: serde_json::Error) -> Self {
        Self::damaged(error)
    }

    /// What a reader says of it, which may quote anything out of the file.
    pub(in crate::export) fn damaged(error: impl ToString) -> Self {
        Self::Damaged(visible_text(&error.to_string()).replace('\n', " "))
    }
}
