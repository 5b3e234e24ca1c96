//! All actions with their keys, to be searched and done.

use ratatui::layout::Size;
use tui_input::{Input, InputRequest};

use super::{Behaviour, Outcome, lines_of};
use crate::app::command_line::described_actions;
use crate::app::{Motion, State};
use crate::settings::keys::{Scope, key_name};
use crate::settings::{Action, Settings};

/// The list of actions while it is open.
#[derive(Clone, Debug, Default)]
pub struct ActionList {
    /// What is searched for.
    pub field: Input,
    /// The chosen one's place among [`ActionList::entries`].
    pub selected: usize,
}

/// An action as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionEntry {
    /// The action.
    pub action: Action,
    /// What it does; empty where no key has a word for it.
    pub help: String,
    /// Its keys in each place where it has some, as `z, in every pane but a text field`.
    pub keys: Vec<(String, Scope)>,
}

impl ActionList {
    /// The actions that have every typed word in name, help or keys. What may quit comes last: the
    /// first one is chosen before anybody has chosen.
    #[must_use]
    pub fn entries(&self, settings: &Settings) -> Vec<ActionEntry> {
        let typed = self.field.value().to_lowercase();
        let words: Vec<&str> = typed.split_whitespace().collect();
        let mut actions = described_actions(settings);
        actions.sort_by_key(|(action, _)| matches!(action, Action::Quit | Action::Interrupt));
        actions
            .into_iter()
            .map(|(action, help)| ActionEntry {
                action,
                help,
                keys: keys_of(settings, action),
            })
            .filter(|entry| {
                let keys: Vec<&str> = entry.keys.iter().map(|(keys, _)| keys.as_str()).collect();
                let text = format!("{} {} {}", entry.action, entry.help, keys.join(" "));
                let text = text.to_lowercase();
                words.iter().all(|word| text.contains(word))
            })
            .collect()
    }

    fn chosen(&self, settings: &Settings) -> Option<Action> {
        let entries = self.entries(settings);
        let last = entries.len().saturating_sub(1);
        entries
            .get(self.selected.min(last))
            .map(|entry| entry.action)
    }
}

impl Behaviour for ActionList {
    fn scopes(&self) -> &'static [Scope] {
        &[Scope::Actions, Scope::Text, Scope::Everywhere]
    }

    fn act(&mut self, action: Action, state: &mut State) -> Outcome {
        match action {
            Action::DoChosen => match self.chosen(&state.settings) {
                Some(chosen) => Outcome::Then(chosen),
                None => Outcome::CLOSE,
            },
            Action::Help => Outcome::CLOSE,
            _ => Outcome::Pass,
        }
    }

    /// The last line is found out when it is drawn or done: the list is as long as the settings
    /// say.
    fn walk(&mut self, motion: Motion, screen: Size) {
        // The first line is the field.
        let lines = lines_of(screen) - 1;
        self.selected = motion.in_list(self.selected, lines.into());
    }

    fn edit(&mut self, request: InputRequest) {
        self.field.handle(request);
        self.selected = 0;
    }
}

fn keys_of(settings: &Settings, action: Action) -> Vec<(String, Scope)> {
    let of_scope = |scope: Scope| {
        let bindings = settings.keymap.bindings(scope);
        let binding = bindings.iter().find(|binding| binding.action == action)?;
        let keys: Vec<String> = binding.keys.iter().map(|key| key_name(*key)).collect();
        Some((keys.join(" "), scope))
    };
    Scope::ALL.into_iter().filter_map(of_scope).collect()
}
