//! What the actions of compare mode do.

use std::sync::Arc;

use super::act::focus;
use super::ask;
use crate::app::cursor::Follow;
use crate::app::state::Zoom;
use crate::app::{
    Compare, Effect, FollowedCandidates, Half, MOST_PINS, NoticeKind, Page, Pane, Phase, Pin, State,
};
use crate::vocabulary::Search;

/// Show the other half where there is no room for both.
pub fn other_half(compare: &mut Compare) {
    compare.half = match compare.half {
        Half::Table => Half::Chart,
        Half::Chart => Half::Table,
    }
}

/// Type candidates again.
pub fn edit_candidates(state: &mut State) {
    if state.compare.is_some() {
        focus(state, Pane::Candidates);
    }
}

/// Enter compare mode. Where nothing was run yet, the prompt is processed first, so that there
/// is a position to compare at.
pub fn open(state: &mut State) -> Vec<Effect> {
    let has_run = state
        .run
        .as_ref()
        .is_some_and(|run| !matches!(run.phase, Phase::Failed(_)) || run.can_compare());
    if !has_run {
        if state.says_nothing() {
            state.say(
                NoticeKind::Info,
                "The prompt is empty: type a text, then compare what may follow it.",
            );
            return Vec::new();
        }
        if state.model.ready.is_none() {
            state.say(NoticeKind::Info, "The model is not ready yet.");
            return Vec::new();
        }
    }
    let search = search(state);
    state.compare = Some(Compare::new(state.typed_candidates.clone(), search));
    state.view.zoom = Zoom::All;
    state.cursor.follow = Follow::Stay;
    if let Some(saved) = &state.model.saved {
        // There the file says what it follows.
        state.cursor.step = saved.record.watch.step;
    }
    focus(state, Pane::Candidates);
    if has_run {
        return Vec::new();
    }
    state.prompt.remember();
    let prompt = state.prompt.text();
    ask::run(state, prompt, 0)
}

/// The model's vocabulary, made ready to be searched once.
fn search(state: &mut State) -> Arc<Search> {
    let Some(info) = &state.model.ready else {
        return Arc::default();
    };
    let vocabulary = &info.vocabulary;
    let search = state
        .search
        .get_or_insert_with(|| Arc::new(Search::new(vocabulary)));
    Arc::clone(search)
}

/// Leave compare mode, and keep what was typed for the next time.
pub fn close(state: &mut State) {
    if matches!(state.page, Some(Page::Followed(_))) {
        state.page = None;
    }
    if let Some(compare) = state.compare.take() {
        state.typed_candidates = compare.field.value().to_owned();
        focus(state, Pane::Grid);
    }
}

/// Follow the first candidate across the grid.
pub fn follow(state: &mut State) {
    let Some(compare) = &state.compare else {
        return;
    };
    let candidates = compare.trajectories();
    let candidates = candidates.map(|(place, trajectory)| (place, trajectory.candidate.clone()));
    match FollowedCandidates::new(candidates.collect()) {
        Some(followed) => state.open_page(followed),
        None => state.say(NoticeKind::Info, "Type a candidate first, then follow it."),
    }
}

/// Keep the position in view, or no longer where it is kept.
pub fn pin(state: &mut State) {
    if let Some(place) = state.pinned_here() {
        state.pins.remove(place);
        state.say(NoticeKind::Info, "Unpinned.");
        return;
    }
    if state.pins.len() >= MOST_PINS {
        state.say(
            NoticeKind::Info,
            format!("{MOST_PINS} prompts are pinned already: unpin them first."),
        );
        return;
    }
    let (Some(run), Some(info)) = (&state.run, &state.model.ready) else {
        return;
    };
    if !run.can_compare() {
        state.say(NoticeKind::Info, "The prompt is being processed.");
        return;
    }
    let place = state.cursor.place();
    let before = run.text_before(place, &info.vocabulary);
    let pin = Pin::new(run.id, run.position_of(place), place, before);
    state.pins.push(pin);
    state.say(
        NoticeKind::Info,
        "Pinned: run another prompt and compare again, or go to another step.",
    );
}

pub fn choose(state: &mut State, by: isize) {
    let suggestions = state.suggestions();
    if let Some(compare) = &mut state.compare {
        compare.choose(by, suggestions);
    }
}

/// Take the chosen token; where none is chosen, go on to the table.
pub fn take_completion(state: &mut State) {
    let (Some(compare), Some(info)) = (&mut state.compare, &state.model.ready) else {
        return;
    };
    if compare.take_chosen(&info.vocabulary).is_none() {
        focus(state, Pane::Comparison);
    }
}
