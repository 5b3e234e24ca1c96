//! What has become of a rank from one run to another.

use std::sync::Arc;

use crate::app::Place;
use crate::settings::Cells;
use crate::settings::theme::STEPS;
use crate::trace::{Column, Row};
use crate::ui::scale::{self, Tone};

/// From which ratio of ranks on a change is some, large, very large.
const BOUNDS: [f64; STEPS / 2] = [1.0, 3.0, 10.0];

/// The columns that are subtracted.
#[derive(Clone, Copy, Debug)]
pub struct Before<'a> {
    /// The prompt's own, as many as have come; the first one predicts position 1.
    pub prompt: &'a [Arc<Column>],
    /// One a step.
    pub steps: &'a [Arc<Column>],
}

impl<'a> Before<'a> {
    pub(super) fn column(self, place: Place) -> Option<&'a Column> {
        let column = match place {
            Place::Prompt(position) => self.prompt.get(position.0.checked_sub(1)?),
            Place::Step(step) => self.steps.get(step.0),
        };
        column.map(Arc::as_ref)
    }
}

/// What has become of a rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Difference {
    before: u32,
    after: u32,
}

impl Difference {
    /// Between two columns of one token; two tokens cannot be compared.
    pub fn at(before: &Column, after: &Column, row: Row) -> Option<Self> {
        let comparable = before.token == after.token;
        let (before, after) = (before.cell(row)?, after.cell(row)?);
        comparable.then_some(Self {
            before: before.score.rank,
            after: after.score.rank,
        })
    }

    /// Its step on a scale of the logarithm of the ratio of ranks: 0 is much better, 6 much worse,
    /// and in the middle nothing has changed.
    pub fn tone(self) -> Tone {
        Tone::Diverging(self.step())
    }

    fn step(self) -> usize {
        let ratio = f64::from(self.after) / f64::from(self.before);
        let reached = |ratio: f64| {
            let reached = |bound: &&f64| ratio > 1.0 && ratio >= **bound;
            BOUNDS.iter().filter(reached).count()
        };
        BOUNDS.len() + reached(ratio) - reached(1.0 / ratio)
    }

    /// The difference with its sign: at most six characters when exact, five when short, a sign
    /// for shades.
    pub fn figure(self, cells: Cells) -> String {
        let sign = match self.after.cmp(&self.before) {
            std::cmp::Ordering::Less => '−',
            std::cmp::Ordering::Equal => '=',
            std::cmp::Ordering::Greater => '+',
        };
        match (cells, self.after.abs_diff(self.before)) {
            (Cells::Shades | Cells::Folded, _) | (_, 0) => sign.to_string(),
            (Cells::Exact, number @ ..100_000) => format!("{sign}{number}"),
            (_, number) => format!("{sign}{}", scale::short(u64::from(number))),
        }
    }
}

/// What each step holds, from much better to much worse.
pub fn legend() -> [(Tone, String); STEPS] {
    std::array::from_fn(|step| (Tone::Diverging(step), bound(step)))
}

fn bound(step: usize) -> String {
    match step.cmp(&BOUNDS.len()) {
        std::cmp::Ordering::Less => match BOUNDS[BOUNDS.len() - 1 - step] {
            1.0 => "−".into(),
            bound => format!("÷{bound}"),
        },
        std::cmp::Ordering::Equal => "=".into(),
        std::cmp::Ordering::Greater => match BOUNDS[step - BOUNDS.len() - 1] {
            1.0 => "+".into(),
            bound => format!("×{bound}"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(before: u32, after: u32) -> usize {
        Difference { before, after }.step()
    }

    #[test]
    fn ratios_decide_and_not_differences() {
        assert_eq!(step(1, 1), 3);
        assert_eq!(step(40_000, 40_000), 3);
        assert_eq!(step(40_000, 40_100), 4);
        assert_eq!((step(1, 2), step(1, 3), step(1, 10)), (4, 5, 6));
        assert_eq!((step(2, 1), step(3, 1), step(10, 1)), (2, 1, 0));
    }

    #[test]
    fn a_change_and_its_reverse_stand_opposite() {
        for (before, after) in [(1, 7), (12, 13), (943, 2), (5, 49_152)] {
            assert_eq!(step(before, after) + step(after, before), STEPS - 1);
        }
    }

    #[test]
    fn figures_have_a_sign_and_fit() {
        let figure = |before, after, cells| Difference { before, after }.figure(cells);
        assert_eq!(figure(3, 15, Cells::Exact), "+12");
        assert_eq!(figure(15, 12, Cells::Exact), "−3");
        assert_eq!(figure(7, 7, Cells::Exact), "=");
        assert_eq!(figure(1, 49_152, Cells::Exact), "+49151");
        assert_eq!(figure(1, 49_152, Cells::Short), "+49k");
        assert_eq!(figure(9, 2, Cells::Shades), "−");
    }

    #[test]
    fn the_legend_names_each_step() {
        let legend = legend().map(|(_, text)| text);
        assert_eq!(legend, ["÷10", "÷3", "−", "=", "+", "×3", "×10"]);
    }
}
