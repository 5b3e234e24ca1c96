//! What a terminal's colours look like in a picture.

#![expect(clippy::disallowed_types, reason = "writes the colours of cells down")]

use std::fmt;

use ratatui::buffer::Cell;
use ratatui::style::{Color, Modifier};

use crate::settings::theme::Ground;

/// A colour of the picture. Displays as `#rrggbb`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rgb(pub u8, pub u8, pub u8);

impl fmt::Display for Rgb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }
}

impl Rgb {
    /// Half way to `other`.
    fn towards(self, other: Self) -> Self {
        let mean = |a: u8, b: u8| a.midpoint(b);
        Self(
            mean(self.0, other.0),
            mean(self.1, other.1),
            mean(self.2, other.2),
        )
    }
}

/// The colours of a terminal.
#[derive(Clone, Debug)]
pub struct SvgPalette {
    /// Behind cells that ask for no colour.
    pub background: Rgb,
    /// Of text that asks for no colour.
    pub foreground: Rgb,
    /// The window's title bar.
    pub bar: Rgb,
    /// The line around the window.
    pub edge: Rgb,
    ansi: [Rgb; 16],
}

impl Default for SvgPalette {
    fn default() -> Self {
        Self {
            background: Rgb(0x14, 0x17, 0x1c),
            foreground: Rgb(0xd5, 0xd9, 0xe0),
            bar: Rgb(0x23, 0x27, 0x2e),
            edge: Rgb(0x3a, 0x40, 0x4a),
            ansi: [
                Rgb(0x2a, 0x2e, 0x36),
                Rgb(0xe0, 0x6c, 0x75),
                Rgb(0x98, 0xc3, 0x79),
                Rgb(0xe5, 0xc0, 0x7b),
                Rgb(0x61, 0xaf, 0xef),
                Rgb(0xc6, 0x78, 0xdd),
                Rgb(0x56, 0xb6, 0xc2),
                Rgb(0xc3, 0xc9, 0xd4),
                Rgb(0x7f, 0x88, 0x96),
                Rgb(0xf0, 0x8a, 0x93),
                Rgb(0xb2, 0xda, 0x95),
                Rgb(0xf5, 0xd6, 0x98),
                Rgb(0x8b, 0xc6, 0xf7),
                Rgb(0xdb, 0x9c, 0xee),
                Rgb(0x7f, 0xd3, 0xdd),
                Rgb(0xff, 0xff, 0xff),
            ],
        }
    }
}

impl SvgPalette {
    /// A terminal with that ground.
    pub fn on(ground: Ground) -> Self {
        match ground {
            Ground::Dark => Self::default(),
            Ground::Light => Self::light(),
        }
    }

    fn light() -> Self {
        Self {
            background: Rgb(0xfd, 0xfd, 0xfb),
            foreground: Rgb(0x24, 0x29, 0x30),
            bar: Rgb(0xe9, 0xea, 0xec),
            edge: Rgb(0xc4, 0xc8, 0xce),
            ansi: [
                Rgb(0x24, 0x29, 0x30),
                Rgb(0xb4, 0x23, 0x2c),
                Rgb(0x3c, 0x7a, 0x1e),
                Rgb(0x8a, 0x62, 0x00),
                Rgb(0x1f, 0x5f, 0xbf),
                Rgb(0x8a, 0x2f, 0xa6),
                Rgb(0x0f, 0x73, 0x7f),
                Rgb(0xc3, 0xc9, 0xd4),
                Rgb(0x5c, 0x64, 0x70),
                Rgb(0xcf, 0x3a, 0x44),
                Rgb(0x4b, 0x93, 0x28),
                Rgb(0xa8, 0x7a, 0x0a),
                Rgb(0x2f, 0x74, 0xd8),
                Rgb(0xa3, 0x45, 0xc0),
                Rgb(0x1a, 0x8c, 0x99),
                Rgb(0xff, 0xff, 0xff),
            ],
        }
    }

    /// The colours that a cell is painted with: of its text, and behind it.
    pub fn colours(&self, cell: &Cell) -> (Rgb, Rgb) {
        let mut foreground = self.resolve(cell.fg).unwrap_or(self.foreground);
        let mut background = self.resolve(cell.bg).unwrap_or(self.background);
        if cell.modifier.contains(Modifier::REVERSED) {
            std::mem::swap(&mut foreground, &mut background);
        }
        if cell.modifier.contains(Modifier::DIM) {
            foreground = foreground.towards(background);
        }
        (foreground, background)
    }

    fn resolve(&self, colour: Color) -> Option<Rgb> {
        let ansi = match colour {
            Color::Reset => return None,
            Color::Rgb(red, green, blue) => return Some(Rgb(red, green, blue)),
            Color::Indexed(index @ 16..) => return Some(xterm(index)),
            Color::Indexed(index) => usize::from(index),
            Color::Black => 0,
            Color::Red => 1,
            Color::Green => 2,
            Color::Yellow => 3,
            Color::Blue => 4,
            Color::Magenta => 5,
            Color::Cyan => 6,
            Color::Gray => 7,
            Color::DarkGray => 8,
            Color::LightRed => 9,
            Color::LightGreen => 10,
            Color::LightYellow => 11,
            Color::LightBlue => 12,
            Color::LightMagenta => 13,
            Color::LightCyan => 14,
            Color::White => 15,
        };
        self.ansi.get(ansi).copied()
    }
}

/// One of xterm's fixed colours, 16 to 255: a cube of six steps a side, then 24 greys.
fn xterm(index: u8) -> Rgb {
    let step = |n: u8| if n == 0 { 0 } else { 55 + 40 * n };
    match index.saturating_sub(16) {
        n @ 0..216 => Rgb(step(n / 36), step(n / 6 % 6), step(n % 6)),
        n => {
            let grey = 8 + 10 * (n - 216);
            Rgb(grey, grey, grey)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xterm_colours_are_those_of_xterm() {
        for (index, hex) in [
            (16, "#000000"),
            (21, "#0000ff"),
            (196, "#ff0000"),
            (208, "#ff8700"),
            (231, "#ffffff"),
            (232, "#080808"),
            (255, "#eeeeee"),
        ] {
            assert_eq!(xterm(index).to_string(), hex, "{index}");
        }
    }

    #[test]
    fn every_colour_has_a_place() {
        let palette = SvgPalette::default();
        for index in 0..=255 {
            assert!(palette.resolve(Color::Indexed(index)).is_some());
        }
        assert_eq!(palette.resolve(Color::Reset), None);
        assert_eq!(
            palette.resolve(Color::LightCyan),
            palette.resolve(Color::Indexed(14))
        );
    }
}
