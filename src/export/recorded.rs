//! Runs of the default model that the program carries, so that there is something to see where no
//! model can be had: trace files in one archive, which `lenscape record-examples` writes.

use std::io::{self, Cursor, Read, Seek, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::trace_file;
use crate::run::Record;

const ARCHIVE: &[u8] = include_bytes!("../../config/recorded.zip");

/// What a trace file is called in the archive, behind its example's name.
const ENDING: &str = ".json";

/// A file is not longer than this once it is unpacked.
const LONGEST: u64 = 1 << 26;

/// A recorded run cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum RecordedError {
    /// There is no such run.
    #[error("there is no recorded run `{wanted}`; there are {}", there.join(", "))]
    NoSuch {
        /// What was asked for.
        wanted: String,
        /// The names of those that there are.
        there: Vec<String>,
    },
    /// The archive inside the program is broken.
    #[error("the recorded runs inside the program are broken ({0}); please report it")]
    Broken(String),
}

/// The names of the recorded runs, in the order of the examples. None where the archive is broken.
#[must_use]
pub fn names() -> Vec<String> {
    let archive = ZipArchive::new(Cursor::new(ARCHIVE));
    let names = archive.iter().flat_map(ZipArchive::file_names);
    let named = names.filter_map(|name| {
        let name = name.ok()?;
        Some(name.strip_suffix(ENDING)?.to_owned())
    });
    named.collect()
}

/// The recorded run of this name.
///
/// # Errors
/// When there is none.
pub fn open(name: &str) -> Result<Record, RecordedError> {
    let there = names();
    if !there.iter().any(|other| other == name) {
        return Err(RecordedError::NoSuch {
            wanted: name.to_owned(),
            there,
        });
    }
    let read = || -> Result<Vec<u8>, io::Error> {
        let mut archive = ZipArchive::new(Cursor::new(ARCHIVE))?;
        let file = archive.by_name(&format!("{name}{ENDING}"))?;
        let mut bytes = Vec::new();
        file.take(LONGEST).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let bytes = read().map_err(|error| RecordedError::Broken(error.to_string()))?;
    trace_file::read(&bytes).map_err(|flaw| RecordedError::Broken(flaw.to_string()))
}

/// Writes runs with the names of their examples as such an archive.
///
/// # Errors
/// When `out` cannot be written to.
pub fn write(runs: &[(String, Record)], out: impl Write + Seek) -> io::Result<()> {
    let mut archive = ZipWriter::new(out);
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(9));
    for (name, record) in runs {
        archive.start_file(format!("{name}{ENDING}"), options)?;
        let mut text = Vec::new();
        trace_file::write(record, &mut text)?;
        archive.write_all(&text)?;
    }
    archive.finish()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::settings::Settings;
    use crate::testing;

    #[test]
    fn what_is_written_is_read() {
        let mut bytes = Cursor::new(Vec::new());
        let runs = [("keys".to_owned(), testing::record())];
        write(&runs, &mut bytes).unwrap();
        let mut archive = ZipArchive::new(bytes).unwrap();
        let mut text = Vec::new();
        let mut file = archive.by_name("keys.json").unwrap();
        file.read_to_end(&mut text).unwrap();
        let mut alone = Vec::new();
        trace_file::write(&testing::record(), &mut alone).unwrap();
        assert!(text == alone);
    }

    #[test]
    fn each_named_example_is_there_as_it_would_be_run() {
        let settings = Settings::embedded().unwrap();
        let named = settings.examples.iter().filter(|ex| !ex.name.is_empty());
        let named: Vec<_> = named.collect();
        let wanted: Vec<&str> = named.iter().map(|example| example.name.as_str()).collect();
        assert_eq!(names(), wanted);
        for example in named {
            let record = open(&example.name).unwrap();
            assert_eq!(record.prompt, example.prompt);
            assert_eq!(record.lens, example.lens.unwrap_or_default());
            let watched = record.watch.trajectories.iter();
            let watched: Vec<&str> = watched.map(|it| it.candidate.text.trim()).collect();
            assert_eq!(watched.join(" "), example.compare);
            assert!(record.columns.len() >= 8, "{}", example.name);
            assert_eq!(record.model.n_layers, 30);
        }
    }

    #[test]
    fn another_name_is_told_with_those_that_there_are() {
        let told = open("lock").unwrap_err().to_string();
        assert!(
            told.starts_with("there is no recorded run `lock`; there are keys, "),
            "{told}"
        );
    }

    #[test]
    fn the_archive_is_a_few_hundred_kilobytes() {
        assert!(ARCHIVE.len() < 500_000, "{}", ARCHIVE.len());
    }
}
