//! An autosave that an earlier session left, and how it is offered.

use std::path::PathBuf;
use std::sync::Arc;

use super::State;
use crate::run::Record;
use crate::settings::Action;
use crate::settings::keys::Scope;

/// As much of a prompt is quoted, in characters.
const QUOTED: usize = 24;

/// A trace that a session before left unsaved.
#[derive(Clone, Debug, PartialEq)]
pub struct Autosave {
    /// The file that it was kept in.
    pub path: PathBuf,
    /// When that was, by the user's clock.
    pub autosaved_at: String,
    /// What is in it, or one line that says why it cannot be opened.
    pub trace: Result<Arc<Record>, String>,
}

/// What became of traces that are kept.
#[derive(Clone, Debug, PartialEq)]
pub enum AutosaveEvent {
    /// A session before has left one.
    Found(Autosave),
    /// One could not be kept, looked for or deleted; one line that says which and why.
    Failed(String),
}

impl State {
    /// One line: what was found, and how to have it or get rid of it.
    pub(super) fn offer_of(&self, autosave: &Autosave) -> String {
        let keys = |action: Action| self.keys_for(action);
        let discard = keys(Action::DiscardAutosave);
        match &autosave.trace {
            Ok(record) => format!(
                "{} opens, {discard} discards the unsaved trace of {} (“{}”, {})",
                keys(Action::OpenAutosave),
                autosave.autosaved_at,
                quoted(&record.prompt),
                steps(record.columns.len()),
            ),
            Err(why) => {
                format!("The unsaved trace cannot be opened ({discard} discards it): {why}")
            }
        }
    }
}

impl State {
    /// What to press here.
    pub(super) fn keys_for(&self, action: Action) -> String {
        let key = self.settings.keymap.key_for(self.scopes(), action);
        key.unwrap_or_else(|| self.keys_from_a_pane(action))
    }

    /// What to press where texts are typed: to the next pane first.
    fn keys_from_a_pane(&self, action: Action) -> String {
        let keymap = &self.settings.keymap;
        let next = keymap.key_for(&[Scope::Everywhere], Action::NextPane);
        let key = keymap.key_for(&[Scope::Panes, Scope::Everywhere], action);
        match (next, key) {
            (Some(next), Some(key)) => format!("{next} then {key}"),
            _ => format!("`{action}`"),
        }
    }
}

fn steps(count: usize) -> String {
    match count {
        1 => "1 step".to_owned(),
        n => format!("{n} steps"),
    }
}

/// The beginning of a text, on one line.
fn quoted(text: &str) -> String {
    let line = text.replace('\n', " ");
    match line.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("{}…", line[..end].trim_end()),
        None => line,
    }
}
