//! Editing, in the prompt and in the candidates' field alike.

use ratatui_textarea::CursorMove;
use tui_input::InputRequest;

use super::command;
use crate::app::{Compare, Pane, Prompt, State};

/// What can be done to a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Begin a new line.
    Newline,
    /// The line above, or the text before.
    LineUp,
    /// The line below, or the text after.
    LineDown,
    /// The text that was run before.
    HistoryPrevious,
    /// The text that was run after.
    HistoryNext,
    /// The cursor one character to the left.
    CursorLeft,
    /// The cursor one character to the right.
    CursorRight,
    /// The cursor one word to the left.
    WordLeft,
    /// The cursor one word to the right.
    WordRight,
    /// The cursor to the start of the line.
    LineStart,
    /// The cursor to the end of the line.
    LineEnd,
    /// Delete the character before the cursor.
    DeleteLeft,
    /// Delete the character at the cursor.
    DeleteRight,
    /// Delete the word before the cursor.
    DeleteWordLeft,
    /// Delete the word behind the cursor.
    DeleteWordRight,
    /// Delete to the start of the line.
    DeleteToStart,
    /// Delete to the end of the line.
    DeleteToEnd,
    /// Delete the whole text.
    DeleteAll,
    /// Insert what was deleted last.
    Yank,
    /// Take the last edit back.
    Undo,
    /// Make it again.
    Redo,
}

/// Edit the text that has the focus; nothing happens where there is none.
pub fn edit(state: &mut State, edit: Edit) {
    if let Some(line) = &mut state.line {
        match edit {
            Edit::HistoryPrevious => command::recall(state, 1),
            Edit::HistoryNext => command::recall(state, -1),
            _ => {
                if let Some(request) = request(edit) {
                    line.edit(request);
                }
            }
        }
        return;
    }
    if let Some(page) = &mut state.page {
        if let Some(request) = request(edit) {
            page.edit(request);
        }
        return;
    }
    match (state.view.focus, &mut state.compare) {
        (Pane::Prompt, _) => edit_prompt(&mut state.prompt, edit),
        (Pane::Candidates, Some(compare)) => edit_candidates(compare, edit),
        _ => {}
    }
}

fn edit_prompt(prompt: &mut Prompt, edit: Edit) {
    let editor = prompt.editor_mut();
    match edit {
        Edit::Newline => editor.insert_newline(),
        Edit::LineUp => prompt.line_up(),
        Edit::LineDown => prompt.line_down(),
        Edit::HistoryPrevious => prompt.previous(),
        Edit::HistoryNext => prompt.following(),
        Edit::CursorLeft => editor.move_cursor(CursorMove::Back),
        Edit::CursorRight => editor.move_cursor(CursorMove::Forward),
        Edit::WordLeft => editor.move_cursor(CursorMove::WordBack),
        Edit::WordRight => editor.move_cursor(CursorMove::WordForward),
        Edit::LineStart => editor.move_cursor(CursorMove::Head),
        Edit::LineEnd => editor.move_cursor(CursorMove::End),
        Edit::DeleteLeft => drop(editor.delete_char()),
        Edit::DeleteRight => drop(editor.delete_next_char()),
        Edit::DeleteWordLeft => drop(editor.delete_word()),
        Edit::DeleteWordRight => drop(editor.delete_next_word()),
        Edit::DeleteToStart => drop(editor.delete_line_by_head()),
        Edit::DeleteToEnd => drop(editor.delete_line_by_end()),
        Edit::DeleteAll => {
            editor.select_all();
            editor.cut();
        }
        Edit::Yank => drop(editor.paste()),
        Edit::Undo => drop(editor.undo()),
        Edit::Redo => drop(editor.redo()),
    }
}

fn edit_candidates(compare: &mut Compare, edit: Edit) {
    if let Some(request) = request(edit) {
        compare.edit(request);
    }
}

/// What an edit does to a field of one line.
fn request(edit: Edit) -> Option<InputRequest> {
    Some(match edit {
        Edit::CursorLeft => InputRequest::GoToPrevChar,
        Edit::CursorRight => InputRequest::GoToNextChar,
        Edit::WordLeft => InputRequest::GoToPrevWord,
        Edit::WordRight => InputRequest::GoToNextWord,
        Edit::LineStart => InputRequest::GoToStart,
        Edit::LineEnd => InputRequest::GoToEnd,
        Edit::DeleteLeft => InputRequest::DeletePrevChar,
        Edit::DeleteRight => InputRequest::DeleteNextChar,
        Edit::DeleteWordLeft => InputRequest::DeletePrevWord,
        Edit::DeleteWordRight => InputRequest::DeleteNextWord,
        Edit::DeleteToStart => InputRequest::DeleteFromStart,
        Edit::DeleteToEnd => InputRequest::DeleteTillEnd,
        Edit::DeleteAll => InputRequest::DeleteLine,
        Edit::Yank => InputRequest::Yank,
        Edit::Newline
        | Edit::LineUp
        | Edit::LineDown
        | Edit::HistoryPrevious
        | Edit::HistoryNext
        | Edit::Undo
        | Edit::Redo => return None,
    })
}
