//! Editing, in the prompt and in the candidates' field alike.

use ratatui_textarea::CursorMove;
use tui_input::InputRequest;

use crate::app::{Compare, Pane, Prompt, State};
use crate::settings::Action;

/// Edit the text that has the focus; nothing happens where there is none.
pub fn edit(state: &mut State, action: Action) {
    if let Some(line) = &mut state.line {
        if let Some(request) = request(action) {
            line.edit(request);
        }
        return;
    }
    if let Some(page) = &mut state.page {
        if let Some(request) = request(action) {
            page.edit(request);
        }
        return;
    }
    match (state.view.focus, &mut state.compare) {
        (Pane::Prompt, _) => edit_prompt(&mut state.prompt, action),
        (Pane::Candidates, Some(compare)) => edit_candidates(compare, action),
        _ => {}
    }
}

fn edit_prompt(prompt: &mut Prompt, action: Action) {
    let editor = prompt.editor_mut();
    match action {
        Action::Newline => editor.insert_newline(),
        Action::LineUp => prompt.line_up(),
        Action::LineDown => prompt.line_down(),
        Action::HistoryPrevious => prompt.previous(),
        Action::HistoryNext => prompt.following(),
        Action::CursorLeft => editor.move_cursor(CursorMove::Back),
        Action::CursorRight => editor.move_cursor(CursorMove::Forward),
        Action::WordLeft => editor.move_cursor(CursorMove::WordBack),
        Action::WordRight => editor.move_cursor(CursorMove::WordForward),
        Action::LineStart => editor.move_cursor(CursorMove::Head),
        Action::LineEnd => editor.move_cursor(CursorMove::End),
        Action::DeleteLeft => drop(editor.delete_char()),
        Action::DeleteRight => drop(editor.delete_next_char()),
        Action::DeleteWordLeft => drop(editor.delete_word()),
        Action::DeleteWordRight => drop(editor.delete_next_word()),
        Action::DeleteToStart => drop(editor.delete_line_by_head()),
        Action::DeleteToEnd => drop(editor.delete_line_by_end()),
        Action::Yank => drop(editor.paste()),
        Action::Undo => drop(editor.undo()),
        Action::Redo => drop(editor.redo()),
        _ => {}
    }
}

fn edit_candidates(compare: &mut Compare, action: Action) {
    if let Some(request) = request(action) {
        compare.edit(request);
    }
}

/// What an action does to a field of one line.
fn request(action: Action) -> Option<InputRequest> {
    Some(match action {
        Action::CursorLeft => InputRequest::GoToPrevChar,
        Action::CursorRight => InputRequest::GoToNextChar,
        Action::WordLeft => InputRequest::GoToPrevWord,
        Action::WordRight => InputRequest::GoToNextWord,
        Action::LineStart => InputRequest::GoToStart,
        Action::LineEnd => InputRequest::GoToEnd,
        Action::DeleteLeft => InputRequest::DeletePrevChar,
        Action::DeleteRight => InputRequest::DeleteNextChar,
        Action::DeleteWordLeft => InputRequest::DeletePrevWord,
        Action::DeleteWordRight => InputRequest::DeleteNextWord,
        Action::DeleteToStart => InputRequest::DeleteFromStart,
        Action::DeleteToEnd => InputRequest::DeleteTillEnd,
        Action::Yank => InputRequest::Yank,
        _ => return None,
    })
}
