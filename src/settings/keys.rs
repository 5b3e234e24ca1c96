//! The key map: what each key does in each place, from `config/keys.toml`.
//!
//! The key line and the help page are made from it, so that they cannot be wrong.

use std::path::Path;

use crokey::KeyCombination;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use serde::{Deserialize, Serialize};

use super::SettingsError;
use super::overlay::Problem;

mod action;
mod name;
mod parse;

pub use action::Action;
pub use name::key_name;

const DEFAULTS: &str = include_str!("../../config/keys.toml");

/// A place with keys of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// The prompt.
    Prompt,
    /// Any text field.
    Text,
    /// The grid.
    Grid,
    /// The log.
    Log,
    /// The cell pane.
    Cell,
    /// The text field of compare mode.
    Candidates,
    /// The list of tokens under it.
    Completions,
    /// Table and chart of compare mode.
    Comparison,
    /// A candidate across the whole grid.
    Followed,
    /// Any pane that is no text field.
    Panes,
    /// The list of models.
    Models,
    /// The list of runs.
    Runs,
    /// A line that is typed over the panes.
    Entry,
    /// The list of all actions.
    Actions,
    /// The command line.
    CommandLine,
    /// The field for a file name.
    Save,
    /// The page of layer predictions.
    Predictions,
    /// The page of attribution.
    Attribution,
    /// The summary of the trace.
    Summary,
    /// What to look for in the grid, while it is typed.
    Search,
    /// The prompt's tokens.
    PromptTokens,
    /// The help page.
    Help,
    /// Every place.
    Everywhere,
}

impl Scope {
    /// All of them, in the order of the help page.
    pub const ALL: [Self; 23] = [
        Self::Everywhere,
        Self::Prompt,
        Self::Panes,
        Self::Grid,
        Self::Log,
        Self::Cell,
        Self::Candidates,
        Self::Completions,
        Self::Comparison,
        Self::Predictions,
        Self::Attribution,
        Self::Followed,
        Self::Models,
        Self::Runs,
        Self::Entry,
        Self::Actions,
        Self::CommandLine,
        Self::Save,
        Self::Summary,
        Self::Search,
        Self::PromptTokens,
        Self::Text,
        Self::Help,
    ];

    /// As the help page says it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Prompt => "In the prompt",
            Self::Text => "In a text field",
            Self::Grid => "In the grid",
            Self::Log => "In the log",
            Self::Cell => "In the cell pane",
            Self::Candidates => "Comparing: in the field",
            Self::Completions => "Comparing: in the list of tokens",
            Self::Followed => "Comparing: one candidate's grid",
            Self::Comparison => "Comparing: in table and chart",
            Self::Predictions => "In the layer predictions",
            Self::Attribution => "In the attribution",
            Self::Models => "In the list of models",
            Self::Runs => "In the list of runs",
            Self::Entry => "In a line over the panes",
            Self::Actions => "In the list of actions",
            Self::CommandLine => "At the command line",
            Self::Save => "Saving: in the field",
            Self::Summary => "In the summary",
            Self::Search => "While searching",
            Self::PromptTokens => "Among the prompt's tokens",
            Self::Panes => "In every pane but a text field",
            Self::Help => "On this page",
            Self::Everywhere => "Everywhere",
        }
    }

    /// Characters without Ctrl or Alt are text there.
    fn takes_text(self) -> bool {
        matches!(
            self,
            Self::Prompt
                | Self::Text
                | Self::Candidates
                | Self::Models
                | Self::Entry
                | Self::Actions
                | Self::CommandLine
                | Self::Save
                | Self::Search
                | Self::Completions
                | Self::Everywhere
        )
    }
}

/// Keys that do one thing in one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The keys.
    pub keys: Vec<KeyCombination>,
    /// What they do.
    pub action: Action,
    /// The line on the help page.
    pub help: String,
    /// The word in the key line, for those that stand there.
    pub hint: Option<String>,
}

/// What each key does in each place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keymap {
    scopes: Vec<(Scope, Vec<Binding>)>,
}

impl Keymap {
    /// The key map inside the program.
    ///
    /// # Errors
    /// When the file inside the program is broken.
    pub fn embedded() -> Result<Self, SettingsError> {
        let (keymap, problems) = parse::parse(Path::new("keys.toml"), DEFAULTS);
        match problems.first() {
            Some(problem) => Err(SettingsError(problem.to_string())),
            None => Ok(keymap),
        }
    }

    /// Put a user's file on top: a key that it names no longer does what it did.
    pub fn overlay(&mut self, file: &Path, text: &str) -> Vec<Problem> {
        let (theirs, problems) = parse::parse(file, text);
        for (scope, bindings) in theirs.scopes {
            for binding in bindings {
                self.bind(scope, binding);
            }
        }
        problems
    }

    fn bind(&mut self, scope: Scope, mut binding: Binding) {
        let bindings = self.scope_mut(scope);
        for other in bindings.iter_mut() {
            other.keys.retain(|key| !binding.keys.contains(key));
        }
        if let Some(same) = bindings
            .iter_mut()
            .find(|other| other.action == binding.action)
        {
            // The user's own keys first: the key line shows the first one.
            binding.keys.append(&mut same.keys);
            same.keys = binding.keys;
            if !binding.help.is_empty() {
                same.help = binding.help;
            }
            same.hint = binding.hint.or_else(|| same.hint.take());
        } else {
            bindings.push(binding);
        }
        bindings.retain(|binding| !binding.keys.is_empty());
    }

    fn scope_mut(&mut self, scope: Scope) -> &mut Vec<Binding> {
        let at = match self.scopes.iter().position(|(s, _)| *s == scope) {
            Some(at) => at,
            None => {
                self.scopes.push((scope, Vec::new()));
                self.scopes.len() - 1
            }
        };
        &mut self.scopes[at].1
    }

    /// What is bound in `scope`, in the order of the file.
    #[must_use]
    pub fn bindings(&self, scope: Scope) -> &[Binding] {
        self.scopes
            .iter()
            .find(|(s, _)| *s == scope)
            .map_or(&[], |(_, bindings)| bindings)
    }

    /// What `key` does where `scopes` hold, the innermost first.
    #[must_use]
    pub fn resolve(&self, scopes: &[Scope], key: KeyEvent) -> Option<Action> {
        self.action_of(scopes, normalised(key))
    }

    /// What `key`, as the key map spells it, does where `scopes` hold, the innermost first.
    #[must_use]
    pub fn action_of(&self, scopes: &[Scope], key: KeyCombination) -> Option<Action> {
        scopes.iter().find_map(|scope| {
            self.bindings(*scope)
                .iter()
                .find(|binding| binding.keys.contains(&key))
                .map(|binding| binding.action)
        })
    }

    /// The first key for `action` where `scopes` hold, as it is shown.
    #[must_use]
    pub fn key_for(&self, scopes: &[Scope], action: Action) -> Option<String> {
        scopes
            .iter()
            .flat_map(|scope| self.bindings(*scope))
            .find(|binding| binding.action == action)
            .and_then(|binding| binding.keys.first())
            .map(|key| key_name(*key))
    }
}

/// `key` as the key map spells it: a shifted letter is upper case with Shift, a shifted sign is
/// that sign without, and the codes of Ctrl-4 to Ctrl-7 are those that people know.
fn normalised(key: KeyEvent) -> KeyCombination {
    let mut key = key;
    if let KeyCode::Char(character) = key.code {
        if !character.is_alphabetic() {
            key.modifiers.remove(KeyModifiers::SHIFT);
        }
        // A terminal sends one byte for these, and crossterm names it by the digit.
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            key.code = KeyCode::Char(match character {
                '4' => '\\',
                '5' => ']',
                '6' => '^',
                '7' | '/' => '_',
                other => other,
            });
        }
    }
    KeyCombination::from(key)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn press(code: KeyCode, modifiers: KeyModifiers) -> KeyEvent {
        KeyEvent::new(code, modifiers)
    }

    #[test]
    fn every_default_binding_says_what_it_does() {
        let keymap = Keymap::embedded().unwrap();
        for scope in Scope::ALL {
            let bindings = keymap.bindings(scope);
            assert!(!bindings.is_empty(), "{scope:?} has no keys");
            for binding in bindings {
                assert!(!binding.help.is_empty(), "{scope:?} {:?}", binding.action);
                // What a column of the help page holds on a screen of 120 columns.
                assert!(binding.help.chars().count() <= 38, "{}", binding.help);
            }
        }
    }

    #[test]
    fn no_default_binding_needs_alt_or_a_function_key() {
        let keymap = Keymap::embedded().unwrap();
        for scope in Scope::ALL {
            for binding in keymap.bindings(scope) {
                let plain = binding.keys.iter().any(|key| {
                    !key.modifiers.contains(KeyModifiers::ALT)
                        && !matches!(key.codes, crokey::OneToThree::One(KeyCode::F(_)))
                });
                assert!(
                    plain || binding.action == Action::DeleteWordRight,
                    "{binding:?}"
                );
            }
        }
    }

    #[test]
    fn the_inner_place_wins() {
        let keymap = Keymap::embedded().unwrap();
        let l = press(KeyCode::Char('l'), KeyModifiers::NONE);
        let in_grid = [Scope::Grid, Scope::Panes, Scope::Everywhere];
        assert_eq!(keymap.resolve(&in_grid, l), Some(Action::Right));
        let in_prompt = [Scope::Prompt, Scope::Text, Scope::Everywhere];
        assert_eq!(keymap.resolve(&in_prompt, l), None);
    }

    #[test]
    fn shift_is_normalised() {
        let keymap = Keymap::embedded().unwrap();
        let scopes = [Scope::Grid, Scope::Panes];
        for modifiers in [KeyModifiers::NONE, KeyModifiers::SHIFT] {
            let capital = press(KeyCode::Char('G'), modifiers);
            assert_eq!(keymap.resolve(&scopes, capital), Some(Action::LastRow));
            let sign = press(KeyCode::Char('?'), modifiers);
            assert_eq!(keymap.resolve(&scopes, sign), Some(Action::Help));
        }
    }

    #[test]
    fn ctrl_underscore_is_what_terminals_send_for_it() {
        let keymap = Keymap::embedded().unwrap();
        let sent = press(KeyCode::Char('7'), KeyModifiers::CONTROL);
        assert_eq!(keymap.resolve(&[Scope::Text], sent), Some(Action::Undo));
    }

    #[test]
    fn a_users_key_takes_the_place_of_the_default() {
        let mut keymap = Keymap::embedded().unwrap();
        let problems = keymap.overlay(
            Path::new("keys.toml"),
            r#"panes = [ { keys = ["z"], action = "theme" }, { keys = ["t"], action = "nothing" } ]"#,
        );
        assert_eq!(problems, []);
        let z = press(KeyCode::Char('z'), KeyModifiers::NONE);
        let t = press(KeyCode::Char('t'), KeyModifiers::NONE);
        assert_eq!(keymap.resolve(&[Scope::Panes], z), Some(Action::Theme));
        assert_eq!(keymap.resolve(&[Scope::Panes], t), Some(Action::Nothing));
        assert_eq!(keymap.key_for(&[Scope::Panes], Action::Theme).unwrap(), "z");
        assert_eq!(keymap.key_for(&[Scope::Panes], Action::Zoom), None);
    }
}
