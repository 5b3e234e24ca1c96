//! From a model's name to a [`Session`], for the engine's thread and for the commands alike.

use candle_core::Device;
use tokio_util::sync::CancellationToken;

use super::{ModelEntry, Session};
use crate::catalog::{
    self, Catalog, CatalogError, FetchError, ModelRef, ModelSources, OngoingFetches, Recent, Report,
};
use crate::model::{self, Dtype, ModelError, memory};

/// A model could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The catalog cannot be used.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// Its files could not be had.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// Its files cannot be used.
    #[error(transparent)]
    Model(#[from] ModelError),
}

/// What it takes to open models: the catalog, the places where files are, the device.
#[derive(Debug)]
pub struct Opener {
    catalog: Catalog,
    places: ModelSources,
    recent: Recent,
    fetches: OngoingFetches,
    device: Device,
    dtype: Dtype,
    top_k: usize,
}

impl Opener {
    /// An opener onto the CPU whose models are computed with as `dtype` says and whose sessions
    /// list the `top_k` best tokens of each row.
    pub fn from_env(dtype: Dtype, top_k: usize) -> Result<Self, OpenError> {
        Ok(Self {
            catalog: Catalog::built_in()?,
            places: ModelSources::from_env()?,
            recent: Recent::from_env(),
            fetches: OngoingFetches::default(),
            device: Device::Cpu,
            dtype,
            top_k,
        })
    }

    /// The fetches under way for it.
    #[must_use]
    pub fn fetches(&self) -> OngoingFetches {
        self.fetches.clone()
    }

    /// How models are computed with where nothing else is asked for.
    #[must_use]
    pub fn dtype(&self) -> Dtype {
        self.dtype
    }

    /// Every model that can be chosen, while `loaded` is in use and models are computed with as
    /// `dtype` says. Reads the headers of the files that are here.
    #[must_use]
    pub fn models(&self, loaded: Option<&str>, dtype: Dtype) -> Vec<ModelEntry> {
        let available = memory::available().map(|available| available.bytes);
        let loaded = loaded
            .and_then(|name| ModelRef::parse(name, &self.catalog).ok())
            .map(|reference| reference.canonical(&self.catalog));
        let candidates = catalog::survey(&self.catalog, &self.places, &self.recent).into_iter();
        candidates
            .map(|candidate| ModelEntry::of(candidate, dtype, available, loaded.as_ref()))
            .collect()
    }

    /// Remembers that `model` was loaded; where that fails, the log says so.
    pub fn remember(&self, model: &str) {
        let path = std::path::Path::new(model);
        // A path is remembered so that it means the same from another folder.
        let name = match ModelRef::parse(model, &self.catalog) {
            Ok(ModelRef::Gguf(_) | ModelRef::Folder(_)) => std::path::absolute(path)
                .map_or_else(|_| model.to_owned(), |path| path.display().to_string()),
            _ => model.to_owned(),
        };
        if let Err(error) = self.recent.remember(&name) {
            tracing::warn!("{name} is not remembered among the recent models: {error}");
        }
    }

    /// Finds, fetches and loads `model`: a catalog name, a hub id, a `.gguf` file or a folder.
    /// `report` hears of downloads, `progress` of tensors read and of all.
    ///
    /// Blocks; `cancel` ends a download at once and a load when it is complete.
    pub fn open(
        &self,
        model: &str,
        report: &Report<'_>,
        progress: &(dyn Fn(usize, usize) + Sync),
        cancel: &CancellationToken,
    ) -> Result<Session, OpenError> {
        self.open_as(model, self.dtype, report, progress, cancel)
    }

    /// [`Opener::open`], with a model that is computed with as `dtype` says.
    pub fn open_as(
        &self,
        model: &str,
        dtype: Dtype,
        report: &Report<'_>,
        progress: &(dyn Fn(usize, usize) + Sync),
        cancel: &CancellationToken,
    ) -> Result<Session, OpenError> {
        let reference = ModelRef::parse(model, &self.catalog).map_err(FetchError::from)?;
        let fetching = self.fetches.begin();
        let checkpoint = catalog::fetch(&reference, &self.catalog, &self.places, report, cancel)?;
        drop(fetching);
        let title = match &reference {
            ModelRef::Entry(name) => self.catalog.entry(name).map(|entry| entry.title.clone()),
            // A folder may be called as a model of the catalog and hold another one.
            ModelRef::Hub(_) | ModelRef::Gguf(_) | ModelRef::Folder(_) => None,
        };
        let loaded = model::load(&checkpoint.files, &self.device, dtype, progress)?;
        if cancel.is_cancelled() {
            return Err(FetchError::Cancelled.into());
        }
        let name = title.unwrap_or(checkpoint.name);
        Ok(Session::new(loaded, name, self.top_k))
    }
}
