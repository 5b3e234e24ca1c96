//! How well each layer predicted the prompt's own tokens: asked when it is first shown, and again
//! for another lens; the answer comes in pieces.

use std::sync::Arc;

use crate::trace::{Column, LensKind, Position};

/// The columns of a run's prompt, as many as have come.
#[derive(Clone, Debug, Default)]
pub struct PromptColumns {
    columns: Vec<Arc<Column>>,
    /// The lens that was asked for last.
    asked: Option<LensKind>,
}

impl PromptColumns {
    /// The columns so far; the first one predicts position 1.
    #[must_use]
    pub fn columns(&self) -> &[Arc<Column>] {
        &self.columns
    }

    /// What is said of a position of the prompt.
    #[must_use]
    pub fn column(&self, position: Position) -> Option<&Column> {
        let at = position.0.checked_sub(1)?;
        self.columns.get(at).map(Arc::as_ref)
    }

    /// Notes that they are asked for under `lens`, and says whether that is news. Those under
    /// another lens go at once: nothing on the screen would tell them from the new ones.
    pub(super) fn ask(&mut self, lens: LensKind) -> Asking {
        if self.asked == Some(lens) {
            return Asking::Asked;
        }
        self.asked = Some(lens);
        self.columns.clear();
        Asking::New
    }

    /// Asks again the next time, unless all `total` columns are there: a question may have failed.
    pub(super) fn ask_again_below(&mut self, total: usize) {
        if self.columns.len() < total {
            self.asked = None;
        }
    }

    /// Takes a piece whose first column predicts `first`. A piece under another lens than the one
    /// asked for last is old.
    pub(super) fn take(&mut self, lens: LensKind, first: Position, columns: Vec<Arc<Column>>) {
        let begin = first.0.saturating_sub(1);
        if self.asked != Some(lens) || begin > self.columns.len() {
            return;
        }
        self.columns.truncate(begin);
        self.columns.extend(columns);
    }
}

/// Whether a question is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asking {
    /// It has to be asked.
    New,
    /// It was asked before.
    Asked,
}
