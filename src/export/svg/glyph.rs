//! Characters that are drawn as shapes: box lines, blocks, shades and braille dots. Drawn so, they
//! join over cell borders in any font.

mod blocks;
mod lines;

use std::fmt::Write as _;

use blocks::{block, braille};
use lines::{arms, arms_path, corner};

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
