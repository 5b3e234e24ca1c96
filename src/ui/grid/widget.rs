//! The heat map itself.

use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use super::difference::Difference;
use super::figure::{Change, figure};
use crate::app::ROW_LABEL;
use crate::settings::{CellValue, Cells, EmbeddingRow, GridOptions, Top};
use crate::trace::{Cell, Column, Row, Step};
use crate::ui::palette::Palette;
use crate::ui::{scale, text};
use crate::vocabulary::Vocabulary;

/// A heat map of rows × steps, written straight into the buffer.
///
/// Cells stand side by side without gaps, so that neighbours of one colour share one change of
/// style on their way to the terminal. Only whole cells are drawn.
///
/// ```no_run
/// # use lenscape::{trace::{Layer, Row, Step}, ui::{Grid, palette::Palette}, vocabulary::Vocabulary};
/// # fn example(columns: &[std::sync::Arc<lenscape::trace::Column>], vocabulary: &Vocabulary,
/// #            palette: Palette<'_>, area: ratatui::layout::Rect,
/// #            buffer: &mut ratatui::buffer::Buffer) {
/// let rows: Vec<Row> = (0..30).map(|l| Row::Layer(Layer(l))).collect();
/// Grid::new(columns, &rows, vocabulary, palette)
///     .first(0, 12)
///     .selected(Row::Layer(Layer(26)), Step(14))
///     .render(area, buffer);
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Grid<'a> {
    columns: &'a [Arc<Column>],
    /// The columns that are subtracted.
    before: Option<&'a [Arc<Column>]>,
    /// How many of the first tokens were given.
    given: usize,
    rows: &'a [Row],
    vocabulary: &'a Vocabulary,
    palette: Palette<'a>,
    options: GridOptions,
    first_row: usize,
    first_step: usize,
    selected: Option<(Row, Step)>,
}

/// Before a token that was given, not chosen.
pub const GIVEN: char = '›';

/// What there is room for above a cell without a number.
fn initial(label: &str) -> String {
    let label = label.strip_prefix(GIVEN).unwrap_or(label);
    let label = label.strip_prefix('·').unwrap_or(label);
    let first = text::graphemes(label).find(|(_, width)| *width == 1);
    first.map_or_else(|| "·".into(), |(grapheme, _)| format!("{grapheme} "))
}

impl<'a> Grid<'a> {
    /// A grid of these columns, with these rows from top to bottom.
    #[must_use]
    pub fn new(
        columns: &'a [Arc<Column>],
        rows: &'a [Row],
        vocabulary: &'a Vocabulary,
        palette: Palette<'a>,
    ) -> Self {
        Self {
            columns,
            before: None,
            given: 0,
            rows,
            vocabulary,
            palette,
            options: GridOptions {
                top: Top::FirstLayer,
                embedding: EmbeddingRow::Hidden,
                value: CellValue::Rank,
                cells: Cells::Exact,
            },
            first_row: 0,
            first_step: 0,
            selected: None,
        }
    }

    /// Cells say how ranks differ from those of `before`, wherever a step has the same token.
    #[must_use]
    pub fn differing_from(mut self, before: Option<&'a [Arc<Column>]>) -> Self {
        self.before = before;
        self
    }

    /// The first `given` tokens get a mark: they were given, not chosen.
    #[must_use]
    pub fn given(mut self, given: usize) -> Self {
        self.given = given;
        self
    }

    /// What cells say, and how wide they are. Which rows there are was decided by the caller.
    #[must_use]
    pub fn options(mut self, options: GridOptions) -> Self {
        self.options = options;
        self
    }

    /// The row and step in the upper left corner.
    #[must_use]
    pub fn first(mut self, row: usize, step: usize) -> Self {
        self.first_row = row;
        self.first_step = step;
        self
    }

    /// The cell that is drawn reversed, its row and step with it in bold.
    #[must_use]
    pub fn selected(mut self, row: Row, step: Step) -> Self {
        self.selected = Some((row, step));
        self
    }

    /// Draw it: a line of tokens, then the rows, as many of each as there is room for.
    pub fn render(&self, area: Rect, buffer: &mut Buffer) {
        let area = area.intersection(buffer.area);
        let width = self.options.cells.width();
        let fit = area.width.saturating_sub(ROW_LABEL) / width;
        let steps = (self.first_step..self.columns.len()).take(fit.into());
        for (y, row) in (area.y + 1..area.bottom()).zip(self.rows.iter().skip(self.first_row)) {
            self.row_label(*row, area.x, y, area.width, buffer);
        }
        for (x, step) in (area.x + ROW_LABEL..).step_by(width.into()).zip(steps) {
            let Some(column) = self.columns.get(step) else {
                continue;
            };
            if area.height > 0 {
                self.token(column, Step(step), x, area.y, buffer);
            }
            for (y, row) in (area.y + 1..area.bottom()).zip(self.rows.iter().skip(self.first_row)) {
                if let Some(cell) = column.cell(*row) {
                    let (text, mut style) = match self.before {
                        Some(before) => self.difference(before.get(step), column, *row),
                        None => (
                            self.cell_text(column, *row, cell),
                            self.palette.rank(cell.score.rank),
                        ),
                    };
                    if self.selected == Some((*row, Step(step))) {
                        style = style.add_modifier(Modifier::REVERSED | Modifier::BOLD);
                    }
                    buffer.set_stringn(x, y, text, width.into(), style);
                }
            }
        }
    }

    fn label_style(&self, selected: bool) -> Style {
        match selected {
            true => self.palette.accent().add_modifier(Modifier::BOLD),
            false => self.palette.muted(),
        }
    }

    fn row_label(&self, row: Row, x: u16, y: u16, width: u16, buffer: &mut Buffer) {
        let selected = self.selected.is_some_and(|(selected, _)| selected == row);
        let label = text::right(&row.to_string(), usize::from(ROW_LABEL - 1));
        let style = self.label_style(selected);
        buffer.set_stringn(x, y, label, width.into(), style);
    }

    fn token(&self, column: &Column, step: Step, x: u16, y: u16, buffer: &mut Buffer) {
        let width = usize::from(self.options.cells.width());
        let mut label = self.vocabulary.label(column.token);
        if step.0 < self.given {
            label.insert(0, GIVEN);
        }
        let label = match self.options.cells {
            // The last column stays free: it parts a token from the next.
            Cells::Exact | Cells::Short => text::right(&label, width - 1),
            Cells::Shades => initial(&label),
        };
        let selected = self.selected.is_some_and(|(_, selected)| selected == step);
        let style = match selected {
            true => self.label_style(true),
            false => self.palette.text(),
        };
        buffer.set_stringn(x, y, label, width, style);
    }

    /// What stands in a cell instead of a figure of one run, and how it looks.
    fn difference(
        &self,
        before: Option<&Arc<Column>>,
        after: &Column,
        row: Row,
    ) -> (String, Style) {
        let width = usize::from(self.options.cells.width());
        let difference = before.and_then(|before| Difference::at(before, after, row));
        match difference {
            Some(difference) => (
                format!(
                    "{} ",
                    text::right(&difference.figure(self.options.cells), width - 1)
                ),
                self.palette.change(difference.step()),
            ),
            None => (format!("{:>1$} ", "·", width - 1), self.palette.muted()),
        }
    }

    fn cell_text(&self, column: &Column, row: Row, cell: &Cell) -> String {
        let GridOptions { value, cells, .. } = self.options;
        let width = usize::from(cells.width());
        let figure = figure(cell, value, cells);
        let shade = self.palette.shade(scale::step(cell.score.rank));
        if cells == Cells::Shades {
            return match shade {
                Some(shade) if figure.is_empty() => shade.repeat(width),
                _ => format!("{figure:>width$}"),
            };
        }
        // The mark is about the rank: beside another value it would be taken for that one's.
        let mark = match value {
            CellValue::Rank => Change::at(column, row).mark(),
            _ => ' ',
        };
        match shade {
            // A shade stands behind the mark, where the number leaves room.
            Some(shade) if figure.len() + 2 <= width => {
                format!("{figure:>0$}{mark}{shade}", width - 2)
            }
            _ => format!("{figure:>0$}{mark}", width - 1),
        }
    }
}
