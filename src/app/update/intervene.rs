//! The network is changed: the same run once more, with other interventions.

use super::runs;
use crate::app::pages::entry::OF_THE_PROMPT;
use crate::app::{Effect, NoticeKind, Origin, Phase, Run, State};
use crate::engine::RunRequest;
use crate::run::{ActivationPatch, Intervention, StopReason};
use crate::trace::{AblatedPart, Ablation, Position};

const NO_RUN: &str = "There is no run to change: generate first.";

/// Skip the next part of the selected layer: nothing, attention, feed-forward, block.
pub fn next_skip(state: &mut State) -> Vec<Effect> {
    let Some(layer) = state.cursor.row.block() else {
        let text = "The row `emb` has no parts: choose a layer.";
        state.say(NoticeKind::Info, text);
        return Vec::new();
    };
    let Some(run) = &state.run else {
        state.say(NoticeKind::Info, NO_RUN);
        return Vec::new();
    };
    let of_layer = |ablation: &Ablation| {
        ablation.layer == layer && !matches!(ablation.part, AblatedPart::Head(_))
    };
    let part = match run.ablations().find(of_layer).map(|ablation| ablation.part) {
        None => Some(AblatedPart::Attention),
        Some(AblatedPart::Attention) => Some(AblatedPart::FeedForward),
        Some(AblatedPart::FeedForward) => Some(AblatedPart::Block),
        Some(AblatedPart::Block | AblatedPart::Head(_)) => None,
    };
    let others = run.ablations().filter(|ablation| !of_layer(ablation));
    let ablations = others
        .chain(part.map(|part| Ablation { layer, part }))
        .collect();
    ablate(state, ablations)
}

/// Skip these parts and no others.
pub fn ablate(state: &mut State, ablations: Vec<Ablation>) -> Vec<Effect> {
    let Some(run) = &state.run else {
        state.ablations = ablations;
        return Vec::new();
    };
    let is_patch = |intervention: &&Intervention| matches!(intervention, Intervention::Patch(_));
    let patches = run.interventions.iter().filter(is_patch).copied();
    let ablations = ablations.into_iter().map(Intervention::Ablation);
    let interventions = ablations.chain(patches).collect();
    change(state, interventions)
}

/// Put the marked run's state into the selected cell, or take it out again. It comes from the
/// position that predicts the same step.
pub fn patch(state: &mut State) -> Vec<Effect> {
    if state.cursor.prompt.is_some() {
        state.say(NoticeKind::Info, OF_THE_PROMPT);
        return Vec::new();
    }
    if state.cursor.row.is_inside() {
        let text = "A state is put in behind a layer, not inside one: choose a row as L5.";
        state.say(NoticeKind::Info, text);
        return Vec::new();
    }
    let step = state.cursor.step;
    let Some(run) = &state.run else {
        state.say(NoticeKind::Info, NO_RUN);
        return Vec::new();
    };
    let marked = state
        .runs()
        .into_iter()
        .find(|run| Some(run.id) == state.history.marked);
    let Some(source) = marked else {
        let text = "No run is marked to take the state from: mark one in the list of runs.";
        state.say(NoticeKind::Info, text);
        return Vec::new();
    };
    if step > source.newest() {
        let text = format!("{} has no step {}.", source.id, step.0 + 1);
        state.say(NoticeKind::Info, text);
        return Vec::new();
    }
    let (Some(into), Some(from)) = (
        predicting(run.position(step)),
        predicting(source.position(step)),
    ) else {
        state.say(NoticeKind::Info, "The prompt is not read yet.");
        return Vec::new();
    };
    let patch = ActivationPatch {
        row: state.cursor.row,
        into,
        from_run: source.id,
        from,
    };
    let is_there = run.interventions.contains(&Intervention::Patch(patch));
    let mut interventions = run.interventions.clone();
    interventions.retain(|old| match old {
        Intervention::Patch(old) => (old.row, old.into) != (patch.row, patch.into),
        Intervention::Ablation(_) => true,
    });
    if !is_there {
        interventions.push(Intervention::Patch(patch));
    }
    change(state, interventions)
}

/// The position whose state predicts `at`.
fn predicting(at: Position) -> Option<Position> {
    at.0.checked_sub(1).map(Position)
}

/// Leave the network as it is.
pub fn unchanged(state: &mut State) -> Vec<Effect> {
    match &state.run {
        Some(run) if run.is_changed() => change(state, Vec::new()),
        _ => {
            state.ablations.clear();
            state.say(NoticeKind::Info, "Nothing in the network is changed.");
            Vec::new()
        }
    }
}

/// The shown run once more, with these interventions; where that run is kept, it is shown. It is
/// compared with the run that the first intervention was made in.
fn change(state: &mut State, interventions: Vec<Intervention>) -> Vec<Effect> {
    let Some(run) = &state.run else {
        return Vec::new();
    };
    if run.interventions == interventions {
        return Vec::new();
    }
    let of = run.id;
    let asked = RunRequest {
        interventions,
        ..run.again()
    };
    let original = match state.history.before() {
        Some(before) if run.is_changed() && is_original(before, run) => before.id,
        _ => of,
    };
    let same = state
        .history
        .others()
        .iter()
        .filter(|kept| is_same(kept, &asked));
    match same.map(|kept| kept.id).max() {
        Some(id) => {
            let effects = runs::show(state, id);
            state.history.before = Some(if original == id { of } else { original });
            effects
        }
        None => {
            state.history.before = Some(original);
            runs::begin(state, asked, Origin::Changed { of })
        }
    }
}

/// Whether `run` is `before` with interventions.
fn is_original(before: &Run, run: &Run) -> bool {
    let unchanged = RunRequest {
        interventions: Vec::new(),
        ..run.again()
    };
    is_same(before, &unchanged)
}

/// Whether a run was asked for in the same words, and came to its end.
fn is_same(run: &Run, asked: &RunRequest) -> bool {
    let is_whole = match run.phase {
        Phase::Finished(reason) => reason != StopReason::Stopped,
        _ => false,
    };
    is_whole
        && RunRequest {
            id: run.id,
            lens: run.lens,
            ..asked.clone()
        } == run.again()
}
