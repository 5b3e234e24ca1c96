//! Downloads into the hub cache: streamed, continued after a break, checked, then renamed.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use futures::StreamExt;

use super::listing::{Listing, RemoteFile};
use super::selection::{Selection, Weights, shards};
use super::{SOURCE, Visit, failure};
use crate::catalog::checksum::{self, Hashing};
use crate::catalog::progress::Meter;
use crate::catalog::store::sync_folder;
use crate::catalog::{CheckpointFiles, FetchEvent, FetchProgress, Sha256Sum, SourceError, lock};

/// A file in the making, beside its final name. The hub's own tools write elsewhere.
const UNFINISHED: &str = "lenscape.incomplete";

impl Visit<'_> {
    /// Download what makes the repository's checkpoint.
    pub(super) async fn checkpoint(&self) -> Result<CheckpointFiles, SourceError> {
        let listing = self.list().await?;
        let wanted = self.id.file.as_deref();
        let commit = &listing.commit;
        let files = match Selection::of(&listing.names(), wanted) {
            Some(Selection::Gguf(name)) => {
                CheckpointFiles::Gguf(self.download_listed(&listing, &name).await?)
            }
            Some(Selection::Folder(folder)) => {
                for name in &folder.besides {
                    self.download_listed(&listing, name).await?;
                }
                match folder.weights {
                    Weights::Single(name) => {
                        self.download_listed(&listing, &name).await?;
                    }
                    Weights::Sharded { index } => self.download_shards(&listing, &index).await?,
                }
                CheckpointFiles::Folder(self.cache.snapshot(&self.id.repo, commit))
            }
            None => return Err(self.nothing_to_take(wanted)),
        };
        // Only now: a branch that the cache knows is taken from the cache next time.
        self.cache
            .remember(&self.id.repo, &self.id.revision, commit)
            .map_err(|why| self.disk(why))?;
        Ok(files)
    }

    async fn download_shards(&self, listing: &Listing, index: &str) -> Result<(), SourceError> {
        let path = self.download_listed(listing, index).await?;
        let text = fs::read(path).map_err(|why| self.disk(why))?;
        let names = shards(&text).map_err(|why| self.not_understood(format!("{index}: {why}")))?;
        for name in names {
            self.download_listed(listing, &name).await?;
        }
        Ok(())
    }

    async fn download_listed(&self, listing: &Listing, name: &str) -> Result<PathBuf, SourceError> {
        let file = listing
            .file(name)
            .ok_or_else(|| self.nothing_to_take(Some(name)))?;
        self.download(&listing.commit, file).await
    }

    fn nothing_to_take(&self, file: Option<&str>) -> SourceError {
        let repo = self.id.repo.clone();
        match file {
            Some(file) => SourceError::NoFile {
                repo,
                revision: self.id.revision.clone(),
                file: file.to_owned(),
            },
            None => SourceError::NoWeights { repo },
        }
    }

    /// Download one file of a commit into the cache, unless its content is there. Waits while
    /// another process is at it.
    pub(super) async fn download(
        &self,
        commit: &str,
        file: &RemoteFile,
    ) -> Result<PathBuf, SourceError> {
        let repo = &self.id.repo;
        let blob = self.cache.blob(repo, &file.etag);
        let lock = self.cache.lock(repo, &file.etag);
        folder_for(&lock).map_err(|why| self.disk(why))?;
        let waiting = || {
            (self.errand.report)(FetchEvent::Waiting {
                source: SOURCE.to_owned(),
                file: file.path.clone(),
            });
        };
        let _lock = lock::wait_for(&lock, waiting)
            .await
            .map_err(|why| self.disk(why))?;
        if !self.is_intact(&blob, file).map_err(|why| self.disk(why))? {
            let unfinished = blob.with_file_name(format!("{}.{UNFINISHED}", file.etag));
            self.transfer(commit, file, &unfinished).await?;
            fs::rename(&unfinished, &blob)
                .and_then(|()| blob.parent().map_or(Ok(()), sync_folder))
                .map_err(|why| self.disk(why))?;
        }
        self.cache
            .link(repo, commit, &file.path, &file.etag)
            .map_err(|why| self.disk(why))
    }

    fn is_intact(&self, blob: &Path, file: &RemoteFile) -> io::Result<bool> {
        let size = match fs::metadata(blob) {
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        };
        Ok(size == file.size
            && match file.sha256 {
                Some(expected) => checksum::of_file(blob, self.errand.cancel)? == expected,
                None => true,
            })
    }

    /// Stream `file` into `path`, continuing what is there, and check it.
    async fn transfer(
        &self,
        commit: &str,
        file: &RemoteFile,
        path: &Path,
    ) -> Result<(), SourceError> {
        let disk = |why| self.disk(why);
        // Without a checksum nobody could tell whether the beginning fits the rest.
        let kept = match fs::metadata(path) {
            Ok(there) if file.sha256.is_some() && there.len() < file.size => there.len(),
            _ => 0,
        };
        let range = (kept > 0).then_some(kept..file.size);
        let request = self
            .repo
            .download_file_stream()
            .filename(file.path.as_str());
        let request = request.revision(commit).maybe_range(range).send();
        let (length, mut pieces) = self.answer(Some(&file.path), request).await?;
        // A server that knows no ranges begins at the beginning.
        let kept = if length == Some(file.size) { 0 } else { kept };

        // Not before the hub has answered: an empty repository in the cache irritates other tools.
        folder_for(path).map_err(disk)?;
        let options = File::options().read(true).append(true).create(true).clone();
        let out = options.open(path).map_err(disk)?;
        out.set_len(kept).map_err(disk)?;
        let mut out = Hashing::resume(out, self.errand.cancel).map_err(disk)?;
        let mut meter = Meter::start(
            self.errand.report,
            FetchProgress {
                source: SOURCE.to_owned(),
                file: file.path.clone(),
                bytes: out.bytes(),
                total: Some(file.size),
            },
        );
        while let Some(piece) = self.next_piece(&mut pieces, file, out.bytes()).await? {
            out.write_all(&piece).map_err(disk)?;
            meter.at(out.bytes());
            if out.bytes() > file.size {
                break;
            }
        }
        let bytes = out.bytes();
        let (out, sum) = out.finish();
        if let Err(error) = check(file, bytes, sum) {
            drop(out);
            fs::remove_file(path).map_err(disk)?;
            return Err(error);
        }
        out.sync_all().map_err(disk)
    }

    async fn next_piece<P>(
        &self,
        pieces: &mut (impl StreamExt<Item = Result<P, hf_hub::HFError>> + Unpin),
        file: &RemoteFile,
        bytes: u64,
    ) -> Result<Option<P>, SourceError> {
        let patience = self.errand.places.patience;
        match tokio::time::timeout(patience, pieces.next()).await {
            Ok(piece) => piece.transpose().map_err(|error| SourceError::Broken {
                file: file.path.clone(),
                bytes,
                total: file.size,
                why: failure::innermost(&error),
            }),
            Err(_) => Err(self.stalled(patience)),
        }
    }
}

fn folder_for(file: &Path) -> io::Result<()> {
    file.parent().map_or(Ok(()), fs::create_dir_all)
}

fn check(file: &RemoteFile, bytes: u64, found: Sha256Sum) -> Result<(), SourceError> {
    if bytes != file.size {
        return Err(SourceError::WrongSize {
            file: file.path.clone(),
            expected: file.size,
            found: bytes,
        });
    }
    match file.sha256 {
        Some(expected) if expected != found => Err(SourceError::WrongChecksum {
            file: file.path.clone(),
            expected,
            found,
        }),
        _ => Ok(()),
    }
}
