//! The list of runs.

use super::{Behaviour, Outcome, lines_of};
use crate::app::update::runs;
use crate::app::{Motion, NoticeKind, State};
use crate::run::RunId;
use crate::settings::Action;
use crate::settings::keys::Scope;
use ratatui::layout::Size;

/// The list of runs while it is open.
#[derive(Clone, Debug, Default)]
pub struct RunList {
    /// The chosen one's place in [`State::runs`].
    pub selected: usize,
}

impl RunList {
    fn chosen(&self, state: &State) -> Option<RunId> {
        state.runs().get(self.selected).map(|run| run.id)
    }
}

impl Behaviour for RunList {
    fn scopes(&self) -> &'static [Scope] {
        &[Scope::Runs, Scope::Everywhere]
    }

    fn act(&mut self, action: Action, state: &mut State) -> Outcome {
        if action == Action::Runs {
            return Outcome::CLOSE;
        }
        let chosen = self.chosen(state);
        match (action, chosen) {
            (Action::ShowRun, Some(run)) => Outcome::Close(runs::show(state, run)),
            (Action::ForgetRun, Some(run)) => Outcome::Stay(runs::forget(state, run)),
            (Action::MarkRun, Some(run)) => {
                runs::mark(state, run);
                Outcome::DONE
            }
            (Action::ShowRun | Action::ForgetRun | Action::MarkRun, None) => Outcome::DONE,
            _ => Outcome::Pass,
        }
    }

    fn walk(&mut self, motion: Motion, screen: Size) {
        // The first line is the head.
        let lines = lines_of(screen) - 1;
        self.selected = motion.in_list(self.selected, lines.into());
    }

    fn settle(&mut self, state: &State) {
        self.selected = self.selected.min(state.runs().len().saturating_sub(1));
    }
}

/// Opens the list of runs at the shown one.
pub(in crate::app) fn open(state: &mut State) {
    let Some(shown) = state.run.as_ref().map(|run| run.id) else {
        state.say(NoticeKind::Info, "There are no runs yet: generate first.");
        return;
    };
    let runs = state.runs();
    let selected = runs.iter().position(|run| run.id == shown).unwrap_or(0);
    state.open_page(RunList { selected });
}
