//! A run whose states were saved: it is gone through again without the model.

use super::{RunRequest, Session};
use crate::lens::{Logits, States};
use crate::model::{Model, ModelError};
use crate::run::Continuation;
use crate::trace::TokenId;

/// A run whose states were saved.
#[derive(Debug)]
pub struct SavedRun {
    /// The prompt, where the file has its text.
    pub prompt: Option<String>,
    /// The prompt's tokens.
    pub prompt_ids: Vec<TokenId>,
    /// The tokens behind it.
    pub generated: Vec<TokenId>,
    /// Those of each position from `first` on.
    pub states: Vec<States>,
    /// The first position that there are states of.
    pub first: usize,
    /// What a reader of its figures should know, one line each.
    pub notes: Vec<String>,
}

/// Steps that are looked at to see whether states and model belong together.
const LOOKED_AT: usize = 64;

impl SavedRun {
    /// The text of the prompt; put together from its tokens where the file does not have it.
    pub(super) fn text(&self, model: &Model) -> String {
        let of_tokens = || {
            let vocabulary = model.tokenizer.vocabulary(model.vocab_size);
            vocabulary.text_behind("", self.prompt_ids.iter().copied())
        };
        self.prompt.clone().unwrap_or_else(of_tokens)
    }

    /// How many of the tokens are the last row's first choice: all, or nearly, of a greedy run, and
    /// hardly any where the model is another one.
    pub(super) fn agreement(&self, model: &Model) -> Result<Option<String>, ModelError> {
        let before = self.prompt_ids.len().saturating_sub(1 + self.first);
        let steps = self.generated.iter().zip(self.states.iter().skip(before));
        let (mut all, mut first) = (0, 0);
        for (token, states) in steps.take(LOOKED_AT) {
            let logits = Logits::of_output(&model.unembed, states)?;
            let is_first = logits.with_rows(|rows| {
                let row = rows.last().copied().unwrap_or_default();
                let own = row.get(token.0 as usize).copied();
                own.is_some_and(|own| row.iter().all(|other| *other <= own))
            })?;
            all += 1;
            first += usize::from(is_first);
        }
        Ok((all > 0).then(|| {
            let hint = match 5 * first < all {
                true => {
                    "; if the tokens were not drawn freely, this is another model, or the last row \
                     went through the final norm already"
                }
                false => "",
            };
            format!("{first} of {all} next tokens are the last row's first choice{hint}")
        }))
    }
}

impl Session {
    /// Refuses every run but the one whose states are there, in a session that has only those.
    pub(super) fn check_saved(&self, run: &RunRequest) -> Result<(), ModelError> {
        let Some(saved) = &self.saved else {
            return Ok(());
        };
        let is_it = run.prompt == saved.text(self.model())
            && run.chat.is_none()
            && run.continuation == Continuation::Generated
            && run.interventions.is_empty();
        match is_it {
            true => Ok(()),
            false => Err(ModelError::HeadOnly),
        }
    }
}
