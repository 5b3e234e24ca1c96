//! What the engine is asked, and when.

use super::runs;
use crate::app::{Effect, Loading, NoticeKind, Origin, Run, Side, State};
use crate::engine::{Ask, Command, Question, RunRequest};
use crate::run::{Continuation, Intervention};
use crate::settings::{Reading, Visibility};

/// What is said where a model is needed and none is there yet.
pub const NOT_READY: &str = "The model is not ready yet.";

/// Load the wanted model.
pub fn start_load(state: &mut State) -> Vec<Effect> {
    state.model.ask_again();
    vec![Effect::Engine(Command::Load {
        model: state.settings.options.model.clone(),
        dtype: state.settings.options.dtype,
        devices: state.settings.options.devices(),
    })]
}

/// Run what is in the prompt; where the model is not ready, as soon as it is.
pub fn generate(state: &mut State) -> Vec<Effect> {
    if state.says_nothing() {
        state.say(
            NoticeKind::Info,
            "The prompt is empty: type a text for the model to continue.",
        );
        return Vec::new();
    }
    if state.model.is_absent() {
        let text = state.no_model();
        state.say(NoticeKind::Info, text);
        return Vec::new();
    }
    state.leave_saved();
    state.prompt.remember();
    state.awaits_columns = true;
    state.queued_text = None;
    let prompt = state.prompt.text();
    if state.model.ready.is_some() && state.model.saved.is_none() {
        return run(state, prompt, state.settings.options.max_tokens);
    }
    state.queued = Some(prompt);
    match state.model.loading {
        Loading::Failed(_) | Loading::Cancelled => start_load(state),
        _ => Vec::new(),
    }
}

/// Process a prompt and generate; the run that there is goes to those that are kept.
pub fn run(state: &mut State, prompt: String, max_tokens: usize) -> Vec<Effect> {
    let asked = RunRequest {
        prompt,
        chat: state.chat(),
        max_tokens,
        sampling: state.sampling(),
        interventions: ablations(state),
        ..RunRequest::default()
    };
    runs::begin(state, asked, Origin::Prompt)
}

/// Process a prompt, and score a text as what follows it.
pub fn force(state: &mut State, prompt: String, text: String) -> Vec<Effect> {
    let chat = state.chat();
    let is_same = |run: &&Run| run.prompt == prompt && run.chat == chat;
    let same_prompt = state.run.as_ref().filter(is_same);
    let asked = RunRequest {
        interventions: match same_prompt {
            Some(run) => run.interventions.clone(),
            None => ablations(state),
        },
        prompt,
        chat,
        continuation: Continuation::Text(text),
        max_tokens: 0,
        sampling: state.sampling(),
        ..RunRequest::default()
    };
    runs::begin(state, asked, Origin::Given)
}

/// Score a text behind the prompt.
pub fn score(state: &mut State, text: String) -> Vec<Effect> {
    if state.model.ready.is_none() {
        state.say(NoticeKind::Info, NOT_READY);
        return Vec::new();
    }
    match prompt_to_follow(state) {
        Some(prompt) => force(state, prompt, text),
        None => Vec::new(),
    }
}

/// What a given text follows: the prompt that is typed, or else that of the shown run. Says so
/// where there is neither.
pub fn prompt_to_follow(state: &mut State) -> Option<String> {
    let typed = state.prompt.text();
    let prompt = match &state.run {
        Some(run) if typed.is_empty() => run.prompt.clone(),
        _ => typed,
    };
    if prompt.is_empty() && state.says_nothing() {
        let text = "The prompt is empty: type what the text follows.";
        state.say(NoticeKind::Info, text);
        return None;
    }
    Some(prompt)
}

/// What is skipped in the run of another prompt. States of a run have their positions in its own
/// prompt, so patches stay behind.
fn ablations(state: &State) -> Vec<Intervention> {
    state
        .ablations
        .iter()
        .copied()
        .map(Intervention::Ablation)
        .collect()
}

/// While the run before is seen, ask for its columns under the lens of the shown one: under two
/// lenses nothing can be compared.
pub fn recast_before_if_seen(state: &mut State) -> Option<Effect> {
    if state.history.side == Side::After {
        return None;
    }
    let reading = state.settings.options.reading();
    let before = state.history.before_mut()?;
    relens(before, reading)
}

/// Ask for a run's columns under another lens, or at other rows.
pub fn relens(run: &mut Run, (lens, rows): Reading) -> Option<Effect> {
    if (run.lens, run.rows) == (lens, rows) && !run.relens.is_waiting() {
        return None;
    }
    run.relens.ask(Question {
        run: run.id,
        lens,
        rows,
        ask: Ask::Relens,
    })
}

/// Columns of prompts that did not come are asked for again.
pub fn ask_again_for_prompt_columns(state: &mut State) {
    for run in state.run.iter_mut().chain(state.history.others_mut()) {
        let total = run.prompt_tokens.len().saturating_sub(1);
        run.prompt_columns.ask_again_below(total);
    }
}

/// While the prompt's own columns are shown, ask for those of the run and the lens that there
/// are no others of yet; where the run before is seen as well, for those of that one too.
pub fn prompt_columns_if_missing(state: &mut State) -> Vec<Effect> {
    if state.settings.options.grid.prompt == Visibility::Hidden {
        return Vec::new();
    }
    let reading = state.settings.options.reading();
    let before = match state.history.side {
        Side::After => None,
        Side::Difference | Side::Before => state.history.before_mut(),
    };
    let runs = state.run.iter_mut().chain(before);
    runs.filter_map(|run| prompt_columns_of(run, reading))
        .collect()
}

fn prompt_columns_of(run: &mut Run, reading: Reading) -> Option<Effect> {
    if !run.can_compare() {
        return None;
    }
    if run.prompt_tokens.len() < 2 {
        return None;
    }
    run.prompt_columns.ask(run.id, reading)
}
