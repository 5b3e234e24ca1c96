//! How wide the parts of a token are: its marks, its text, its probability and its bar.

use crate::display::text;
use crate::settings::Cells;
use crate::ui::grid;

/// Between two tokens.
pub const GAP: usize = 1;
/// Below this a token's text says too little.
const LEAST_TOKEN: usize = 5;
/// With less than this there is no room for a bar along the line; one upright character is it.
const LEAST_BAR: usize = 3;
/// Most tokens are no longer.
const READABLE_TOKEN: usize = 8;
const MOST_TOKEN: usize = 16;
const MOST_BAR: usize = 60;

/// Which marks can stand before a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marks {
    /// That it was chosen.
    Chosen,
    /// That, and its letter among the watched ones.
    ChosenAndWatched,
}

/// How wide the parts of a token are, and how many tokens stand side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Tokens side by side.
    pub tokens: usize,
    /// Columns of the marks.
    pub mark: usize,
    /// Columns of the text.
    pub token: usize,
    cells: Cells,
    bar: usize,
}

impl Sizes {
    /// As many of `wanted` tokens as fit into `room` columns, each as wide as there is room for.
    #[must_use]
    pub fn side_by_side(room: usize, wanted: usize, marks: Marks) -> Self {
        let mark = width_of(marks);
        let least = mark + LEAST_TOKEN + 1 + 4 + 1 + 1 + GAP;
        let tokens = ((room + GAP) / least).clamp(1, wanted.max(1));
        let each = (room + GAP) / tokens - GAP;
        Self::of(each, tokens, mark)
    }

    /// One token a line of `room` columns.
    #[must_use]
    pub fn alone(room: usize, marks: Marks) -> Self {
        Self::of(room, 1, width_of(marks))
    }

    fn of(width: usize, tokens: usize, mark: usize) -> Self {
        let exact = width.saturating_sub(mark + 1 + 5 + 1);
        if exact >= LEAST_TOKEN + 2 + LEAST_BAR {
            // Short bars rather than cut tokens.
            let readable = READABLE_TOKEN.min(exact - LEAST_BAR);
            let token = (exact * 3 / 5).clamp(readable, MOST_TOKEN);
            return Self {
                tokens,
                mark,
                token,
                cells: Cells::Exact,
                bar: (exact - token).min(MOST_BAR),
            };
        }
        let short = width.saturating_sub(mark + 1 + 4 + 1);
        Self {
            tokens,
            mark,
            token: short.saturating_sub(1).max(1),
            cells: Cells::Short,
            bar: 1,
        }
    }

    /// Columns of a token with all its parts.
    #[must_use]
    pub fn width(&self) -> usize {
        let probability = match self.cells {
            Cells::Exact => 5,
            Cells::Short | Cells::Shades | Cells::Folded => 4,
        };
        self.mark + self.token + 1 + probability + 1 + self.bar
    }

    /// A probability, at the right of its columns.
    #[must_use]
    pub fn probability(&self, prob: f32) -> String {
        let text = grid::probability(prob, self.cells);
        match self.cells {
            Cells::Exact => format!("{text:>5}"),
            Cells::Short | Cells::Shades | Cells::Folded => format!("{text:>4}"),
        }
    }

    /// The bar of a probability: along the line, or upright where that has no room.
    #[must_use]
    pub fn bar(&self, prob: f32) -> String {
        const HEIGHTS: [&str; 9] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
        if self.bar >= LEAST_BAR {
            return text::left(&text::bar(f64::from(prob), self.bar), self.bar);
        }
        let height = (prob.clamp(0.0, 1.0) * 8.0).round() as usize;
        HEIGHTS.get(height).copied().unwrap_or(" ").into()
    }
}

fn width_of(marks: Marks) -> usize {
    match marks {
        Marks::Chosen => 1,
        Marks::ChosenAndWatched => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_longer_than_its_room() {
        for room in 13..220 {
            for wanted in 1..=50 {
                for marks in [Marks::Chosen, Marks::ChosenAndWatched] {
                    let sizes = Sizes::side_by_side(room, wanted, marks);
                    let used = sizes.tokens * (sizes.width() + GAP) - GAP;
                    assert!(used <= room.max(14), "{room} {wanted}: {sizes:?}");
                    assert!((1..=wanted).contains(&sizes.tokens));
                }
            }
        }
    }

    #[test]
    fn fewer_tokens_have_longer_bars() {
        let bar = |wanted| Sizes::side_by_side(110, wanted, Marks::Chosen).bar;
        let bars: Vec<usize> = (1..=10).map(bar).collect();
        assert!(bars.is_sorted_by(|a, b| a >= b), "{bars:?}");
        assert_eq!(bars.last(), Some(&1));
    }

    #[test]
    fn a_bar_without_room_stands_upright() {
        let narrow = Sizes::side_by_side(110, 10, Marks::Chosen);
        let bars: Vec<String> = [0.0, 0.05, 0.5, 1.0].map(|p| narrow.bar(p)).into();
        assert_eq!(bars, [" ", " ", "▄", "█"]);
    }
}
