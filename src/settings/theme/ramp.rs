//! Scales of colours, and how a theme's file writes them.

#![expect(clippy::disallowed_types, reason = "themes are made of colours")]

use colorgrad::Gradient;
use ratatui::style::Color;
use serde::Deserialize;

use super::{Depth, Named, STEPS};

/// A scale of colours, a few steps from one end to the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ramp {
    /// With 24 bits.
    pub truecolour: [Color; STEPS],
    /// Among xterm's 256.
    pub indexed: [Color; STEPS],
    /// Among the terminal's own 16; neighbours may share a colour.
    pub ansi: [Color; STEPS],
}

impl Ramp {
    /// The colour of a step of the scale, if there is colour.
    #[must_use]
    pub fn at(&self, step: usize, depth: Depth) -> Option<Color> {
        let step = step.min(STEPS - 1);
        match depth {
            Depth::TrueColour => self.truecolour.get(step).copied(),
            Depth::Indexed => self.indexed.get(step).copied(),
            Depth::Ansi => self.ansi.get(step).copied(),
            Depth::None => None,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RampFile {
    gradient: GradientName,
    /// Where on the gradient rank 1 and the worst rank stand, 0 to 1.
    rank_1: f32,
    worst: f32,
    indexed: [Named; STEPS],
    ansi: [Named; STEPS],
}

/// The perceptual scales to choose from.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum GradientName {
    Cividis,
    Viridis,
    Magma,
    RdPu,
    YlGnBu,
    Greys,
}

impl GradientName {
    fn colours(self, rank_1: f32, worst: f32) -> [Color; STEPS] {
        let gradient: Box<dyn Gradient> = match self {
            Self::Cividis => Box::new(colorgrad::preset::cividis()),
            Self::Viridis => Box::new(colorgrad::preset::viridis()),
            Self::Magma => Box::new(colorgrad::preset::magma()),
            Self::RdPu => Box::new(colorgrad::preset::rd_pu()),
            Self::YlGnBu => Box::new(colorgrad::preset::yl_gn_bu()),
            Self::Greys => Box::new(colorgrad::preset::greys()),
        };
        std::array::from_fn(|step| {
            let part = step as f32 / (STEPS - 1) as f32;
            let [r, g, b, _] = gradient.at(rank_1 + (worst - rank_1) * part).to_rgba8();
            Color::Rgb(r, g, b)
        })
    }
}

impl From<RampFile> for Ramp {
    fn from(file: RampFile) -> Self {
        Self {
            truecolour: file.gradient.colours(file.rank_1, file.worst),
            indexed: file.indexed.map(|named| named.0),
            ansi: file.ansi.map(|named| named.0),
        }
    }
}

/// A scale of which every colour is written down.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DivergingFile {
    truecolour: [Named; STEPS],
    indexed: [Named; STEPS],
    ansi: [Named; STEPS],
}

impl From<DivergingFile> for Ramp {
    fn from(file: DivergingFile) -> Self {
        Self {
            truecolour: file.truecolour.map(|named| named.0),
            indexed: file.indexed.map(|named| named.0),
            ansi: file.ansi.map(|named| named.0),
        }
    }
}
