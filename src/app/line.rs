//! What is typed in the place of the key line: one variant a purpose.

use tui_input::{Input, InputRequest};

use super::{CommandLine, PrefilledField};
use crate::settings::keys::Scope;

/// A line that is typed in the place of the key line.
#[derive(Clone, Debug)]
pub enum InputLine {
    /// An action or a setting by name.
    Command(CommandLine),
    /// The name of a file to save to.
    Save(PrefilledField),
    /// What to look for in the grid.
    Search(Input),
}

impl InputLine {
    /// Where keys are looked up, the innermost place first.
    #[must_use]
    pub fn scopes(&self) -> &'static [Scope] {
        match self {
            Self::Command(_) => &[Scope::CommandLine, Scope::Text, Scope::Everywhere],
            Self::Save(_) => &[Scope::Save, Scope::Text, Scope::Everywhere],
            Self::Search(_) => &[Scope::Search, Scope::Text, Scope::Everywhere],
        }
    }

    /// Takes an edit.
    pub(super) fn edit(&mut self, request: InputRequest) {
        match self {
            Self::Command(line) => line.edit(request),
            Self::Save(field) => {
                field.edit(request);
            }
            Self::Search(field) => {
                field.handle(request);
            }
        }
    }
}

/// What pasted text is in a field of one line: its characters without the control ones.
pub(super) fn insertions(text: &str) -> impl Iterator<Item = InputRequest> {
    let characters = text.chars().filter(|c| !c.is_control());
    characters.map(InputRequest::InsertChar)
}
