//! The grid's cells as text and colour, for files, tables and the clipboard.

use std::fmt::Write as _;
use std::sync::Arc;

use crate::display::scale::{Scale, Tone};
use crate::display::value::{self, CellContext, DrawnCell, Value};
use crate::display::{BaselineColumns, grid_rows};
use crate::run::{Record, RunId};
use crate::settings::{CellColour, CellValue, Cells, GridOptions};
use crate::trace::{Cell, Column, Place, Row};

/// What a grid shows of a record.
#[derive(Clone, Debug, PartialEq)]
pub struct GridView {
    /// What cells say and which rows there are. How wide cells are on the screen has no meaning
    /// here: numbers are exact.
    pub options: GridOptions,
    /// The prompt's own columns, which stand before the steps; the first one predicts position 1.
    pub prompt: Vec<Arc<Column>>,
    /// The run that is subtracted, where the grid shows a difference.
    pub before: Option<SubtractedRun>,
}

/// A run that is subtracted.
#[derive(Clone, Debug, PartialEq)]
pub struct SubtractedRun {
    /// From which run.
    pub from: RunId,
    /// Its own name.
    pub run: RunId,
    /// The prompt's own columns; the first one predicts position 1.
    pub prompt: Vec<Arc<Column>>,
    /// One a step.
    pub steps: Vec<Arc<Column>>,
}

impl GridView {
    /// A grid of the steps alone, of one run.
    #[must_use]
    pub fn of_steps(options: GridOptions) -> Self {
        Self {
            options,
            prompt: Vec::new(),
            before: None,
        }
    }
}

/// A column, where it stands, and the one that is subtracted.
#[derive(Clone, Copy, Debug)]
pub struct SheetColumn<'s> {
    /// Where it stands.
    pub place: Place,
    /// What every row says.
    pub column: &'s Column,
    before: Option<&'s Column>,
}

/// A grid's cells.
#[derive(Debug)]
pub struct Sheet<'s> {
    view: &'s GridView,
    record: &'s Record,
    value: &'static Value,
    /// What colours tell.
    colour: &'static Value,
    scale: Scale,
    /// From top to bottom.
    pub rows: Vec<Row>,
}

impl<'s> Sheet<'s> {
    /// The cells of a record as `view` has them.
    #[must_use]
    pub fn of(record: &'s Record, view: &'s GridView) -> Self {
        let GridOptions { value, colour, .. } = view.options;
        let rows = grid_rows(
            record.model.n_layers,
            &record.model.rows_inside,
            &view.options,
        );
        let colour = value::of(colour.of(value));
        let scale = colour.scale(record.model.vocab_size, || {
            let columns = view.prompt.iter().chain(&record.columns);
            columns.flat_map(|column| {
                let seen = rows
                    .iter()
                    .filter_map(|row| seen(record, view, column, *row));
                seen.filter_map(|seen| colour.figure(&seen))
            })
        });
        Self {
            view,
            record,
            value: value::of(value),
            colour,
            scale,
            rows,
        }
    }

    /// What cells say, and of which runs where there are two.
    #[must_use]
    pub fn title(&self) -> String {
        match &self.view.before {
            Some(before) => {
                let value = self.value;
                value.difference_title(before.from, before.run, usize::MAX)
            }
            None => self.value.title(usize::MAX).to_owned(),
        }
    }

    /// The value that cells say, in one word or two; with what their colours tell, where that is
    /// another one.
    #[must_use]
    pub fn value_name(&self) -> String {
        let GridOptions { value, colour, .. } = self.view.options;
        match colour {
            CellColour::By(colour) if colour != value && self.view.before.is_none() => {
                format!("{}, colour {}", value.name(), colour.name())
            }
            _ => value.name().to_owned(),
        }
    }

    /// The value whose scale the colours are on.
    #[must_use]
    pub fn scale_name(&self) -> &'static str {
        match self.view.before {
            Some(_) => self.view.options.value.name(),
            None => self.view.options.colour.of(self.view.options.value).name(),
        }
    }

    /// Whether a cell says anything beside the rank of its token.
    #[must_use]
    pub fn says_more(&self) -> bool {
        self.view.options.value != CellValue::Rank || self.view.before.is_some()
    }

    /// What each step of the colours holds.
    #[must_use]
    pub fn legend(&self) -> Vec<(Tone, String)> {
        match self.view.before {
            Some(_) => self.value.difference_legend(),
            None => self.scale.legend(),
        }
    }

    /// What is to be said beside the legend.
    #[must_use]
    pub fn note(&self) -> Option<&'static str> {
        self.value.note(self.record.lens)
    }

    /// The columns from left to right.
    pub fn columns(&self) -> impl Iterator<Item = SheetColumn<'s>> {
        let prompt = self.view.prompt.len();
        let columns = self.view.prompt.iter().chain(&self.record.columns);
        let before = self.view.before.as_ref().map(|before| BaselineColumns {
            prompt: &before.prompt,
            steps: &before.steps,
        });
        columns.enumerate().map(move |(at, column)| {
            let place = Place::of_index(at, prompt);
            SheetColumn {
                place,
                column,
                before: before.and_then(|before| before.column(place)),
            }
        })
    }

    /// The token above a column.
    #[must_use]
    pub fn label(&self, column: &SheetColumn<'_>) -> String {
        self.record.vocabulary().label(column.column.token)
    }

    /// What a cell says, and its colour; nothing where two runs cannot be compared.
    #[must_use]
    pub fn shown(&self, column: &SheetColumn<'_>, row: Row) -> Option<DrawnCell> {
        let after = self.seen(column.column, row)?;
        if self.view.before.is_some() {
            let before = self.seen(column.before?, row)?;
            return self.value.difference(&before, &after, Cells::Exact);
        }
        let (text, mark) = self.value.write(&after, Cells::Exact);
        let tone = self.scale.tone(self.colour.measure(&after));
        Some(DrawnCell { text, mark, tone })
    }

    /// The text of a cell: with the mark behind a token, but without the one behind a rank, which
    /// says what the cell below says too.
    #[must_use]
    pub fn text(&self, shown: &DrawnCell) -> String {
        match self.view.options.value {
            CellValue::TopToken => format!("{}{}", shown.text, shown.mark)
                .trim_end()
                .to_owned(),
            _ => shown.text.clone(),
        }
    }

    /// What a cell says with all its digits.
    #[must_use]
    pub fn plain(&self, column: &SheetColumn<'_>, row: Row) -> String {
        let written = self.seen(column.column, row).and_then(|after| {
            if self.view.before.is_none() {
                return Some(self.value.plain(&after));
            }
            let before = self.seen(column.before?, row)?;
            self.value.plain_difference(&before, &after)
        });
        written.unwrap_or_default()
    }

    /// What cells say, then tokens across and rows down, with tabs between them, as a spreadsheet
    /// takes it.
    #[must_use]
    pub fn with_tabs(&self) -> String {
        let columns: Vec<SheetColumn<'_>> = self.columns().collect();
        let mut text = format!("{}\tlens {}", self.title(), self.record.lens.in_words());
        let mut line = |name: &str, cells: Vec<String>| {
            // Writing to a string does not fail.
            let _ = write!(text, "\n{name}");
            for cell in cells {
                let _ = write!(text, "\t{cell}");
            }
        };
        line(
            "",
            columns.iter().map(|column| self.label(column)).collect(),
        );
        for row in &self.rows {
            let cells = columns.iter().map(|column| self.plain(column, *row));
            line(&row.to_string(), cells.collect());
        }
        text
    }

    fn seen<'c>(&'c self, column: &'c Column, row: Row) -> Option<CellContext<'c>> {
        seen(self.record, self.view, column, row)
    }
}

fn seen<'c>(
    record: &'c Record,
    view: &GridView,
    column: &'c Column,
    row: Row,
) -> Option<CellContext<'c>> {
    let cell: &Cell = column.cell(row)?;
    Some(CellContext {
        column,
        row,
        cell,
        vocabulary: record.vocabulary(),
        tokens: view.options.tokens,
        arrows: view.options.arrows,
    })
}
