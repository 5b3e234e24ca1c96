//! The page of layer predictions: the best tokens of every layer at the selected step.

use std::sync::Arc;

use super::{Inquiry, Watched};
use crate::run;
use crate::settings::PredictionOptions;

/// The most tokens that are asked for.
pub const MOST_TOKENS: usize = PredictionOptions::MOST_TOKENS;

/// How many layers are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layers {
    /// All of them, one below the other, each with its tokens side by side.
    #[default]
    All,
    /// The selected one, with its tokens one below the other.
    Selected,
}

impl Layers {
    pub(super) fn toggled(self) -> Self {
        match self {
            Self::All => Self::Selected,
            Self::Selected => Self::All,
        }
    }
}

/// The page of layer predictions.
#[derive(Clone, Debug, Default)]
pub struct Predictions {
    /// How many tokens of each layer are asked for.
    pub top_k: usize,
    /// How many layers are shown.
    pub layers: Layers,
    /// The question and its newest answer.
    pub best: Inquiry<Arc<run::Predictions>>,
    /// The tokens that are marked.
    pub watched: Watched,
}

impl Predictions {
    /// More tokens, or fewer: at least one.
    pub(super) fn change_top_k(&mut self, by: isize) {
        self.top_k = self.top_k.saturating_add_signed(by).clamp(1, MOST_TOKENS);
    }
}
