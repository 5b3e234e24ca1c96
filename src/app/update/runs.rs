//! Run history: start, keep, show, compare, forget.

use super::ask;
use crate::app::cursor::Follow;
use crate::app::{Cursor, Effect, NoticeKind, Origin, Run, Side, State};
use crate::engine::{Command, RunRequest};
use crate::run::RunId;

const NOTHING_BEFORE: &str =
    "There is no run to compare with: mark one in the list of runs, or change this one.";

/// Ask for a run, and show it; the one that there is goes to those that are kept. Its name and its
/// lens are given here.
pub fn begin(state: &mut State, asked: RunRequest, origin: Origin) -> Vec<Effect> {
    let asked = RunRequest {
        id: state.next_run,
        lens: state.settings.options.lens,
        rows: state.settings.options.grid.rows,
        ..asked
    };
    state.next_run = RunId(asked.id.0 + 1);
    let before = match origin {
        Origin::Prompt | Origin::Given => state.history.marked,
        Origin::Branch { of, .. } => Some(of),
        Origin::Changed { .. } => state.history.before,
    };
    let follow = match origin {
        Origin::Prompt | Origin::Given => Follow::Newest,
        Origin::Branch { at, .. } => Follow::UpTo(at),
        Origin::Changed { .. } => Follow::UpTo(state.cursor.step),
    };
    let mut forgotten = replace(state, Run::asked(&asked, origin));
    state.history.before = before;
    state.cursor = Cursor {
        row: state.cursor.row,
        first_row: state.cursor.first_row,
        follow,
        ..Cursor::default()
    };
    let pinned: Vec<RunId> = state.pins.iter().map(|pin| pin.run).collect();
    forgotten.extend(state.history.take_surplus(state.run.as_ref(), &pinned));
    let mut effects = vec![Effect::Engine(Command::Run(asked))];
    effects.extend(
        forgotten
            .into_iter()
            .map(|run| Effect::Engine(Command::Forget(run))),
    );
    effects
}

/// Show a kept run. Where its columns are under another lens than the wanted one, they are asked
/// for.
pub fn show(state: &mut State, id: RunId) -> Vec<Effect> {
    let Some(mut run) = state.history.take(id) else {
        return Vec::new();
    };
    let mut effects = Vec::new();
    if let Some(active) = state.run.as_ref().filter(|run| run.is_active()) {
        effects.push(Effect::StopRun(active.id));
    }
    // What it was asked before may have had no answer.
    run.relens.forget_question();
    effects.extend(ask::relens(&mut run, state.settings.options.reading()));
    if state.history.before == Some(id) {
        state.history.before = state.run.as_ref().map(|run| run.id);
    }
    let forgotten = replace(state, run);
    state.cursor.follow = Follow::Stay;
    effects.extend(
        forgotten
            .into_iter()
            .map(|run| Effect::Engine(Command::Forget(run))),
    );
    effects
}

/// Put a run in the place of the shown one. A run that came to nothing is not kept.
fn replace(state: &mut State, run: Run) -> Vec<RunId> {
    state.ablations = run.ablations().collect();
    state.history.side = Side::After;
    if let Some(compare) = &mut state.compare {
        compare.found.forget();
    }
    match state.run.replace(run) {
        Some(old) if old.columns.is_empty() => vec![old.id],
        Some(old) => {
            state.history.push(old);
            Vec::new()
        }
        None => Vec::new(),
    }
}

/// Keep a run no longer, unless it is in use.
pub fn forget(state: &mut State, id: RunId) -> Vec<Effect> {
    if let Some(user) = state.history.user_of(id, state.run.as_ref()) {
        let text = format!("{user} has a state of {id}: forget that one first.");
        state.say(NoticeKind::Info, text);
        return Vec::new();
    }
    if state.history.take(id).is_none() {
        let text = "This is the run that is shown: show another one first.";
        state.say(NoticeKind::Info, text);
        return Vec::new();
    }
    for use_of in [&mut state.history.marked, &mut state.history.before] {
        use_of.take_if(|used| *used == id);
    }
    state.pins.retain(|pin| pin.run != id);
    vec![Effect::Engine(Command::Forget(id))]
}

/// Mark a run; where it is marked, mark none.
pub fn mark(state: &mut State, id: RunId) {
    state.history.marked = (state.history.marked != Some(id)).then_some(id);
    state.history.before = state.history.marked;
}

/// Show the difference to the run before, that run itself, or neither.
pub fn next_side(state: &mut State) {
    if state.history.before().is_none() {
        state.say(NoticeKind::Info, NOTHING_BEFORE);
        return;
    }
    state.history.side = state.history.side.next();
}
