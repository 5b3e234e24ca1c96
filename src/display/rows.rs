//! Which rows a grid has, and in which order.

use crate::settings::{GridOptions, Top, Visibility};
use crate::trace::{Layer, Row};

/// The grid's rows from top to bottom.
#[must_use]
pub fn grid_rows(n_layers: usize, options: &GridOptions) -> Vec<Row> {
    let mut rows: Vec<Row> = match options.embedding {
        Visibility::Shown => vec![Row::Embedding],
        Visibility::Hidden => Vec::new(),
    };
    rows.extend((0..n_layers).map(|l| Row::Layer(Layer(l))));
    if options.top == Top::LastLayer {
        rows.reverse();
    }
    rows
}
