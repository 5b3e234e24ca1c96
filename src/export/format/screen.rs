//! A screen as text, row by row, with its colours or without.

#![expect(clippy::disallowed_types, reason = "writes the colours of cells down")]

use crossterm::style::{ContentStyle, StyledContent};
use ratatui::backend::IntoCrossterm;
use ratatui::buffer::{Buffer, Cell, CellWidth};
use ratatui::style::{Color, Style};

/// The screen's text; rows end where nothing more stands.
#[must_use]
pub fn plain(buffer: &Buffer) -> String {
    let mut text = String::new();
    for row in rows(buffer) {
        let line: String = row.iter().map(|cell| cell.symbol()).collect();
        text.push_str(line.trim_end_matches(' '));
        text.push('\n');
    }
    text
}

/// The screen's text with the ANSI sequences of its colours, for `cat` on a terminal.
#[must_use]
pub fn ansi(buffer: &Buffer) -> String {
    let mut text = String::new();
    for row in rows(buffer) {
        let mut line = String::new();
        for run in row.chunk_by(|a, b| a.style() == b.style()) {
            let Some(first) = run.first() else { continue };
            let symbols: String = run.iter().map(|cell| cell.symbol()).collect();
            let style: ContentStyle = asked_for(first).into_crossterm();
            line.push_str(&StyledContent::new(style, symbols).to_string());
        }
        text.push_str(line.trim_end_matches(' '));
        text.push('\n');
    }
    text
}

/// What a cell asks for: a colour that is the terminal's own needs no sequence.
fn asked_for(cell: &Cell) -> Style {
    let style = Style::new().add_modifier(cell.modifier);
    let style = match cell.fg {
        Color::Reset => style,
        colour => style.fg(colour),
    };
    match cell.bg {
        Color::Reset => style,
        colour => style.bg(colour),
    }
}

/// The cells of each row; the second half of a wide character is no cell of its own.
fn rows(buffer: &Buffer) -> impl Iterator<Item = Vec<&Cell>> {
    let area = *buffer.area();
    (area.top()..area.bottom()).map(move |y| {
        let mut row = Vec::new();
        let mut x = area.left();
        while x < area.right() {
            let cell = &buffer[(x, y)];
            row.push(cell);
            x += cell.cell_width().max(1);
        }
        row
    })
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;

    use super::*;

    fn screen() -> Buffer {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 6, 2));
        buffer.set_string(0, 0, "日 is", Style::new());
        buffer.set_string(0, 1, "12", Style::new().fg(Color::Rgb(1, 2, 3)));
        buffer
    }

    #[test]
    fn plain_text_has_no_blanks_behind_it() {
        assert_eq!(plain(&screen()), "日 is\n12\n");
    }

    #[test]
    fn colours_come_and_go_with_their_letters() {
        let text = ansi(&screen());
        assert_eq!(text, "日 is\n\u{1b}[38;2;1;2;3m12\u{1b}[39m\n");
    }

    #[test]
    fn a_terminal_shows_the_same_screen() {
        let screen = screen();
        let mut parser = vt100::Parser::default();
        parser.process(ansi(&screen).replace('\n', "\r\n").as_bytes());
        let contents = parser.screen().contents();
        assert_eq!(contents.trim_end(), plain(&screen).trim_end());
    }
}
