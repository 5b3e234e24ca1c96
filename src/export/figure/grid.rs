//! The grid: a column a token, a row a layer, and in each cell what the grid on the screen says.
//!
//! ```text
//!             ·are   ·not   ·in
//!  Layer 0   12045   3310   780
//!  Layer 1    9210   2980   121
//!    …
//! ```

use super::legend::Legend;
use super::page::{Anchor, Area, CellText, Drawing, Face, Page, face_of, width_of};
use crate::display::{Sheet, SheetColumn, text};
use crate::run::Record;
use crate::settings::theme::Theme;
use crate::trace::{self, Cell, Row};

/// Height of a row.
const ROW: f32 = 21.0;
/// Height of the tokens' line.
const TOKENS: f32 = 24.0;
/// Width of the layers' names.
const NAMES: f32 = 68.0;
/// Columns of the terminal that a token may take; a longer one is cut.
const LONGEST_TOKEN: usize = 12;
/// The widest band of columns; more columns go on below.
const WIDEST: f32 = 1_200.0;
/// Room between two bands.
const BETWEEN: f32 = 22.0;
/// How many of a cell's best tokens its hover text names.
const BEST: usize = 5;

/// The grid on its page.
pub fn page(record: &Record, sheet: &Sheet<'_>, theme: &Theme) -> Page {
    let columns: Vec<SheetColumn<'_>> = sheet.columns().collect();
    let column_width = column_width(sheet, &columns);
    let fitting = (((WIDEST - NAMES) / column_width) as usize).max(1);
    let mut drawing = Drawing::default();
    for (band, columns) in columns.chunks(fitting).enumerate() {
        if band > 0 {
            drawing.height += BETWEEN;
        }
        let top = drawing.height;
        row_names(&mut drawing, &sheet.rows, top);
        for (at, column) in columns.iter().enumerate() {
            let strip = Strip {
                record,
                sheet,
                column,
                x: NAMES + at as f32 * column_width,
                top,
                width: column_width,
            };
            strip.draw(&mut drawing, theme);
        }
        let width = NAMES + columns.len() as f32 * column_width;
        drawing.width = drawing.width.max(width);
        drawing.height = top + TOKENS + sheet.rows.len() as f32 * ROW;
    }
    let legend = Legend {
        name: sheet.scale_name(),
        steps: sheet.legend(),
        note: sheet.note(),
    };
    Page::new(sheet.title(), record, drawing)
        .with_legend(&legend, theme)
        .with_cells(&sheet.value_name())
}

fn cut(label: &str) -> String {
    text::cut(label, LONGEST_TOKEN).into_owned()
}

/// All columns are as wide as the widest.
fn column_width(sheet: &Sheet<'_>, columns: &[SheetColumn<'_>]) -> f32 {
    let labels = columns.iter().map(|column| cut(&sheet.label(column)));
    let cells = columns.iter().flat_map(|column| {
        let shown = sheet.rows.iter().map(|row| sheet.shown(column, *row));
        shown.flatten().map(|shown| cut(&sheet.text(&shown)))
    });
    labels
        .chain(cells)
        .map(|label| width_of(&label))
        .fold(28.0, f32::max)
        + 10.0
}

fn row_names(drawing: &mut Drawing, rows: &[Row], top: f32) {
    for (at, row) in rows.iter().enumerate() {
        let y = top + TOKENS + at as f32 * ROW + ROW / 2.0 + 4.0;
        let name = match row {
            Row::Embedding => "Embedding".to_owned(),
            Row::Layer(layer) => format!("Layer {}", layer.0),
            Row::Inside(layer, sum) => format!("{} {}", layer.0, sum.name()),
        };
        drawing.text((NAMES - 8.0, y), Anchor::End, Face::Muted, &name);
    }
}

/// A column and where it stands.
struct Strip<'s> {
    record: &'s Record,
    sheet: &'s Sheet<'s>,
    column: &'s SheetColumn<'s>,
    x: f32,
    top: f32,
    width: f32,
}

impl Strip<'_> {
    fn draw(&self, drawing: &mut Drawing, theme: &Theme) {
        let label = cut(&self.sheet.label(self.column));
        let middle = self.x + self.width / 2.0;
        // What was given stands back behind what was generated.
        let face = match self.column.place {
            trace::Place::Prompt(_) => Face::Muted,
            trace::Place::Step(_) => Face::Strong,
        };
        drawing.text((middle, self.top + 15.0), Anchor::Middle, face, &label);
        for (at, row) in self.sheet.rows.iter().enumerate() {
            let Some(cell) = self.column.column.cell(*row) else {
                continue;
            };
            let place = Area {
                x: self.x,
                y: self.top + TOKENS + at as f32 * ROW,
                width: self.width,
                height: ROW,
            };
            let words = self.words(*row, cell);
            match self.sheet.shown(self.column, *row) {
                Some(shown) => {
                    let cell_text = CellText {
                        text: &cut(&self.sheet.text(&shown)),
                        tone: shown.tone,
                        face: face_of(cell.score.rank),
                    };
                    drawing.cell(place, &cell_text, &words, theme);
                }
                None => {
                    let middle = (middle, place.y + ROW / 2.0 + 4.0);
                    drawing.text(middle, Anchor::Middle, Face::Muted, "·");
                }
            }
        }
    }

    /// What a cell says where the mouse stays on it.
    fn words(&self, row: Row, cell: &Cell) -> String {
        let vocabulary = self.record.vocabulary();
        let best: Vec<String> = cell
            .best(BEST)
            .map(|(id, prob)| format!("{} {prob:.3}", vocabulary.label(id)))
            .collect();
        let also = match self.sheet.says_more() {
            true => format!("; the cell says {}", self.sheet.plain(self.column, row)),
            false => String::new(),
        };
        format!(
            "{row}, {}: {} has rank {}, p {:.4}{also}; best: {}",
            self.column.place,
            vocabulary.label(self.column.column.token),
            cell.score.rank,
            cell.score.prob,
            best.join(", "),
        )
    }
}
