//! The tour goes on as its steps are seen.

use super::{act, ask, compare, runs};
use crate::app::cursor::Follow;
use crate::app::tour::{ABOVE, CANDIDATES, COLUMNS, OTHER, STORY};
use crate::app::{Effect, NoticeKind, Pane, Phase, Prompt, Run, State, Tour, TourStep};
use crate::run::RunId;
use crate::trace::{Layer, Row, Step};

/// Begin the tour, or leave it.
pub fn toggle(state: &mut State) -> Vec<Effect> {
    if state.tour.take().is_some() {
        return Vec::new();
    }
    if state.model.saved.is_some() || state.model.ready.is_none() {
        let text = "The tour runs a model, and none is ready.";
        state.say(NoticeKind::Info, text);
        return Vec::new();
    }
    begin(state)
}

/// Begin the tour: from now on nobody is asked to take it.
pub fn begin(state: &mut State) -> Vec<Effect> {
    compare::close(state);
    state.tour = Some(Tour::begun());
    state.prompt = Prompt::new(STORY);
    act::focus(state, Pane::Prompt);
    vec![Effect::TourSeen]
}

/// Go on where what the step is about has been seen.
pub fn follow(state: &mut State) -> Vec<Effect> {
    let Some(mut tour) = state.tour.take() else {
        return Vec::new();
    };
    let effects = match tour.step {
        TourStep::Climb => climb(state, &mut tour),
        TourStep::Cross => cross(state, &mut tour),
        TourStep::Patch => patch(state, &mut tour),
        TourStep::On => Vec::new(),
    };
    state.tour = Some(tour);
    effects
}

fn climb(state: &mut State, tour: &mut Tour) -> Vec<Effect> {
    let seen = |run: &&Run| {
        let is_whole = matches!(run.phase, Phase::Finished(_)) && !run.columns.is_empty();
        run.prompt == STORY && !run.is_changed() && (run.columns.len() >= COLUMNS || is_whole)
    };
    if let Some(run) = state.run.as_ref().filter(seen) {
        tour.story = Some(run.id);
        tour.step = TourStep::Cross;
        state.typed_candidates = CANDIDATES.to_owned();
    }
    Vec::new()
}

fn cross(state: &mut State, tour: &mut Tour) -> Vec<Effect> {
    let answer = state.compare.as_ref().and_then(|compare| compare.answer());
    tour.has_crossed |=
        answer.is_some_and(|answer| answer.trajectories.iter().flatten().count() > 1);
    if !tour.has_crossed || state.compare.is_some() {
        return Vec::new();
    }
    tour.step = TourStep::Patch;
    let effects = ask::run(state, OTHER.to_owned(), 1);
    tour.other = state.run.as_ref().map(|run| run.id);
    effects
}

fn patch(state: &mut State, tour: &mut Tour) -> Vec<Effect> {
    let (Some(story), Some(other)) = (tour.story, tour.other) else {
        return Vec::new();
    };
    let Some(run) = &state.run else {
        return Vec::new();
    };
    if run.id == other && matches!(run.phase, Phase::Finished(_)) {
        return show_the_story(state, story, other);
    }
    if run.patches_from(other) && !run.columns.is_empty() {
        tour.step = TourStep::On;
    }
    Vec::new()
}

/// The first run again, with the cell selected that the other run's state goes into.
fn show_the_story(state: &mut State, story: RunId, other: RunId) -> Vec<Effect> {
    if state.history.marked != Some(other) {
        runs::mark(state, other);
    }
    let effects = runs::show(state, story);
    let last = state.n_layers().saturating_sub(1);
    state.cursor.row = Row::Layer(Layer(last.saturating_sub(ABOVE)));
    state.cursor.step = Step(0);
    state.cursor.prompt = None;
    state.cursor.follow = Follow::Stay;
    act::focus(state, Pane::Grid);
    effects
}
