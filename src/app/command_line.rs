//! The command line: every action and every setting by name, with suggestions and history.

use std::path::PathBuf;

use strum::IntoEnumIterator;
use tui_input::{Input, InputRequest};

use super::State;
use super::pages::entry::parse_ablations;
use crate::settings::keys::Scope;
use crate::settings::{Action, Settings};
use crate::trace::{Ablation, Layer, Step};
use crate::vocabulary::typed;

/// The command line while it is open.
#[derive(Clone, Debug, Default)]
pub struct CommandLine {
    /// What is typed.
    pub field: Input,
    /// The suggestion that stands in the field, as its place among the suggestions.
    pub chosen: Option<usize>,
    /// What was typed before suggestions or history took its place.
    typed: String,
    /// How far back in the history the field is.
    back: usize,
}

/// What was typed, understood.
#[derive(Clone, Debug, PartialEq)]
pub enum TypedCommand {
    /// What a key would do.
    Act(Action),
    /// Set an option.
    Set {
        /// As `grid.value`.
        name: String,
        /// As it would stand in the file.
        value: String,
    },
    /// Load a model.
    Model(String),
    /// Select a step.
    Step(Step),
    /// Select a layer.
    Layer(Layer),
    /// Score a text as what follows the prompt.
    Force(String),
    /// Skip these parts of the network and no others.
    Ablate(Vec<Ablation>),
    /// Save what the file's extension asks for.
    Save(PathBuf),
}

/// A line that could be typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// The whole line.
    pub line: String,
    /// What it does.
    pub about: String,
}

/// The words that take something behind them, and what they do.
const VERBS: [(&str, &str); 7] = [
    ("set", "set an option"),
    ("model", "load a model: name, hub id, file or folder"),
    ("step", "select a step, counted from 1"),
    ("layer", "select a layer, counted from 0"),
    ("force", "score this text as what follows the prompt"),
    ("skip", "skip these parts: L5, L5.attn, L5.mlp, L5.h3"),
    ("save", "save to this file; its extension says what"),
];

impl TypedCommand {
    /// Understands a line.
    ///
    /// # Errors
    /// One line that says what would be right.
    pub fn parse(line: &str) -> Result<Self, String> {
        let line = line.trim_start();
        let (verb, behind) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let (line, rest) = (line.trim_end(), behind.trim());
        match verb {
            "set" => match rest.split_once(char::is_whitespace) {
                Some((name, value)) => Ok(Self::Set {
                    name: name.to_owned(),
                    value: value.trim().to_owned(),
                }),
                None => Err("write `set OPTION VALUE`, as in `set grid.value kl`".into()),
            },
            "model" if rest.is_empty() => Ok(Self::Act(Action::Models)),
            "model" => Ok(Self::Model(rest.to_owned())),
            "step" => match rest.parse::<usize>() {
                Ok(step) if step > 0 => Ok(Self::Step(Step(step - 1))),
                _ => Err("write `step N`, counted from 1".into()),
            },
            "layer" => match rest.trim_start_matches(['L', 'l']).parse() {
                Ok(layer) => Ok(Self::Layer(Layer(layer))),
                Err(_) => Err("write `layer N`, counted from 0".into()),
            },
            // The first space ends the verb; the text keeps its own.
            "force" if !rest.is_empty() => Ok(Self::Force(typed::meant(behind))),
            "skip" if !rest.is_empty() => parse_ablations(rest).map(Self::Ablate),
            "save" if !rest.is_empty() => Ok(Self::Save(PathBuf::from(rest))),
            _ => line
                .parse::<Action>()
                .map(Self::Act)
                .map_err(|_| format!("there is no command `{line}`; Tab shows those there are")),
        }
    }
}

/// What each action does, by the key map's words; actions that only edit text are left out, and
/// those that no key has a word for have none.
#[must_use]
pub fn described_actions(settings: &Settings) -> Vec<(Action, String)> {
    let help_of = |action: Action| {
        let scopes = Scope::ALL.into_iter().filter(|scope| *scope != Scope::Text);
        let mut bindings = scopes.flat_map(|scope| settings.keymap.bindings(scope));
        bindings.find(|binding| binding.action == action)
    };
    let edits_text = |action: Action| {
        let text = settings.keymap.bindings(Scope::Text);
        text.iter().any(|binding| binding.action == action)
    };
    Action::iter()
        .filter(|action| *action != Action::Nothing && !edits_text(*action))
        .map(|action| {
            let help = help_of(action).map_or_else(String::new, |found| found.help.clone());
            (action, help)
        })
        .collect()
}

impl CommandLine {
    /// What could be typed, best first: lines that begin as the typed one, then those that have
    /// it inside.
    #[must_use]
    pub fn suggestions(&self, state: &State) -> Vec<Suggestion> {
        let typed = match self.chosen {
            Some(_) => self.typed.as_str(),
            None => self.field.value(),
        };
        let typed = typed.trim_start().to_lowercase();
        let mut lines = lines(state, &typed);
        lines.retain(|suggestion| suggestion.line.contains(&typed));
        lines.sort_by_key(|suggestion| !suggestion.line.starts_with(&typed));
        lines
    }

    /// Puts the next suggestion into the field, or the one before.
    pub(super) fn complete(&mut self, suggestions: &[Suggestion], by: isize) {
        let count = suggestions.len() as isize;
        if count == 0 {
            return;
        }
        let at = match self.chosen {
            Some(at) => at as isize + by,
            None => {
                self.typed = self.field.value().to_owned();
                if by > 0 { 0 } else { -1 }
            }
        };
        let at = at.rem_euclid(count) as usize;
        self.chosen = Some(at);
        self.field = Input::new(suggestions[at].line.clone());
    }

    /// Puts a line of the history into the field: `by` lines further back.
    pub(super) fn recall(&mut self, history: &[String], by: isize) {
        if self.back == 0 {
            self.typed = self.field.value().to_owned();
        }
        self.back = self.back.saturating_add_signed(by).min(history.len());
        let line = match self.back {
            0 => &self.typed,
            back => &history[history.len() - back],
        };
        self.field = Input::new(line.clone());
        self.chosen = None;
    }

    pub(super) fn edit(&mut self, request: InputRequest) {
        self.field.handle(request);
        self.chosen = None;
        self.back = 0;
    }
}

/// All lines that go with what is typed.
fn lines(state: &State, typed: &str) -> Vec<Suggestion> {
    let options = &state.settings.options;
    let suggestion = |line: String, about: String| Suggestion { line, about };
    let Some(rest) = typed.strip_prefix("set ") else {
        let verbs = VERBS.map(|(verb, about)| suggestion(format!("{verb} "), about.into()));
        let actions = described_actions(&state.settings).into_iter();
        let actions = actions.map(|(action, help)| suggestion(action.to_string(), help));
        return verbs.into_iter().chain(actions).collect();
    };
    let named = options.by_name();
    let option = rest.split_whitespace().next().unwrap_or_default();
    match named.iter().find(|(name, _)| name == option) {
        Some((name, value)) if rest.len() > name.len() => {
            let words = match name.as_str() {
                "theme" => state.settings.themes.names().map(str::to_owned).collect(),
                _ => options.accepted(name),
            };
            let about = format!("now {value}");
            let line = |word: String| suggestion(format!("set {name} {word}"), about.clone());
            words.into_iter().map(line).collect()
        }
        _ => named
            .into_iter()
            .map(|(name, value)| suggestion(format!("set {name} "), format!("now {value}")))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_line_is_an_action_or_a_verb_with_something_behind_it() {
        assert_eq!(
            TypedCommand::parse("generate"),
            Ok(TypedCommand::Act(Action::Generate))
        );
        assert_eq!(
            TypedCommand::parse(" next-example "),
            Ok(TypedCommand::Act(Action::NextExample))
        );
        assert_eq!(
            TypedCommand::parse("step 12"),
            Ok(TypedCommand::Step(Step(11)))
        );
        assert_eq!(
            TypedCommand::parse("layer L5"),
            Ok(TypedCommand::Layer(Layer(5)))
        );
        assert_eq!(
            TypedCommand::parse("model"),
            Ok(TypedCommand::Act(Action::Models))
        );
        assert_eq!(
            TypedCommand::parse("model a/b c"),
            Ok(TypedCommand::Model("a/b c".into()))
        );
        let set = TypedCommand::Set {
            name: "grid.value".into(),
            value: "kl".into(),
        };
        assert_eq!(TypedCommand::parse("set grid.value  kl"), Ok(set));
    }

    #[test]
    fn runs_are_asked_for_and_saved() {
        // The first space ends the verb; the text gets its own as in any other field.
        let texts = [
            ("force is", " is"),
            ("force  is", " is"),
            ("force \"is\"", "is"),
            (r"force a\n b ", " a\n b "),
        ];
        for (line, text) in texts {
            assert_eq!(
                TypedCommand::parse(line),
                Ok(TypedCommand::Force(text.into()))
            );
        }
        let ablations = ["L5.mlp", "L3"].map(|ablation| ablation.parse().unwrap());
        assert_eq!(
            TypedCommand::parse("skip L5.mlp -L3"),
            Ok(TypedCommand::Ablate(ablations.into()))
        );
        assert_eq!(
            TypedCommand::parse("save my grid.svg"),
            Ok(TypedCommand::Save("my grid.svg".into()))
        );
        // Without anything behind them they are what their keys do.
        assert_eq!(
            TypedCommand::parse("force "),
            Ok(TypedCommand::Act(Action::Force))
        );
        assert_eq!(
            TypedCommand::parse("skip"),
            Ok(TypedCommand::Act(Action::Skip))
        );
        assert_eq!(
            TypedCommand::parse("save"),
            Ok(TypedCommand::Act(Action::Save))
        );
    }

    #[test]
    fn anything_else_is_told_in_one_line() {
        for line in [
            "",
            "sett",
            "set lens",
            "step 0",
            "step x",
            "layer",
            "skip attn",
        ] {
            let error = TypedCommand::parse(line).unwrap_err();
            assert!(
                !error.contains('\n') && !error.is_empty(),
                "{line}: {error}"
            );
        }
    }

    #[test]
    fn every_action_is_named_as_in_the_key_map() {
        for action in Action::iter() {
            assert_eq!(action.to_string().parse::<Action>(), Ok(action));
            let quoted = format!("\"{action}\"");
            assert_eq!(serde_json::from_str::<Action>(&quoted).unwrap(), action);
        }
    }
}
