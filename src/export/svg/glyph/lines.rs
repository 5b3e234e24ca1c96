//! Box lines: arms from the middle of a cell to its borders, and rounded corners.

use std::fmt::Write as _;

use super::{HEIGHT, MIDDLE_X, MIDDLE_Y, WIDTH};

/// The arms of a box character, from the middle of its cell to its borders.
#[derive(Clone, Copy)]
pub struct Arms {
    left: bool,
    right: bool,
    up: bool,
    down: bool,
    /// Width of the line.
    pub weight: f32,
}

/// The arms of `c`, if it is a box line.
pub fn arms(c: char) -> Option<Arms> {
    const LIGHT: f32 = 1.0;
    const HEAVY: f32 = 2.0;
    // The letters say where the arms go: left, right, up, down.
    let (directions, weight) = match c {
        '─' => ("lr", LIGHT),
        '│' => ("ud", LIGHT),
        '┌' => ("rd", LIGHT),
        '┐' => ("ld", LIGHT),
        '└' => ("ru", LIGHT),
        '┘' => ("lu", LIGHT),
        '├' => ("rud", LIGHT),
        '┤' => ("lud", LIGHT),
        '┬' => ("lrd", LIGHT),
        '┴' => ("lru", LIGHT),
        '┼' => ("lrud", LIGHT),
        '╴' => ("l", LIGHT),
        '╵' => ("u", LIGHT),
        '╶' => ("r", LIGHT),
        '╷' => ("d", LIGHT),
        '━' => ("lr", HEAVY),
        '╸' => ("l", HEAVY),
        '╺' => ("r", HEAVY),
        '┃' => ("ud", HEAVY),
        '┏' => ("rd", HEAVY),
        '┓' => ("ld", HEAVY),
        '┗' => ("ru", HEAVY),
        '┛' => ("lu", HEAVY),
        '┣' => ("rud", HEAVY),
        '┫' => ("lud", HEAVY),
        '┳' => ("lrd", HEAVY),
        '┻' => ("lru", HEAVY),
        '╋' => ("lrud", HEAVY),
        _ => return None,
    };
    Some(Arms {
        left: directions.contains('l'),
        right: directions.contains('r'),
        up: directions.contains('u'),
        down: directions.contains('d'),
        weight,
    })
}

/// The path of `arms` in the cell whose corner is (`x`, `y`).
pub fn arms_path(arms: Arms, x: f32, y: f32) -> String {
    // Each arm reaches over the middle by half its weight, so that corners are whole.
    let over = arms.weight / 2.0;
    let mut path = String::new();
    if arms.left || arms.right {
        let from = if arms.left { 0.0 } else { MIDDLE_X - over };
        let to = if arms.right { WIDTH } else { MIDDLE_X + over };
        let _ = write!(path, "M{} {}H{}", x + from, y + MIDDLE_Y, x + to);
    }
    if arms.up || arms.down {
        let from = if arms.up { 0.0 } else { MIDDLE_Y - over };
        let to = if arms.down { HEIGHT } else { MIDDLE_Y + over };
        let _ = write!(path, "M{} {}V{}", x + MIDDLE_X, y + from, y + to);
    }
    path
}

/// A rounded corner: from a side of the cell through an arc to its top or bottom.
pub fn corner(c: char, x: f32, y: f32) -> Option<String> {
    let (side, end) = match c {
        '╭' => (WIDTH, HEIGHT),
        '╮' => (0.0, HEIGHT),
        '╰' => (WIDTH, 0.0),
        '╯' => (0.0, 0.0),
        _ => return None,
    };
    let (middle_x, middle_y) = (x + MIDDLE_X, y + MIDDLE_Y);
    let turn = if end > 0.0 { MIDDLE_X } else { -MIDDLE_X };
    Some(format!(
        "M{} {middle_y}Q{middle_x} {middle_y} {middle_x} {}V{}",
        x + side,
        middle_y + turn,
        y + end,
    ))
}
