//! Downloads into the hub cache: several files at a time, each streamed, continued after a break,
//! checked, then renamed.

use std::cell::RefCell;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use futures::{StreamExt, TryStreamExt, stream};

use super::listing::{Listing, RemoteFile};
use super::selection::{Selection, Weights, shards};
use super::{SOURCE, Visit, failure};
use crate::catalog::checksum::{self, Hashing};
use crate::catalog::progress::Meter;
use crate::catalog::store::sync_folder;
use crate::catalog::{CheckpointFiles, FetchEvent, Sha256Sum, SourceError, lock};
use crate::regular_file;

/// A file in the making, beside its final name. The hub's own tools write elsewhere.
const UNFINISHED: &str = "lenscape.incomplete";

/// So many files come at a time: enough for a fast line where each connection is held back, and
/// few enough that the hub does not take offence.
const AT_A_TIME: usize = 4;

/// Whether a repository with files of these names is one of an adapter to some model.
fn is_of_adapter(names: &[String]) -> bool {
    names.iter().any(|name| name == "adapter_config.json")
}

impl Visit<'_> {
    /// Download what makes the repository's checkpoint.
    pub(super) async fn checkpoint(&self) -> Result<CheckpointFiles, SourceError> {
        let listing = self.list().await?;
        let wanted = self.id.file.as_deref();
        let commit = &listing.commit;
        let snapshot = self.cache.snapshot(&self.id.repo, commit);
        let files = match Selection::of(&listing.names(), wanted) {
            Some(Selection::Gguf(parts)) => {
                self.download_all(&listing, &parts).await?;
                let first = parts.into_iter().next().unwrap_or_default();
                CheckpointFiles::Gguf(snapshot.join(first))
            }
            Some(Selection::Folder(folder)) => {
                let mut names = folder.besides;
                for name in &names {
                    self.read_whole(&listing, name)?;
                }
                match folder.weights {
                    Weights::Single(name) => names.push(name),
                    Weights::Sharded { index } => {
                        names.extend(self.shards(&listing, &index).await?)
                    }
                }
                self.download_all(&listing, &names).await?;
                CheckpointFiles::Folder(snapshot)
            }
            None if wanted.is_none() && is_of_adapter(&listing.names()) => {
                let repo = self.id.repo.clone();
                return Err(SourceError::Adapter { repo });
            }
            None => return Err(self.nothing_to_take(wanted)),
        };
        // Only now: a branch that the cache knows is taken from the cache next time.
        self.cache
            .remember(&self.id.repo, &self.id.revision, commit)
            .map_err(|why| self.disk(why))?;
        Ok(files)
    }

    /// Download the files that `pick` takes of the names of all.
    pub(super) async fn picked(
        &self,
        pick: &dyn Fn(&[String]) -> Option<Vec<String>>,
    ) -> Result<Option<Vec<PathBuf>>, SourceError> {
        let listing = self.list().await?;
        let Some(names) = pick(&listing.names()) else {
            return Ok(None);
        };
        self.download_all(&listing, &names).await?;
        let (repo, commit) = (&self.id.repo, &listing.commit);
        self.cache
            .remember(repo, &self.id.revision, commit)
            .map_err(|why| self.disk(why))?;
        let snapshot = self.cache.snapshot(repo, commit);
        Ok(Some(names.iter().map(|name| snapshot.join(name)).collect()))
    }

    /// Download the index of the shards, and read their names from it.
    async fn shards(&self, listing: &Listing, index: &str) -> Result<Vec<String>, SourceError> {
        let file = self.read_whole(listing, index)?;
        let path = self
            .download(&listing.commit, file, &self.meter([file]))
            .await?;
        let text =
            regular_file::read(&path, regular_file::VOCABULARY).map_err(|why| self.disk(why))?;
        shards(&text, self.errand.shards)
            .map_err(|why| self.not_understood(format!("{index}: {why}")))
    }

    /// Download these files, several at a time. The first failure ends all; what came stays, and
    /// is continued next time.
    async fn download_all(&self, listing: &Listing, names: &[String]) -> Result<(), SourceError> {
        let files = names.iter().map(|name| self.listed(listing, name));
        let files = files.collect::<Result<Vec<_>, _>>()?;
        let meter = self.meter(files.iter().copied());
        stream::iter(files)
            .map(|file| self.download(&listing.commit, file, &meter))
            .buffer_unordered(AT_A_TIME)
            .try_for_each(|_| std::future::ready(Ok(())))
            .await
    }

    /// Download one file whose size and checksum are known beforehand.
    pub(super) async fn pinned(&self, file: &RemoteFile) -> Result<PathBuf, SourceError> {
        self.download(&self.id.revision, file, &self.meter([file]))
            .await
    }

    fn meter<'f>(&self, files: impl IntoIterator<Item = &'f RemoteFile>) -> RefCell<Meter<'_>> {
        let files: Vec<&RemoteFile> = files.into_iter().collect();
        let what = match files.as_slice() {
            [file] => file.path.clone(),
            many => format!("{} files", many.len()),
        };
        // What a hub says need not make sense.
        let total = files.iter().map(|file| file.size);
        let total = total.fold(0, u64::saturating_add);
        RefCell::new(Meter::start(self.errand.report, SOURCE, what, Some(total)))
    }

    fn listed<'l>(&self, listing: &'l Listing, name: &str) -> Result<&'l RemoteFile, SourceError> {
        listing
            .file(name)
            .ok_or_else(|| self.nothing_to_take(Some(name)))
    }

    /// A file that is read as a whole, unless it is too long for that.
    fn read_whole<'l>(
        &self,
        listing: &'l Listing,
        name: &str,
    ) -> Result<&'l RemoteFile, SourceError> {
        let file = self.listed(listing, name)?;
        match file.size > regular_file::VOCABULARY {
            true => Err(self.not_understood(format!(
                "{name} has {} MB there, and so is not what it should be",
                file.size >> 20
            ))),
            false => Ok(file),
        }
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
    async fn download(
        &self,
        commit: &str,
        file: &RemoteFile,
        meter: &RefCell<Meter<'_>>,
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
        if self.is_intact(&blob, file).await? {
            meter.borrow_mut().had(file.size);
        } else {
            let unfinished = blob.with_file_name(format!("{}.{UNFINISHED}", file.etag));
            self.transfer(commit, file, &unfinished, meter).await?;
            fs::rename(&unfinished, &blob)
                .and_then(|()| blob.parent().map_or(Ok(()), sync_folder))
                .map_err(|why| self.disk(why))?;
        }
        self.cache
            .link(repo, commit, &file.path, &file.etag)
            .map_err(|why| self.disk(why))
    }

    async fn is_intact(&self, blob: &Path, file: &RemoteFile) -> Result<bool, SourceError> {
        let size = match fs::metadata(blob) {
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(self.disk(error)),
        };
        match file.sha256 {
            _ if size != file.size => Ok(false),
            None => Ok(true),
            Some(expected) => {
                let (blob, cancel) = (blob.to_owned(), self.errand.cancel.clone());
                let found = self
                    .aside(move || checksum::of_file(&blob, &cancel))
                    .await?;
                Ok(found == expected)
            }
        }
    }

    /// Reads files on a thread of its own: meanwhile the event loop serves the other downloads,
    /// which would seem to have stalled otherwise.
    async fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> Result<T, SourceError> {
        let result = tokio::task::spawn_blocking(work).await;
        result
            .unwrap_or_else(|error| Err(io::Error::other(error)))
            .map_err(|why| self.disk(why))
    }

    /// Stream `file` into `path`, continuing what is there, and check it.
    async fn transfer(
        &self,
        commit: &str,
        file: &RemoteFile,
        path: &Path,
        meter: &RefCell<Meter<'_>>,
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
        let cancel = self.errand.cancel.clone();
        let mut out = self.aside(move || Hashing::resume(out, &cancel)).await?;
        meter.borrow_mut().had(out.bytes());
        while let Some(piece) = self.next_piece(&mut pieces, file, out.bytes()).await? {
            out.write_all(&piece).map_err(disk)?;
            meter.borrow_mut().got(piece.len() as u64);
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
