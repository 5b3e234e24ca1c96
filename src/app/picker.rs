//! The list of models: what was typed, what there is, which one is chosen.

use tui_input::{Input, InputRequest};

use super::Action;
use crate::engine::ModelEntry;

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
}

/// What can be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice<'p> {
    /// A model of the list.
    Entry(&'p ModelEntry),
    /// What was typed, as a path or hub id.
    Typed(&'p str),
}

impl Picker {
    /// The models that have every typed word in name, title or family; where there are none,
    /// what was typed itself.
    #[must_use]
    pub fn choices(&self) -> Vec<Choice<'_>> {
        let typed = self.field.value().trim();
        let words: Vec<String> = typed.split_whitespace().map(str::to_lowercase).collect();
        let entries = self.entries.iter().flatten();
        let mut choices: Vec<Choice<'_>> = entries
            .filter(|entry| matches(entry, &words))
            .map(Choice::Entry)
            .collect();
        if choices.is_empty() && !typed.is_empty() {
            choices.push(Choice::Typed(typed));
        }
        choices
    }

    /// The name to load.
    #[must_use]
    pub fn chosen(&self) -> Option<String> {
        self.choices()
            .get(self.selected)
            .map(|choice| match choice {
                Choice::Entry(entry) => entry.name.clone(),
                Choice::Typed(typed) => (*typed).to_owned(),
            })
    }

    pub(super) fn take(&mut self, entries: Vec<ModelEntry>) {
        self.entries = Some(entries);
        self.selected = 0;
    }

    pub(super) fn edit(&mut self, request: InputRequest) {
        let changed = self.field.handle(request);
        if changed.is_some_and(|change| change.value) {
            self.selected = 0;
        }
    }

    pub(super) fn walk(&mut self, action: Action) {
        let last = self.choices().len().saturating_sub(1);
        let selected = match action {
            Action::Up => self.selected.saturating_sub(1),
            Action::Down => self.selected + 1,
            Action::PageUp => self.selected.saturating_sub(PAGE),
            Action::PageDown => self.selected + PAGE,
            _ => self.selected,
        };
        self.selected = selected.min(last);
    }
}

fn matches(entry: &ModelEntry, words: &[String]) -> bool {
    let family = entry.family.as_deref().unwrap_or_default();
    let text = format!("{} {} {family}", entry.name, entry.title).to_lowercase();
    words.iter().all(|word| text.contains(word))
}
