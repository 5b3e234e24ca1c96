//! What stands around and behind the lines: the axes with their numbers, faint lines at round
//! figures, the selected layer, and where the lead changes.

use ratatui::buffer::Buffer;

use super::{Chart, put};
use crate::display::text;

/// One dot of Braille; every other column of a faint line has it.
const GUIDE: &str = "⠠";

impl Chart<'_> {
    /// A faint line at each mark of the upright axis, and one at the selected layer.
    pub(super) fn guides(&self, buffer: &mut Buffer) {
        let muted = self.palette.muted();
        for (height, _) in self.axis.marks(self.plot.height) {
            let y = self.row_of(height);
            for x in (self.plot.x..self.plot.right()).step_by(2) {
                put(buffer, x, y, GUIDE, muted);
            }
        }
        if let Some(selected) = self.selected {
            let x = self.column_of(selected);
            for y in self.plot.y..self.plot.bottom() {
                put(buffer, x, y, "┊", self.palette.accent());
            }
        }
    }

    pub(super) fn surroundings(&self, buffer: &mut Buffer) {
        let muted = self.palette.muted();
        let axis_x = self.plot.x - 1;
        for y in self.plot.y..self.plot.bottom() {
            buffer.set_string(axis_x, y, "│", muted);
        }
        for (height, label) in self.axis.marks(self.plot.height) {
            let label = format!("{label:>4} ┤");
            buffer.set_string(axis_x - 5, self.row_of(height), label, muted);
        }
        let below = self.plot.bottom();
        let line = "─".repeat(self.plot.width.into());
        buffer.set_string(axis_x, below, format!("└{line}"), muted);
        self.layer_numbers(below + 1, buffer);
        self.changes_of_the_lead(below, buffer);
    }

    /// As many layer numbers as stand apart from each other; the last and the selected are always
    /// among them.
    fn layer_numbers(&self, y: u16, buffer: &mut Buffer) {
        let mut taken: Vec<(u16, u16)> = Vec::new();
        let wanted = self
            .selected
            .into_iter()
            .map(|layer| (layer, self.palette.accent()))
            .chain([(self.layers - 1, self.palette.muted())])
            .chain(
                (0..self.layers)
                    .step_by(5)
                    .map(|layer| (layer, self.palette.muted())),
            );
        for (layer, style) in wanted.filter(|(layer, _)| *layer < self.layers) {
            let label = layer.to_string();
            let width = label.len() as u16;
            let from = self.column_of(layer).saturating_sub(width / 2);
            let clear = taken
                .iter()
                .all(|(other, end)| from > end + 1 || from + width + 1 < *other);
            if clear {
                taken.push((from, from + width - 1));
                put(buffer, from, y, &label, style);
            }
        }
    }

    /// A mark on the axis for each, and one line that says who led and who leads.
    fn changes_of_the_lead(&self, axis: u16, buffer: &mut Buffer) {
        let style = self.palette.accent().patch(self.palette.strong());
        for layer in &self.changes {
            put(buffer, self.column_of(*layer), axis, "╳", style);
        }
        if self.series.len() < 2 {
            return;
        }
        let words = match self.changes.is_empty() {
            true => self.words.clone(),
            false => format!("╳ {}", self.words),
        };
        let room = usize::from(self.inner.width.saturating_sub(2));
        let words = text::cut(&words, room).into_owned();
        put(
            buffer,
            self.inner.x + 1,
            axis + 2,
            &words,
            self.palette.text(),
        );
    }
}
