//! The model: on its way, there, or failed.

use std::sync::Arc;

use super::SavedTrace;
use crate::engine::FetchProgress;
use crate::run::ModelInfo;

/// The model that there is, and the one that is on its way: the one of the options.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Model {
    /// The model that can be used, or that a saved trace is of.
    pub ready: Option<Arc<ModelInfo>>,
    /// The saved trace that `ready` is out of.
    pub saved: Option<SavedTrace>,
    /// The model that stays loaded while a saved trace is shown in its place.
    pub behind: Option<Arc<ModelInfo>>,
    /// What happens with the wanted one.
    pub loading: Loading,
    /// Sources of the wanted one that were tried without success.
    pub failed_sources: Vec<FailedSource>,
}

/// A source that was tried without success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedSource {
    /// The source, for example `hub`.
    pub source: String,
    /// What was wrong, in one line.
    pub why: String,
}

/// What happens with the wanted model.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Loading {
    /// It was asked for; nothing is known yet.
    #[default]
    Asked,
    /// A file is being fetched.
    Fetching(FetchProgress),
    /// The weights are being read.
    Reading {
        /// Tensors so far.
        done: usize,
        /// Tensors in all.
        total: usize,
    },
    /// The user gave up.
    Cancelled,
    /// It is there: nothing more happens.
    Done,
    /// It could not be loaded, and why.
    Failed(String),
}

impl Model {
    /// Whether a model is on its way.
    #[must_use]
    pub fn is_loading(&self) -> bool {
        matches!(
            self.loading,
            Loading::Asked | Loading::Fetching(_) | Loading::Reading { .. }
        )
    }

    /// Whether there is a saved trace only, without a model behind it or on its way.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        self.saved.is_some()
            && self.behind.is_none()
            && matches!(self.loading, Loading::Done | Loading::Cancelled)
    }

    /// Ask for the wanted one again.
    pub fn ask_again(&mut self) {
        self.loading = Loading::Asked;
        self.failed_sources.clear();
    }
}
