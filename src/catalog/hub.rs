//! The Hugging Face hub as a source: its cache on this machine first, then the network.
//!
//! The cache has the layout that `huggingface_hub` and `hf-hub` share, and is used in place. The
//! files are streamed by the `hf-hub` client but written by [`download`], because the client's own
//! download renames a file before anything was checked, starts over after a break, and takes the
//! body of an error for the file.

mod cache;
mod download;
mod failure;
mod kind;
mod legacy;
mod listing;
mod selection;
mod settings;

use std::fs;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hf_hub::{HFClient, HFRepository, RepoTypeAny, split_id};

pub(super) use kind::RepoKind;
pub(super) use legacy::{old_id, present_id};
pub use settings::HubSettings;

use self::cache::Cache;
use self::failure::HubRequest;
use self::listing::RemoteFile;
use self::selection::Selection;
use super::errand::{EntryFile, Errand};
use super::{CheckpointFiles, HubRef, Shards, SourceError, stamp};
use crate::regular_file;

/// Says of a tokenizer how it is used, and mostly has its chat template.
const DESCRIBES: &str = "tokenizer_config.json";

/// What this source is called.
const SOURCE: &str = "hub";

/// The files of a repository as far as the cache holds them, unchecked.
pub(super) fn find(settings: &HubSettings, id: &HubRef) -> Option<CheckpointFiles> {
    Cache::new(&settings.cache, RepoKind::Model).checkpoint(id, Shards::All)
}

/// The wanted file, if the cache holds it.
///
/// # Errors
/// [`SourceError::DamagedCache`] if it holds something else under that name.
pub(super) fn cached_file(
    errand: &Errand<'_>,
    id: &HubRef,
    wanted: EntryFile<'_>,
) -> Result<Option<PathBuf>, SourceError> {
    let Some(CheckpointFiles::Gguf(path)) = find(&errand.places.hub, id) else {
        return Ok(None);
    };
    let memory = errand.places.store.folder(wanted.model);
    let found = stamp::checksum_of(&path, &memory, errand.cancel)
        .map_err(|why| SourceError::io(why, &path, settings::CACHE_VARIABLE))?;
    if found != wanted.sha256 {
        return Err(SourceError::DamagedCache {
            path,
            expected: wanted.sha256,
            found,
        });
    }
    Ok(Some(path))
}

/// The repositories that have a folder in the cache, by name; whole ones or not.
pub(super) fn cached_repositories(settings: &HubSettings) -> Vec<String> {
    let entries = fs::read_dir(&settings.cache).into_iter().flatten();
    let names = entries
        .flatten()
        .filter_map(|e| e.file_name().into_string().ok());
    let mut repositories: Vec<String> = names
        .filter_map(|name| super::survey::repository_of(&name))
        .collect();
    repositories.sort();
    repositories
}

/// The names of the files in a folder that make its checkpoint; `None` where they make none.
pub(super) fn files_in(folder: &Path) -> Option<Vec<String>> {
    match Selection::of(&cache::file_names(folder, None), None)? {
        Selection::Folder(selected) => selected
            .files(|index| regular_file::read(&folder.join(index), regular_file::VOCABULARY).ok()),
        Selection::Gguf(_) => None,
    }
}

/// Download the wanted file into the cache.
pub(super) fn file(
    errand: &Errand<'_>,
    id: &HubRef,
    wanted: EntryFile<'_>,
) -> Result<PathBuf, SourceError> {
    let visit = Visit::begin(errand, RepoKind::Model, id)?;
    let path = id.file.as_deref().unwrap_or(wanted.file);
    // A pinned file needs no question beforehand: the hub keeps large files under their checksum.
    let file = RemoteFile::pinned(path, wanted.size, wanted.sha256);
    visit.run(visit.pinned(&file))
}

/// The files of a whole repository: as the cache has them, or else downloaded into it.
pub(super) fn repository(errand: &Errand<'_>, id: &HubRef) -> Result<CheckpointFiles, SourceError> {
    let cache = Cache::new(&errand.places.hub.cache, RepoKind::Model);
    if let Some(files) = cache.checkpoint(id, errand.shards) {
        return Ok(files);
    }
    let visit = Visit::begin(errand, RepoKind::Model, id)?;
    visit.run(visit.checkpoint())
}

/// The files of a repository that `pick` takes of the names of all: as the cache has them, or else
/// downloaded into it. `None` where it takes none.
pub(super) fn picked(
    errand: &Errand<'_>,
    kind: RepoKind,
    id: &HubRef,
    pick: &dyn Fn(&[String]) -> Option<Vec<String>>,
) -> Result<Option<Vec<PathBuf>>, SourceError> {
    let cache = Cache::new(&errand.places.hub.cache, kind);
    if let Some(files) = cache.picked(id, pick) {
        return Ok(Some(files));
    }
    let visit = Visit::begin(errand, kind, id)?;
    visit.run(visit.picked(pick))
}

/// The folder with the files of a repository's tokenizer and its chat templates, downloaded into the
/// cache. `None` where there are none but in a GGUF file.
pub(super) fn tokenizer(errand: &Errand<'_>, id: &HubRef) -> Result<Option<PathBuf>, SourceError> {
    let cache = Cache::new(&errand.places.hub.cache, RepoKind::Model);
    let here = cache.picked(id, &selection::tokenizer);
    // Other programs fetch a tokenizer without what is said of it.
    let is_described = |files: &Vec<PathBuf>| files.iter().any(|file| file.ends_with(DESCRIBES));
    let files = match here {
        Some(files) if is_described(&files) => Some(files),
        here => {
            let visit = Visit::begin(errand, RepoKind::Model, id);
            let fetched = visit.and_then(|visit| visit.run(visit.picked(&selection::tokenizer)));
            match (fetched, here) {
                (Ok(files), _) => files,
                (Err(_), Some(files)) => Some(files),
                (Err(error), None) => return Err(error),
            }
        }
    };
    let first = files.and_then(|files| files.into_iter().next());
    Ok(first.and_then(|file| Some(file.parent()?.to_owned())))
}

/// One errand to one repository.
struct Visit<'a> {
    errand: &'a Errand<'a>,
    id: &'a HubRef,
    http: reqwest::Client,
    kind: RepoKind,
    repo: HFRepository<RepoTypeAny>,
    cache: Cache<'a>,
}

impl<'a> Visit<'a> {
    fn begin(errand: &'a Errand<'a>, kind: RepoKind, id: &'a HubRef) -> Result<Self, SourceError> {
        let settings = &errand.places.hub;
        if settings.offline {
            return Err(SourceError::Offline {
                cache: settings.cache.clone(),
            });
        }
        let wrong = |why: String| SourceError::Endpoint {
            endpoint: settings.shown_endpoint(),
            why: settings.without_login(&why),
        };
        let http = reqwest::Client::builder()
            .user_agent(concat!("lenscape/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(errand.places.patience)
            .build()
            .map_err(|error| wrong(failure::innermost(&error)))?;
        let mut client = HFClient::builder()
            .client(http.clone())
            .endpoint(&settings.endpoint)
            .retry_max_attempts(1);
        if let Some(token) = &settings.token {
            client = client.token(token);
        }
        let client = client.build().map_err(|error| wrong(error.to_string()))?;
        let (owner, name) = split_id(&id.repo);
        Ok(Self {
            errand,
            id,
            http,
            kind,
            repo: client.repository(kind.of_client(), owner, name),
            cache: Cache::new(&settings.cache, kind),
        })
    }

    /// Drive `work` to its end, or to the cancellation. The client outlives the event loop's
    /// turn, as parts of it must not be dropped inside one.
    fn run<T>(&self, work: impl Future<Output = Result<T, SourceError>>) -> Result<T, SourceError> {
        self.errand.runtime.block_on(async {
            tokio::select! {
                biased;
                () = self.errand.cancel.cancelled() => Err(SourceError::Cancelled),
                result = work => result,
            }
        })
    }

    /// Wait for one answer of the hub, but not for ever.
    async fn answer<T, E: Into<hf_hub::HFError>>(
        &self,
        file: Option<&str>,
        answer: impl Future<Output = Result<T, E>>,
    ) -> Result<T, SourceError> {
        let patience = self.errand.places.patience;
        match tokio::time::timeout(patience, answer).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(failure::explain(&error.into(), &self.asked(file))),
            Err(_) => Err(self.stalled(patience)),
        }
    }

    fn stalled(&self, patience: Duration) -> SourceError {
        SourceError::Stalled {
            who: self.errand.places.hub.shown_endpoint(),
            seconds: patience.as_secs_f64(),
        }
    }

    fn not_understood(&self, why: String) -> SourceError {
        SourceError::Answer {
            endpoint: self.errand.places.hub.shown_endpoint(),
            why,
        }
    }

    fn asked<'b>(&'b self, file: Option<&'b str>) -> HubRequest<'b> {
        HubRequest {
            hub: &self.errand.places.hub,
            repo: &self.id.repo,
            revision: &self.id.revision,
            file,
        }
    }

    fn disk(&self, why: std::io::Error) -> SourceError {
        SourceError::io(why, self.cache.root(), settings::CACHE_VARIABLE)
    }
}
