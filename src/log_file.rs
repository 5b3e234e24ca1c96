//! The log: what happened, line by line in a file, never on the screen.
//!
//! Logging must not be able to break anything. A file that cannot be opened is told once, and a
//! line that cannot be written, as on a full disk, is lost; the first one that is, is told.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use etcetera::BaseStrategy;
use signal_hook::consts::SIGXFSZ;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

use crate::regular_file;

/// What is logged where `LENSCAPE_LOG` does not say.
const USUAL_LEVELS: &str = "warn,lenscape=info";

/// A log that is longer at the start is put aside.
const LONGEST: u64 = 4 * 1024 * 1024;

/// The log file cannot be written to.
#[derive(Debug, thiserror::Error)]
#[error("cannot log to {}: {source}; the program goes on without", path.display())]
pub struct LogError {
    /// The file's path, as it was given.
    path: PathBuf,
    /// What the system said.
    source: io::Error,
}

/// The log of this process.
static LOG: OnceLock<Log> = OnceLock::new();

struct Log {
    path: PathBuf,
    file: File,
    failure: Mutex<Failure>,
}

/// Whether lines could be written, and whether the user knows.
enum Failure {
    None,
    Untold(LogError),
    Told,
}

/// `lenscape` in the user's folder for state (`XDG_STATE_HOME`, or else `~/.local/state`), where
/// there is one.
#[must_use]
pub fn state_folder() -> Option<PathBuf> {
    let folders = etcetera::choose_base_strategy().ok()?;
    Some(folders.state_dir()?.join("lenscape"))
}

/// `lenscape.log` in the [`state_folder`].
#[must_use]
pub fn usual_path() -> Option<PathBuf> {
    Some(state_folder()?.join("lenscape.log"))
}

/// Log to the end of the file at `path` from now on, for the whole process. `levels` says what,
/// as `debug` or `lenscape=trace,warn`.
///
/// # Errors
///
/// When the file cannot be opened; nothing is logged then.
pub fn start(path: &Path, levels: Option<&str>) -> Result<(), LogError> {
    // A file that may grow no more shall be an error to whoever writes to it, not the end of the
    // process. Where that cannot be arranged, it is as it was.
    let _ = signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false)));
    let file = open(path).map_err(|source| LogError {
        path: path.to_owned(),
        source,
    })?;
    let log = LOG.get_or_init(|| Log {
        path: path.to_owned(),
        file,
        failure: Mutex::new(Failure::None),
    });
    let filter = levels
        .and_then(|levels| EnvFilter::try_new(levels).ok())
        .unwrap_or_else(|| EnvFilter::new(USUAL_LEVELS));
    let subscriber = fmt::Subscriber::builder()
        .with_env_filter(filter)
        .with_ansi(false)
        // Else a line that cannot be written would be told on the screen.
        .log_internal_errors(false)
        .with_writer(move || Lines(log))
        .finish();
    // It fails only where somebody logs already.
    let _ = tracing::subscriber::set_global_default(subscriber);
    Ok(())
}

/// The file that is logged to, where one is: what has no place on the screen may go there.
#[must_use]
pub fn file() -> Option<&'static File> {
    LOG.get().map(|log| &log.file)
}

/// Why the first line that was lost could not be written; told once.
#[must_use]
pub fn untold_failure() -> Option<LogError> {
    let mut failure = LOG.get()?.failure();
    match std::mem::replace(&mut *failure, Failure::Told) {
        Failure::Untold(error) => Some(error),
        other => {
            *failure = other;
            None
        }
    }
}

impl Log {
    fn failure(&self) -> MutexGuard<'_, Failure> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, source: &io::Error) {
        let mut failure = self.failure();
        if let Failure::None = *failure {
            *failure = Failure::Untold(LogError {
                path: self.path.clone(),
                // Errors are no values that can be copied.
                source: io::Error::new(source.kind(), source.to_string()),
            });
        }
    }
}

/// Writes lines to the log, and notes that one was lost.
struct Lines(&'static Log);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&self.0.file)
            .write(bytes)
            .inspect_err(|error| self.0.note(error))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn open(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder)?;
    }
    if fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() > LONGEST) {
        fs::rename(path, path.with_extension("old.log"))?;
    }
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    // Libraries and children say in it what they like: it can be read by its owner only.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    regular_file::open_to_write(&mut options, path)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn a_log_is_continued_in_a_folder_that_is_made() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/lenscape.log");
        for line in ["one\n", "two\n"] {
            open(&path).unwrap().write_all(line.as_bytes()).unwrap();
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), "one\ntwo\n");
    }

    #[cfg(unix)]
    #[test]
    fn a_new_log_is_its_owners_only() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/lenscape.log");
        open(&path).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
    }

    #[test]
    fn a_long_log_is_put_aside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lenscape.log");
        File::create(&path).unwrap().set_len(LONGEST + 1).unwrap();
        open(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().len(), 0);
        assert!(folder.path().join("lenscape.old.log").exists());
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_one_line() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let error = start(&file.join("lenscape.log"), None).unwrap_err();
        assert!(error.to_string().contains("goes on without"), "{error}");
        assert_eq!(error.to_string().lines().count(), 1);
    }
}
