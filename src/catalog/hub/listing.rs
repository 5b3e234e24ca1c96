//! What a repository holds at a revision.

use futures::StreamExt;
use hf_hub::repository::RepoTreeEntry;

use super::Visit;
use crate::catalog::entries::is_commit;
use crate::catalog::{Sha256Sum, SourceError};

/// A file of a repository.
#[derive(Clone, Debug)]
pub(super) struct RemoteFile {
    /// Its path in the repository.
    pub(super) path: String,
    /// Its size in bytes.
    pub(super) size: u64,
    /// What its content is called in the cache.
    pub(super) etag: String,
    /// Its checksum, which the hub knows of large files only.
    pub(super) sha256: Option<Sha256Sum>,
}

impl RemoteFile {
    /// A large file whose checksum is known: its etag is the same.
    pub(super) fn pinned(path: &str, size: u64, sha256: Sha256Sum) -> Self {
        Self {
            path: path.to_owned(),
            size,
            etag: sha256.to_string(),
            sha256: Some(sha256),
        }
    }

    /// `None` for a folder, and for an entry whose etag could name a file outside the cache.
    fn listed(entry: RepoTreeEntry) -> Option<Self> {
        let RepoTreeEntry::File {
            oid,
            size,
            path,
            lfs,
            ..
        } = entry
        else {
            return None;
        };
        match lfs.and_then(|lfs| lfs.sha256) {
            Some(sum) => Some(Self::pinned(&path, size, sum.parse().ok()?)),
            None => is_commit(&oid).then_some(Self {
                path,
                size,
                etag: oid,
                sha256: None,
            }),
        }
    }
}

/// What a repository holds at a revision.
pub(super) struct Listing {
    /// The commit that the revision stands for.
    pub(super) commit: String,
    files: Vec<RemoteFile>,
}

impl Listing {
    /// The paths of all files.
    pub(super) fn names(&self) -> Vec<String> {
        self.files.iter().map(|file| file.path.clone()).collect()
    }

    /// The file at `path`.
    pub(super) fn file(&self, path: &str) -> Option<&RemoteFile> {
        self.files.iter().find(|file| file.path == path)
    }
}

impl Visit<'_> {
    /// Ask the hub what the repository holds.
    pub(super) async fn list(&self) -> Result<Listing, SourceError> {
        let commit = self.commit().await?;
        let tree = self.repo.list_tree().revision(commit.as_str());
        let entries = tree.recursive(true).send();
        let entries = self.answer(None, async { entries }).await?;
        let mut entries = std::pin::pin!(entries);
        let mut files = Vec::new();
        while let Some(entry) = self
            .answer(None, async { entries.next().await.transpose() })
            .await?
        {
            files.extend(RemoteFile::listed(entry));
        }
        Ok(Listing { commit, files })
    }

    async fn commit(&self) -> Result<String, SourceError> {
        if is_commit(&self.id.revision) {
            return Ok(self.id.revision.clone());
        }
        let info = self.repo.info().revision(self.id.revision.as_str()).send();
        let info = self.answer(None, info).await?;
        info.sha
            .filter(|sha| is_commit(sha))
            .ok_or_else(|| SourceError::Answer {
                endpoint: self.errand.places.hub.endpoint.clone(),
                why: format!("no commit for revision `{}`", self.id.revision),
            })
    }
}
