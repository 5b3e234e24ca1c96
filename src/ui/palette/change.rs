//! The scale of changes, from much lower to much higher. Blue and orange paint their own ground,
//! so that they suit every theme; a figure's sign says the same without colour.

use ratatui::style::Color;

use crate::settings::theme::{Depth, STEPS};

/// From a small change to a large one.
const LOWER: Way = Way {
    truecolour: [0xa9_cb_e8, 0x4a_8f_c7, 0x0b_3c_6f],
    indexed: [153, 68, 18],
    ansi: [Color::LightCyan, Color::Cyan, Color::Blue],
};
const HIGHER: Way = Way {
    truecolour: [0xf7_c2_7c, 0xc8_74_1a, 0x7f_3b_08],
    indexed: [222, 172, 94],
    ansi: [Color::LightYellow, Color::Yellow, Color::Red],
};

/// The step at which nothing has changed.
const MIDDLE: usize = STEPS / 2;

/// One way that a figure can go.
struct Way {
    truecolour: [u32; MIDDLE],
    indexed: [u8; MIDDLE],
    ansi: [Color; MIDDLE],
}

/// The ground of a step, 0 to 6. `None` in the middle, where nothing has changed, and without
/// colour.
pub fn ground(step: usize, depth: Depth) -> Option<Color> {
    let way = if step < MIDDLE { LOWER } else { HIGHER };
    let size = step.min(STEPS - 1).abs_diff(MIDDLE).checked_sub(1)?;
    match depth {
        Depth::TrueColour => way.truecolour.get(size).copied().map(Color::from_u32),
        Depth::Indexed => way.indexed.get(size).copied().map(Color::Indexed),
        Depth::Ansi => way.ansi.get(size).copied(),
        Depth::None => None,
    }
}
