//! The trace file: a run with everything that it takes to draw its screens again without the
//! model. It is what `lenscape trace` writes and `lenscape open` reads, as JSON or within a
//! `.safetensors` file.
//!
//! ```text
//! Record ─▶ Document ─▶ JSON ─▶ Document ─▶ checked ─▶ Record
//! ```
//!
//! A file may come from anywhere: whatever is in it, reading it ends with a record or with one
//! line that says what is wrong, and takes memory only in proportion to the file.

mod check;
pub(super) mod document;
mod error;
mod pieces;

use std::io::{self, Write};
use std::path::Path;

use serde::Deserialize;

use super::{json, tensors};
use crate::regular_file;
use crate::run::Record;
use document::Document;
pub use error::{Flaw, TraceFileError};

/// What stands in every trace file as its `format`.
pub const FORMAT: &str = "lenscape-trace";

/// The version that is written, and the newest that is read. A new field that a reader may
/// ignore keeps it; any other change counts it up.
pub const VERSION: u64 = 1;

/// A trace file is not longer: a run of 20,000 tokens takes some tens of megabytes.
const LONGEST: u64 = 1 << 30;

/// Writes the record as one JSON object and a newline.
///
/// # Errors
///
/// When `out` cannot be written to.
pub fn write(record: &Record, out: &mut dyn Write) -> io::Result<()> {
    json::write(&Document::of(record), out)?;
    writeln!(out)
}

/// Reads a trace file of either kind.
///
/// # Errors
///
/// When the file cannot be read, is no trace file, is one of a later version, or is damaged.
pub fn open(path: &Path) -> Result<Record, TraceFileError> {
    let at = |flaw: Flaw| TraceFileError::new(path, flaw);
    let bytes = regular_file::read(path, LONGEST).map_err(|error| at(Flaw::Unreadable(error)))?;
    read(&bytes).map_err(at)
}

/// The record in a trace file's bytes.
///
/// # Errors
///
/// When they are no trace file, one of a later version, or a damaged one.
pub fn read(bytes: &[u8]) -> Result<Record, Flaw> {
    let document = if tensors::are_in(bytes) {
        tensors::read(bytes)?
    } else if bytes.trim_ascii_start().starts_with(b"{") {
        parse(bytes)?
    } else {
        return Err(Flaw::NoTrace);
    };
    check::record(document)
}

/// The document in JSON text; its kind and version are looked at before anything else.
pub(super) fn parse(json: &[u8]) -> Result<Document, Flaw> {
    #[derive(Deserialize)]
    struct Head {
        #[serde(default)]
        format: Option<String>,
        #[serde(default)]
        version: Option<u64>,
    }
    let head: Head = serde_json::from_slice(json).map_err(Flaw::of_json)?;
    if head.format.as_deref() != Some(FORMAT) {
        return Err(Flaw::NoTrace);
    }
    match head.version {
        Some(VERSION) => serde_json::from_slice(json).map_err(Flaw::of_json),
        Some(found) => Err(Flaw::Version { found }),
        None => Err(Flaw::Wrong("`version` is missing".into())),
    }
}

#[cfg(test)]
mod tests;
