//! What the engine is asked, and when.

use std::sync::Arc;

use crate::app::prompt_columns::Asking;
use crate::app::saved::{NO_MODEL, comparison};
use crate::app::{Effect, Loading, NoticeKind, Run, State};
use crate::engine::{Ask, Command, Question, Run as Asked, RunId};
use crate::settings::PromptColumns;

/// Load the wanted model.
pub fn start_load(state: &mut State) -> Vec<Effect> {
    state.model.ask_again();
    vec![Effect::Engine(Command::Load(state.model.wanted.clone()))]
}

/// Run what is in the prompt; where the model is not ready, as soon as it is.
pub fn generate(state: &mut State) -> Vec<Effect> {
    if state.prompt.is_empty() {
        state.say(
            NoticeKind::Info,
            "The prompt is empty: type a text for the model to continue.",
        );
        return Vec::new();
    }
    if state.model.is_absent() {
        state.say(NoticeKind::Info, NO_MODEL);
        return Vec::new();
    }
    state.prompt.remember();
    let prompt = state.prompt.text();
    if state.model.ready.is_some() && state.model.saved.is_none() {
        return run(state, prompt, state.max_tokens);
    }
    state.queued = Some(prompt);
    match state.model.loading {
        Loading::Failed(_) | Loading::Cancelled => start_load(state),
        _ => Vec::new(),
    }
}

/// Process a prompt and generate, in the place of the run that there is.
pub fn run(state: &mut State, prompt: String, max_tokens: usize) -> Vec<Effect> {
    let id = state.next_run;
    state.next_run = RunId(id.0 + 1);
    let lens = state.view.lens;
    let sampling = state.sampling.clone();
    state.run = Some(Run::asked(id, prompt.clone(), max_tokens, sampling, lens));
    state.cursor = crate::app::Cursor {
        row: state.cursor.row,
        first_row: state.cursor.first_row,
        ..crate::app::Cursor::default()
    };
    if let Some(compare) = &mut state.compare {
        compare.answer = None;
        compare.asked = None;
    }
    vec![Effect::Engine(Command::Run(Asked {
        id,
        prompt,
        max_tokens,
        sampling: state.sampling.clone(),
        lens,
        ..Asked::default()
    }))]
}

/// In compare mode, ask about the candidates whenever they, the step, the lens or the run have
/// changed since the last question.
pub fn compare_if_changed(state: &mut State) -> Option<Effect> {
    let compare = state.compare.as_mut()?;
    let run = state.run.as_ref().filter(|run| run.can_compare())?;
    let texts = compare.candidates();
    if texts.is_empty() {
        compare.answer = None;
        compare.asked = None;
        return None;
    }
    let question = Question {
        run: run.id,
        lens: state.view.lens,
        ask: Ask::Candidates {
            at: run.position_of(state.cursor.place()),
            texts,
        },
    };
    if compare.asked.as_ref() == Some(&question) {
        return None;
    }
    compare.asked = Some(question.clone());
    if let Some(saved) = &state.model.saved {
        let answer = comparison(&saved.record, &question);
        compare.answer = answer.map(Arc::new);
        return None;
    }
    Some(Effect::Engine(Command::Ask(question)))
}

/// While the prompt's own columns are shown, ask for those of the run and the lens that there
/// are no others of yet.
pub fn prompt_columns_if_missing(state: &mut State) -> Option<Effect> {
    if state.view.grid.prompt == PromptColumns::Hidden {
        return None;
    }
    let lens = state.view.lens;
    let run = state.run.as_mut().filter(|run| run.can_compare())?;
    if run.prompt_tokens.len() < 2 || run.prompt_columns.ask(lens) == Asking::Asked {
        return None;
    }
    Some(Effect::Engine(Command::Ask(Question {
        run: run.id,
        lens,
        ask: Ask::PromptColumns,
    })))
}
