//! A text field that begins with a proposal.

use tui_input::{Input, InputRequest};

/// A text field of one line that begins with a text, which is selected: what is typed first takes
/// its place, and moving the cursor keeps it.
#[derive(Clone, Debug, Default)]
pub struct PrefilledField {
    field: Input,
    content: Content,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Content {
    /// The text that it began with, as a whole to be replaced.
    Selected,
    /// What the user made of it.
    #[default]
    Own,
}

impl PrefilledField {
    /// A field that begins as `text`.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self {
            content: match text.is_empty() {
                true => Content::Own,
                false => Content::Selected,
            },
            field: Input::new(text),
        }
    }

    /// What is in it.
    #[must_use]
    pub fn value(&self) -> &str {
        self.field.value()
    }

    /// The field with its cursor.
    #[must_use]
    pub fn field(&self) -> &Input {
        &self.field
    }

    /// Whether all of it would be replaced by what is typed next.
    #[must_use]
    pub fn is_selected(&self) -> bool {
        self.content == Content::Selected
    }

    /// Takes an edit; whether the text is another one now.
    pub(super) fn edit(&mut self, request: InputRequest) -> bool {
        use InputRequest as R;
        let selected = std::mem::take(&mut self.content) == Content::Selected;
        let replaces = match request {
            R::InsertChar(_) | R::Yank => true,
            R::DeletePrevChar
            | R::DeleteNextChar
            | R::DeletePrevWord
            | R::DeleteNextWord
            | R::DeleteLine
            | R::DeleteFromStart
            | R::DeleteTillEnd => {
                if selected {
                    self.field.handle(R::DeleteLine);
                    return true;
                }
                false
            }
            _ => false,
        };
        if selected && replaces {
            self.field.handle(R::DeleteLine);
        }
        let changed = self.field.handle(request);
        selected && replaces || changed.is_some_and(|change| change.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(requests: &[InputRequest]) -> String {
        let mut field = PrefilledField::new("are".into());
        assert!(field.is_selected());
        for request in requests {
            field.edit(*request);
            assert!(!field.is_selected());
        }
        field.value().to_owned()
    }

    #[test]
    fn the_first_character_takes_the_place_of_the_text() {
        use InputRequest::InsertChar;
        assert_eq!(after(&[InsertChar('i'), InsertChar('s')]), "is");
    }

    #[test]
    fn moving_the_cursor_keeps_the_text() {
        use InputRequest::{GoToNextChar, GoToPrevChar, GoToStart, InsertChar};
        for first in [GoToPrevChar, GoToNextChar, GoToStart] {
            assert_eq!(after(&[first]), "are");
        }
        assert_eq!(after(&[GoToNextChar, InsertChar('s')]), "ares");
        assert_eq!(after(&[GoToStart, InsertChar('b')]), "bare");
    }

    #[test]
    fn whatever_deletes_deletes_all_of_it() {
        use InputRequest::{DeleteFromStart, DeleteNextChar, DeletePrevChar, DeletePrevWord};
        for first in [
            DeletePrevChar,
            DeleteNextChar,
            DeletePrevWord,
            DeleteFromStart,
        ] {
            assert_eq!(after(&[first]), "", "{first:?}");
        }
    }

    #[test]
    fn of_nothing_nothing_is_selected() {
        assert!(!PrefilledField::new(String::new()).is_selected());
    }
}
