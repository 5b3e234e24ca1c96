//! Lines of the grid: a row each, or two rows folded into one.

use super::ROW_LABEL;
use crate::settings::Cells;
use crate::trace::Row;

/// How many rows of the grid stand in a line of the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fold {
    /// One row of the grid a line.
    #[default]
    Single,
    /// Two rows of the grid a line, as half blocks, the first one above.
    Pairs,
}

impl Fold {
    /// That of cells of this width.
    #[must_use]
    pub fn of(cells: Cells) -> Self {
        match cells {
            Cells::Exact | Cells::Short | Cells::Shades => Self::Single,
            Cells::Folded => Self::Pairs,
        }
    }

    /// Rows in a line.
    #[must_use]
    pub fn rows(self) -> usize {
        match self {
            Self::Single => 1,
            Self::Pairs => 2,
        }
    }
}

/// What the label of a line names: `L7`, or `L46` and `47`, to be parted by a `/`.
#[must_use]
pub fn line_names(line: &[Row]) -> Vec<String> {
    let names = line.iter().enumerate().map(|(at, row)| match (at, row) {
        (1.., Row::Layer(layer)) if matches!(line[0], Row::Layer(_)) => layer.0.to_string(),
        _ => row.to_string(),
    });
    names.collect()
}

/// Columns of the labels of the lines of these rows, with the space behind them.
#[must_use]
pub fn label_width(rows: &[Row], fold: Fold) -> u16 {
    let of_line = |line: &[Row]| line_names(line).join("/").len() + 1;
    rows.chunks(fold.rows())
        .map(of_line)
        .max()
        .and_then(|width| u16::try_from(width).ok())
        .map_or(ROW_LABEL, |width| width.max(ROW_LABEL))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::Layer;

    #[test]
    fn a_line_names_its_rows() {
        let layer = |n| Row::Layer(Layer(n));
        for (line, names) in [
            (&[layer(46), layer(47)][..], "L46/47"),
            (&[layer(47), layer(46)], "L47/46"),
            (&[layer(46)], "L46"),
            (&[Row::Embedding, layer(0)], "emb/L0"),
            (&[layer(0), Row::Embedding], "L0/emb"),
        ] {
            assert_eq!(line_names(line).join("/"), names);
        }
    }

    #[test]
    fn labels_have_room_for_the_longest_one() {
        let rows = |n: usize| -> Vec<Row> { (0..n).map(|l| Row::Layer(Layer(l))).collect() };
        assert_eq!(label_width(&rows(48), Fold::Single), 5);
        assert_eq!(label_width(&rows(48), Fold::Pairs), 7);
        assert_eq!(label_width(&rows(2), Fold::Pairs), 5);
        assert_eq!(label_width(&rows(126), Fold::Pairs), 9);
        assert_eq!(label_width(&[], Fold::Pairs), 5);
    }
}
