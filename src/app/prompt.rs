//! The prompt: a text of several lines, the prompts before it, and the examples.

use ratatui::style::{Modifier, Style};
use ratatui_textarea::{CursorMove, TextArea, WrapMode};

use crate::settings::Example;

/// The prompt being written, and those before it.
#[derive(Clone, Debug)]
pub struct Prompt {
    editor: TextArea<'static>,
    history: Vec<String>,
    /// Which prompt of the history is shown, and the text that was being written before.
    recalled: Option<Recall>,
    next_example: usize,
}

#[derive(Clone, Debug)]
struct Recall {
    index: usize,
    draft: String,
}

impl Prompt {
    /// A prompt with this text, the cursor at its end.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self {
            editor: editor(text),
            history: Vec::new(),
            recalled: None,
            next_example: 0,
        }
    }

    /// The text as it is given to the model.
    #[must_use]
    pub fn text(&self) -> String {
        self.editor.lines().join("\n")
    }

    /// Whether nothing has been written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.editor.is_empty()
    }

    /// The editor, for drawing and for its own editing commands.
    #[must_use]
    pub fn editor(&self) -> &TextArea<'static> {
        &self.editor
    }

    /// The editor, to edit the text.
    pub fn editor_mut(&mut self) -> &mut TextArea<'static> {
        &mut self.editor
    }

    /// Show the cursor where the user types, and only there.
    pub fn show_cursor(&mut self, cursor: super::state::TextCursor) {
        self.editor.set_cursor_style(match cursor {
            super::state::TextCursor::Shown => Style::new().add_modifier(Modifier::REVERSED),
            super::state::TextCursor::Hidden => Style::new(),
        });
    }

    /// Insert text from the clipboard as one edit.
    pub fn paste(&mut self, text: &str) {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        self.editor.insert_str(text);
    }

    /// The text is run: it goes into the history.
    pub fn remember(&mut self) {
        let text = self.text();
        self.recalled = None;
        if text.is_empty() {
            return;
        }
        self.history.retain(|old| *old != text);
        self.history.push(text);
    }

    /// One line up; on the first line, the prompt before.
    pub fn line_up(&mut self) {
        let before = self.editor.cursor();
        self.editor.move_cursor(CursorMove::Up);
        // A long line takes several lines of the screen: only where the cursor could not move is
        // it on the first.
        if self.editor.cursor() == before {
            self.previous();
        }
    }

    /// One line down; on the last line, the prompt after.
    pub fn line_down(&mut self) {
        let before = self.editor.cursor();
        self.editor.move_cursor(CursorMove::Down);
        if self.editor.cursor() == before {
            self.following();
        }
    }

    /// The prompt before this one.
    pub fn previous(&mut self) {
        let (draft, behind) = match &self.recalled {
            Some(recalled) => (recalled.draft.clone(), recalled.index),
            None => {
                let draft = self.text();
                let others = self.others(&draft);
                (draft, others)
            }
        };
        let Some(index) = behind.checked_sub(1) else {
            return;
        };
        self.recalled = Some(Recall { index, draft });
        self.show_recalled();
    }

    /// The prompt after this one; behind the newest, the text that was being written.
    pub fn following(&mut self) {
        let Some(recalled) = &mut self.recalled else {
            return;
        };
        recalled.index += 1;
        self.show_recalled();
    }

    /// How many prompts stand before `draft`: one that was just run is the last of the history
    /// itself.
    fn others(&self, draft: &str) -> usize {
        let is_last = self.history.last().is_some_and(|last| last == draft);
        self.history.len() - usize::from(is_last)
    }

    fn show_recalled(&mut self) {
        let Some(recalled) = &self.recalled else {
            return;
        };
        let others = self.others(&recalled.draft);
        match self.history.get(recalled.index) {
            Some(text) if recalled.index < others => self.editor = editor(text),
            _ => {
                self.editor = editor(&recalled.draft);
                self.recalled = None;
            }
        }
    }

    /// Put the next example in; it can be undone.
    pub fn next_example<'e>(&mut self, examples: &'e [Example]) -> Option<&'e Example> {
        let example = examples.get(self.next_example % examples.len().max(1))?;
        self.next_example += 1;
        self.editor.select_all();
        self.editor.insert_str(&example.prompt);
        Some(example)
    }
}

fn editor(text: &str) -> TextArea<'static> {
    let mut editor = TextArea::new(text.split('\n').map(str::to_owned).collect());
    editor.set_cursor_line_style(Style::new());
    editor.set_wrap_mode(WrapMode::WordOrGlyph);
    editor.move_cursor(CursorMove::Bottom);
    editor.move_cursor(CursorMove::End);
    editor
}
