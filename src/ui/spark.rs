//! The way of a token through the layers, as eight small bars.

use crate::display::scale;
use crate::settings::theme::STEPS;
use crate::trace::Column;

/// How many bars.
pub const BARS: usize = 8;

/// The highest leaves a gap to the line above, so that lines do not run together.
const HEIGHTS: [char; STEPS] = ['▇', '▆', '▅', '▄', '▃', '▂', '▁'];

/// Where the lens says nothing.
const NOTHING: char = ' ';

/// Eight bars from the first layer to the last: the higher, the better the rank.
#[must_use]
pub fn layers(column: &Column) -> String {
    let n = column.layers.len();
    (1..=BARS)
        .map(|bar| column.layers.get((bar * n / BARS).saturating_sub(1)))
        .map(|cell| {
            cell.map_or(NOTHING, |cell| {
                HEIGHTS[scale::step(cell.score.rank).min(STEPS - 1)]
            })
        })
        .collect()
}
