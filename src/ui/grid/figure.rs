//! What a cell says, in few characters.

use crate::settings::{CellValue, Cells};
use crate::trace::{Cell, Column, Layer, Row};
use crate::ui::scale;

/// Whether a rank is better than at the layer below.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is better.
    Better,
    /// It is worse.
    Worse,
    /// It is the same, or there is nothing below.
    Same,
}

impl Change {
    /// The mark behind the number. These triangles are one column wide in every terminal, other
    /// than the larger ones.
    pub fn mark(self) -> char {
        match self {
            Self::Better => '▴',
            Self::Worse => '▾',
            Self::Same => ' ',
        }
    }

    /// How the rank at `row` compares to the one below it.
    pub fn at(column: &Column, row: Row) -> Self {
        let below = match row {
            Row::Embedding => return Self::Same,
            Row::Layer(Layer(0)) => Row::Embedding,
            Row::Layer(Layer(l)) => Row::Layer(Layer(l - 1)),
        };
        match (column.cell(row), column.cell(below)) {
            (Some(here), Some(below)) => match here.score.rank.cmp(&below.score.rank) {
                std::cmp::Ordering::Less => Self::Better,
                std::cmp::Ordering::Greater => Self::Worse,
                std::cmp::Ordering::Equal => Self::Same,
            },
            _ => Self::Same,
        }
    }
}

/// A cell's figure: at most five characters when exact, four when short, none for shades; and a
/// `=` before a rank that is shared.
pub fn figure(cell: &Cell, value: CellValue, cells: Cells) -> String {
    match (cells, value) {
        (Cells::Shades, _) => match cell.score.rank {
            1 => "1".into(),
            _ => String::new(),
        },
        (_, CellValue::Rank) => {
            let tie = if cell.score.ties > 0 { "=" } else { "" };
            format!("{tie}{}", rank(cell.score.rank, cells))
        }
        (_, CellValue::Probability) => probability(cell.score.prob, cells),
        (_, CellValue::Entropy) => nats(cell.entropy, cells),
        (_, CellValue::Kl) => nats(cell.kl, cells),
    }
}

fn rank(rank: u32, cells: Cells) -> String {
    match (cells, rank) {
        (Cells::Exact, ..100_000) => rank.to_string(),
        _ => scale::short(u64::from(rank)),
    }
}

/// A probability: `0.312`, `.312`, `3e-6`.
pub fn probability(probability: f32, cells: Cells) -> String {
    if probability >= 0.9995 {
        return "1.0".into();
    }
    if probability < 0.001 {
        // Smaller ones do not fit, and nobody tells them apart. A 0 is one that float32 cannot
        // hold: no token is impossible.
        return match cells {
            _ if probability >= 1e-9 => format!("{probability:.0e}"),
            Cells::Exact => "<1e-9".into(),
            Cells::Short | Cells::Shades => "0".into(),
        };
    }
    let text = format!("{probability:.3}");
    match cells {
        Cells::Exact => text,
        Cells::Short | Cells::Shades => text.trim_start_matches('0').to_owned(),
    }
}

fn nats(nats: f32, cells: Cells) -> String {
    match cells {
        Cells::Exact if nats < 99.0 => format!("{nats:.2}"),
        _ if nats < 99.0 => format!("{nats:.1}"),
        _ => format!("{nats:.0}"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn probabilities_fit_their_cells() {
        for (value, exact, short) in [
            (1.0, "1.0", "1.0"),
            (0.9996, "1.0", "1.0"),
            (0.312, "0.312", ".312"),
            (0.001, "0.001", ".001"),
            (0.000_31, "3e-4", "3e-4"),
            (1.05e-6, "1e-6", "1e-6"),
            (1e-12, "<1e-9", "0"),
            (0.0, "<1e-9", "0"),
        ] {
            assert_eq!(probability(value, Cells::Exact), exact);
            assert_eq!(probability(value, Cells::Short), short);
        }
    }

    #[test]
    fn ranks_fit_their_cells() {
        for (value, exact, short) in [
            (1, "1", "1"),
            (943, "943", "943"),
            (49_152, "49152", "49k"),
            (99_999, "99999", "100k"),
            (256_000, "256k", "256k"),
        ] {
            assert_eq!(rank(value, Cells::Exact), exact);
            assert_eq!(rank(value, Cells::Short), short);
        }
    }
}
