//! A scale that goes one way.

use crate::display::scale::Tone;
use crate::settings::theme::STEPS;

/// Which end of a scale comes first and stands out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Low figures, as of ranks.
    LowFirst,
    /// High figures, as of probabilities.
    HighFirst,
}

/// A scale that goes one way.
#[derive(Clone, Debug)]
pub struct Sequential {
    /// The last figure of each step but the last, from the first step on.
    pub bounds: [f32; STEPS - 1],
    /// Which end comes first.
    pub order: Order,
    /// The last figure that there can be, where the legend should say it.
    pub last: Option<f32>,
    /// How the legend writes a bound.
    pub write: fn(f32) -> String,
}

impl Sequential {
    /// A scale of equal steps for figures from `lowest` to `highest`, with round bounds; high
    /// figures first.
    #[must_use]
    pub fn between(lowest: f32, highest: f32) -> Self {
        let step = round_step((highest - lowest) / STEPS as f32);
        let top = (highest / step).floor();
        Self {
            bounds: std::array::from_fn(|at| (top - at as f32) * step),
            order: Order::HighFirst,
            last: None,
            // Rounded as the bounds are, so that no more digits are told than there are.
            write: |bound| format!("≥{}", (bound * 1e4).round() / 1e4 + 0.0),
        }
    }

    /// The step of a figure.
    #[must_use]
    pub fn step(&self, figure: f32) -> usize {
        let beyond = |bound: &&f32| match self.order {
            Order::LowFirst => figure > **bound,
            Order::HighFirst => figure < **bound,
        };
        self.bounds.iter().filter(beyond).count()
    }

    /// What each step holds.
    #[must_use]
    pub fn legend(&self) -> [(Tone, String); STEPS] {
        std::array::from_fn(|step| {
            let text = match self.bounds.get(step).copied().or(self.last) {
                Some(bound) => (self.write)(bound),
                None => match self.order {
                    Order::LowFirst => "more".into(),
                    Order::HighFirst => "less".into(),
                },
            };
            (Tone::Sequential(step), text)
        })
    }
}

/// The next of 1, 2 and 5 times a power of ten; 1 where there is no step at all.
fn round_step(step: f32) -> f32 {
    if !step.is_finite() || step <= 0.0 {
        return 1.0;
    }
    let unit = 10_f32.powf(step.log10().floor());
    [1.0, 2.0, 5.0]
        .map(|times| times * unit)
        .into_iter()
        .find(|round| *round >= step)
        .unwrap_or(10.0 * unit)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn equal_steps_have_round_bounds() {
        assert_eq!(
            Sequential::between(-4.0, 21.3).bounds,
            [20.0, 15.0, 10.0, 5.0, 0.0, -5.0]
        );
        assert_eq!(
            Sequential::between(-112.0, -31.0).bounds,
            [-40.0, -60.0, -80.0, -100.0, -120.0, -140.0]
        );
    }

    #[test]
    fn a_legend_says_what_is_left() {
        let scale = Sequential::between(0.0, 1.0);
        let legend = scale.legend().map(|(_, text)| text);
        assert_eq!(legend, ["≥1", "≥0.8", "≥0.6", "≥0.4", "≥0.2", "≥0", "less"]);
    }

    proptest! {
        #[test]
        fn a_higher_figure_never_has_a_later_step(
            ends in (-1e4_f32..1e4, -1e4_f32..1e4),
            figures in (-2e4_f32..2e4, -2e4_f32..2e4),
        ) {
            let scale = Sequential::between(ends.0.min(ends.1), ends.0.max(ends.1));
            let (low, high) = (figures.0.min(figures.1), figures.0.max(figures.1));
            prop_assert!(scale.step(high) <= scale.step(low));
        }
    }
}
