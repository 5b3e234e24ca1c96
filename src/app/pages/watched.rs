//! The tokens that the user watches: the candidates of compare mode, as tokens.

use std::sync::Arc;

use super::Selected;
use crate::app::{Effect, Inquiry, State};
use crate::display::letter;
use crate::engine::{Answer, Ask, Question};
use crate::run::{Comparison, RunId};
use crate::trace::TokenId;

/// The tokens that the user watches: the candidates of compare mode, as tokens.
#[derive(Clone, Debug, Default)]
pub struct WatchedTokens {
    /// The newest answer says what tokens the candidates are.
    pub(in crate::app) found: Inquiry<Arc<Comparison>>,
}

impl WatchedTokens {
    /// What is known of the watched tokens already: from the open page, or from compare mode.
    pub(super) fn known(state: &State) -> Self {
        let of_page = state.page.as_ref().and_then(|page| page.watched().cloned());
        let of_compare = || state.compare.as_ref().map(|compare| compare.found.clone());
        of_page
            .or_else(|| of_compare().map(|found| Self { found }))
            .unwrap_or_default()
    }

    /// Asks which tokens the candidates are, once a run: that does not change from step to step.
    pub(super) fn ask(&mut self, selected: &Selected<'_>) -> Option<Effect> {
        let asked = self.found.asked().map(|asked| asked.run);
        let known = asked.or(self.found.newest().map(|(to, _)| to.run));
        if selected.candidates.is_empty() || known == Some(selected.run.id) {
            return None;
        }
        self.found.ask(selected.question(Ask::Candidates {
            at: selected.at,
            wanted: selected.candidates.clone(),
        }))
    }

    /// Takes an answer about candidates in.
    pub(super) fn hear(&mut self, to: &Arc<Question>, answer: &Answer) {
        if let Answer::Candidates(comparison) = answer {
            self.found.take(to, Arc::clone(comparison));
        }
    }

    /// Each candidate's place among them all, and the token that is followed.
    pub fn tokens(&self, run: RunId) -> impl Iterator<Item = (usize, TokenId)> {
        self.found
            .answer(run)
            .into_iter()
            .flat_map(|answer| answer.trajectories.iter().enumerate())
            .filter_map(|(at, trajectory)| {
                Some((at, trajectory.as_ref().ok()?.candidate.followed()?))
            })
    }

    /// The token of the candidate at this place.
    #[must_use]
    pub fn token(&self, run: RunId, candidate: usize) -> Option<TokenId> {
        self.tokens(run)
            .find(|(at, _)| *at == candidate)
            .map(|(_, token)| token)
    }

    /// The place of the candidate that is this token.
    #[must_use]
    pub fn place(&self, run: RunId, token: TokenId) -> Option<usize> {
        self.tokens(run)
            .find(|(_, watched)| *watched == token)
            .map(|(at, _)| at)
    }

    /// The letter of the candidate that is this token, as compare mode has it.
    #[must_use]
    pub fn letter(&self, run: RunId, token: TokenId) -> Option<char> {
        self.place(run, token).map(letter)
    }
}
