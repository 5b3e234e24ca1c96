//! The grid: a column a token, a row a layer, the rank of the chosen token in each cell.
//!
//! ```text
//!             ·are   ·not   ·in
//!  Layer 0   12045   3310   780
//!  Layer 1    9210   2980   121
//!    …
//! ```

use super::page::{Anchor, Drawing, Face, Page, Place, width_of};
use crate::export::Record;
use crate::settings::theme::Theme;
use crate::trace::{Cell, Column, Layer, Row};
use crate::ui::text;

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
pub fn page(record: &Record, theme: &Theme) -> Page {
    let column_width = column_width(record);
    let fitting = (((WIDEST - NAMES) / column_width) as usize).max(1);
    let mut drawing = Drawing::default();
    for (band, columns) in record.columns.chunks(fitting).enumerate() {
        if band > 0 {
            drawing.height += BETWEEN;
        }
        let top = drawing.height;
        layer_names(&mut drawing, record.model.n_layers, top);
        for (at, column) in columns.iter().enumerate() {
            let x = NAMES + at as f32 * column_width;
            let step = band * fitting + at;
            draw_column(
                &mut drawing,
                record,
                (step, column),
                (x, top),
                column_width,
                theme,
            );
        }
        let width = NAMES + columns.len() as f32 * column_width;
        drawing.width = drawing.width.max(width);
        drawing.height = top + TOKENS + record.model.n_layers as f32 * ROW;
    }
    let title = "Rank of each chosen token at every layer".to_owned();
    Page::new(title, record, drawing, theme)
}

fn token_label(record: &Record, column: &Column) -> String {
    let label = record.vocabulary().label(column.token);
    text::cut(&label, LONGEST_TOKEN).into_owned()
}

/// All columns are as wide as the widest.
fn column_width(record: &Record) -> f32 {
    let labels = record.columns.iter().map(|c| token_label(record, c));
    let ranks = record
        .columns
        .iter()
        .flat_map(|column| &column.layers)
        .map(|cell| cell.score.rank.to_string());
    labels
        .chain(ranks)
        .map(|label| width_of(&label))
        .fold(28.0, f32::max)
        + 10.0
}

fn layer_names(drawing: &mut Drawing, n_layers: usize, top: f32) {
    for l in 0..n_layers {
        let y = top + TOKENS + l as f32 * ROW + ROW / 2.0 + 4.0;
        let name = format!("Layer {l}");
        drawing.text((NAMES - 8.0, y), Anchor::End, Face::Muted, &name);
    }
}

fn draw_column(
    drawing: &mut Drawing,
    record: &Record,
    (step, column): (usize, &Column),
    (x, top): (f32, f32),
    width: f32,
    theme: &Theme,
) {
    let label = token_label(record, column);
    let middle = x + width / 2.0;
    drawing.text((middle, top + 15.0), Anchor::Middle, Face::Strong, &label);
    for (l, cell) in column.layers.iter().enumerate() {
        let place = Place {
            x,
            y: top + TOKENS + l as f32 * ROW,
            width,
            height: ROW,
        };
        let words = words(record, step, column, Row::Layer(Layer(l)), cell);
        drawing.cell(place, cell.score.rank, cell.score.ties, &words, theme);
    }
}

/// What a cell says where the mouse stays on it.
fn words(record: &Record, step: usize, column: &Column, row: Row, cell: &Cell) -> String {
    let vocabulary = record.vocabulary();
    let best: Vec<String> = cell
        .top
        .iter()
        .take(BEST)
        .map(|(id, logit)| {
            let prob = cell.prob_of_logit(*logit);
            format!("{} {prob:.3}", vocabulary.label(*id))
        })
        .collect();
    format!(
        "{row}, step {}: {} has rank {}, p {:.4}; best: {}",
        step + 1,
        vocabulary.label(column.token),
        cell.score.rank,
        cell.score.prob,
        best.join(", "),
    )
}
