//! A scale that goes either way.

use crate::display::scale::Tone;
use crate::settings::theme::STEPS;

/// A scale that goes either way from nothing: a change, or a difference.
#[derive(Clone, Copy, Debug)]
pub struct Diverging {
    /// From how much on, up or down, a figure is something, much, and very much.
    bounds: [f32; MIDDLE],
    /// How the legend writes a bound, its sign included.
    write: fn(f32) -> String,
}

/// The step of nothing.
const MIDDLE: usize = STEPS / 2;

impl Diverging {
    /// A scale with these bounds, rising and above 0; `write` writes them for the legend.
    #[must_use]
    pub fn new(bounds: [f32; MIDDLE], write: fn(f32) -> String) -> Self {
        Self { bounds, write }
    }

    /// The step of a figure: [`Tone::Diverging`] from 0, far below nothing, to 6, far above it.
    #[must_use]
    pub fn tone(&self, figure: f32) -> Tone {
        let reached = |figure: f32| self.bounds.iter().filter(|b| figure >= **b).count();
        Tone::Diverging(MIDDLE + reached(figure) - reached(-figure))
    }

    /// What each step holds, the lowest first.
    #[must_use]
    pub fn legend(&self) -> [(Tone, String); STEPS] {
        std::array::from_fn(|step| {
            let text = match step.cmp(&MIDDLE) {
                std::cmp::Ordering::Less => {
                    format!("≤{}", (self.write)(-self.bounds[MIDDLE - 1 - step]))
                }
                std::cmp::Ordering::Equal => "±0".into(),
                std::cmp::Ordering::Greater => {
                    format!("≥{}", (self.write)(self.bounds[step - MIDDLE - 1]))
                }
            };
            (Tone::Diverging(step), text)
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use proptest::prelude::*;

    fn scale() -> Diverging {
        Diverging::new([0.5, 2.0, 5.0], |bound| format!("{bound:+}"))
    }

    #[test]
    fn nothing_is_in_the_middle_and_each_bound_belongs_to_the_step_beyond_it() {
        for (figure, step) in [
            (-9.0, 0),
            (-5.0, 0),
            (-2.0, 1),
            (-0.5, 2),
            (-0.4, 3),
            (0.0, 3),
            (0.5, 4),
            (4.9, 5),
            (5.0, 6),
        ] {
            assert_eq!(scale().tone(figure), Tone::Diverging(step), "{figure}");
        }
    }

    #[test]
    fn the_legend_goes_from_the_lowest_to_the_highest() {
        let legend = scale().legend().map(|(_, text)| text);
        assert_eq!(legend, ["≤-5", "≤-2", "≤-0.5", "±0", "≥+0.5", "≥+2", "≥+5"]);
    }

    proptest! {
        #[test]
        fn a_figure_and_its_opposite_stand_opposite(figure in -20.0_f32..20.0) {
            let (Tone::Diverging(there), Tone::Diverging(back)) =
                (scale().tone(figure), scale().tone(-figure))
            else {
                return Err(TestCaseError::fail("of the other kind"));
            };
            prop_assert_eq!(there + back, STEPS - 1);
        }
    }
}
