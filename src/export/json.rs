//! A record as one JSON object.

use std::io::{self, Write};

use super::Record;
use crate::vocabulary::Vocabulary;

/// Writes the object and a newline.
pub fn write(record: &Record, vocabulary: &Vocabulary, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, &record.document(vocabulary))?;
    writeln!(out)
}
