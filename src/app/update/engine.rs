//! What the engine says, taken in. What belongs to a run that is no longer kept is dropped.

use std::sync::Arc;

use super::{answers, ask, compare, save};
use crate::app::{
    Effect, FailedSource, Loading, NoticeKind, Page, Phase, Prompt, Run, RunHistory, State,
};
use crate::engine::{Command, Event};
use crate::run::{ModelInfo, RunId};
use crate::trace::LensKind;

const GONE: &str = "the engine has ended; save what you need, and start the program again";

/// Take an event in.
pub fn heard(state: &mut State, event: Event) -> Vec<Effect> {
    match event {
        Event::Fetching(progress) => loading(state, Loading::Fetching(progress)),
        Event::SourceFailed { source, why } => {
            state
                .model
                .failed_sources
                .push(FailedSource { source, why });
        }
        Event::Loading { done, total } => loading(state, Loading::Reading { done, total }),
        Event::Ready(info) => return ready(state, info),
        Event::LoadFailed(why) => load_failed(state, why),
        Event::Models(entries) => {
            if let Some(Page::Models(picker)) = state.page_below_help() {
                picker.take(entries);
            }
        }
        Event::Started { run, prompt } => with_run(state, run, |run| {
            run.phase = Phase::Prompt {
                done: 0,
                total: prompt.len(),
            };
            run.prompt_tokens = prompt;
        }),
        Event::Framed { run, text } => with_run(state, run, |run| run.framed = Some(text)),
        Event::Given { run, tokens } => with_run(state, run, |run| run.given = tokens),
        Event::Prompt { run, done, total } => with_run(state, run, |run| {
            run.phase = Phase::Prompt { done, total };
        }),
        Event::Step {
            run,
            step,
            column,
            text,
            made,
        } => {
            with_run(state, run, |run| {
                // A step that is already there was recast meanwhile.
                run.columns.truncate(step.0);
                run.columns.push(column);
                run.text.push_str(&text);
                run.phase = Phase::Generating;
                run.speed.token(made);
            });
        }
        Event::Finished { run, reason, text } => {
            if state.run.as_ref().is_some_and(|shown| shown.id == run) {
                state.leaving.has_ended(state.now);
            }
            with_run(state, run, |run| {
                run.text.push_str(&text);
                run.phase = Phase::Finished(reason);
            });
        }
        Event::Answered { to, answer, rest } => answers::take(state, &to, answer, rest),
        Event::Unanswered { to, why } => answers::failed(state, &to, NoticeKind::Error, why),
        Event::States { run, states } => return save::take_states(state, run, Some(states)),
        Event::Failed { run, message } => return failed(state, run, message),
    }
    Vec::new()
}

/// After the user gave up, what is still under way is no news.
fn loading(state: &mut State, progress: Loading) {
    if state.model.loading != Loading::Cancelled {
        state.model.loading = progress;
    }
}

fn with_run(state: &mut State, id: RunId, change: impl FnOnce(&mut Run)) {
    if let Some(run) = state.run_of(id) {
        change(run);
    }
}

fn ready(state: &mut State, info: Arc<ModelInfo>) -> Vec<Effect> {
    if state.model.is_absent() {
        // A load that was given up for the saved trace has ended all the same.
        return Vec::new();
    }
    if state.model.behind.is_some() && !state.model.is_loading() {
        // So has one that was given up for it, and the engine has that one now.
        state.model.behind = Some(info);
        return Vec::new();
    }
    state.model.behind = None;
    state.model.loading = Loading::Done;
    if let Some(note) = info.notes.first() {
        state.say(NoticeKind::Info, note.clone());
    }
    if !info.lens_kinds().contains(&state.settings.options.lens) {
        state.settings.options.lens = LensKind::default();
    }
    let saved = info.saved_run.clone();
    if let Some(saved) = &saved {
        state.prompt = Prompt::new(&saved.prompt);
        state.queued = Some(saved.prompt.clone());
        state.queued_text = None;
    }
    if state.model.ready.replace(info).is_some() {
        // It may have no such parts.
        state.ablations.clear();
    }
    state.model.saved = None;
    // Runs of the model before have other tokens, and the engine keeps them no longer.
    state.history = RunHistory::default();
    let old = state.run.take().filter(Run::is_active);
    compare::close(state);
    state.pins.clear();
    state.search = None;
    // What was asked of the old model may still wait at the engine.
    let mut effects: Vec<Effect> = old.map(|run| Effect::StopRun(run.id)).into_iter().collect();
    if matches!(state.page, Some(Page::Models(_))) {
        // It marks the model that is loaded.
        effects.push(Effect::Engine(Command::List));
    }
    let text = state.queued_text.take();
    if let Some(prompt) = state.queued.take() {
        effects.extend(match text {
            Some(text) => ask::force(state, prompt, text),
            None => {
                let wanted = state.settings.options.max_tokens;
                ask::run(state, prompt, saved.map_or(wanted, |saved| saved.steps))
            }
        });
    }
    effects
}

fn load_failed(state: &mut State, why: String) {
    if state.model.loading == Loading::Cancelled {
        // That it ended is what the user asked for.
        return;
    }
    // The queued prompt is still in the prompt pane; it does not start by itself any more.
    state.queued = None;
    if state.model.ready.is_some() {
        state.say(NoticeKind::Error, why.clone());
    }
    state.model.loading = Loading::Failed(why);
}

/// The engine's thread has ended, and says no more.
pub fn gone(state: &mut State) -> Vec<Effect> {
    if state.model.is_loading() {
        load_failed(state, GONE.into());
    }
    let run = state.run.as_ref().map(|run| run.id);
    failed(state, run, GONE.into())
}

/// Say why something failed. The trace of a run that broke off is kept: who knows what comes next.
fn failed(state: &mut State, id: Option<RunId>, message: String) -> Vec<Effect> {
    let mut effects = Vec::new();
    if let Some(id) = id {
        if state.run.as_ref().is_none_or(|run| run.id != id) {
            return effects;
        }
        state.leaving.has_ended(state.now);
        with_run(state, id, |run| {
            if run.is_active() {
                run.phase = Phase::Failed(message.clone());
                if !run.columns.is_empty() {
                    effects.push(Effect::KeepTrace);
                }
            }
        });
    }
    state.say(NoticeKind::Error, message);
    effects
}
