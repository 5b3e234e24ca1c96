//! Lines that are typed over the panes: how each begins, and what becomes of it.

use super::{ask, intervene, runs};
use crate::app::entry::parse_skips;
use crate::app::{Effect, Entry, NoticeKind, Origin, Page, Purpose, State, TokenChoice};
use crate::engine::Run as Asked;
use crate::run::Continuation;
use crate::trace::Step;
use crate::vocabulary::typed;

/// What is said of a token of the prompt where one behind it is meant.
pub const OF_THE_PROMPT: &str = "This token is the prompt's own: choose one behind it.";

const NOT_READY: &str = "The model is not ready yet.";

/// Ask for a text to be scored. It begins as what the shown run has, where that is of the same
/// prompt.
pub fn open_force(state: &mut State) {
    if state.model.ready.is_none() {
        state.say(NoticeKind::Info, NOT_READY);
        return;
    }
    let Some(prompt) = prompt_to_follow(state) else {
        return;
    };
    let of_run = state.run.as_ref().filter(|run| run.prompt == prompt);
    let text = of_run.map_or("", |run| run.text.as_str());
    let entry = Entry::new(Purpose::Force { prompt }, text);
    state.page = Some(Page::Entry(entry));
}

/// Score a text behind the prompt.
pub fn force(state: &mut State, text: String) -> Vec<Effect> {
    if state.model.ready.is_none() {
        state.say(NoticeKind::Info, NOT_READY);
        return Vec::new();
    }
    match prompt_to_follow(state) {
        Some(prompt) => ask::force(state, prompt, text),
        None => Vec::new(),
    }
}

/// What a given text follows: the prompt that is typed, or else that of the shown run. Says so
/// where there is neither.
fn prompt_to_follow(state: &mut State) -> Option<String> {
    let typed = state.prompt.text();
    let prompt = match &state.run {
        Some(run) if typed.is_empty() => run.prompt.clone(),
        _ => typed,
    };
    if prompt.is_empty() {
        let text = "The prompt is empty: type what the text follows.";
        state.say(NoticeKind::Info, text);
        return None;
    }
    Some(prompt)
}

/// Ask what comes in the place of the selected token.
pub fn open_replace(state: &mut State) {
    let step = state.cursor.step;
    let (Some(run), Some(info)) = (&state.run, &state.model.ready) else {
        state.say(NoticeKind::Info, "There is no token yet: generate first.");
        return;
    };
    if state.cursor.prompt.is_some() {
        state.say(NoticeKind::Info, OF_THE_PROMPT);
        return;
    }
    let Some(column) = run.column(step) else {
        state.say(NoticeKind::Info, "There is no token at this step.");
        return;
    };
    let text = |token| String::from_utf8_lossy(info.vocabulary.bytes(token)).into_owned();
    let mut entry = Entry::new(Purpose::Replace(step), &text(column.token));
    let cell = column.cell(state.cursor.row);
    let top = cell.iter().flat_map(|cell| {
        let choice = |(token, logit): &(_, f32)| TokenChoice {
            token: *token,
            label: info.vocabulary.label(*token),
            typed: typed::as_typed(&text(*token)),
            prob: cell.prob_of_logit(*logit),
        };
        cell.top.iter().map(choice)
    });
    let others = top.filter(|choice| choice.token != column.token);
    entry.choices = others.collect();
    state.page = Some(Page::Entry(entry));
}

/// Ask what is skipped.
pub fn open_skips(state: &mut State) {
    let skips: Vec<String> = state.skips.iter().map(ToString::to_string).collect();
    let entry = Entry::new(Purpose::Skips, &skips.join(" "));
    state.page = Some(Page::Entry(entry));
}

/// Do what was typed. What cannot be read stays there to be mended.
pub fn accept(state: &mut State) -> Vec<Effect> {
    let Some(Page::Entry(entry)) = &state.page else {
        return Vec::new();
    };
    let entry = entry.clone();
    let done = match &entry.purpose {
        Purpose::Force { .. } | Purpose::Replace(_) if entry.is_empty() => {
            Err("The line is empty: type a text.".to_owned())
        }
        Purpose::Force { prompt } => Ok(ask::force(state, prompt.clone(), entry.text())),
        Purpose::Replace(step) => Ok(branch(state, *step, &entry)),
        Purpose::Skips => {
            parse_skips(entry.field.value()).map(|skips| intervene::skip_these(state, skips))
        }
    };
    match done {
        Ok(effects) => {
            state.page = None;
            effects
        }
        Err(why) => {
            state.say(NoticeKind::Error, why);
            Vec::new()
        }
    }
}

/// The shown run up to `step`, then what was typed or chosen, then what the model makes of it.
fn branch(state: &mut State, step: Step, entry: &Entry) -> Vec<Effect> {
    let Some(run) = &state.run else {
        return Vec::new();
    };
    let mut tokens = run.tokens_before(step);
    let continuation = match entry.token() {
        Some(token) => {
            tokens.push(token);
            Continuation::Tokens(tokens)
        }
        None => Continuation::Branch {
            tokens,
            text: entry.text(),
        },
    };
    let asked = Asked {
        continuation,
        max_tokens: match run.max_tokens {
            0 => state.max_tokens,
            most => most,
        },
        ..run.again()
    };
    let origin = Origin::Branch {
        of: run.id,
        at: step,
    };
    runs::begin(state, asked, origin)
}
