//! How a rank compares to the one at the layer below.

use std::cmp::Ordering;

use crate::trace::{Column, Row};

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
        let below = row.below().and_then(|below| column.cell(below));
        match (column.cell(row), below) {
            (Some(here), Some(below)) => match here.score.rank.cmp(&below.score.rank) {
                Ordering::Less => Self::Better,
                Ordering::Greater => Self::Worse,
                Ordering::Equal => Self::Same,
            },
            _ => Self::Same,
        }
    }
}
