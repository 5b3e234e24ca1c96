//! The local store: one folder a model, with complete files only.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;
use tempfile::TempDir;

use super::expansion::expanded_here;
use super::lock::{self, Lock};
use super::{CatalogEntry, FetchError, Files};

/// Unfinished work lives in folders that begin so, beside the finished file.
const UNFINISHED: &str = ".unfinished-";
const LOCK: &str = ".lock";

/// The folder of our own files: `ROOT/models/NAME/FILE`.
///
/// A file under its final name is complete and had the right checksum when it got that name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    root: PathBuf,
}

impl Store {
    /// The store below `root`, which need not exist.
    #[must_use]
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// The folder that `LENSCAPE_HOME` names, with `~` and `$NAME` expanded, or `lenscape` in the
    /// user's data folder (`XDG_DATA_HOME`, or else `~/.local/share`).
    ///
    /// # Errors
    /// [`FetchError::NoHome`] when the home folder is not known.
    pub fn from_env() -> Result<Self, FetchError> {
        match std::env::var_os("LENSCAPE_HOME").filter(|root| !root.is_empty()) {
            Some(root) => Ok(Self::new(expanded_here(&root))),
            None => etcetera::choose_base_strategy()
                .map(|folders| Self::new(folders.data_dir().join("lenscape")))
                .map_err(|_| FetchError::NoHome),
        }
    }

    /// The folder of one model.
    #[must_use]
    pub fn folder(&self, name: &str) -> PathBuf {
        self.root.join("models").join(name)
    }

    /// The entry's file, if it is here and has the right size.
    #[must_use]
    pub fn find(&self, entry: &CatalogEntry) -> Option<PathBuf> {
        let Files::Gguf {
            name, size_bytes, ..
        } = &entry.files
        else {
            return None;
        };
        let path = self.folder(&entry.name).join(name);
        let size = fs::metadata(&path).ok()?.len();
        (size == *size_bytes).then_some(path)
    }

    /// Remove what an interrupted fetch of this model left behind, unless some process is at work
    /// there right now.
    pub(super) fn tidy(&self, name: &str) {
        let folder = self.folder(name);
        if unfinished(&folder).next().is_some()
            && let Some(_lock) = lock::if_free(&folder.join(LOCK))
        {
            remove_unfinished(&folder);
        }
    }

    /// Begin to make a file of this model. Waits while another process is at it, after `on_wait`
    /// has been called.
    pub(super) async fn begin(
        &self,
        name: &str,
        on_wait: impl FnOnce(),
    ) -> io::Result<FileInProgress> {
        let folder = self.folder(name);
        fs::create_dir_all(&folder)?;
        let lock = lock::wait_for(&folder.join(LOCK), on_wait).await?;
        if lock.is_some() {
            remove_unfinished(&folder);
        }
        let scratch = tempfile::Builder::new()
            .prefix(UNFINISHED)
            .tempdir_in(&folder)?;
        Ok(FileInProgress {
            scratch,
            folder,
            _lock: lock,
        })
    }
}

/// A file in the making. Dropped, it leaves nothing behind.
pub(super) struct FileInProgress {
    scratch: TempDir,
    folder: PathBuf,
    // Declared last, so that it is dropped last: the scratch folder goes while it is still ours.
    _lock: Option<Lock>,
}

impl FileInProgress {
    /// A folder of our own, on the same disk as the final file.
    pub(super) fn scratch(&self) -> &Path {
        self.scratch.path()
    }

    /// Give the finished file `made`, which lies in the scratch folder, its final name.
    pub(super) fn publish(self, made: &Path, name: &str) -> io::Result<PathBuf> {
        let path = self.folder.join(name);
        fs::rename(made, &path)?;
        sync_folder(&self.folder)?;
        Ok(path)
    }
}

/// Make sure that a rename in `folder` outlives a power cut.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    // Elsewhere a folder cannot be opened as a file.
    if cfg!(unix) {
        fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}

fn unfinished(folder: &Path) -> impl Iterator<Item = PathBuf> {
    fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(UNFINISHED))
        .map(|entry| entry.path())
}

fn remove_unfinished(folder: &Path) {
    for path in unfinished(folder) {
        // What cannot be removed now is tried again at the next start.
        let _ = fs::remove_dir_all(path);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[tokio::test]
    async fn a_file_gets_its_final_name_only_when_it_is_finished() {
        let root = tempfile::tempdir().unwrap();
        let store = Store::new(root.path().to_owned());
        let work = store.begin("m", || {}).await.unwrap();
        let made = work.scratch().join("made");
        fs::write(&made, "whole").unwrap();
        assert_eq!(names(&store.folder("m")).len(), 2);
        let path = work.publish(&made, "m.gguf").unwrap();
        assert_eq!(fs::read(path).unwrap(), b"whole");
        assert_eq!(names(&store.folder("m")), [".lock", "m.gguf"]);
    }

    #[tokio::test]
    async fn work_that_is_given_up_leaves_nothing() {
        let root = tempfile::tempdir().unwrap();
        let store = Store::new(root.path().to_owned());
        let work = store.begin("m", || {}).await.unwrap();
        fs::write(work.scratch().join("half"), "ha").unwrap();
        drop(work);
        assert_eq!(names(&store.folder("m")), [".lock"]);
    }

    #[tokio::test]
    async fn leftovers_are_removed_at_the_next_start_but_not_from_under_a_running_process() {
        let root = tempfile::tempdir().unwrap();
        let store = Store::new(root.path().to_owned());
        let leftover = store.folder("m").join(".unfinished-of-a-killed-process");
        fs::create_dir_all(&leftover).unwrap();
        let work = store.begin("m", || {}).await.unwrap();
        assert!(!leftover.exists());

        store.tidy("m");
        assert!(work.scratch().exists());

        drop(work);
        fs::create_dir_all(&leftover).unwrap();
        store.tidy("m");
        assert!(!leftover.exists());
    }
}
