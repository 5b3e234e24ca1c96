//! The help page, made from the key map.

use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::Draw;
use crate::app::{Help, HelpLine, HelpPart, KEYS_WIDTH, SIGNS_WIDTH, State};
use crate::display::palette::{Focus, Palette};
use crate::display::text;
use crate::ui::charset;
use crate::ui::frame::{self, Titles};

impl Draw for Help {
    fn draw(&self, state: &State, palette: &Palette<'_>, area: Rect, buffer: &mut Buffer) {
        let screen = Size::new(state.columns, state.rows);
        let (lines, room) = self.lines(&state.settings, screen);
        let first = usize::from(self.first);
        let last = (first + room.columns * room.rows).min(lines.len());
        let titles = Titles {
            right: match last - first {
                all if all == lines.len() => String::new(),
                _ => format!("{}–{last} of {}", first + 1, lines.len()),
            },
            ..Titles::named(match self.part {
                HelpPart::Keys => "Help",
                HelpPart::Figures => "What the figures mean",
            })
        };
        let inner = frame::render(palette, Focus::Here, titles, area, buffer);
        let width = inner.width / u16::try_from(room.columns).unwrap_or(1).max(1);
        for (at, line) in lines[first..last].iter().enumerate() {
            let (column, row) = (at / room.rows, at % room.rows);
            let place = Rect {
                x: inner.x + 1 + width * u16::try_from(column).unwrap_or(0),
                y: inner.y + u16::try_from(row).unwrap_or(0),
                width: width.saturating_sub(2),
                height: 1,
            };
            styled(line, palette, place.width.into())
                .render(place.intersection(inner).intersection(buffer.area), buffer);
        }
    }
}

fn styled(line: &HelpLine, palette: &Palette<'_>, width: usize) -> Line<'static> {
    let text_room = width.saturating_sub(2);
    match line {
        HelpLine::Blank => Line::default(),
        HelpLine::Title(title) => Line::styled(*title, palette.strong()),
        HelpLine::Keys { keys, does } => Line::from(vec![
            Span::styled(
                format!(
                    "  {} ",
                    text::left(&charset::key_names(keys, palette.charset()), KEYS_WIDTH)
                ),
                palette.accent(),
            ),
            Span::raw(text::cut(does, text_room.saturating_sub(KEYS_WIDTH + 1)).into_owned()),
        ]),
        HelpLine::Meaning(sign, meaning) => Line::from(vec![
            Span::styled(
                format!("  {} ", text::left(sign, SIGNS_WIDTH)),
                palette.accent(),
            ),
            Span::raw(text::cut(meaning, text_room.saturating_sub(SIGNS_WIDTH + 1)).into_owned()),
        ]),
        HelpLine::Text(text) => Line::raw(format!("  {}", text::cut(text, text_room))),
        HelpLine::Problem(problem) => Line::styled(
            format!("  {}", text::cut(problem, text_room)),
            palette.warning(),
        ),
    }
}
