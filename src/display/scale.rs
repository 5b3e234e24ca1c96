//! Scales: few steps each, so that a figure becomes one of few colours.

use crate::settings::theme::STEPS;

mod diverging;
mod sequential;

pub use diverging::Diverging;
pub use sequential::{Order, Sequential};

/// A step of one of the two kinds of scales: what [`crate::display::palette::Palette::tone`] makes
/// a colour of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Of a scale that goes one way; 0 is rank 1, the surest or the highest.
    Sequential(usize),
    /// Of a scale that goes either way; 0 is the lowest, nothing is in the middle.
    Diverging(usize),
    /// Of none: what stands back behind all that has a colour.
    Dimmed,
}

/// How figures become steps.
#[derive(Clone, Debug)]
pub enum Scale {
    /// Steps from the least to the most, for ranks, probabilities and the like.
    Sequential(Sequential),
    /// Steps to both sides of a middle, for figures with a sign.
    Diverging(Diverging),
    /// Whether a layer's token is the chosen one, 1, or another, 0.
    Agreement,
}

impl Scale {
    /// The step of a figure.
    #[must_use]
    pub fn tone(&self, figure: f32) -> Tone {
        match self {
            Self::Sequential(scale) => Tone::Sequential(scale.step(figure)),
            Self::Diverging(scale) => scale.tone(figure),
            Self::Agreement if figure >= 1.0 => Tone::Sequential(0),
            Self::Agreement => Tone::Dimmed,
        }
    }

    /// What each step holds, in their order.
    #[must_use]
    pub fn legend(&self) -> Vec<(Tone, String)> {
        match self {
            Self::Sequential(scale) => scale.legend().into(),
            Self::Diverging(scale) => scale.legend().into(),
            Self::Agreement => vec![
                (Tone::Sequential(0), "the chosen token".into()),
                (Tone::Dimmed, "another".into()),
            ],
        }
    }
}

/// The last rank of each step but the last: half decades, as far as a token can still be said to
/// be in sight; beyond 1000 it is not.
const LAST: [u32; STEPS - 1] = [1, 3, 10, 30, 100, 1_000];

/// The step of a rank, 0 for rank 1.
#[must_use]
pub fn step(rank: u32) -> usize {
    LAST.iter().filter(|last| rank > **last).count()
}

/// The scale of ranks in a vocabulary of that size.
#[must_use]
pub fn ranks(vocabulary: usize) -> Scale {
    Scale::Sequential(Sequential {
        bounds: LAST.map(|last| last as f32),
        order: Order::LowFirst,
        last: Some(vocabulary as f32),
        write: |rank| match rank {
            1.0 => "1".into(),
            rank => format!("≤{}", short(rank as u64)),
        },
    })
}

/// A number in at most four characters: `943`, `2.0k`, `12k`, `257k`, `1.2M`.
#[must_use]
pub fn short(number: u64) -> String {
    let scaled = |unit: f64, name: char| {
        let value = number as f64 / unit;
        match value {
            value if value < 9.95 && !number.is_multiple_of(unit as u64) => {
                format!("{value:.1}{name}")
            }
            value => format!("{value:.0}{name}"),
        }
    };
    match number {
        0..=999 => number.to_string(),
        1_000..=999_499 => scaled(1e3, 'k'),
        999_500..=999_499_999 => scaled(1e6, 'M'),
        _ => scaled(1e9, 'G'),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn worse_ranks_never_have_a_better_step() {
        let steps: Vec<usize> = (1..60_000).map(step).collect();
        assert!(steps.is_sorted());
        assert_eq!(steps.first(), Some(&0));
        assert_eq!(steps.last(), Some(&(STEPS - 1)));
    }

    #[test]
    fn ranks_have_the_same_steps_as_their_scale() {
        let scale = ranks(49_152);
        for rank in 1..49_152 {
            assert_eq!(scale.tone(rank as f32), Tone::Sequential(step(rank)));
        }
        let legend: Vec<String> = scale.legend().into_iter().map(|(_, text)| text).collect();
        assert_eq!(legend, ["1", "≤3", "≤10", "≤30", "≤100", "≤1k", "≤49k"]);
    }

    #[test]
    fn rank_one_is_a_step_of_its_own() {
        assert_eq!((step(1), step(2)), (0, 1));
    }

    #[test]
    fn numbers_are_short() {
        for (number, text) in [
            (1, "1"),
            (943, "943"),
            (1_000, "1k"),
            (2_041, "2.0k"),
            (9_949, "9.9k"),
            (9_950, "10k"),
            (12_345, "12k"),
            (49_152, "49k"),
            (256_000, "256k"),
            (999_499, "999k"),
            (999_500, "1.0M"),
            (1_000_000, "1M"),
            (98_362_432, "98M"),
        ] {
            assert_eq!(short(number), text);
        }
    }
}
