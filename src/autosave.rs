//! The folder of autosaves: traces that were in no file when the program ended.
//!
//! Each is a trace file of its own in the folder `autosave` of the state folder, named after the
//! time (UTC) and the process, as `20260314T150926.535Z-4711.json`. Only its owner can read it: a
//! prompt may be private. Older ones than the newest few are deleted.

use std::fs::{self, DirBuilder};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Local, Utc};

use crate::export::trace_file;
use crate::log_file;
use crate::run::Record;

/// As many autosaves stay; older ones are deleted.
const MOST: usize = 5;

/// What a file is called until it is whole.
const UNFINISHED: &str = ".unfinished-";

/// An unfinished file that is so old belongs to a process that was killed.
const FORSAKEN: Duration = Duration::from_secs(24 * 60 * 60);

/// A trace cannot be kept, or the kept ones cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub enum AutosaveError {
    /// The trace could not be written.
    #[error("the unsaved trace cannot be kept in {}: {why}", folder.display())]
    Write {
        /// The folder that it should have gone to.
        folder: PathBuf,
        /// What the system said.
        why: io::Error,
    },
    /// The folder could not be read.
    #[error("cannot look for unsaved traces in {}: {why}", folder.display())]
    Read {
        /// The folder of the autosaves.
        folder: PathBuf,
        /// What the system said.
        why: io::Error,
    },
}

/// The folder of the traces that were kept.
#[derive(Clone, Debug)]
pub struct AutosaveFolder {
    folder: PathBuf,
}

impl AutosaveFolder {
    /// Those in `folder`, which need not exist.
    #[must_use]
    pub fn in_folder(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Those in the user's folder for state, where there is one.
    #[must_use]
    pub fn usual() -> Option<Self> {
        let state = log_file::state_folder()?;
        Some(Self::in_folder(state.join("autosave")))
    }

    /// Where they are.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Keeps a trace; returns its file, which is there whole or not at all.
    ///
    /// # Errors
    ///
    /// When the folder cannot be made or written to, or the disk is full. Then no file is left.
    pub fn add(&self, record: &Record) -> Result<PathBuf, AutosaveError> {
        let path = self.write(record).map_err(|why| AutosaveError::Write {
            folder: self.folder.clone(),
            why,
        })?;
        self.prune();
        Ok(path)
    }

    fn write(&self, record: &Record) -> io::Result<PathBuf> {
        let mut bytes = Vec::new();
        trace_file::write(record, &mut bytes)?;
        self.make_folder()?;
        // Such files can be read by their owner only. It is not waited for the disk: the file has
        // to outlive this process, which may have little time left, not the machine.
        let mut file = tempfile::Builder::new()
            .prefix(UNFINISHED)
            .tempfile_in(&self.folder)
            // Without the temporary name, which would only puzzle the reader.
            .map_err(|error| io::Error::from(error.kind()))?;
        // Not through the temporary file itself, whose errors tell the temporary name.
        file.as_file_mut().write_all(&bytes)?;
        let now = Utc::now().format("%Y%m%dT%H%M%S%.3fZ");
        let path = self.folder.join(format!("{now}-{}.json", process::id()));
        file.persist_noclobber(&path)
            .map_err(|failed| failed.error)?;
        Ok(path)
    }

    fn make_folder(&self) -> io::Result<()> {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::DirBuilderExt;
            builder.mode(0o700);
        }
        builder.create(&self.folder)
    }

    /// The newest one, if there is any.
    ///
    /// # Errors
    ///
    /// When the folder is there and cannot be read.
    pub fn newest(&self) -> Result<Option<PathBuf>, AutosaveError> {
        let mut files = self.files().map_err(|why| AutosaveError::Read {
            folder: self.folder.clone(),
            why,
        })?;
        Ok(files.pop())
    }

    /// All of them, oldest first: their names begin with the time.
    fn files(&self) -> io::Result<Vec<PathBuf>> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let paths = entries.flatten().map(|entry| entry.path());
        let mut files: Vec<PathBuf> = paths.filter(|path| is_autosave(path)).collect();
        files.sort();
        Ok(files)
    }

    /// Deletes what is too old. That one cannot be deleted harms nobody.
    fn prune(&self) {
        let files = self.files().unwrap_or_default();
        let surplus = files.len().saturating_sub(MOST);
        for path in &files[..surplus] {
            let _ = fs::remove_file(path);
        }
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        for entry in entries {
            if entry.file_name().to_string_lossy().starts_with(UNFINISHED)
                && entry.metadata().is_ok_and(|file| is_forsaken(&file))
            {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

fn is_autosave(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with(|first: char| first.is_ascii_digit()) && name.ends_with(".json")
}

fn is_forsaken(file: &fs::Metadata) -> bool {
    let age = file.modified().ok().and_then(|time| time.elapsed().ok());
    age.is_some_and(|age| age > FORSAKEN)
}

/// When a trace was kept, by the user's clock: `14:02`, or with the day where that is not today.
#[must_use]
pub fn autosaved_at(path: &Path) -> String {
    let time = fs::metadata(path).and_then(|file| file.modified());
    let time: DateTime<Local> = time.unwrap_or_else(|_| SystemTime::now()).into();
    let form = match time.date_naive() == Local::now().date_naive() {
        true => "%H:%M",
        false => "%Y-%m-%d %H:%M",
    };
    time.format(form).to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::testing;

    #[test]
    fn a_kept_trace_is_a_private_file_that_can_be_opened() {
        let state = tempfile::tempdir().unwrap();
        let autosave_folder = AutosaveFolder::in_folder(state.path().join("new/autosave"));
        assert_eq!(autosave_folder.newest().unwrap(), None);
        let record = testing::record();
        let path = autosave_folder.add(&record).unwrap();
        assert_eq!(autosave_folder.newest().unwrap(), Some(path.clone()));
        let read = trace_file::open(&path).unwrap();
        assert_eq!(read.prompt, record.prompt);
        assert_eq!(read.columns.len(), record.columns.len());
        assert!(autosaved_at(&path).contains(':'));
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        assert!(name.contains(&process::id().to_string()), "{name}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode(&path), 0o600);
            assert_eq!(mode(autosave_folder.folder()), 0o700);
        }
    }

    #[test]
    fn the_newest_few_stay_and_nothing_else_is_touched() {
        let folder = tempfile::tempdir().unwrap();
        let autosave_folder = AutosaveFolder::in_folder(folder.path().to_owned());
        fs::write(folder.path().join("notes.json"), "mine").unwrap();
        fs::write(folder.path().join(format!("{UNFINISHED}1")), "").unwrap();
        let old: Vec<PathBuf> = (0..MOST)
            .map(|n| folder.path().join(format!("2020010{n}T000000.000Z-1.json")))
            .collect();
        for path in &old {
            fs::write(path, "{}").unwrap();
        }
        let newest = autosave_folder.add(&testing::record()).unwrap();
        assert!(!old[0].exists());
        assert!(old[1..].iter().all(|path| path.exists()));
        assert_eq!(autosave_folder.newest().unwrap(), Some(newest));
        assert!(folder.path().join("notes.json").exists());
        assert!(folder.path().join(format!("{UNFINISHED}1")).exists());
    }

    #[test]
    fn what_cannot_be_kept_is_told_in_one_line_and_leaves_nothing() {
        let state = tempfile::tempdir().unwrap();
        let file = state.path().join("autosave");
        fs::write(&file, "").unwrap();
        let autosave_folder = AutosaveFolder::in_folder(file.clone());
        for error in [
            autosave_folder.add(&testing::record()).unwrap_err(),
            autosave_folder.newest().unwrap_err(),
        ] {
            let text = error.to_string();
            assert!(text.contains(&file.display().to_string()), "{text}");
            assert!(!text.contains(UNFINISHED), "{text}");
            assert_eq!(text.lines().count(), 1, "{text}");
        }
        assert_eq!(fs::read_dir(state.path()).unwrap().count(), 1);
    }
}
