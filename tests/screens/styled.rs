//! A buffer as text, and its styles as a second text: one letter for each style, with a legend.

#![expect(
    clippy::disallowed_types,
    reason = "the colours of cells are written down"
)]

use ratatui::buffer::{Buffer, CellWidth};
use ratatui::style::{Color, Modifier, Style};

/// The characters only.
pub fn text(buffer: &Buffer) -> String {
    lines(buffer, |buffer, x, y| buffer[(x, y)].symbol().to_owned())
}

/// The characters, then a letter for the style of each, then what each letter stands for.
pub fn styled(buffer: &Buffer) -> String {
    let mut styles: Vec<Style> = Vec::new();
    let letters = lines(buffer, |buffer, x, y| {
        let style = buffer[(x, y)].style();
        let at = styles
            .iter()
            .position(|known| *known == style)
            .unwrap_or_else(|| {
                styles.push(style);
                styles.len() - 1
            });
        LETTERS.chars().nth(at).unwrap_or('?').to_string()
    });
    let legend: String = styles
        .iter()
        .zip(LETTERS.chars())
        .map(|(style, letter)| format!("{letter} {}\n", name(*style)))
        .collect();
    format!("{}\n{letters}\n{legend}", text(buffer))
}

const LETTERS: &str = ".abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

fn lines(buffer: &Buffer, mut cell: impl FnMut(&Buffer, u16, u16) -> String) -> String {
    let mut lines = String::new();
    for y in buffer.area.top()..buffer.area.bottom() {
        let mut line = String::new();
        let mut x = buffer.area.left();
        while x < buffer.area.right() {
            line.push_str(&cell(buffer, x, y));
            // What stands behind a wide character is not drawn.
            x += buffer[(x, y)].symbol().cell_width().max(1);
        }
        lines.push_str(line.trim_end());
        lines.push('\n');
    }
    lines
}

fn name(style: Style) -> String {
    let colour = |colour: Option<Color>| match colour {
        None | Some(Color::Reset) => "-".to_owned(),
        Some(colour) => colour.to_string(),
    };
    let mut name = format!("{} on {}", colour(style.fg), colour(style.bg));
    for (modifier, word) in [(Modifier::BOLD, "bold"), (Modifier::REVERSED, "reversed")] {
        if style.add_modifier.contains(modifier) {
            name.push(' ');
            name.push_str(word);
        }
    }
    name
}
