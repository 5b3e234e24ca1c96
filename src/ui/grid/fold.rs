//! Two rows in one line: the upper half of a cell is one, the lower half the other. Where a
//! character cannot have two colours, they stand side by side instead.

use std::cmp::Ordering;

use ratatui::buffer::Buffer;
use ratatui::layout::Position;
use ratatui::style::Style;

use super::widget::Grid;
use crate::app::line_names;
use crate::display::scale::{Scale, Tone};
use crate::settings::theme::STEPS;
use crate::trace::{Column, Place, Row};

/// The mark of the selected half.
const HALVES: [&str; 2] = ["▴", "▾"];

/// One row of a line in one column.
#[derive(Clone, Copy)]
struct Half {
    /// None where there is nothing to compare with.
    tone: Option<Tone>,
    is_first_rank: bool,
    is_selected: bool,
}

impl Grid<'_> {
    /// Draw the cell of a line of two rows, or of one at the end.
    pub(super) fn folded(
        &self,
        scale: &Scale,
        (place, column): (Place, &Column),
        line: &[Row],
        at: Position,
        buffer: &mut Buffer,
    ) {
        let halves: Vec<Half> = line
            .iter()
            .map(|row| self.half(scale, place, column, *row))
            .collect();
        let tones = [0, 1].map(|half| halves.get(half).and_then(|half: &Half| half.tone));
        match self.palette.halves(tones) {
            Some((block, style)) => {
                buffer.set_string(at.x, at.y, block.repeat(2), style);
                let selected = halves.iter().zip(HALVES).find(|(half, _)| half.is_selected);
                if let Some((_, mark)) = selected {
                    buffer.set_string(at.x + 1, at.y, mark, self.palette.selected_cell());
                }
            }
            None => {
                for (x, half) in (at.x..).zip(&halves) {
                    let (text, style) = self.beside(*half);
                    buffer.set_string(x, at.y, text, style);
                }
            }
        }
    }

    fn half(&self, scale: &Scale, place: Place, column: &Column, row: Row) -> Half {
        let cell = column.cell(row);
        let tone = match self.before {
            Some(before) => self
                .shown_difference(before.column(place), column, row)
                .map(|shown| shown.tone),
            None => cell.map(|cell| self.tone(scale, &self.seen(column, row, cell))),
        };
        let is_first = cell.is_some_and(|cell| cell.score.rank == 1);
        Half {
            tone,
            is_first_rank: is_first && matches!(tone, Some(Tone::Sequential(_))),
            is_selected: self.selected == Some((row, place)),
        }
    }

    /// A row's half in a column of the screen of its own.
    fn beside(&self, half: Half) -> (&'static str, Style) {
        let (text, style) = match half.tone {
            Some(tone) => {
                let shade = self.palette.tone_shade(tone);
                let text = match (tone, shade) {
                    _ if half.is_first_rank => "1",
                    (Tone::Diverging(step), Some(_)) => match step.cmp(&(STEPS / 2)) {
                        Ordering::Less => "-",
                        Ordering::Equal => " ",
                        Ordering::Greater => "+",
                    },
                    (_, shade) => shade.unwrap_or(" "),
                };
                (text, self.palette.tone(tone))
            }
            None => ("·", self.palette.muted()),
        };
        match half.is_selected {
            true => (text, self.palette.selected_cell()),
            false => (text, style),
        }
    }

    /// The names of a line's rows, the selected one in bold.
    pub(super) fn folded_label(&self, line: &[Row], at: Position, width: u16, buffer: &mut Buffer) {
        let names = line_names(line);
        let length = names.iter().map(|name| name.len() + 1).sum::<usize>();
        let mut x = at.x + width.saturating_sub(u16::try_from(length).unwrap_or(width));
        for (name, row) in names.iter().zip(line) {
            if x > at.x && *row != line[0] {
                buffer.set_string(x - 1, at.y, "/", self.label_style(false));
            }
            let selected = self.selected.is_some_and(|(selected, _)| selected == *row);
            (x, _) = buffer.set_stringn(x, at.y, name, width.into(), self.label_style(selected));
            x += 1;
        }
    }
}
