//! The tokens that the user watches: the candidates of compare mode, as tokens.

use std::sync::Arc;

use super::Inquiry;
use crate::display::letter;
use crate::run::{Comparison, RunId};
use crate::trace::TokenId;

/// The tokens that the user watches: the candidates of compare mode, as tokens.
#[derive(Clone, Debug, Default)]
pub struct Watched {
    /// The newest answer says what tokens the candidates are.
    pub(super) found: Inquiry<Arc<Comparison>>,
}

impl Watched {
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
