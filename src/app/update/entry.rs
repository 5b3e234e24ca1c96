//! Lines that are typed over the panes: how each begins, and what becomes of it.

use super::{ask, intervene, runs};
use crate::app::{Effect, Entry, NoticeKind, Origin, Page, Purpose, State, TokenChoice};
use crate::engine::{Continuation, Run as Asked};
use crate::trace::{Skip, Step};

/// Ask for a text to be scored. It begins as what the shown run has, where that is of the same
/// prompt.
pub fn open_force(state: &mut State) {
    if state.model.ready.is_none() {
        state.say(NoticeKind::Info, "The model is not ready yet.");
        return;
    }
    let typed = state.prompt.text();
    let of_run = state
        .run
        .as_ref()
        .filter(|run| typed.is_empty() || run.prompt == typed);
    let (prompt, text) = match of_run {
        Some(run) => (run.prompt.clone(), run.text.as_str()),
        None => (typed, ""),
    };
    if prompt.is_empty() {
        let text = "The prompt is empty: type what the text follows.";
        state.say(NoticeKind::Info, text);
        return;
    }
    state.page = Some(Page::Entry(Entry::new(Purpose::Force { prompt }, text)));
}

/// Ask what comes in the place of the selected token.
pub fn open_replace(state: &mut State) {
    let step = state.cursor.step;
    let (Some(run), Some(info)) = (&state.run, &state.model.ready) else {
        state.say(NoticeKind::Info, "There is no token yet: generate first.");
        return;
    };
    let Some(column) = run.column(step) else {
        state.say(NoticeKind::Info, "There is no token at this step.");
        return;
    };
    let typed = |token| String::from_utf8_lossy(info.vocabulary.bytes(token)).into_owned();
    let mut entry = Entry::new(Purpose::Replace(step), &typed(column.token));
    let cell = column.cell(state.cursor.row);
    let top = cell.iter().flat_map(|cell| {
        let choice = |(token, logit): &(_, f32)| TokenChoice {
            token: *token,
            label: info.vocabulary.label(*token),
            typed: crate::app::entry::written(&typed(*token)),
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
            skips(entry.field.value()).map(|skips| intervene::skip_these(state, skips))
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

/// What was typed, as parts of the network; a minus before each is allowed, as the status line
/// has it.
fn skips(typed: &str) -> Result<Vec<Skip>, String> {
    let words = typed.split([' ', ',']).filter(|word| !word.is_empty());
    words
        .map(|word| word.strip_prefix('-').unwrap_or(word).parse())
        .collect()
}
