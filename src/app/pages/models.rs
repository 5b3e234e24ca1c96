//! The list of models: what was typed, what there is, which one is chosen.

use ratatui::layout::Size;
use tui_input::{Input, InputRequest};

use super::{Behaviour, Outcome};
use crate::app::update::ask;
use crate::app::{Effect, Motion, NoticeKind, State};
use crate::engine::{Command, ModelEntry, Whereabouts};
use crate::model::memory::in_words;
use crate::settings::Action;
use crate::settings::keys::Scope;

/// How far a page goes.
const PAGE: usize = 10;

/// The list of models.
#[derive(Clone, Debug, Default)]
pub struct Picker {
    /// What was typed: a filter, or a path or hub id.
    pub field: Input,
    /// What there is, once the engine has said so.
    pub entries: Option<Vec<ModelEntry>>,
    /// The chosen one's place among [`Picker::choices`].
    pub selected: usize,
    /// The model of which it was told that it has to be fetched.
    confirmed: Option<String>,
}

/// What can be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice<'p> {
    /// A model of the list.
    Entry(&'p ModelEntry),
    /// What was typed, as a path or hub id.
    Typed(&'p str),
}

impl<'p> Choice<'p> {
    /// The name to load.
    #[must_use]
    pub fn name(self) -> &'p str {
        match self {
            Self::Entry(entry) => &entry.name,
            Self::Typed(typed) => typed,
        }
    }
}

impl Picker {
    /// The models that have every typed word in name, title or family; behind them what was typed
    /// itself, where there are none or it can be a path or hub id that is not among them.
    #[must_use]
    pub fn choices(&self) -> Vec<Choice<'_>> {
        let typed = self.field.value().trim();
        let words: Vec<String> = typed.split_whitespace().map(str::to_lowercase).collect();
        let entries = self.entries.iter().flatten();
        let mut choices: Vec<Choice<'_>> = entries
            .filter(|entry| matches(entry, &words))
            .map(Choice::Entry)
            .collect();
        let is_path_or_id = typed.contains(['/', '\\']) || typed.ends_with(".gguf");
        let is_there = choices.iter().any(|choice| choice.name() == typed);
        if !typed.is_empty() && (choices.is_empty() || is_path_or_id && !is_there) {
            choices.push(Choice::Typed(typed));
        }
        choices
    }

    /// What is to be loaded.
    #[must_use]
    pub fn chosen(&self) -> Option<Choice<'_>> {
        self.choices().get(self.selected).copied()
    }

    /// Takes in what there is; what was chosen stays chosen.
    pub(in crate::app) fn take(&mut self, entries: Vec<ModelEntry>) {
        let chosen = self.chosen().map(|choice| choice.name().to_owned());
        self.entries = Some(entries);
        let choices = self.choices();
        let same = choices
            .iter()
            .position(|choice| Some(choice.name()) == chosen.as_deref());
        self.selected = same.unwrap_or(0);
    }

    /// Loads what is chosen. Nothing happens while nothing is chosen; files that cannot be used
    /// stay where they are, and the reason is told.
    fn load_chosen(&mut self, state: &mut State) -> Outcome {
        let list = self.clone();
        let Some(choice) = list.chosen() else {
            return Outcome::DONE;
        };
        if let Choice::Entry(entry) = choice
            && let Some(why) = entry.fault.clone()
        {
            state.say(NoticeKind::Error, why);
            return Outcome::DONE;
        }
        if let Some(question) = fetches(choice)
            && self.confirmed.as_deref() != Some(choice.name())
        {
            self.confirmed = Some(choice.name().to_owned());
            let keymap = &state.settings.keymap;
            let key = keymap.key_for(self.scopes(), Action::LoadChosen);
            let key = key.unwrap_or_else(|| format!("`{}`", Action::LoadChosen));
            state.say(
                NoticeKind::Info,
                format!("{question}: {key} again fetches it"),
            );
            return Outcome::DONE;
        }
        state.settings.options.model = choice.name().to_owned();
        Outcome::Close(ask::start_load(state))
    }
}

impl Behaviour for Picker {
    fn scopes(&self) -> &'static [Scope] {
        &[Scope::Models, Scope::Text, Scope::Everywhere]
    }

    fn act(&mut self, action: Action, state: &mut State) -> Outcome {
        match action {
            Action::LoadChosen => self.load_chosen(state),
            _ => Outcome::Pass,
        }
    }

    fn walk(&mut self, motion: Motion, _screen: Size) {
        let last = self.choices().len().saturating_sub(1);
        self.selected = motion.in_list(self.selected, PAGE).min(last);
    }

    fn edit(&mut self, request: InputRequest) {
        let changed = self.field.handle(request);
        if changed.is_some_and(|change| change.value) {
            self.selected = 0;
        }
    }
}

/// Opens the list of models; what can be chosen comes from the engine.
pub(in crate::app) fn open(state: &mut State) -> Vec<Effect> {
    state.open_page(Picker::default());
    vec![Effect::Engine(Command::List)]
}

/// What would have to be fetched first, if so.
fn fetches(choice: Choice<'_>) -> Option<String> {
    let Choice::Entry(entry) = choice else {
        return None;
    };
    let size = match entry.size {
        Some(bytes) => format!("{} to fetch", in_words(bytes)),
        None => "it has to be fetched, and its size is not known".to_owned(),
    };
    (entry.whereabouts == Whereabouts::NotHere).then_some(size)
}

fn matches(entry: &ModelEntry, words: &[String]) -> bool {
    let family = entry.family.as_deref().unwrap_or_default();
    let text = format!("{} {} {family}", entry.name, entry.title).to_lowercase();
    words.iter().all(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Fit, Whereabouts};

    fn entry(name: &str, title: &str, family: &str) -> ModelEntry {
        ModelEntry {
            name: name.to_owned(),
            title: title.to_owned(),
            family: Some(family.to_owned()),
            parameters: None,
            size: None,
            whereabouts: Whereabouts::OnDisk,
            memory: None,
            fit: Fit::Unknown,
            fault: None,
            lenses: Vec::new(),
            is_loaded: false,
        }
    }

    fn picker(typed: &str) -> Picker {
        let mut picker = Picker {
            field: typed.into(),
            ..Picker::default()
        };
        picker.take(vec![
            entry("gpt2", "GPT-2 small", "gpt2"),
            entry("gpt2-xl", "GPT-2 XL", "gpt2"),
            entry("org/name-instruct", "org/name-instruct", "llama"),
        ]);
        picker
    }

    fn names(typed: &str) -> Vec<String> {
        let picker = picker(typed);
        let choices = picker.choices().into_iter();
        choices.map(|choice| choice.name().to_owned()).collect()
    }

    #[test]
    fn every_typed_word_must_be_in_name_title_or_family_whatever_its_case() {
        assert_eq!(names("").len(), 3);
        assert_eq!(names("GPT"), ["gpt2", "gpt2-xl"]);
        assert_eq!(names("small gpt2"), ["gpt2"]);
        assert_eq!(names("llama"), ["org/name-instruct"]);
    }

    #[test]
    fn what_fits_nothing_is_a_name_itself() {
        assert_eq!(names("smollm"), ["smollm"]);
        assert_eq!(picker("x y").chosen(), Some(Choice::Typed("x y")));
    }

    #[test]
    fn a_path_or_id_can_be_loaded_though_it_is_the_beginning_of_another() {
        assert_eq!(names("org/name"), ["org/name-instruct", "org/name"]);
        assert_eq!(names("org/name-instruct"), ["org/name-instruct"]);
    }

    #[test]
    fn what_was_chosen_stays_chosen_when_the_list_comes_anew() {
        let mut picker = picker("");
        picker.walk(Motion::Down, Size::ZERO);
        let entries = picker.entries.clone().unwrap_or_default();
        picker.take(entries.into_iter().skip(1).collect());
        assert_eq!(picker.chosen().map(Choice::name), Some("gpt2-xl"));
    }
}
