//! How a rank compares to the one at the layer below.

use crate::settings::Arrows;
use crate::trace::{Column, Row};

/// A rank, and the one at the layer below, where there are both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change(Option<(u32, u32)>);

impl Change {
    /// How the rank at `row` compares to the one below it.
    pub fn at(column: &Column, row: Row) -> Self {
        let rank = |row| column.cell(row).map(|cell| cell.score.rank);
        let below = row.below().and_then(rank);
        Self(rank(row).zip(below))
    }

    /// The mark behind the number. These triangles are one column wide in every terminal, other
    /// than the larger ones.
    pub fn mark(self, arrows: Arrows) -> char {
        let Some((here, below)) = self.0 else {
            return ' ';
        };
        let ratio = here.max(below) as f32 / here.min(below).max(1) as f32;
        let is_shown = match arrows {
            Arrows::None => false,
            Arrows::Large => ratio >= Arrows::LARGE,
            Arrows::All => true,
        };
        match is_shown {
            true if here < below => '▴',
            true if here > below => '▾',
            _ => ' ',
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(arrows: Arrows) -> String {
        let changes = [(40, 120), (41, 120), (120, 40), (2, 1), (7, 7), (1, 3)];
        let marks = changes.map(|(here, below)| Change(Some((here, below))).mark(arrows));
        marks.iter().collect()
    }

    #[test]
    fn arrows_are_for_large_changes_for_all_or_for_none() {
        assert_eq!(marks(Arrows::Large), "▴ ▾  ▴");
        assert_eq!(marks(Arrows::All), "▴▴▾▾ ▴");
        assert_eq!(marks(Arrows::None), "      ");
        assert_eq!(Change(None).mark(Arrows::All), ' ');
    }
}
