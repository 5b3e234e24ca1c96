//! From a model's name to a [`Session`], for the engine's thread and for the commands alike.

use std::path::PathBuf;

use tokio_util::sync::CancellationToken;

use super::{ModelEntry, Session, StatesFile};
use crate::catalog::{
    self, Catalog, CatalogError, FetchError, ModelRef, ModelSources, OngoingFetches,
    PublishedLenses, Recent, Report, Shards,
};
use crate::model::device::{DeviceError, OpenDevices, WantedDevices};
use crate::model::{self, Dtype, ModelError, memory};
use crate::trace::LensKind;

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
    /// The device cannot be used.
    #[error(transparent)]
    Device(#[from] DeviceError),
}

/// What it takes to open models: the catalog, the places where files are, the device.
#[derive(Debug)]
pub struct Opener {
    catalog: Catalog,
    places: ModelSources,
    recent: Recent,
    fetches: OngoingFetches,
    devices: WantedDevices,
    /// Devices that every model comes onto, whatever is wanted.
    opened: Option<OpenDevices>,
    dtype: Dtype,
    top_k: usize,
    lenses: WantedLenses,
    /// States that are loaded in the place of this model's blocks.
    states: Option<(String, StatesFile)>,
}

/// The files of a fitted lens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LensFile {
    /// Which lens it is.
    pub lens: LensKind,
    /// The file or folder.
    pub path: PathBuf,
}

/// The lenses that are read beside a model.
#[derive(Clone, Debug, Default)]
struct WantedLenses {
    files: Vec<LensFile>,
    /// The one that figures are asked for under.
    lens: LensKind,
    without: Without,
}

/// What happens where a lens cannot be had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Without {
    /// The model is not opened either.
    #[default]
    Refused,
    /// It is opened, and says so among its notes.
    Noted,
}

impl Opener {
    /// An opener whose models are computed with as `dtype` says and whose sessions list the `top_k`
    /// best tokens of each row.
    pub fn from_env(dtype: Dtype, top_k: usize) -> Result<Self, OpenError> {
        Ok(Self {
            catalog: Catalog::built_in()?,
            places: ModelSources::from_env()?,
            recent: Recent::from_env(),
            fetches: OngoingFetches::default(),
            devices: WantedDevices::default(),
            opened: None,
            dtype,
            top_k,
            lenses: WantedLenses::default(),
            states: None,
        })
    }

    /// The same with models that run where `devices` says.
    #[must_use]
    pub fn on(self, devices: WantedDevices) -> Self {
        Self { devices, ..self }
    }

    /// The same with models that run on just these devices, whatever is wanted.
    #[must_use]
    pub fn on_opened(self, devices: OpenDevices) -> Self {
        Self {
            opened: Some(devices),
            ..self
        }
    }

    /// The same with these fitted lenses beside each model, of which it is an error when one cannot
    /// be had; figures are asked for under `lens`.
    #[must_use]
    pub fn with_lenses(mut self, files: Vec<LensFile>, lens: LensKind) -> Self {
        self.lenses = WantedLenses {
            files,
            lens,
            without: Without::Refused,
        };
        self
    }

    /// The same with saved states of `model`, of which only the head is loaded.
    #[must_use]
    pub fn with_states(self, model: String, file: StatesFile) -> Self {
        Self {
            states: Some((model, file)),
            ..self
        }
    }

    /// [`Opener::with_lenses`], as far as they can be had: a model without them says so among its
    /// notes.
    #[must_use]
    pub fn with_lenses_that_fit(self, files: Vec<LensFile>, lens: LensKind) -> Self {
        let mut opener = self.with_lenses(files, lens);
        opener.lenses.without = Without::Noted;
        opener
    }

    /// The fetches under way for it.
    #[must_use]
    pub fn fetches(&self) -> OngoingFetches {
        self.fetches.clone()
    }

    /// Where models run where nothing else is asked for.
    #[must_use]
    pub fn devices(&self) -> &WantedDevices {
        &self.devices
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
        let published = PublishedLenses::built_in().ok();
        let candidates = catalog::survey(&self.catalog, &self.places, &self.recent).into_iter();
        candidates
            .map(|candidate| {
                let lenses = published.as_ref();
                let lenses = lenses.map(|all| all.of(&candidate.reference, &self.catalog));
                ModelEntry {
                    lenses: lenses.unwrap_or_default(),
                    ..ModelEntry::of(candidate, dtype, available, loaded.as_ref())
                }
            })
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
        self.open_as(model, self.dtype, &self.devices, report, progress, cancel)
    }

    /// [`Opener::open`], with a model that is computed with as `dtype` says and runs on `devices`.
    pub fn open_as(
        &self,
        model: &str,
        dtype: Dtype,
        devices: &WantedDevices,
        report: &Report<'_>,
        progress: &(dyn Fn(usize, usize) + Sync),
        cancel: &CancellationToken,
    ) -> Result<Session, OpenError> {
        let reference = ModelRef::parse(model, &self.catalog).map_err(FetchError::from)?;
        // A device that is not there is told before anything is fetched.
        let devices = match &self.opened {
            Some(opened) => opened.clone(),
            None => devices.open()?,
        };
        let fetching = self.fetches.begin();
        let states = self.states.as_ref().filter(|(of, _)| of == model);
        let shards = match states {
            Some(_) => Shards::OfEnds,
            None => Shards::All,
        };
        let (all, places) = (&self.catalog, &self.places);
        let checkpoint = catalog::fetch_part(&reference, shards, all, places, report, cancel)?;
        drop(fetching);
        let title = match &reference {
            ModelRef::Entry(name) => self.catalog.entry(name).map(|entry| entry.title.clone()),
            // A folder may be called as a model of the catalog and hold another one.
            ModelRef::Hub(_) | ModelRef::Gguf(_) | ModelRef::Folder(_) => None,
        };
        let name = title.unwrap_or(checkpoint.name);
        let mut session = match states {
            Some((_, file)) => {
                let head = model::load_head(&checkpoint.files, &devices, dtype)?;
                let saved = file.read(&head)?;
                Session::of_saved(head, name, self.top_k, saved)?
            }
            None => {
                let loaded = model::load(&checkpoint.files, &devices, dtype, progress)?;
                Session::new(loaded, name, self.top_k).with_files(checkpoint.files)
            }
        };
        if cancel.is_cancelled() {
            return Err(FetchError::Cancelled.into());
        }
        self.read_lenses(&mut session, &reference, report, cancel)?;
        Ok(session)
    }

    /// Reads the fitted lenses that are wanted beside a model; one whose files were not given is
    /// looked for on the hub.
    fn read_lenses(
        &self,
        session: &mut Session,
        model: &ModelRef,
        report: &Report<'_>,
        cancel: &CancellationToken,
    ) -> Result<(), OpenError> {
        for LensFile { lens, path } in &self.lenses.files {
            let read = session.read_lens(*lens, path);
            self.unless_noted(session, read.map_err(OpenError::from))?;
        }
        let lens = self.lenses.lens;
        if session.lenses().get(lens).is_ok() {
            return Ok(());
        }
        let fetching = self.fetches.begin();
        let found = catalog::fetch_lens(lens, model, &self.catalog, &self.places, report, cancel);
        drop(fetching);
        let read = found.map_err(OpenError::from);
        let read = read.and_then(|path| Ok(session.read_lens(lens, &path)?));
        if cancel.is_cancelled() {
            return Err(FetchError::Cancelled.into());
        }
        self.unless_noted(session, read)
    }

    /// Passes an error on, or makes a note of it.
    fn unless_noted(
        &self,
        session: &mut Session,
        read: Result<(), OpenError>,
    ) -> Result<(), OpenError> {
        match (read, self.lenses.without) {
            (Err(error), Without::Noted) => {
                session.note(error.to_string());
                Ok(())
            }
            (read, _) => read,
        }
    }
}
