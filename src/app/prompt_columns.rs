//! How well each layer predicted the prompt's own tokens: asked when it is first shown, and again
//! for another lens; the answer comes in pieces.

use std::sync::Arc;

use super::{Effect, Inquiry};
use crate::engine::{Ask, Question};
use crate::run::RunId;
use crate::settings::Reading;
use crate::trace::{Column, Position};

/// The columns of a run's prompt, as many as have come.
#[derive(Clone, Debug, Default)]
pub struct PromptColumns {
    columns: Vec<Arc<Column>>,
    asked: Inquiry<()>,
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

    /// Asks for those of `run` under a lens and at rows, unless that was asked last. Those under another lens
    /// go at once: nothing on the screen would tell them from the new ones.
    pub(super) fn ask(&mut self, run: RunId, (lens, rows): Reading) -> Option<Effect> {
        let effect = self.asked.ask(Question {
            run,
            lens,
            rows,
            ask: Ask::PromptColumns,
        });
        if effect.is_some() {
            self.columns.clear();
        }
        effect
    }

    /// Asks again the next time, unless all `total` columns are there: a question may have failed.
    pub(super) fn ask_again_below(&mut self, total: usize) {
        if self.columns.len() < total {
            self.asked.forget_question();
        }
    }

    /// Nothing more comes to a question.
    pub(super) fn close(&mut self, to: &Question) {
        self.asked.close(to);
    }

    /// Takes a piece whose first column predicts `first`. A piece of an older answer is dropped.
    pub(super) fn take(&mut self, to: &Question, first: Position, columns: Vec<Arc<Column>>) {
        let begin = first.0.saturating_sub(1);
        if !self.asked.is_about(to) || begin > self.columns.len() {
            return;
        }
        self.columns.truncate(begin);
        self.columns.extend(columns);
    }
}
