//! The prompt.
//!
//! ```text
//! ╭ Prompt ───────────────────────────────────────╮
//! │ The keys to the cabinet▏                       │
//! │                                                │
//! ╰───────────────── ⏎ generate · ^R example ──────╯
//! ```

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::{Margin, Rect};
use ratatui::text::Line;
use ratatui::widgets::Widget;
use ratatui_textarea::{CursorMove, TextArea};

use super::frame::{self, Titles};
use super::log;
use crate::app::{Pane, PaneAreas, State};
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
    let inside = area.inner(Margin::new(1, 1));
    let inner = Rect {
        x: inside.x + 1,
        width: inside.width.saturating_sub(1),
        ..inside
    }
    .intersection(buffer.area);
    let text = Text::of(state, inner);
    let titles = Titles {
        right: text.part_in_view(),
        bottom: bottom(state, palette, area.width),
        ..Titles::named(title(state))
    };
    frame::render(palette, focus, titles, area, buffer);
    if inner.is_empty() {
        return;
    }
    text.editor.render(inner, buffer);
    if state.prompt.is_empty() {
        // The first column is the cursor's.
        let room = usize::from(inner.width.saturating_sub(1));
        buffer.set_stringn(inner.x + 1, inner.y, PLACEHOLDER, room, palette.muted());
    }
}

/// What the prompt waits for; or, where the log has no room, the end of what was generated.
fn bottom(state: &State, palette: &Palette<'_>, width: u16) -> Line<'static> {
    if state.queued.is_some() {
        let words = Line::styled(" starts when the model is ready ", palette.accent());
        return words.right_aligned();
    }
    let has_log = PaneAreas::of(state).is_some_and(|places| !places.log.is_empty());
    let run = state
        .grid_run()
        .filter(|run| !has_log && !run.text.is_empty());
    run.map_or_else(Line::default, |run| {
        log::newest_text(run, palette, usize::from(width).saturating_sub(2))
    })
}

/// Above so many bytes of text the part in view is not counted: each frame would copy them.
const LONGEST_COUNTED: usize = 1 << 16;

/// The editor as it is drawn, and which of its lines are in view.
struct Text<'s> {
    editor: Cow<'s, TextArea<'static>>,
    first: usize,
    visible: usize,
    /// Lines of the screen that the text takes; 0 where that was not counted.
    lines: usize,
}

impl<'s> Text<'s> {
    /// The editor scrolls no further than its cursor asks for; so it is taken back where it leaves
    /// lines of the pane empty behind the text.
    fn of(state: &'s State, area: Rect) -> Self {
        let editor = state.prompt.editor();
        let visible = usize::from(area.height);
        let bytes: usize = editor.lines().iter().map(|line| line.len() + 1).sum();
        let mut text = Self {
            editor: Cow::Borrowed(editor),
            first: 0,
            visible,
            lines: 0,
        };
        // No line of the screen holds less than a line feed or half its columns.
        let may_be_longer = editor.lines().len() > visible || bytes > usize::from(area.width) / 2;
        // Where the pane was lower, the editor may be scrolled still.
        let is_counted = may_be_longer || editor.scroll_offset().0 > 0;
        if area.is_empty() || !is_counted || bytes > LONGEST_COUNTED {
            return text;
        }
        // Where it scrolls to, it knows once it was drawn; what it draws for that nobody is to see.
        editor.render(area, &mut Buffer::empty(area));
        let mut end = editor.clone();
        end.move_cursor(CursorMove::Bottom);
        end.move_cursor(CursorMove::End);
        text.lines = end.screen_cursor().row + 1;
        text.first = editor.scroll_offset().0.into();
        let last = text.lines.saturating_sub(visible);
        if let Ok(by @ 1..) = i16::try_from(text.first.saturating_sub(last)) {
            let mut scrolled = editor.clone();
            scrolled.scroll((-by, 0));
            text.editor = Cow::Owned(scrolled);
            text.first = last;
        }
        text
    }

    /// As `24–31 of 31`; nothing where all of it is in view.
    fn part_in_view(&self) -> String {
        match self.lines > self.visible {
            true => {
                let last = (self.first + self.visible).min(self.lines);
                format!("{}–{last} of {}", self.first + 1, self.lines)
            }
            false => String::new(),
        }
    }
}
