//! The heat map itself.

use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Modifier, Style};

use crate::app::{Fold, label_width};
use crate::display::BaselineColumns;
use crate::display::palette::Palette;
use crate::display::scale::{Scale, Tone};
use crate::display::text;
use crate::display::value::{self, CellContext, DrawnCell};
use crate::settings::theme::STEPS;
use crate::settings::{
    Arrows, CellColour, CellValue, Cells, GridOptions, ListedTokens, Top, Visibility,
};
use crate::trace::{Cell, Column, Place, Row, Rows, Step, TokenId};
use crate::vocabulary::Vocabulary;

/// A heat map of rows × steps, written straight into the buffer.
///
/// Cells stand side by side without gaps, so that neighbours of one colour share one change of
/// style on their way to the terminal. Only whole cells are drawn.
///
/// ```no_run
/// # use lenscape::trace::{Layer, Row, Step};
/// # use lenscape::{display::palette::Palette, ui::Grid, vocabulary::Vocabulary};
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
    prompt_tokens: &'a [TokenId],
    prompt_columns: &'a [Arc<Column>],
    columns: &'a [Arc<Column>],
    /// The columns that are subtracted.
    pub(super) before: Option<BaselineColumns<'a>>,
    /// How many of the first tokens were given.
    given: usize,
    rows: &'a [Row],
    vocabulary: &'a Vocabulary,
    pub(super) palette: Palette<'a>,
    options: GridOptions,
    /// Columns of a cell, where it is wider than it has to be.
    cell: Option<u16>,
    /// Lines of a row.
    height: u16,
    first_row: usize,
    first_column: usize,
    pub(super) selected: Option<(Row, Place)>,
}

/// Before a token that was given, not chosen.
pub const GIVEN: char = '›';

/// Before the number of the selected cell, where there is room.
const SELECTED: char = '▸';

/// In which line of a row of so many lines its name and its figures stand.
fn text_line(height: u16) -> u16 {
    (height - 1) / 2
}

/// What there is room for above a cell without a number.
fn initial(label: &str) -> String {
    let label = label.strip_prefix(GIVEN).unwrap_or(label);
    let label = label.strip_prefix('·').unwrap_or(label);
    let first = text::graphemes(label).find(|(_, width)| *width == 1);
    first.map_or_else(|| "·".into(), |(grapheme, _)| format!("{grapheme} "))
}

/// A token above its column. Of one that is bytes and no character the last ones tell it from its
/// neighbours: the first ones are those of a whole script.
fn head(label: &str, width: usize) -> String {
    let is_bytes = label.trim_start_matches(GIVEN).starts_with('⟨') && label.contains(' ');
    match is_bytes {
        true => text::right(&text::cut_left(label, width), width),
        false => text::right(label, width),
    }
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
            prompt_tokens: &[],
            prompt_columns: &[],
            columns,
            before: None,
            given: 0,
            rows,
            vocabulary,
            palette,
            options: GridOptions {
                top: Top::FirstLayer,
                embedding: Visibility::Hidden,
                rows: Rows::Layers,
                value: CellValue::Rank,
                colour: CellColour::Value,
                tokens: ListedTokens::All,
                cells: Cells::Exact,
                arrows: Arrows::Large,
                prompt: Visibility::Hidden,
            },
            cell: None,
            height: 1,
            first_row: 0,
            first_column: 0,
            selected: None,
        }
    }

    /// Cells say how their values differ from those of `before`, wherever a step has the same
    /// token.
    #[must_use]
    pub fn differing_from(mut self, before: Option<BaselineColumns<'a>>) -> Self {
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

    /// Cells of this width, which is at least that of the options.
    #[must_use]
    pub fn cell_width(mut self, width: u16) -> Self {
        self.cell = Some(width);
        self
    }

    /// Rows of so many lines each, where they are not folded.
    #[must_use]
    pub fn row_height(mut self, height: u16) -> Self {
        self.height = height.max(1);
        self
    }

    fn width(&self) -> u16 {
        let least = self.options.cells.width();
        self.cell.map_or(least, |width| width.max(least))
    }

    /// The prompt's tokens from its second one on, to stand before the steps, and as many of
    /// their columns as there are yet.
    #[must_use]
    pub fn prompt(mut self, tokens: &'a [TokenId], columns: &'a [Arc<Column>]) -> Self {
        self.prompt_tokens = tokens;
        self.prompt_columns = columns;
        self
    }

    /// The row and column in the upper left corner; columns are counted from the prompt's first
    /// one on, where there are any.
    #[must_use]
    pub fn first(mut self, row: usize, column: usize) -> Self {
        self.first_row = row;
        self.first_column = column;
        self
    }

    /// The cell that is drawn on the accent's ground, the names of its row and column with it in
    /// bold.
    #[must_use]
    pub fn selected(mut self, row: Row, place: impl Into<Place>) -> Self {
        self.selected = Some((row, place.into()));
        self
    }

    /// The scale of the colours.
    #[must_use]
    pub fn scale(&self) -> Scale {
        let value = value::of(self.options.colour.of(self.options.value));
        value.scale(self.vocabulary.len(), || {
            let columns = self.prompt_columns.iter().chain(self.columns);
            columns.flat_map(move |column| {
                self.rows.iter().filter_map(move |row| {
                    let cell = column.cell(*row)?;
                    Some(value.measure(&self.seen(column, *row, cell)))
                })
            })
        })
    }

    /// Draw it: a line of tokens, then the rows, as many of each as there is room for.
    pub fn render(&self, area: Rect, buffer: &mut Buffer) {
        let area = area.intersection(buffer.area);
        let scale = self.scale();
        let width = self.width();
        let fold = Fold::of(self.options.cells);
        let label = label_width(self.rows, fold);
        let fit = area.width.saturating_sub(label) / width;
        let rows = self.rows.get(self.first_row..).unwrap_or_default();
        let all = self.prompt_tokens.len() + self.columns.len();
        let shown = (self.first_column..all).take(fit.into());
        let height = match fold {
            Fold::Single => self.height,
            Fold::Pairs => 1,
        };
        // Only whole rows are drawn.
        let tops = (area.y + 1..).step_by(height.into());
        let tops = tops.take((area.height.saturating_sub(1) / height).into());
        for (y, line) in tops.clone().zip(rows.chunks(fold.rows())) {
            let at = Position::new(area.x, y + text_line(height));
            match line {
                [row] if fold == Fold::Single => {
                    self.row_label(*row, at, label.min(area.width), buffer);
                }
                _ => self.folded_label(line, at, label.min(area.width), buffer),
            }
        }
        for (x, at) in (area.x + label..).step_by(width.into()).zip(shown) {
            let place = Place::of_index(at, self.prompt_tokens.len());
            if area.height > 0 {
                self.token(place, x, area.y, buffer);
            }
            let Some(column) = self.column(place) else {
                continue;
            };
            for (y, line) in tops.clone().zip(rows.chunks(fold.rows())) {
                match line {
                    [row] if fold == Fold::Single => {
                        let cell = Rect::new(x, y, width, height);
                        self.cell(&scale, (place, column), *row, cell, buffer);
                    }
                    _ => self.folded(&scale, (place, column), line, (x, y).into(), buffer),
                }
            }
        }
    }

    /// Draw the cell of a row in a column: what it says in one of its lines, its ground in all.
    fn cell(
        &self,
        scale: &Scale,
        (place, column): (Place, &Column),
        row: Row,
        area: Rect,
        buffer: &mut Buffer,
    ) {
        let Some(cell) = column.cell(row) else {
            return;
        };
        let (mut text, mut style) = match self.before {
            Some(before) => self.difference(before.column(place), column, row),
            None => self.figure(scale, column, row, cell),
        };
        // Where shades stand for colours, they stand in all lines.
        let ground = match self.options.cells.is_colour_only() {
            true => text.clone(),
            false => " ".repeat(area.width.into()),
        };
        if self.selected == Some((row, place)) {
            style = self.palette.selected_cell();
            // Its shape too tells it, where themes have little room for one more colour.
            if let Some(rest) = text.strip_prefix(' ') {
                text = format!("{SELECTED}{rest}");
            }
        }
        for y in area.rows().map(|line| line.y) {
            let text = match y == area.y + text_line(area.height) {
                true => &text,
                false => &ground,
            };
            buffer.set_stringn(area.x, y, text, area.width.into(), style);
        }
    }

    fn column(&self, place: Place) -> Option<&'a Column> {
        let column = match place {
            Place::Prompt(position) => self.prompt_columns.get(position.0.checked_sub(1)?),
            Place::Step(step) => self.columns.get(step.0),
        };
        column.map(Arc::as_ref)
    }

    pub(super) fn seen<'s>(
        &'s self,
        column: &'s Column,
        row: Row,
        cell: &'s Cell,
    ) -> CellContext<'s> {
        CellContext {
            column,
            row,
            cell,
            vocabulary: self.vocabulary,
            tokens: self.options.tokens,
            arrows: self.options.arrows,
        }
    }

    pub(super) fn tone(&self, scale: &Scale, seen: &CellContext<'_>) -> Tone {
        let value = value::of(self.options.colour.of(self.options.value));
        scale.tone(value.measure(seen))
    }

    pub(super) fn label_style(&self, selected: bool) -> Style {
        match selected {
            true => self.palette.selected_name(),
            false => self.palette.muted(),
        }
    }

    fn row_label(&self, row: Row, at: Position, width: u16, buffer: &mut Buffer) {
        let selected = self.selected.is_some_and(|(selected, _)| selected == row);
        let width = usize::from(width.saturating_sub(1));
        let label = text::right(&row.to_string(), width);
        buffer.set_stringn(at.x, at.y, label, width, self.label_style(selected));
    }

    fn token(&self, place: Place, x: u16, y: u16, buffer: &mut Buffer) {
        let width = usize::from(self.width());
        let token = match place {
            Place::Prompt(position) => position
                .0
                .checked_sub(1)
                .and_then(|at| self.prompt_tokens.get(at)),
            Place::Step(step) => self.columns.get(step.0).map(|column| &column.token),
        };
        let Some(token) = token else { return };
        let mut label = self.vocabulary.label(*token);
        if matches!(place, Place::Step(step) if step.0 < self.given) {
            label.insert(0, GIVEN);
        }
        let label = match self.options.cells {
            // The last column stays free: it parts a token from the next.
            Cells::Exact | Cells::Short => head(&label, width - 1),
            Cells::Shades | Cells::Folded => initial(&label),
        };
        let selected = self.selected.is_some_and(|(_, selected)| selected == place);
        let style = match (selected, place) {
            (true, _) => self.label_style(true),
            // What was given stands back behind what was generated, as in the log.
            (false, Place::Prompt(_)) => self.palette.muted(),
            (false, Place::Step(_)) => self.palette.text(),
        };
        buffer.set_stringn(x, y, label, width, style);
        if place == Place::Step(Step(0)) && self.first_column < self.prompt_tokens.len() {
            self.rule(x - 1, y, buffer);
        }
    }

    /// Parts what was generated from the prompt, in the column that each label leaves free.
    fn rule(&self, x: u16, y: u16, buffer: &mut Buffer) {
        buffer.set_stringn(x, y, "│", 1, self.palette.muted());
    }

    /// What stands in a cell, and how it looks.
    fn figure(&self, scale: &Scale, column: &Column, row: Row, cell: &Cell) -> (String, Style) {
        let seen = self.seen(column, row, cell);
        let tone = self.tone(scale, &seen);
        let mut style = self.palette.tone(tone);
        if cell.score.rank == 1 {
            // So that it can be told whatever the colours tell.
            style = style.add_modifier(Modifier::BOLD);
        }
        (self.cell_text(&seen, tone), style)
    }

    /// What has become of a cell, where it can be compared.
    pub(super) fn shown_difference(
        &self,
        before: Option<&Column>,
        after: &Column,
        row: Row,
    ) -> Option<DrawnCell> {
        let GridOptions { value, cells, .. } = self.options;
        let [before, after] = [before, Some(after)].map(|column| {
            let column = column?;
            Some(self.seen(column, row, column.cell(row)?))
        });
        value::of(value).difference(&before?, &after?, cells)
    }

    /// What stands in a cell instead of a figure of one run, and how it looks.
    fn difference(&self, before: Option<&Column>, after: &Column, row: Row) -> (String, Style) {
        let width = usize::from(self.width());
        match self.shown_difference(before, after, row) {
            Some(DrawnCell { text, mark, tone }) => {
                let end = match (mark, self.palette.tone_shade(tone)) {
                    (' ', Some(shade)) => shade.to_owned(),
                    (mark, shade) => format!("{mark}{}", shade.unwrap_or_default()),
                };
                let text = text::right(&text, width.saturating_sub(text::width(&end)));
                (format!("{text}{end}"), self.palette.tone(tone))
            }
            None => (format!("{:>1$} ", "·", width - 1), self.palette.muted()),
        }
    }

    fn cell_text(&self, seen: &CellContext<'_>, tone: Tone) -> String {
        let GridOptions { value, cells, .. } = self.options;
        let width = usize::from(self.width());
        let shade = self.palette.tone_shade(tone);
        if cells.is_colour_only() {
            return shades(seen, tone, shade, width);
        }
        let (figure, mark) = value::of(value).write(seen, cells);
        let figure = match value {
            // A text gives way to the shade, a number does not.
            CellValue::TopToken => {
                let room = width - 1 - usize::from(shade.is_some());
                text::cut(&figure, room).into_owned()
            }
            _ => figure,
        };
        match shade {
            // A shade stands behind the mark, where the number leaves room.
            Some(shade) if text::width(&figure) + 2 <= width => {
                format!("{}{mark}{shade}", text::right(&figure, width - 2))
            }
            _ => format!("{}{mark}", text::right(&figure, width - 1)),
        }
    }
}

/// A cell without a number. Without colour, rank 1 is a number all the same, and what goes either
/// way has its sign.
fn shades(seen: &CellContext<'_>, tone: Tone, shade: Option<&str>, width: usize) -> String {
    match (tone, shade) {
        (Tone::Diverging(step), Some(shade)) => {
            let sign = match step.cmp(&(STEPS / 2)) {
                std::cmp::Ordering::Less => "-",
                std::cmp::Ordering::Equal => " ",
                std::cmp::Ordering::Greater => "+",
            };
            format!("{sign}{shade}")
        }
        (_, shade) if seen.cell.score.rank == 1 => format!("{}1", shade.unwrap_or(" ")),
        (_, Some(shade)) => shade.repeat(width),
        (_, None) => " ".repeat(width),
    }
}

#[cfg(test)]
mod tests {
    use super::head;

    #[test]
    fn of_bytes_that_are_no_character_the_last_ones_stand_in_a_head() {
        assert_eq!(head("⟨E4 BD⟩", 7), "⟨E4 BD⟩");
        assert_eq!(head("⟨E4 BD⟩", 6), "…4 BD⟩");
        assert_eq!(head("⟨E4 BD⟩", 4), "…BD⟩");
        assert_eq!(head("·cabinet", 6), "·cabi…");
        assert_eq!(head("·is", 6), "   ·is");
    }
}
