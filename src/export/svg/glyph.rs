//! Characters that are drawn as shapes: box lines, blocks, shades and braille dots. Drawn so, they
//! join over cell borders in any font.

use std::fmt::Write as _;

use super::colour::Rgb;
use super::{CELL_HEIGHT, CELL_WIDTH, StyledCell};

const WIDTH: f32 = CELL_WIDTH as f32;
const HEIGHT: f32 = CELL_HEIGHT as f32;
/// Half a unit off the grid, so that lines of one unit are crisp.
const MIDDLE_X: f32 = 4.5;
const MIDDLE_Y: f32 = 9.5;

/// The shape of a character, within its cell.
#[derive(Clone, Debug, PartialEq)]
enum Shape {
    /// A path that is stroked with a width.
    Line { path: String, width: f32 },
    /// A path that is filled with an opacity.
    Area { path: String, opacity: f32 },
}

/// Whether `symbol` is drawn as a shape.
pub fn is_drawn(symbol: &str) -> bool {
    shape(symbol, 0.0, 0.0).is_some()
}

/// Draw those of `cells` that are shapes.
pub fn draw(svg: &mut String, cells: &[StyledCell<'_>]) {
    let mut group: Option<(Rgb, Shape)> = None;
    for cell in cells.iter().filter(|cell| !cell.is_blank()) {
        let Some(shape) = shape(cell.symbol, f32::from(cell.x()), f32::from(cell.y())) else {
            continue;
        };
        group = match group {
            Some((colour, open)) if colour == cell.foreground && open.is_like(&shape) => {
                Some((colour, open.joined(&shape)))
            }
            other => {
                write_group(svg, other);
                Some((cell.foreground, shape))
            }
        };
    }
    write_group(svg, group);
}

fn write_group(svg: &mut String, group: Option<(Rgb, Shape)>) {
    let _ = match group {
        None => Ok(()),
        Some((colour, Shape::Line { path, width })) => writeln!(
            svg,
            r#"<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width}"/>"#
        ),
        Some((colour, Shape::Area { path, opacity })) if opacity < 1.0 => {
            writeln!(
                svg,
                r#"<path d="{path}" fill="{colour}" fill-opacity="{opacity}" shape-rendering="crispEdges"/>"#
            )
        }
        Some((colour, Shape::Area { path, .. })) => {
            writeln!(
                svg,
                r#"<path d="{path}" fill="{colour}" shape-rendering="crispEdges"/>"#
            )
        }
    };
}

impl Shape {
    /// Whether both can be one path.
    fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Line { width: a, .. }, Self::Line { width: b, .. })
            | (Self::Area { opacity: a, .. }, Self::Area { opacity: b, .. }) => a == b,
            _ => false,
        }
    }

    fn joined(mut self, other: &Self) -> Self {
        match (&mut self, other) {
            (Self::Line { path: a, .. }, Self::Line { path: b, .. })
            | (Self::Area { path: a, .. }, Self::Area { path: b, .. }) => a.push_str(b),
            _ => {}
        }
        self
    }
}

/// The shape of `symbol` in the cell whose corner is (`x`, `y`).
fn shape(symbol: &str, x: f32, y: f32) -> Option<Shape> {
    let mut chars = symbol.chars();
    let (Some(c), None) = (chars.next(), chars.next()) else {
        return None;
    };
    if let Some(path) = corner(c, x, y) {
        return Some(Shape::Line { path, width: 1.0 });
    }
    if let Some(arms) = arms(c) {
        return Some(Shape::Line {
            path: arms_path(arms, x, y),
            width: arms.weight,
        });
    }
    if let Some((rectangles, opacity)) = block(c) {
        let path = rectangles
            .iter()
            .map(|rectangle| rectangle.path(x, y))
            .collect();
        return Some(Shape::Area { path, opacity });
    }
    braille(c, x, y).map(|path| Shape::Area { path, opacity: 1.0 })
}

/// The arms of a box character, from the middle of its cell to its borders.
#[derive(Clone, Copy)]
struct Arms {
    left: bool,
    right: bool,
    up: bool,
    down: bool,
    weight: f32,
}

fn arms(c: char) -> Option<Arms> {
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

fn arms_path(arms: Arms, x: f32, y: f32) -> String {
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
fn corner(c: char, x: f32, y: f32) -> Option<String> {
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

/// A part of a cell; all numbers are shares of it.
struct Rectangle {
    left: f32,
    top: f32,
    width: f32,
    height: f32,
}

impl Rectangle {
    fn path(&self, x: f32, y: f32) -> String {
        let (width, height) = (self.width * WIDTH, self.height * HEIGHT);
        format!(
            "M{} {}h{width}v{height}h-{width}z",
            x + self.left * WIDTH,
            y + self.top * HEIGHT,
        )
    }
}

fn block(c: char) -> Option<(Vec<Rectangle>, f32)> {
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
fn braille(c: char, x: f32, y: f32) -> Option<String> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn path(symbol: &str) -> String {
        match shape(symbol, 0.0, 0.0) {
            Some(Shape::Line { path, .. } | Shape::Area { path, .. }) => path,
            None => String::new(),
        }
    }

    #[test]
    fn box_lines_reach_the_borders_of_their_cell() {
        assert_eq!(path("─"), "M0 9.5H9");
        assert_eq!(path("│"), "M4.5 0V18");
        assert_eq!(path("└"), "M4 9.5H9M4.5 0V10");
        assert_eq!(path("╭"), "M9 9.5Q4.5 9.5 4.5 14V18");
        assert_eq!(path("╯"), "M0 9.5Q4.5 9.5 4.5 5V0");
    }

    #[test]
    fn blocks_fill_their_share() {
        assert_eq!(path("█"), "M0 0h9v18h-9z");
        assert_eq!(path("▄"), "M0 9h9v9h-9z");
        assert_eq!(path("▌"), "M0 0h4.5v18h-4.5z");
        assert_eq!(path("▚"), "M0 0h4.5v9h-4.5zM4.5 9h4.5v9h-4.5z");
    }

    #[test]
    fn a_braille_dot_stands_in_its_place() {
        assert_eq!(path("⠁"), "M1 1h2.5v2.5h-2.5z");
        assert_eq!(path("⢀"), "M5.5 14.5h2.5v2.5h-2.5z");
        assert_eq!(path("⠀"), "");
    }

    #[test]
    fn letters_are_not_drawn() {
        for symbol in ["a", "·", "日", " ", "ab", ""] {
            assert!(!is_drawn(symbol), "{symbol}");
        }
    }
}
