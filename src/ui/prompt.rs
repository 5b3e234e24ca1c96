//! The prompt.
//!
//! ```text
//! ╭ Prompt ───────────────────────────────────────╮
//! │ The keys to the cabinet▏                       │
//! │                                                │
//! ╰───────────────── ⏎ generate · ^R example ──────╯
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Widget;

use super::frame::{self, Titles};
use crate::app::{Pane, State};
use crate::display::palette::Palette;

const PLACEHOLDER: &str = "Type a text for the model to continue";

/// That the prompt is a turn of a conversation, and what stands before it.
fn title(state: &State) -> String {
    let mut title = "Prompt".to_owned();
    if let Some(chat) = state.chat() {
        title.push_str(" · chat");
        if chat.system.is_some() {
            title.push_str(" · system prompt");
        }
        if chat.messages.is_some() {
            title.push_str(" · behind messages");
        }
    }
    title
}

/// The prompt's pane.
pub fn render(state: &State, palette: &Palette<'_>, area: Rect, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let focus = frame::focus_of(state, Pane::Prompt);
    let bottom = match &state.queued {
        Some(_) => Line::styled(" starts when the model is ready ", palette.accent()),
        None => Line::default(),
    };
    let titles = Titles {
        bottom: bottom.right_aligned(),
        ..Titles::named(title(state))
    };
    let inner = frame::render(palette, focus, titles, area, buffer);
    let inner = Rect {
        x: inner.x + 1,
        width: inner.width.saturating_sub(1),
        ..inner
    }
    .intersection(buffer.area);
    if inner.is_empty() {
        return;
    }
    state.prompt.editor().render(inner, buffer);
    if state.prompt.is_empty() {
        // The first column is the cursor's.
        let room = usize::from(inner.width.saturating_sub(1));
        buffer.set_stringn(inner.x + 1, inner.y, PLACEHOLDER, room, palette.muted());
    }
}
