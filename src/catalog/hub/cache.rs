//! The hub cache on this machine, in the layout that the hub's own tools share:
//!
//! ```text
//! models--org--name/refs/main            the commit that the branch was at
//! models--org--name/snapshots/COMMIT/…   links to
//! models--org--name/blobs/ETAG           the files
//! .locks/models--org--name/ETAG.lock
//! ```

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::RepoKind;
use super::legacy;
use super::selection::{Selection, Weights, shards};
use crate::catalog::entry::is_commit;
use crate::catalog::{CheckpointFiles, HubRef, Shards, split};
use crate::regular_file;

/// The hub cache below one folder.
#[derive(Clone, Copy)]
pub(super) struct Cache<'a> {
    root: &'a Path,
    kind: RepoKind,
}

impl<'a> Cache<'a> {
    pub(super) fn new(root: &'a Path, kind: RepoKind) -> Self {
        Self { root, kind }
    }

    pub(super) fn root(&self) -> &'a Path {
        self.root
    }

    /// The checkpoint, if all of its files are here, under the repository's present or old id.
    pub(super) fn checkpoint(&self, id: &HubRef, wanted: Shards) -> Option<CheckpointFiles> {
        let ids = [Some(id.repo.as_str()), legacy::old_id(&id.repo)];
        let mut ids = ids.into_iter().flatten();
        ids.find_map(|repo| self.checkpoint_of(repo, id, wanted))
    }

    fn checkpoint_of(&self, repo: &str, id: &HubRef, wanted: Shards) -> Option<CheckpointFiles> {
        let commit = self.commit(repo, &id.revision)?;
        let snapshot = self.snapshot(repo, &commit);
        let names = file_names(&snapshot, id.file.as_deref());
        let are_here = |files: &[String]| files.iter().all(|file| names.contains(file));
        match Selection::of(&names, id.file.as_deref())? {
            Selection::Gguf(parts) => {
                let first = are_here(&parts).then(|| parts.first()).flatten()?;
                Some(CheckpointFiles::Gguf(snapshot.join(first)))
            }
            Selection::Folder(folder) => {
                let weights = match &folder.weights {
                    Weights::Single(_) => Vec::new(),
                    Weights::Sharded { index } => {
                        let index = snapshot.join(index);
                        let text = regular_file::read(&index, regular_file::VOCABULARY);
                        shards(&text.ok()?, wanted).ok()?
                    }
                };
                let whole = folder.has_tokenizer() && are_here(&weights);
                whole.then_some(CheckpointFiles::Folder(snapshot))
            }
        }
    }

    /// The folder with the files of one commit.
    pub(super) fn snapshot(&self, repo: &str, commit: &str) -> PathBuf {
        self.folder(repo).join("snapshots").join(commit)
    }

    /// Where the content with this etag is kept.
    pub(super) fn blob(&self, repo: &str, etag: &str) -> PathBuf {
        self.folder(repo).join("blobs").join(etag)
    }

    /// The file whose lock says who writes that content.
    pub(super) fn lock(&self, repo: &str, etag: &str) -> PathBuf {
        let locks = self.root.join(".locks").join(self.folder_name(repo));
        locks.join(format!("{etag}.lock"))
    }

    /// Let the commit's file `name` be the content with this etag.
    pub(super) fn link(
        &self,
        repo: &str,
        commit: &str,
        name: &str,
        etag: &str,
    ) -> io::Result<PathBuf> {
        let pointer = self.snapshot(repo, commit).join(name);
        if let Some(folder) = pointer.parent() {
            fs::create_dir_all(folder)?;
        }
        match fs::remove_file(&pointer) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => point(&pointer, name, etag, &self.blob(repo, etag))?,
        }
        Ok(pointer)
    }

    /// Remember the commit that a branch or a tag is at.
    pub(super) fn remember(&self, repo: &str, revision: &str, commit: &str) -> io::Result<()> {
        if revision == commit {
            return Ok(());
        }
        let path = self.folder(repo).join("refs").join(revision);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, commit)
    }

    fn commit(&self, repo: &str, revision: &str) -> Option<String> {
        if is_commit(revision) {
            return Some(revision.to_owned());
        }
        let path = self.folder(repo).join("refs").join(revision);
        let text = regular_file::read_to_string(&path, regular_file::WRITTEN_BY_HAND).ok()?;
        let commit = text.trim();
        is_commit(commit).then(|| commit.to_owned())
    }

    fn folder(&self, repo: &str) -> PathBuf {
        self.root.join(self.folder_name(repo))
    }

    fn folder_name(&self, repo: &str) -> String {
        format!("{}--{}", self.kind.plural(), repo.replace('/', "--"))
    }

    /// The files that `pick` takes of the names of all that are here, wherever they lie.
    pub(super) fn picked(
        &self,
        id: &HubRef,
        pick: &dyn Fn(&[String]) -> Option<Vec<String>>,
    ) -> Option<Vec<PathBuf>> {
        let commit = self.commit(&id.repo, &id.revision)?;
        let snapshot = self.snapshot(&id.repo, &commit);
        let names = names_below(&snapshot, DEEPEST);
        let files = pick(&names)?.into_iter();
        Some(files.map(|name| snapshot.join(name)).collect())
    }
}

/// Files of interest lie no deeper.
const DEEPEST: usize = 6;

/// The names of all files below a folder, as a repository has them.
fn names_below(folder: &Path, depth: usize) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names = Vec::new();
    for entry in entries {
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        let path = entry.path();
        if path.is_file() {
            names.push(name);
        } else if depth > 0 && path.is_dir() {
            let inner = names_below(&path, depth - 1).into_iter();
            names.extend(inner.map(|inner| format!("{name}/{inner}")));
        }
    }
    names
}

#[cfg(unix)]
fn point(pointer: &Path, name: &str, etag: &str, _blob: &Path) -> io::Result<()> {
    // Relative, so that the whole cache can be moved.
    let up = "../".repeat(2 + name.matches('/').count());
    std::os::unix::fs::symlink(format!("{up}blobs/{etag}"), pointer)
}

#[cfg(not(unix))]
fn point(pointer: &Path, _name: &str, _etag: &str, blob: &Path) -> io::Result<()> {
    // Symbolic links need special rights there.
    fs::hard_link(blob, pointer)
}

/// The names of the files in `folder` whose content is there; `wanted` and its parts may lie
/// deeper.
pub(super) fn file_names(folder: &Path, wanted: Option<&str>) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .chain(wanted.map(split::parts).unwrap_or_default())
        .filter(|name| folder.join(name).is_file())
        .collect()
}
