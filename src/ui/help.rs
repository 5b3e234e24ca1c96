//! The help page, made from the key map.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::frame::{self, Titles};
use super::palette::{Focus, Palette};
use super::text;
use crate::app::{HelpLine, State, help_lines};

/// Keys stand in a column of this width.
const KEYS: usize = 22;

/// The help page, in the place of all panes.
pub fn render(state: &State, palette: &Palette<'_>, area: Rect, buffer: &mut Buffer) {
    let lines = help_lines(&state.settings);
    let first = usize::from(state.view.help.unwrap_or(0));
    let visible = usize::from(area.height.saturating_sub(2));
    let titles = Titles {
        right: format!(
            "{}–{} of {}",
            first + 1,
            (first + visible).min(lines.len()),
            lines.len()
        ),
        ..Titles::named("Help")
    };
    let inner = frame::render(palette, Focus::Here, titles, area, buffer);
    let width = usize::from(inner.width.saturating_sub(2));
    for (y, line) in (inner.y..inner.bottom()).zip(lines.iter().skip(first)) {
        let place = Rect {
            x: inner.x + 1,
            y,
            width: inner.width.saturating_sub(2),
            height: 1,
        };
        styled(line, palette, width).render(place.intersection(buffer.area), buffer);
    }
}

fn styled(line: &HelpLine, palette: &Palette<'_>, width: usize) -> Line<'static> {
    match line {
        HelpLine::Blank => Line::default(),
        HelpLine::Title(title) => Line::styled(*title, palette.strong()),
        HelpLine::Keys { keys, does } => Line::from(vec![
            Span::styled(format!("  {}", text::left(keys, KEYS)), palette.accent()),
            Span::raw(text::cut(does, width.saturating_sub(KEYS + 2)).into_owned()),
        ]),
        HelpLine::Text(text) => {
            Line::raw(format!("  {}", text::cut(text, width.saturating_sub(2))))
        }
        HelpLine::Problem(problem) => Line::styled(
            format!("  {}", text::cut(problem, width.saturating_sub(2))),
            palette.warning(),
        ),
    }
}
