//! The one place where the state changes.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use tui_input::InputRequest;

use super::line::insertions;
use super::{Effect, Message, NoticeKind, Pane, RecordingNews, State, pages};
use crate::settings::Switch;
use crate::trace::LONGEST_PROMPT;

mod act;
mod answers;
pub(super) mod ask;
mod autosave;
mod cell_attribution;
mod chapter;
mod command;
mod compare;
mod copy;
mod engine;
pub(super) mod from_file;
pub(super) mod intervene;
mod leave;
mod mouse;
mod questions;
pub(super) mod runs;
mod save;
mod search;
mod set;
#[cfg(test)]
mod tests;
mod text;
mod tour;
mod walk;

pub(super) use ask::start_load;
pub use from_file::needs_the_model;

/// Take a message in: change the state, and say what has to happen outside.
pub fn update(state: &mut State, message: Message) -> Vec<Effect> {
    let before = chapter::Scene::of(state);
    let mut effects = match message {
        Message::Key(key) => press(state, key),
        Message::Paste(text) => {
            paste(state, &text);
            Vec::new()
        }
        Message::Mouse(event) => mouse::mouse(state, event),
        Message::Resize { columns, rows } => {
            state.columns = columns;
            state.rows = rows;
            Vec::new()
        }
        Message::Engine(event) => engine::heard(state, event),
        Message::EngineGone => engine::gone(state),
        Message::Recording(news) => {
            recorded(state, news);
            Vec::new()
        }
        Message::Saved(news) => {
            save::saved(state, news);
            Vec::new()
        }
        Message::Autosave(news) => {
            autosave::heard(state, news);
            Vec::new()
        }
        Message::LogFailed(why) => {
            state.say(NoticeKind::Error, why);
            Vec::new()
        }
    };
    effects.extend(tour::follow(state));
    state.settle();
    state.leaving.follow(&effects);
    effects.extend(pages::questions(state));
    effects.extend(cell_attribution::ask_if_missing(state));
    effects.extend(ask::recast_before_if_seen(state));
    effects.extend(ask::prompt_columns_if_missing(state));
    effects.extend(questions::for_compare(state));
    effects.extend(chapter::begun(before, state));
    from_file::answer(state, effects)
}

fn recorded(state: &mut State, news: RecordingNews) {
    let (recording, kind, text) = match news {
        RecordingNews::Started(path) => (
            Switch::On,
            NoticeKind::Info,
            format!("Recording to {}", path.display()),
        ),
        RecordingNews::Saved(path) => (
            Switch::Off,
            NoticeKind::Info,
            format!("Recorded {}; `asciinema play` shows it.", path.display()),
        ),
        RecordingNews::Failed(why) => (Switch::Off, NoticeKind::Error, why),
    };
    state.recording = recording;
    state.say(kind, text);
}

fn press(state: &mut State, key: KeyEvent) -> Vec<Effect> {
    if key.kind == KeyEventKind::Release {
        return Vec::new();
    }
    state.notice = state.next_notice.take();
    state.awaits_columns = false;
    let action = state.settings.keymap.resolve(state.scopes(), key);
    if let Some(asked) = state.leaving.take_question() {
        return leave::answer(state, asked, key, action);
    }
    match action {
        Some(action) if leave::is_a_slip(state, key, action) => Vec::new(),
        Some(action) => act::act(state, action),
        None => {
            type_character(state, key);
            Vec::new()
        }
    }
}

fn type_character(state: &mut State, key: KeyEvent) {
    let KeyCode::Char(character) = key.code else {
        return;
    };
    let is_text = !key.modifiers.intersects(
        KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SUPER | KeyModifiers::META,
    );
    if !is_text {
        return;
    }
    if let Some(line) = &mut state.line {
        line.edit(InputRequest::InsertChar(character));
        return;
    }
    if let Some(page) = &mut state.page {
        page.edit(InputRequest::InsertChar(character));
        return;
    }
    match (state.view.focus, &mut state.compare) {
        (Pane::Prompt, _) => state.prompt.editor_mut().insert_char(character),
        (Pane::Candidates, Some(compare)) => {
            compare.edit(InputRequest::InsertChar(character));
        }
        _ => {}
    }
}

/// The most lines of a prompt: the editor counts those that it shows in 16 bits.
const MOST_LINES: usize = 65_000;

/// The longest text that is pasted into a field of one line, in bytes.
const LONGEST_FIELD: usize = 1 << 14;

/// Why a prompt that holds `prompt` does not hold `text` besides.
fn too_much(prompt: &str, text: &str) -> Option<String> {
    let lines = |text: &str| text.matches('\n').count();
    if prompt.len() + text.len() > LONGEST_PROMPT {
        Some("is too long: a prompt holds 1 MB".to_owned())
    } else if lines(prompt) + lines(text) >= MOST_LINES {
        Some(format!("has too many lines: a prompt holds {MOST_LINES}"))
    } else {
        None
    }
}

/// The text as a whole, or nothing of it and why.
fn paste(state: &mut State, text: &str) {
    state.notice = None;
    state.awaits_columns = false;
    let goes_to_field = state.line.is_some()
        || state.page.as_ref().is_some_and(|page| page.takes_paste())
        || (state.compare.is_some()
            && matches!(state.view.focus, Pane::Candidates | Pane::Comparison));
    let refused = match goes_to_field {
        true if text.len() > LONGEST_FIELD => Some("is too long: a field holds 16 kB".to_owned()),
        true => None,
        false => too_much(&state.prompt.text(), text),
    };
    if let Some(why) = refused {
        let told = format!("The pasted text {why}. Nothing changed.");
        state.say(NoticeKind::Error, told);
        return;
    }
    if let Some(line) = &mut state.line {
        insertions(text).for_each(|insertion| line.edit(insertion));
        return;
    }
    if state.page.as_ref().is_some_and(|page| !page.takes_paste()) {
        state.close_page();
    }
    if let Some(page) = &mut state.page {
        page.paste(text);
        return;
    }
    match (state.view.focus, &mut state.compare) {
        (Pane::Candidates | Pane::Comparison, Some(compare)) => {
            insertions(text).for_each(|insertion| compare.edit(insertion));
        }
        _ => {
            state.view.focus = Pane::Prompt;
            state.prompt.paste(text);
        }
    }
}
