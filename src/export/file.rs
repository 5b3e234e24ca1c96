//! Files that are there whole or not at all.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

/// What happens to a file that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// It is replaced.
    Replace,
    /// It stays, and the new one gets a number: `keys-2.json`.
    Keep,
}

/// A file cannot be saved.
#[derive(Debug, thiserror::Error)]
#[error("cannot save {}: {why}", path.display())]
pub struct SaveError {
    path: PathBuf,
    why: io::Error,
}

/// Writes `bytes` to a new file beside `path`, then gives it that name, so that neither a full
/// disk nor the end of the program leaves half a file behind. What is no regular file, as
/// `/dev/stdout`, is written to as it is.
///
/// Returns the name that the file got.
///
/// # Errors
///
/// When the folder is not there or not writable, or the disk is full. Then nothing has changed.
pub fn save(path: &Path, bytes: &[u8], existing: Existing) -> Result<PathBuf, SaveError> {
    let done = match fs::metadata(path) {
        Ok(there) if there.is_dir() => Err(io::Error::from(io::ErrorKind::IsADirectory)),
        Ok(there) if !there.is_file() => pour(path, bytes).map(|()| path.to_owned()),
        _ => replace(path, bytes, existing),
    };
    done.map_err(|why| SaveError {
        path: path.to_owned(),
        why,
    })
}

fn pour(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        // To open a pipe that nobody reads would wait for ever.
        options.custom_flags(libc::O_NONBLOCK);
    }
    let mut file = options.open(path).map_err(explained)?;
    #[cfg(unix)]
    rustix::io::ioctl_fionbio(&file, false)?;
    file.write_all(bytes)
}

fn explained(error: io::Error) -> io::Error {
    #[cfg(unix)]
    if error.raw_os_error() == Some(libc::ENXIO) {
        return io::Error::other("this is a pipe or a socket that nobody reads");
    }
    error
}

fn replace(path: &Path, bytes: &[u8], existing: Existing) -> io::Result<PathBuf> {
    // A link stays one: its target gets the new contents.
    let target = match existing {
        Existing::Replace => fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()),
        Existing::Keep => path.to_owned(),
    };
    let folder = match target.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let mut file = new_file(folder)?;
    // Not through the temporary file itself, whose errors tell the temporary name.
    file.as_file_mut().write_all(bytes)?;
    // Else a disk that is found to be full later would leave an empty file under the name.
    file.as_file().sync_all()?;
    match existing {
        Existing::Replace => {
            file.persist(&target).map_err(|failed| failed.error)?;
            Ok(path.to_owned())
        }
        Existing::Keep => under_a_free_name(file, path),
    }
}

fn new_file(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    builder.prefix(".lenscape-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // As for any new file, less what the user's mask takes away.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    // Without the temporary name, which would only puzzle the reader.
    builder
        .tempfile_in(folder)
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => io::Error::other("there is no such folder"),
            kind => kind.into(),
        })
}

fn under_a_free_name(mut file: NamedTempFile, path: &Path) -> io::Result<PathBuf> {
    let mut number = 1;
    loop {
        let name = numbered(path, number);
        match file.persist_noclobber(&name) {
            Ok(_) => return Ok(name),
            Err(taken) if taken.error.kind() == io::ErrorKind::AlreadyExists => {
                file = taken.file;
                number += 1;
            }
            Err(failed) => return Err(failed.error),
        }
    }
}

/// `keys.json`, `keys-2.json`, `keys-3.json`, …
fn numbered(path: &Path, number: usize) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    match (number, name.split_once('.')) {
        (1, _) => path.to_owned(),
        (n, Some((stem, rest))) if !stem.is_empty() => {
            path.with_file_name(format!("{stem}-{n}.{rest}"))
        }
        (n, _) => path.with_file_name(format!("{name}-{n}")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_that_is_there_stays_or_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.screen.svg");
        assert_eq!(save(&path, b"1", Existing::Keep).unwrap(), path);
        let second = save(&path, b"2", Existing::Keep).unwrap();
        assert_eq!(second, folder.path().join("keys-2.screen.svg"));
        assert_eq!(save(&path, b"3", Existing::Replace).unwrap(), path);
        assert_eq!(fs::read(&path).unwrap(), b"3");
        assert_eq!(fs::read(&second).unwrap(), b"2");
        assert_eq!(
            names(folder.path()),
            ["keys-2.screen.svg", "keys.screen.svg"]
        );
    }

    #[test]
    fn what_cannot_be_saved_leaves_nothing_behind_and_says_so_in_one_line() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("none/keys.json");
        for path in [missing.as_path(), folder.path()] {
            let error = save(path, b"1", Existing::Replace).unwrap_err().to_string();
            assert!(error.starts_with("cannot save "), "{error}");
            assert!(error.contains(&path.display().to_string()), "{error}");
            assert!(!error.contains(".lenscape-"), "{error}");
            assert_eq!(error.lines().count(), 1, "{error}");
        }
        assert!(names(folder.path()).is_empty());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_told() {
        let error = save(Path::new("/dev/full"), b"1", Existing::Replace).unwrap_err();
        assert!(error.to_string().contains("No space left"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_written_through_and_devices_are_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("target.json");
        let link = folder.path().join("link.json");
        fs::write(&target, "old").unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        save(&link, b"new", Existing::Replace).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&target).unwrap(), b"new");
        save(Path::new("/dev/null"), b"new", Existing::Replace).unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }
}
