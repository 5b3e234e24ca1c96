//! All actions with their keys, in the place of all panes.
//!
//! ```text
//! ╭ Actions ─────────────────────────────────────── 1 of 74 ╮
//! │ › lens▏                                                 │
//! │ lens              the next lens         L  in every pane │
//! ╰─────────────────────────────────────────────────────────╯
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::Draw;
use crate::app::{ActionEntry, ActionList, State};
use crate::display::palette::{Focus, Palette};
use crate::display::text;
use crate::ui::charset;
use crate::ui::field;
use crate::ui::frame::{self, Titles};

/// Columns of an action's name.
const NAME: usize = 20;
/// Columns of what it does.
const HELP: usize = 40;
/// Columns between these.
const GAP: usize = 2;

impl Draw for ActionList {
    fn draw(&self, state: &State, palette: &Palette<'_>, area: Rect, buffer: &mut Buffer) {
        let entries = self.entries(&state.settings);
        let selected = self.selected.min(entries.len().saturating_sub(1));
        let titles = Titles {
            right: match entries.len() {
                0 => String::new(),
                count => format!("{} of {count}", selected + 1),
            },
            ..Titles::named("Actions")
        };
        let inner = frame::render(palette, Focus::Here, titles, area, buffer);
        let width = usize::from(inner.width.saturating_sub(2));
        let mut lines = vec![field::line("› ", &self.field, palette, width)];
        if entries.is_empty() {
            let words = "No action has that in its name, its keys or what it does.";
            lines.push(Line::styled(words, palette.muted()));
        }
        let room = usize::from(inner.height).saturating_sub(lines.len()).max(1);
        let first = (selected + 1).saturating_sub(room);
        let shown = entries.iter().enumerate().skip(first).take(room);
        lines.extend(shown.map(|(at, entry)| {
            let spans = entry_spans(entry, palette, width);
            match at == selected {
                // One look from end to end: reversed, each colour would be a ground of its own.
                true => Line::from_iter(spans.map(|span| span.style(palette.selected()))),
                false => Line::from_iter(spans),
            }
        }));
        frame::lines(lines, inner, buffer);
    }
}

fn entry_spans(entry: &ActionEntry, palette: &Palette<'_>, width: usize) -> [Span<'static>; 3] {
    let keys: Vec<String> = entry
        .keys
        .iter()
        .map(|(keys, scope)| {
            let keys = charset::key_names(keys, palette.charset());
            format!("{keys} {}", scope.title().to_lowercase())
        })
        .collect();
    let keys = match keys.is_empty() {
        true => "no key".into(),
        false => keys.join("; "),
    };
    let keys = text::cut(&keys, width.saturating_sub(NAME + HELP + 2 * GAP)).into_owned();
    let gap = " ".repeat(GAP);
    [
        Span::styled(
            text::left(&entry.action.to_string(), NAME),
            palette.accent(),
        ),
        Span::raw(format!("{gap}{}{gap}", text::left(&entry.help, HELP))),
        Span::styled(keys, palette.muted()),
    ]
}
