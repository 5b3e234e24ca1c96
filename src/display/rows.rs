//! Which rows a grid has, and in which order.

use crate::settings::{GridOptions, Top, Visibility};
use crate::trace::{Row, Rows};

/// The grid's rows from top to bottom; `inside` are those that there are inside the blocks.
#[must_use]
pub fn grid_rows(n_layers: usize, inside: &[Row], options: &GridOptions) -> Vec<Row> {
    let inside = match options.rows {
        Rows::Layers => &[],
        Rows::Sublayers => inside,
    };
    let mut rows = Row::all(n_layers, inside);
    if options.embedding == Visibility::Hidden {
        rows.retain(|row| *row != Row::Embedding);
    }
    if options.top == Top::LastLayer {
        rows.reverse();
    }
    rows
}
