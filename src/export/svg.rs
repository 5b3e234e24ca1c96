//! A screen as a picture: a ratatui buffer becomes an SVG that looks like a terminal window.
//!
//! Letters stay text, so that the picture can be searched, read aloud and copied from; each run
//! of them says how long it is, so that columns stay straight in whatever monospace font the
//! viewer has. Box lines, blocks and dots are drawn as shapes, since fonts leave gaps in them.

mod colour;
mod film;
mod glyph;
mod text;

use std::fmt::Write as _;

use ratatui::buffer::{Buffer, Cell, CellWidth};
use ratatui::layout::{Position, Size};
use ratatui::style::{Modifier, Style};

use super::pixels::{self, Letters, PngError};
use crate::settings::theme::Ground;
pub use colour::Rgb;
use colour::SvgPalette;
pub use film::Film;
pub(super) use text::escaped;

/// Width of a cell, in user units.
const CELL_WIDTH: u16 = 9;
/// Height of a cell, in user units.
const CELL_HEIGHT: u16 = 18;
/// Room around the cells.
const MARGIN: u16 = 12;
/// Height of the window's title bar.
const TITLE_BAR: u16 = 36;

/// What is drawn around the cells, and over them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window<'a> {
    /// Stands in the title bar, and is the picture's accessible name.
    pub title: &'a str,
    /// Where the text cursor stands, if it is shown.
    pub cursor: Option<Position>,
    /// What stands behind cells that ask for no colour.
    pub ground: Ground,
}

/// What the colours of a style look like: of its text, and behind it.
pub(super) fn colours_of(style: Style) -> (Rgb, Rgb) {
    let mut cell = Cell::EMPTY;
    cell.set_style(style);
    SvgPalette::default().colours(&cell)
}

/// The picture of `buffer` in a window, as a whole SVG document.
#[must_use]
pub fn render(buffer: &Buffer, window: &Window<'_>) -> String {
    let palette = SvgPalette::on(window.ground);
    let cells = styled_cells(buffer, &palette);
    let (width, height) = size_of(buffer);

    let mut svg = String::new();
    open(&mut svg, (width, height), window.title, "", &palette);
    title(&mut svg, width, window.title, &palette);
    origin(&mut svg);
    svg.push_str(GROUNDS);
    backgrounds(&mut svg, &cells, palette.background);
    svg.push_str("</g>\n");
    glyph::draw(&mut svg, &cells);
    text::draw(&mut svg, &cells);
    if let Some(cursor) = window.cursor {
        draw_cursor(&mut svg, cursor, palette.foreground);
    }
    svg.push_str("</g>\n</svg>\n");
    svg
}

/// The same picture as a PNG file, with `scale` pixels a user unit.
///
/// # Errors
///
/// When the screen has too many cells.
pub fn png(buffer: &Buffer, window: &Window<'_>, scale: f32) -> Result<Vec<u8>, PngError> {
    let (width, height) = size_of(buffer);
    let size = (f32::from(width), f32::from(height));
    pixels::png(&render(buffer, window), size, scale, Letters::Monospaced)
}

/// Width and height of the picture of `buffer`, in user units.
fn size_of(buffer: &Buffer) -> (u16, u16) {
    window_of(buffer.area().as_size())
}

/// Width and height of the window of a screen, in user units.
fn window_of(screen: Size) -> (u16, u16) {
    (
        screen.width * CELL_WIDTH + 2 * MARGIN,
        screen.height * CELL_HEIGHT + TITLE_BAR + MARGIN,
    )
}

/// A cell as it is painted: its place in cells, its colours resolved.
#[derive(Clone, Debug)]
struct StyledCell<'a> {
    column: u16,
    row: u16,
    symbol: &'a str,
    /// In cells; 2 for wide characters.
    width: u16,
    foreground: Rgb,
    background: Rgb,
    modifier: Modifier,
}

impl StyledCell<'_> {
    fn x(&self) -> u16 {
        self.column * CELL_WIDTH
    }

    fn y(&self) -> u16 {
        self.row * CELL_HEIGHT
    }

    fn is_blank(&self) -> bool {
        self.symbol.trim().is_empty() || self.modifier.contains(Modifier::HIDDEN)
    }
}

fn styled_cells<'a>(buffer: &'a Buffer, palette: &SvgPalette) -> Vec<StyledCell<'a>> {
    let area = buffer.area();
    let mut cells = Vec::with_capacity(usize::from(area.width) * usize::from(area.height));
    for row in 0..area.height {
        let mut column = 0;
        while column < area.width {
            let cell = &buffer[(area.x + column, area.y + row)];
            let width = cell.cell_width().max(1);
            let (foreground, background) = palette.colours(cell);
            cells.push(StyledCell {
                column,
                row,
                symbol: cell.symbol(),
                width,
                foreground,
                background,
                modifier: cell.modifier,
            });
            column += width;
        }
    }
    cells
}

/// Opens the group of what stands behind cells.
const GROUNDS: &str = "<g shape-rendering=\"crispEdges\">\n";

/// The window: its frame, title bar and buttons. `style` goes to the rules of the picture.
fn open(
    svg: &mut String,
    (width, height): (u16, u16),
    title: &str,
    style: &str,
    palette: &SvgPalette,
) {
    let title = text::escaped(title);
    let SvgPalette {
        background,
        bar,
        edge,
        ..
    } = palette;
    // Writing to a string does not fail.
    let _ = write!(
        svg,
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img">
<title>{title}</title>
<style>
text {{ font: 15px ui-monospace, SFMono-Regular, "SF Mono", Menlo, "Cascadia Mono", "Segoe UI Mono", "DejaVu Sans Mono", "Liberation Mono", Consolas, monospace; white-space: pre; font-variant-ligatures: none }}
.title {{ font: 13px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; text-anchor: middle }}
.bold {{ font-weight: 700 }}
.italic {{ font-style: italic }}
{style}</style>
<rect x=".5" y=".5" width="{inner_width}" height="{inner_height}" rx="10" fill="{background}" stroke="{edge}"/>
<path d="M1 {bar_bottom}V10.5A9.5 9.5 0 0 1 10.5 1H{bar_right}A9.5 9.5 0 0 1 {inner_width} 10.5V{bar_bottom}Z" fill="{bar}"/>
<circle cx="20" cy="15" r="6" fill="#ff5f57"/><circle cx="40" cy="15" r="6" fill="#febc2e"/><circle cx="60" cy="15" r="6" fill="#28c840"/>
"##,
        inner_width = width - 1,
        inner_height = height - 1,
        bar_bottom = TITLE_BAR - 6,
        bar_right = f32::from(width) - 10.5,
    );
}

/// What stands in the title bar.
fn title(svg: &mut String, width: u16, title: &str, palette: &SvgPalette) {
    let _ = writeln!(
        svg,
        r#"<text class="title" x="{middle}" y="19.5" fill="{foreground}">{title}</text>"#,
        middle = width / 2,
        foreground = palette.foreground,
        title = text::escaped(title),
    );
}

/// Leaves a group open whose origin is the first cell.
fn origin(svg: &mut String) {
    let _ = writeln!(svg, r#"<g transform="translate({MARGIN} {TITLE_BAR})">"#);
}

/// One rectangle for each run of cells with the same background.
fn backgrounds(svg: &mut String, cells: &[StyledCell<'_>], window: Rgb) {
    for run in cells.chunk_by(|a, b| a.row == b.row && a.background == b.background) {
        let (first, last) = (&run[0], &run[run.len() - 1]);
        if first.background == window {
            continue;
        }
        let width = (last.column + last.width - first.column) * CELL_WIDTH;
        let _ = writeln!(
            svg,
            r#"<rect x="{}" y="{}" width="{width}" height="{CELL_HEIGHT}" fill="{}"/>"#,
            first.x(),
            first.y(),
            first.background,
        );
    }
}

fn draw_cursor(svg: &mut String, cursor: Position, colour: Rgb) {
    let _ = writeln!(
        svg,
        r#"<rect x="{}" y="{}" width="2" height="{}" fill="{colour}"/>"#,
        cursor.x * CELL_WIDTH,
        cursor.y * CELL_HEIGHT + 1,
        CELL_HEIGHT - 2,
    );
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_types, reason = "cells of a given colour are drawn")]

    use ratatui::style::{Color, Styled};
    use ratatui::text::Line;
    use ratatui::widgets::{Block, Widget};

    use super::*;

    fn picture(lines: &[Line<'_>]) -> String {
        let mut buffer = Buffer::empty(ratatui::layout::Rect::new(0, 0, 12, lines.len() as u16));
        for (y, line) in lines.iter().enumerate() {
            buffer.set_line(0, y as u16, line, 12);
        }
        render(&buffer, &Window::default())
    }

    #[test]
    fn letters_stay_text_and_say_how_long_they_are() {
        let svg = picture(&["the keys".into()]);
        assert!(
            svg.contains(r##"<text x="0" y="14" fill="#d5d9e0" textLength="72">the keys</text>"##),
            "{svg}"
        );
    }

    #[test]
    fn what_means_something_in_xml_is_escaped() {
        let svg = picture(&["<a> & \"b\"".into()]);
        assert!(svg.contains("&lt;a&gt; &amp; \"b\""), "{svg}");
        let svg = render(
            &Buffer::empty(ratatui::layout::Rect::new(0, 0, 1, 1)),
            &Window {
                title: "a < b",
                ..Window::default()
            },
        );
        assert!(svg.contains("<title>a &lt; b</title>"));
    }

    #[test]
    fn the_ground_is_dark_or_light() {
        let drawn = |ground| {
            let window = Window {
                ground,
                ..Window::default()
            };
            let buffer = Buffer::with_lines(["x"]);
            render(&buffer, &window)
        };
        assert!(drawn(Ground::Dark).contains("#14171c"));
        let light = drawn(Ground::Light);
        assert!(light.contains("#fdfdfb") && light.contains(r##"fill="#242930""##));
    }

    #[test]
    fn cells_next_to_each_other_share_a_background() {
        let cell = Style::new().bg(Color::Rgb(1, 2, 3));
        let svg = picture(&[Line::from(vec![
            "ab".into(),
            "cd".set_style(cell),
            "ef".set_style(cell),
        ])]);
        assert_eq!(svg.matches(r##"fill="#010203""##).count(), 1);
        assert!(svg.contains(r##"<rect x="18" y="0" width="36" height="18" fill="#010203"/>"##));
    }

    #[test]
    fn reversed_cells_swap_their_colours() {
        let style = Style::new()
            .fg(Color::Rgb(9, 9, 9))
            .bg(Color::Rgb(1, 2, 3))
            .add_modifier(Modifier::REVERSED);
        let svg = picture(&[Line::from("x".set_style(style))]);
        assert!(svg.contains(r##"height="18" fill="#090909"/>"##), "{svg}");
        assert!(svg.contains(r##"y="14" fill="#010203""##), "{svg}");
    }

    #[test]
    fn a_wide_character_takes_two_cells() {
        let svg = picture(&["日a".into()]);
        assert!(
            svg.contains(r##"<text x="0" y="14" fill="#d5d9e0" textLength="18">日</text>"##),
            "{svg}"
        );
        assert!(
            svg.contains(r##"<text x="18" y="14" fill="#d5d9e0" textLength="9">a</text>"##),
            "{svg}"
        );
    }

    #[test]
    fn lines_and_blocks_are_shapes_and_not_text() {
        let mut buffer = Buffer::empty(ratatui::layout::Rect::new(0, 0, 4, 3));
        Block::bordered().render(*buffer.area(), &mut buffer);
        buffer.set_string(1, 1, "█▃", Style::new());
        let svg = render(&buffer, &Window::default());
        assert!(!svg.contains('─') && !svg.contains('█') && !svg.contains('▃'));
    }

    #[test]
    fn the_picture_runs_nothing_and_loads_nothing() {
        let svg = picture(&["x".into()]);
        for word in ["<script", "href", "url(", "@import", "foreignObject"] {
            assert!(!svg.contains(word), "{word}");
        }
    }
}
