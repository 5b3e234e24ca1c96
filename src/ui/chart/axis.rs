//! The chart's upright axis: which figure it is of, where it begins and ends, and its marks.

use crate::app::{Measure, Series};
use crate::display::scale;
use crate::trace::Score;

/// The upright axis; better scores stand higher up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Axis {
    measure: Measure,
    /// The height at the lower end, in the measure's own units.
    pub low: f64,
    /// The height at the upper end.
    pub high: f64,
}

impl Axis {
    /// An axis that has room for all scores of all layers. Of ranks it begins at rank 1 and ends
    /// never above rank 10; of probabilities it goes from 0 to 1.
    pub fn of(measure: Measure, all: &[Series<'_>]) -> Self {
        let heights = all
            .iter()
            .flat_map(|series| series.trajectory.along_layers())
            .map(|(_, score)| measure.height(score));
        let (lowest, highest) = heights.fold((f64::MAX, f64::MIN), |(low, high), height| {
            (low.min(height), high.max(height))
        });
        let (low, high) = match measure {
            Measure::Rank => (lowest.min(-1.0), 0.0),
            Measure::Probability => (0.0, 1.0),
            Measure::Logit if highest - lowest < 0.01 => (lowest - 1.0, highest + 1.0),
            Measure::Logit => (lowest, highest),
        };
        Self { measure, low, high }
    }

    /// Where a score stands.
    pub fn height(&self, score: Score) -> f64 {
        self.measure.height(score)
    }

    /// How far down a height is, from 0 at the upper end to 1 at the lower one.
    pub fn part(&self, height: f64) -> f64 {
        ((self.high - height) / (self.high - self.low)).clamp(0.0, 1.0)
    }

    /// Heights with a label of at most four characters, no more than stand apart in `rows` rows.
    pub fn marks(&self, rows: u16) -> Vec<(f64, String)> {
        match self.measure {
            Measure::Rank => (0..=(-self.low) as u32)
                .map(|decade| {
                    let rank = 10_u64.saturating_pow(decade);
                    (-f64::from(decade), scale::short(rank))
                })
                .collect(),
            Measure::Probability | Measure::Logit => {
                let step = round_step((self.high - self.low) / f64::from((rows / 3).max(2)));
                let decimals = usize::from(step < 1.0) + usize::from(step < 0.1);
                let first = (self.low / step).ceil() as i64;
                let last = (self.high / step).floor() as i64;
                (first..=last)
                    .map(|at| at as f64 * step)
                    .map(|height| (height, format!("{height:.decimals$}")))
                    .collect()
            }
        }
    }
}

/// The next of 1, 2, 5, 10, … times a power of ten.
fn round_step(least: f64) -> f64 {
    let power = 10_f64.powf(least.log10().floor());
    let round = [1.0, 2.0, 5.0].into_iter().map(|digit| digit * power);
    round
        .into_iter()
        .find(|step| *step >= least * 0.999)
        .unwrap_or(10.0 * power)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn labels(measure: Measure, low: f64, high: f64, rows: u16) -> Vec<String> {
        let marks = Axis { measure, low, high }.marks(rows);
        marks.into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn marks_are_round_and_stand_apart() {
        assert_eq!(
            labels(Measure::Rank, -3.4, 0.0, 9),
            ["1", "10", "100", "1k"]
        );
        assert_eq!(
            labels(Measure::Probability, 0.0, 1.0, 15),
            ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]
        );
        assert_eq!(
            labels(Measure::Logit, -7.0, 13.0, 12),
            ["-5", "0", "5", "10"]
        );
    }

    #[test]
    fn better_scores_stand_higher_up() {
        let score = |rank, prob, logit| Score {
            logit,
            prob,
            ..testing::score(rank)
        };
        for measure in [Measure::Rank, Measure::Probability, Measure::Logit] {
            let axis = Axis {
                measure,
                low: -9.0,
                high: 9.0,
            };
            let good = axis.part(axis.height(score(1, 0.9, 5.0)));
            let bad = axis.part(axis.height(score(100, 0.1, -5.0)));
            assert!(good < bad, "{measure:?}");
        }
    }
}
