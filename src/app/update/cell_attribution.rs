//! The bars of attribution in the cell's pane: when they are asked for, and what becomes of the
//! answers. These are kept with the run, so that each position is asked about once.

use std::sync::Arc;

use crate::app::{Effect, State};
use crate::engine::{Ask, Question};
use crate::run::RunId;
use crate::settings::Visibility;
use crate::trace::{LensKind, LogitAttribution, Position, Rows, Target};

/// Ask for the split of the selected column's logit, where it is shown and not known. A run under
/// way is not held up: the position would have to be read once more.
pub fn ask_if_missing(state: &mut State) -> Option<Effect> {
    let is_shown = state.settings.options.cell.attribution == Visibility::Shown
        && state.page.is_none()
        && state.compare.is_none();
    let run = state.grid_run().filter(|_| is_shown)?;
    if run.is_active() {
        return None;
    }
    let place = state.cursor.place();
    let (at, column) = (run.position_of(place), run.column_at(place)?);
    let target = Target {
        token: column.token,
        minus: None,
    };
    let is_known = run
        .attributions
        .get(&at)
        .is_some_and(|known| known.target == target);
    if is_known {
        return None;
    }
    let question = question(run.id, at, target);
    state.cell_split.ask(question)
}

/// The shares are the same under every lens.
fn question(run: RunId, at: Position, target: Target) -> Question {
    Question {
        run,
        lens: LensKind::default(),
        rows: Rows::default(),
        ask: Ask::Attribution { at, target },
    }
}

/// Keep the split of a chosen token's logit with its run.
pub fn attributed(
    state: &mut State,
    to: &Arc<Question>,
    at: Position,
    attribution: &Arc<LogitAttribution>,
) {
    let target = attribution.target;
    let Some(run) = state.run_of(to.run) else {
        return;
    };
    let chosen = run.column_at(run.place_of(at));
    if target.minus.is_none() && chosen.is_some_and(|column| column.token == target.token) {
        run.attributions.insert(at, Arc::clone(attribution));
    }
    state.cell_split.take_if_asked(to, ());
}
