//! A line that is typed over the panes: a text to be scored, another token, what is skipped.

use tui_input::InputRequest;

use super::Prefilled;
use crate::settings::Action;
use crate::trace::{Skip, Step, TokenId};
use crate::vocabulary::typed;

/// What becomes of the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// It is scored as what follows this prompt.
    Force {
        /// The prompt.
        prompt: String,
    },
    /// It takes the place of the shown run's token at this step.
    Replace(Step),
    /// It names the parts of the network that are skipped.
    Skips,
}

/// A token that can be taken instead of a text.
#[derive(Clone, Debug, PartialEq)]
pub struct TokenChoice {
    /// The token.
    pub token: TokenId,
    /// As it is shown elsewhere.
    pub label: String,
    /// As it would be typed.
    pub typed: String,
    /// Its probability, 0 to 1.
    pub prob: f32,
}

/// A line that is typed over the panes. A text is typed as [`typed`] says.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What was typed.
    pub field: Prefilled,
    /// What becomes of it.
    pub purpose: Purpose,
    /// Tokens that can be taken instead, best first.
    pub choices: Vec<TokenChoice>,
    /// Which of them is taken; `None` as soon as something is typed.
    pub chosen: Option<usize>,
}

impl Entry {
    /// A line that begins as `text`, which is selected.
    #[must_use]
    pub fn new(purpose: Purpose, text: &str) -> Self {
        let line = match purpose {
            Purpose::Force { .. } | Purpose::Replace(_) => typed::as_typed(text),
            Purpose::Skips => text.to_owned(),
        };
        Self {
            field: Prefilled::new(line),
            purpose,
            choices: Vec::new(),
            chosen: None,
        }
    }

    /// The text that was typed, with its leading space.
    #[must_use]
    pub fn text(&self) -> String {
        typed::meant(self.field.value())
    }

    /// Whether there is neither a text nor a token.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.chosen.is_none() && self.text().is_empty()
    }

    /// The token that is taken instead of a text.
    #[must_use]
    pub fn token(&self) -> Option<TokenId> {
        let choice = self.choices.get(self.chosen?)?;
        Some(choice.token)
    }

    pub(super) fn edit(&mut self, request: InputRequest) {
        if self.field.edit(request) {
            self.chosen = None;
        }
    }

    pub(super) fn walk(&mut self, action: Action) {
        let to = match (action, self.chosen) {
            (Action::Down, None) => 0,
            (Action::Down, Some(at)) => at + 1,
            (Action::Up, Some(at)) => at.saturating_sub(1),
            _ => return,
        };
        if let Some(choice) = self.choices.get(to) {
            self.field = Prefilled::new(choice.typed.clone());
            self.chosen = Some(to);
        }
    }
}

/// What was typed, as parts of the network; a minus before each is allowed, as the status line
/// has it.
pub(super) fn parse_skips(typed: &str) -> Result<Vec<Skip>, String> {
    let words = typed.split([' ', ',']).filter(|word| !word.is_empty());
    words
        .map(|word| word.strip_prefix('-').unwrap_or(word).parse())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_proposed_as_it_would_be_typed() {
        let purpose = Purpose::Replace(Step(0));
        for (text, line) in [(" is", "is"), ("is", "\"is\""), ("\n", "\\n")] {
            let entry = Entry::new(purpose.clone(), text);
            assert_eq!((entry.field.value(), entry.text().as_str()), (line, text));
        }
        let entry = Entry::new(Purpose::Skips, "L5 L6.mlp");
        assert_eq!(entry.field.value(), "L5 L6.mlp");
    }

    #[test]
    fn a_choice_is_taken_until_something_is_typed() {
        let choice = |id, typed: &str| TokenChoice {
            token: TokenId(id),
            label: typed.into(),
            typed: typed.into(),
            prob: 0.5,
        };
        let mut entry = Entry::new(Purpose::Replace(Step(0)), " is");
        entry.choices = vec![choice(7, "are"), choice(8, "were")];
        assert_eq!(entry.token(), None);
        for _ in 0..3 {
            entry.walk(Action::Down);
        }
        assert_eq!(
            (entry.token(), entry.field.value()),
            (Some(TokenId(8)), "were")
        );
        entry.walk(Action::Up);
        assert_eq!(entry.token(), Some(TokenId(7)));
        entry.edit(InputRequest::GoToEnd);
        assert_eq!(entry.token(), Some(TokenId(7)));
        entry.edit(InputRequest::InsertChar('s'));
        assert_eq!((entry.token(), entry.field.value()), (None, "ares"));
    }
}
