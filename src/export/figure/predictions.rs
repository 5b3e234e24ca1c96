//! Layer predictions: a row a layer, its best tokens side by side with their probabilities.
//!
//! ```text
//!             1                2
//!  Layer 28   ·is   0.299 ▆▆   ·I   0.111 ▂
//!  Layer 29   ·is   0.265 ▅▅   '    0.189 ▄
//! ```

use super::page::{Anchor, Area, Drawing, Face, Page, line_colour, tone_colours, width_of};
use crate::display::scale::{self, Tone};
use crate::display::text;
use crate::export::svg::escaped;
use crate::run::Record;
use crate::settings::theme::Theme;
use crate::trace::{Column, Row, Step};

/// Height of a row.
const ROW: f32 = 21.0;
/// Height of the line of numbers.
const PLACES: f32 = 24.0;
/// Width of the layers' names.
const NAMES: f32 = 68.0;
/// Room of a probability.
const NUMBER: f32 = 40.0;
/// The bar of probability 1.
const BAR: f32 = 60.0;
/// Columns of the terminal that a token may take; a longer one is cut.
const LONGEST_TOKEN: usize = 14;
/// How many of a layer's best tokens are shown.
pub const BEST: usize = 5;

/// The best tokens of every layer at a step, on their page, which names the text before the step
/// and the token that was chosen there. A step that is not there has an empty one.
pub fn page(record: &Record, step: Step, theme: &Theme) -> Page {
    let mut drawing = Drawing::default();
    if let Some(column) = record.columns.get(step.0) {
        draw(&mut drawing, record, column, theme);
    }
    let chosen = record
        .columns
        .get(step.0)
        .map_or_else(String::new, |column| {
            record.vocabulary().label(column.token)
        });
    let title = format!(
        "Best tokens of every layer at step {}: {chosen}",
        step.0 + 1
    );
    Page::new(title, record, drawing).up_to(&record.text_before(step), &chosen)
}

fn draw(drawing: &mut Drawing, record: &Record, column: &Column, theme: &Theme) {
    let label = |token| {
        let label = record.vocabulary().label(token);
        text::cut(&label, LONGEST_TOKEN).into_owned()
    };
    let rows = record.layer_rows();
    let labels = rows
        .iter()
        .filter_map(|row| column.cell(*row))
        .flat_map(|cell| cell.best(BEST));
    let widest = labels
        .map(|(token, _)| width_of(&label(token)))
        .fold(24.0, f32::max);
    let width = widest + NUMBER + BAR + 24.0;
    let cells = rows.iter().filter_map(|row| column.cell(*row));
    let places = cells.map(|cell| cell.best(BEST).count());
    let places = places.max().unwrap_or(0);
    for place in 0..places {
        let x = NAMES + place as f32 * width;
        let number = (place + 1).to_string();
        drawing.text((x, 15.0), Anchor::Start, Face::Muted, &number);
    }
    for (at, row) in rows.iter().enumerate() {
        let cell = column.cell(*row);
        let y = PLACES + at as f32 * ROW;
        let base = y + ROW / 2.0 + 4.0;
        let name = match row {
            Row::Layer(layer) => format!("Layer {}", layer.0),
            row => row.in_layers(),
        };
        drawing.text((NAMES - 12.0, base), Anchor::End, Face::Muted, &name);
        let best = cell.into_iter().flat_map(|cell| cell.best(BEST));
        for (place, (token, prob)) in best.enumerate() {
            let x = NAMES + place as f32 * width;
            let is_chosen = token == column.token;
            if is_chosen {
                let around = Area {
                    x: x - 5.0,
                    y: y + 1.0,
                    width: widest + NUMBER + BAR + 14.0,
                    height: ROW - 2.0,
                };
                outline(drawing, around, theme);
            }
            let face = if is_chosen { Face::Strong } else { Face::Plain };
            drawing.text((x, base), Anchor::Start, face, &label(token));
            let end = x + widest + NUMBER;
            drawing.text((end, base), Anchor::End, face, &format!("{prob:.3}"));
            bar(drawing, (end + 6.0, y + 6.0), prob, theme);
        }
    }
    drawing.width = NAMES + places as f32 * width;
    drawing.height = PLACES + rows.len() as f32 * ROW;
}

fn bar(drawing: &mut Drawing, (x, y): (f32, f32), prob: f32, theme: &Theme) {
    let (width, height) = (prob.clamp(0.0, 1.0) * BAR, ROW - 12.0);
    // A colour from the middle of the scale stands out from ink and paper alike.
    let colour = escaped(
        &tone_colours(Tone::Sequential(scale::step(10)), theme)
            .1
            .to_string(),
    );
    drawing.mark(format_args!(
        r#"<rect x="{x}" y="{y}" width="{width:.1}" height="{height}" fill="{colour}"/>"#
    ));
}

fn outline(drawing: &mut Drawing, place: Area, theme: &Theme) {
    let Area {
        x,
        y,
        width,
        height,
    } = place;
    let colour = escaped(&line_colour(0, theme).to_string());
    drawing.mark(format_args!(
        r#"<rect class="line" x="{x}" y="{y}" width="{width:.1}" height="{height}" fill="none" stroke="{colour}" rx="3"/>"#
    ));
}
