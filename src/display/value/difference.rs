//! What has become of a value from one run to another.

use crate::display::scale::{Diverging, Tone};
use crate::display::text;
use crate::display::value::{CellContext, Value, figure_text};
use crate::run::RunId;
use crate::settings::theme::STEPS;
use crate::settings::{CellValue, Cells};

/// How a value of two runs is compared.
#[derive(Clone, Copy, Debug)]
pub enum DifferenceKind {
    /// Ranks: the difference is written, their ratio becomes the colour.
    Ranks,
    /// Figures: the difference becomes the colour too.
    Figures {
        /// Its steps.
        scale: fn() -> Diverging,
        /// The value's own number format, for a difference without its sign.
        amount: fn(f32, Cells) -> String,
    },
    /// Tokens: the one of the later run, where it is another.
    Tokens,
}

/// What a cell says, as it is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrawnCell {
    /// A difference with its sign: at most six characters when exact, five when short, a sign for
    /// shades; or a text, which the cell cuts.
    pub text: String,
    /// One character behind it.
    pub mark: char,
    /// Its colour.
    pub tone: Tone,
}

/// The step of no difference.
const MIDDLE: usize = STEPS / 2;

impl Value {
    /// What has become of a cell from `before` to `after`. Nothing where the two cannot be
    /// compared: the step has another token, another lens was looked through, or there is no
    /// figure.
    #[must_use]
    pub fn difference(
        &self,
        before: &CellContext<'_>,
        after: &CellContext<'_>,
        cells: Cells,
    ) -> Option<DrawnCell> {
        let (a, b) = self.compared(before, after)?;
        let mark = (self.mark)(after);
        let (text, mark, tone) = match self.difference_kind {
            DifferenceKind::Ranks => (ranks(a, b, cells), ' ', ratio_step(a, b)),
            DifferenceKind::Figures { scale, amount } => {
                let tone = scale().tone(b - a);
                return Some(DrawnCell {
                    text: signed(b - a, cells, amount),
                    mark: ' ',
                    tone,
                });
            }
            DifferenceKind::Tokens if self.is_same(before, after) => {
                (sign(0.0).to_string(), mark, MIDDLE)
            }
            DifferenceKind::Tokens if cells.is_colour_only() => (OTHER.into(), ' ', STEPS - 1),
            DifferenceKind::Tokens => ((self.write)(after, cells), mark, STEPS - 1),
        };
        let tone = Tone::Diverging(tone);
        Some(DrawnCell { text, mark, tone })
    }

    /// The same in full, for a spreadsheet.
    #[must_use]
    pub fn plain_difference(
        &self,
        before: &CellContext<'_>,
        after: &CellContext<'_>,
    ) -> Option<String> {
        let (a, b) = self.compared(before, after)?;
        Some(match self.difference_kind {
            // Neither rank is too large for float32 to hold it.
            DifferenceKind::Ranks | DifferenceKind::Figures { .. } => figure_text(b - a),
            DifferenceKind::Tokens if self.is_same(before, after) => sign(0.0).to_string(),
            DifferenceKind::Tokens => self.plain(after),
        })
    }

    /// The figures of two cells that can be compared.
    fn compared(&self, before: &CellContext<'_>, after: &CellContext<'_>) -> Option<(f32, f32)> {
        let of = |seen: &CellContext<'_>| (seen.column.token, seen.column.lens);
        let (a, b) = (self.figure(before)?, self.figure(after)?);
        (of(before) == of(after) && !(b - a).is_nan()).then_some((a, b))
    }

    fn is_same(&self, before: &CellContext<'_>, after: &CellContext<'_>) -> bool {
        let token = |seen: &CellContext<'_>| seen.shown_token().map(|(id, _)| id);
        token(before) == token(after)
    }

    /// What each step of a difference holds, from the lowest to the highest.
    #[must_use]
    pub fn difference_legend(&self) -> Vec<(Tone, String)> {
        match self.difference_kind {
            DifferenceKind::Ranks => (0..STEPS)
                .map(|step| (Tone::Diverging(step), ratio_bound(step)))
                .collect(),
            DifferenceKind::Figures { scale, .. } => scale().legend().into(),
            DifferenceKind::Tokens => vec![
                (Tone::Diverging(MIDDLE), "= same".into()),
                (Tone::Diverging(STEPS - 1), "another".into()),
            ],
        }
    }

    /// What a difference is of, in at most `columns` where the shorter way to say it fits.
    #[must_use]
    pub fn difference_title(&self, after: RunId, before: RunId, columns: usize) -> String {
        let name = self.is.name();
        let upper = capital(name);
        let [full, shorter] = match self.is {
            CellValue::TopToken => [
                format!("{upper} in {after} where it is another than in {before}, before"),
                format!("{upper} in {after}, = as in {before}"),
            ],
            _ => [
                // `rank`, but `KL`.
                format!("{upper} in {after} − {name} in {before}, before"),
                format!("{upper} in {after} − in {before}"),
            ],
        };
        match text::width(&full) <= columns {
            true => full,
            false => shorter,
        }
    }
}

/// Another token, where there is no room for its text.
const OTHER: &str = "≠";

fn capital(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

fn sign(difference: f32) -> char {
    match difference.partial_cmp(&0.0) {
        Some(std::cmp::Ordering::Less) => '−',
        Some(std::cmp::Ordering::Greater) => '+',
        _ => '=',
    }
}

fn signed(difference: f32, cells: Cells, amount: fn(f32, Cells) -> String) -> String {
    let sign = sign(difference);
    if cells.is_colour_only() || difference == 0.0 {
        return sign.to_string();
    }
    let amount = amount(difference.abs(), cells);
    // No sign before what is rounded to 0.
    match amount.contains(|digit| matches!(digit, '1'..='9')) {
        true => format!("{sign}{amount}"),
        false => amount,
    }
}

fn ranks(before: f32, after: f32, cells: Cells) -> String {
    signed(after - before, cells, |amount, cells| {
        crate::display::value::number::plain_rank(amount as u32, cells)
    })
}

/// From which ratio of ranks on a change is some, large, very large.
const BOUNDS: [f32; MIDDLE] = [1.0, 3.0, 10.0];

/// The step on a scale of the logarithm of the ratio of ranks: 0 is much better, 6 much worse,
/// and in the middle nothing has changed.
fn ratio_step(before: f32, after: f32) -> usize {
    let ratio = after / before;
    let reached = |ratio: f32| {
        let reached = |bound: &&f32| ratio > 1.0 && ratio >= **bound;
        BOUNDS.iter().filter(reached).count()
    };
    MIDDLE + reached(ratio) - reached(1.0 / ratio)
}

fn ratio_bound(step: usize) -> String {
    match step.cmp(&MIDDLE) {
        std::cmp::Ordering::Less => match BOUNDS[MIDDLE - 1 - step] {
            1.0 => "−".into(),
            bound => format!("÷{bound}"),
        },
        std::cmp::Ordering::Equal => "=".into(),
        std::cmp::Ordering::Greater => match BOUNDS[step - MIDDLE - 1] {
            1.0 => "+".into(),
            bound => format!("×{bound}"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_of_ranks_decide_and_not_differences() {
        assert_eq!(ratio_step(1.0, 1.0), 3);
        assert_eq!(ratio_step(40_000.0, 40_000.0), 3);
        assert_eq!(ratio_step(40_000.0, 40_100.0), 4);
        let worse = [2.0, 3.0, 10.0].map(|after| ratio_step(1.0, after));
        let better = [2.0, 3.0, 10.0].map(|before| ratio_step(before, 1.0));
        assert_eq!((worse, better), ([4, 5, 6], [2, 1, 0]));
    }

    #[test]
    fn a_change_and_its_reverse_stand_opposite() {
        for (before, after) in [(1.0, 7.0), (12.0, 13.0), (943.0, 2.0), (5.0, 49_152.0)] {
            let there_and_back = ratio_step(before, after) + ratio_step(after, before);
            assert_eq!(there_and_back, STEPS - 1);
        }
    }

    #[test]
    fn differences_of_ranks_have_a_sign_and_fit() {
        for (before, after, cells, text) in [
            (3.0, 15.0, Cells::Exact, "+12"),
            (15.0, 12.0, Cells::Exact, "−3"),
            (7.0, 7.0, Cells::Exact, "="),
            (1.0, 49_152.0, Cells::Exact, "+49151"),
            (1.0, 49_152.0, Cells::Short, "+49k"),
            (9.0, 2.0, Cells::Shades, "−"),
        ] {
            assert_eq!(ranks(before, after, cells), text);
        }
    }

    #[test]
    fn the_legend_of_ranks_names_each_step() {
        let legend: Vec<String> = (0..STEPS).map(ratio_bound).collect();
        assert_eq!(legend, ["÷10", "÷3", "−", "=", "+", "×3", "×10"]);
    }
}
