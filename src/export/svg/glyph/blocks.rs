//! Blocks, shades and braille dots: rectangles within a cell.

use std::fmt::Write as _;

use super::{HEIGHT, MIDDLE_X, WIDTH};

/// A part of a cell; all numbers are shares of it.
pub struct Rectangle {
    left: f32,
    top: f32,
    width: f32,
    height: f32,
}

impl Rectangle {
    /// Its path in the cell whose corner is (`x`, `y`).
    pub fn path(&self, x: f32, y: f32) -> String {
        let (width, height) = (self.width * WIDTH, self.height * HEIGHT);
        format!(
            "M{} {}h{width}v{height}h-{width}z",
            x + self.left * WIDTH,
            y + self.top * HEIGHT,
        )
    }
}

/// The rectangles of `c` and their opacity, if it is a block or a shade.
pub fn block(c: char) -> Option<(Vec<Rectangle>, f32)> {
    let part = |left, top, width, height| Rectangle {
        left,
        top,
        width,
        height,
    };
    let eighths = |n: u32| n as f32 / 8.0;
    let code = u32::from(c);
    let (rectangle, opacity) = match c {
        '▀' => (part(0.0, 0.0, 1.0, 0.5), 1.0),
        '▁'..='█' => {
            let height = eighths(code - 0x2580);
            (part(0.0, 1.0 - height, 1.0, height), 1.0)
        }
        '▉'..='▏' => (part(0.0, 0.0, eighths(0x2590 - code), 1.0), 1.0),
        '▐' => (part(0.5, 0.0, 0.5, 1.0), 1.0),
        '░' => (part(0.0, 0.0, 1.0, 1.0), 0.25),
        '▒' => (part(0.0, 0.0, 1.0, 1.0), 0.5),
        '▓' => (part(0.0, 0.0, 1.0, 1.0), 0.75),
        '▔' => (part(0.0, 0.0, 1.0, eighths(1)), 1.0),
        '▕' => (part(eighths(7), 0.0, eighths(1), 1.0), 1.0),
        _ => return quadrants(c).map(|parts| (parts, 1.0)),
    };
    Some((vec![rectangle], opacity))
}

/// `▖` to `▟`: one to three quarters of a cell.
fn quadrants(c: char) -> Option<Vec<Rectangle>> {
    // Upper left 1, upper right 2, lower left 4, lower right 8.
    const SHAPES: [u8; 10] = [4, 8, 1, 13, 9, 7, 11, 2, 6, 14];
    let index = u32::from(c).checked_sub(0x2596)?;
    let bits = *SHAPES.get(index as usize)?;
    Some(
        [(1, 0.0, 0.0), (2, 0.5, 0.0), (4, 0.0, 0.5), (8, 0.5, 0.5)]
            .into_iter()
            .filter(|(bit, ..)| bits & bit != 0)
            .map(|(_, left, top)| Rectangle {
                left,
                top,
                width: 0.5,
                height: 0.5,
            })
            .collect(),
    )
}

/// Two columns of four dots, each a square.
pub fn braille(c: char, x: f32, y: f32) -> Option<String> {
    // The order of the bits: the first six dots run down the columns, then the last row.
    const DOTS: [(u16, u16); 8] = [
        (0, 0),
        (0, 1),
        (0, 2),
        (1, 0),
        (1, 1),
        (1, 2),
        (0, 3),
        (1, 3),
    ];
    let bits = u32::from(c)
        .checked_sub(0x2800)
        .filter(|bits| *bits < 256)?;
    let mut path = String::new();
    for (bit, (column, row)) in DOTS.into_iter().enumerate() {
        if bits & (1 << bit) != 0 {
            let left = x + 1.0 + f32::from(column) * MIDDLE_X;
            let top = y + 1.0 + f32::from(row) * MIDDLE_X;
            let _ = write!(path, "M{left} {top}h2.5v2.5h-2.5z");
        }
    }
    Some(path)
}
