//! The scale of changes, from much lower to much higher. Its colours are told apart with every
//! common kind of colour blindness, and paint their own ground, so that they suit every theme.

use ratatui::style::Color;

use crate::settings::theme::{Depth, STEPS};

const TRUECOLOUR: [u32; STEPS] = [
    0x0b_3c_6f, 0x4a_8f_c7, 0xa9_cb_e8, 0xf7_f7_f7, 0xf7_c2_7c, 0xc8_74_1a, 0x7f_3b_08,
];
const INDEXED: [u8; STEPS] = [18, 68, 153, 231, 222, 172, 94];
const ANSI: [Color; STEPS] = [
    Color::Blue,
    Color::Cyan,
    Color::LightCyan,
    Color::White,
    Color::LightYellow,
    Color::Yellow,
    Color::Red,
];

/// The ground of a step, 0 to 6; nothing has changed in the middle. `None` without colour.
pub fn ground(step: usize, depth: Depth) -> Option<Color> {
    let step = step.min(STEPS - 1);
    match depth {
        Depth::TrueColour => TRUECOLOUR.get(step).copied().map(Color::from_u32),
        Depth::Indexed => INDEXED.get(step).copied().map(Color::Indexed),
        Depth::Ansi => ANSI.get(step).copied(),
        Depth::None => None,
    }
}
