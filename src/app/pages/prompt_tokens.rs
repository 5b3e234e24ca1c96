//! The prompt's tokens: where each begins and ends, and its id.

use ratatui::layout::Size;
use std::ops::Range;

use super::{Behaviour, Outcome};
use crate::app::{Motion, Run, State};
use crate::display::{text, token_rows};
use crate::run::ModelInfo;
use crate::settings::Action;
use crate::settings::keys::Scope;
use crate::trace::TokenId;

/// The page of the prompt's tokens.
#[derive(Clone, Debug, Default)]
pub struct PromptTokens {
    /// The first line of tokens in view.
    pub first: u16,
}

impl PromptTokens {
    /// Lines of the screen that a line of tokens takes: their texts, their ids, and a space.
    pub const LINES: u16 = 3;

    /// Columns before the first token of a line, for its position.
    pub const MARGIN: u16 = 6;

    /// Columns of a token: of its text, or of its id.
    #[must_use]
    pub fn width(token: TokenId, info: &ModelInfo) -> usize {
        let label = text::width(&info.vocabulary.label(token));
        label.max(token.0.to_string().len())
    }

    /// The tokens in each line of a screen that is so wide.
    #[must_use]
    pub fn rows(run: &Run, info: &ModelInfo, columns: u16) -> Vec<Range<usize>> {
        let room = columns.saturating_sub(4 + Self::MARGIN);
        let widths = run
            .prompt_tokens
            .iter()
            .map(|token| Self::width(*token, info));
        token_rows(widths, room.into())
    }

    /// Lines of tokens that a screen of so many rows has room for.
    #[must_use]
    pub fn visible(rows: u16) -> u16 {
        // Status line, key line and two borders.
        (rows.saturating_sub(4) / Self::LINES).max(1)
    }
}

impl Behaviour for PromptTokens {
    fn scopes(&self) -> &'static [Scope] {
        &[Scope::PromptTokens, Scope::Everywhere]
    }

    fn act(&mut self, action: Action, _state: &mut State) -> Outcome {
        match action {
            Action::PromptTokens => Outcome::CLOSE,
            _ => Outcome::Pass,
        }
    }

    fn walk(&mut self, motion: Motion, screen: Size) {
        let lines = Self::visible(screen.height);
        let line = motion.in_list(self.first.into(), lines.into());
        self.first = u16::try_from(line).unwrap_or(u16::MAX);
    }

    fn takes_paste(&self) -> bool {
        false
    }

    fn settle(&mut self, state: &State) {
        let (Some(run), Some(info)) = (state.grid_run(), &state.model.ready) else {
            self.first = 0;
            return;
        };
        let rows = Self::rows(run, info, state.columns).len();
        let rows = u16::try_from(rows).unwrap_or(u16::MAX);
        self.first = self
            .first
            .min(rows.saturating_sub(Self::visible(state.rows)));
    }
}
