//! What is known of a loaded model.

use std::sync::Arc;

use crate::trace::{LensKind, Row};
use crate::vocabulary::Vocabulary;

/// What is known of a loaded model.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelInfo {
    /// As people call it, for example `SmolLM2-135M-Instruct`.
    pub name: String,
    /// The decoder family, for example `llama`.
    pub family: String,
    /// Number of decoder blocks.
    pub n_layers: usize,
    /// Width of the residual stream.
    pub d_model: usize,
    /// Rows of the unembedding.
    pub vocab_size: usize,
    /// The most positions the model can attend to.
    pub context_length: usize,
    /// How the weights are stored, for example `Q4_1` or `f32`.
    pub weights: String,
    /// How they are computed with, as [`crate::model::Dtype`] says: `exact` is float32 arithmetic
    /// on dequantised values, `f32` the same with weights held in float32; `bf16` and `f16` round
    /// the result of every operation.
    pub arithmetic: String,
    /// Where it runs, for example `cpu`.
    pub device: String,
    /// Number of parameters.
    pub parameters: u64,
    /// What a reader of its figures should know of the checkpoint, one line each.
    pub notes: Vec<String>,
    /// The one run that there is, where its states were loaded without the model.
    pub saved_run: Option<SavedText>,
    /// The rows inside its blocks, in the order of the stream. Of a saved trace, those that it
    /// has.
    pub rows_inside: Vec<Row>,
    /// The lenses that there are for it, in the usual order.
    pub lenses: Vec<LensInfo>,
    /// What each id stands for.
    pub vocabulary: Arc<Vocabulary>,
}

/// The text of a run whose states were saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedText {
    /// Its prompt.
    pub prompt: String,
    /// How many tokens are behind it.
    pub steps: usize,
}

/// A lens that there is for a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LensInfo {
    /// Which one.
    pub kind: LensKind,
    /// Where it is from and what it was fitted on, in a line; empty for one that needs only the
    /// model.
    pub about: String,
}

impl LensInfo {
    /// Those that need only the model.
    #[must_use]
    pub fn of_any_model() -> Vec<Self> {
        let all = LensKind::ALL.into_iter().filter(|kind| !kind.is_fitted());
        all.map(|kind| Self {
            kind,
            about: String::new(),
        })
        .collect()
    }
}

impl ModelInfo {
    /// Which lenses there are, in the usual order.
    #[must_use]
    pub fn lens_kinds(&self) -> Vec<LensKind> {
        self.lenses.iter().map(|lens| lens.kind).collect()
    }

    /// Where a lens is from and what it was fitted on, if that is to be told.
    #[must_use]
    pub fn about_lens(&self, kind: LensKind) -> Option<&str> {
        let lens = self.lenses.iter().find(|lens| lens.kind == kind)?;
        Some(lens.about.as_str()).filter(|about| !about.is_empty())
    }
}
