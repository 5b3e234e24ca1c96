//! Remembers that a file of somebody else's cache had the right checksum, so that not every start
//! reads all of it again (a hundred megabytes take 60 ms with a CPU's own SHA instructions, and
//! 330 ms without them).

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::Sha256Sum;
use super::checksum;
use crate::regular_file;

const NAME: &str = ".verified.json";

/// A file, and the checksum that it had.
#[derive(Debug, Serialize, Deserialize)]
struct Stamp {
    file: FileState,
    sha256: Sha256Sum,
}

/// What tells whether a file is still the one that was read.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct FileState {
    path: PathBuf,
    size: u64,
    modified: SystemTime,
}

impl FileState {
    fn of(path: &Path) -> io::Result<Self> {
        let path = path.canonicalize()?;
        let metadata = fs::metadata(&path)?;
        Ok(Self {
            path,
            size: metadata.len(),
            modified: metadata.modified()?,
        })
    }
}

/// The checksum of the file at `path`: the remembered one if the file has kept its size and its
/// time of change since, or else by reading it. The memory is in `folder`.
pub(super) fn checksum_of(
    path: &Path,
    folder: &Path,
    cancel: &CancellationToken,
) -> io::Result<Sha256Sum> {
    let file = FileState::of(path)?;
    if let Some(stamp) = read(folder)
        && stamp.file == file
    {
        return Ok(stamp.sha256);
    }
    let sha256 = checksum::of_file(&file.path, cancel)?;
    // Without a memory the next start reads the file again; nothing else is lost.
    let _ = write(folder, &Stamp { file, sha256 });
    Ok(sha256)
}

fn read(folder: &Path) -> Option<Stamp> {
    let text = regular_file::read(&folder.join(NAME), regular_file::WRITTEN_BY_HAND);
    serde_json::from_slice(&text.ok()?).ok()
}

fn write(folder: &Path, stamp: &Stamp) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let file = tempfile::NamedTempFile::new_in(folder)?;
    serde_json::to_writer(&file, stamp)?;
    file.persist(folder.join(NAME))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_file_is_read_again_only_when_it_has_changed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let memory = folder.path().join("memory");
        let cancel = CancellationToken::new();
        fs::write(&path, "abc").unwrap();
        let abc = checksum_of(&path, &memory, &cancel).unwrap();
        assert_eq!(abc, checksum::of_file(&path, &cancel).unwrap());

        // A cancelled read is an error: it succeeds only where nothing is read.
        let cancelled = CancellationToken::new();
        cancelled.cancel();
        assert_eq!(checksum_of(&path, &memory, &cancelled).unwrap(), abc);

        let file = fs::File::options().write(true).open(&path).unwrap();
        let later = file.metadata().unwrap().modified().unwrap() + Duration::from_secs(1);
        file.set_modified(later).unwrap();
        assert!(checksum_of(&path, &memory, &cancelled).is_err());
        assert_eq!(checksum_of(&path, &memory, &cancel).unwrap(), abc);
    }

    #[test]
    fn a_memory_that_cannot_be_kept_is_no_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "abc").unwrap();
        let cancel = CancellationToken::new();
        assert!(checksum_of(&path, &path.join("no-folder"), &cancel).is_ok());
    }
}
