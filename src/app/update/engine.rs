//! What the engine says, taken in. What belongs to a run that is no longer kept is dropped.

use std::sync::Arc;

use super::{act, answers, ask, compare, save, tour};
use crate::app::{
    Effect, FailedSource, Loading, Notice, NoticeKind, Page, Pane, Phase, Prompt, Run, RunHistory,
    State,
};
use crate::engine::{Command, Event};
use crate::run::{ModelInfo, RunId};
use crate::settings::Action;
use crate::trace::{LensKind, Step};

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
        Event::LoadFailed(why) => return load_failed(state, why),
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
            if step == Step(0) {
                let is_shown = state.run.as_ref().is_some_and(|shown| shown.id == run);
                take_focus(state, is_shown);
            }
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

/// The first column of a run that was just asked for from the prompt takes the focus.
fn take_focus(state: &mut State, is_shown: bool) {
    let is_in_prompt = state.view.focus == Pane::Prompt && state.compare.is_none();
    let is_free = state.page.is_none() && state.line.is_none();
    if state.awaits_columns && is_shown && is_in_prompt && is_free {
        act::focus(state, Pane::Grid);
    }
    state.awaits_columns = false;
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
    state.recorded = None;
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
    if std::mem::take(&mut state.tour_is_due) && state.queued.is_none() && state.prompt.is_empty() {
        effects.extend(tour::begin(state));
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

fn load_failed(state: &mut State, why: String) -> Vec<Effect> {
    if state.model.loading == Loading::Cancelled {
        // That it ended is what the user asked for.
        return Vec::new();
    }
    // The queued prompt is still in the prompt pane; it does not start by itself any more.
    let queued = state.queued.take();
    let is_first = state.model.ready.is_none();
    if !is_first {
        state.say(NoticeKind::Error, why.clone());
    }
    state.model.loading = Loading::Failed(why.clone());
    match is_first
        && queued.is_none()
        && state.prompt.is_empty()
        && state.settings.options.wants_the_default_model()
    {
        true => recorded_instead(state, why),
        false => Vec::new(),
    }
}

/// Show a recorded run in the place of the model that cannot be had.
fn recorded_instead(state: &mut State, why: String) -> Vec<Effect> {
    let effects = state.show_recorded_first();
    if state.recorded.is_some() {
        let (retry, models) = (
            state.keys_for(Action::RetryLoad),
            state.keys_for(Action::Models),
        );
        let text = format!(
            "No model could be had: this is a recorded run. {retry} tries again, {models} lists models"
        );
        state.say(NoticeKind::Info, text);
        state.next_notice = Some(Notice {
            kind: NoticeKind::Error,
            text: why,
        });
    }
    effects
}

/// The engine's thread has ended, and says no more.
pub fn gone(state: &mut State) -> Vec<Effect> {
    if state.model.is_loading() {
        // There is no engine that could be asked for another one.
        state.model.loading = Loading::Failed(GONE.into());
        state.queued = None;
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
