//! The summary: the trace in few numbers.

use super::{Behaviour, Outcome, lines_of};
use crate::app::{Motion, State};
use crate::settings::Action;
use crate::settings::keys::Scope;
use ratatui::layout::Size;

/// Lines of the summary above its layers, which scroll.
pub const SUMMARY_HEAD: u16 = 4;

/// The page of the summary.
#[derive(Clone, Debug, Default)]
pub struct SummaryPage {
    /// The first layer in view.
    pub first: u16,
}

impl Behaviour for SummaryPage {
    fn scopes(&self) -> &'static [Scope] {
        &[Scope::Summary, Scope::Everywhere]
    }

    fn act(&mut self, action: Action, _state: &mut State) -> Outcome {
        match action {
            Action::Summary => Outcome::CLOSE,
            _ => Outcome::Pass,
        }
    }

    fn walk(&mut self, motion: Motion, screen: Size) {
        let line = motion.in_list(self.first.into(), visible(screen).into());
        self.first = u16::try_from(line).unwrap_or(u16::MAX);
    }

    fn settle(&mut self, state: &State) {
        let n_layers = u16::try_from(state.n_layers()).unwrap_or(u16::MAX);
        let visible = visible(Size::new(state.columns, state.rows));
        self.first = self.first.min(n_layers.saturating_sub(visible));
    }
}

/// Layers that a screen has room for.
fn visible(screen: Size) -> u16 {
    lines_of(screen).saturating_sub(SUMMARY_HEAD)
}
