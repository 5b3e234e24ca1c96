//! The letters of a picture, in runs of one style.

use std::fmt::Write as _;

use ratatui::style::Modifier;

use super::glyph::is_drawn;
use super::{CELL_HEIGHT, CELL_WIDTH, StyledCell};
use crate::vocabulary::steers;

/// Where the letters stand, from the top of their cell.
const BASELINE: u16 = 14;

/// Write the text of `cells`, and the lines under or through it.
pub fn draw(svg: &mut String, cells: &[StyledCell<'_>]) {
    for run in runs(cells) {
        write_run(svg, run);
    }
    lines(svg, cells, Modifier::UNDERLINED, BASELINE + 2);
    lines(svg, cells, Modifier::CROSSED_OUT, CELL_HEIGHT / 2);
}

/// Cells that can be written as one text: neighbours of one style, with no more than one blank
/// between two words.
fn runs<'a>(cells: &'a [StyledCell<'a>]) -> impl Iterator<Item = &'a [StyledCell<'a>]> {
    cells
        .chunk_by(|a, b| goes_on(a, b))
        .map(trimmed)
        .filter(|run| !run.is_empty())
}

fn goes_on(a: &StyledCell<'_>, b: &StyledCell<'_>) -> bool {
    a.row == b.row
        && a.foreground == b.foreground
        && a.modifier == b.modifier
        && !(a.is_blank() && b.is_blank())
        && is_letter(a)
        && is_letter(b)
}

/// Whether the cell is sure to have the usual width in the viewer's font. A sign that the font
/// may take from elsewhere stands alone, so that it moves no other one.
fn is_letter(cell: &StyledCell<'_>) -> bool {
    cell.width == 1
        && cell
            .symbol
            .chars()
            .all(|c| c.is_ascii() || (c.is_alphabetic() && c < '\u{500}'))
}

fn trimmed<'a>(run: &'a [StyledCell<'a>]) -> &'a [StyledCell<'a>] {
    let is_shown = |cell: &StyledCell<'_>| !cell.is_blank() && !is_drawn(cell.symbol);
    match (
        run.iter().position(is_shown),
        run.iter().rposition(is_shown),
    ) {
        (Some(first), Some(last)) => &run[first..=last],
        _ => &[],
    }
}

fn write_run(svg: &mut String, run: &[StyledCell<'_>]) {
    let (first, last) = (&run[0], &run[run.len() - 1]);
    let length = (last.column + last.width - first.column) * CELL_WIDTH;
    let class = match (
        first.modifier.contains(Modifier::BOLD),
        first.modifier.contains(Modifier::ITALIC),
    ) {
        (true, true) => r#" class="bold italic""#,
        (true, false) => r#" class="bold""#,
        (false, true) => r#" class="italic""#,
        (false, false) => "",
    };
    let text: String = run.iter().map(|cell| cell.symbol).collect();
    let _ = writeln!(
        svg,
        r#"<text{class} x="{}" y="{}" fill="{}" textLength="{length}">{}</text>"#,
        first.x(),
        first.y() + BASELINE,
        first.foreground,
        escaped(&text),
    );
}

/// A line `below` the top of each cell that has `modifier`, blanks included.
fn lines(svg: &mut String, cells: &[StyledCell<'_>], modifier: Modifier, below: u16) {
    for run in cells.chunk_by(|a, b| {
        a.row == b.row
            && a.foreground == b.foreground
            && a.modifier.contains(modifier) == b.modifier.contains(modifier)
    }) {
        let (first, last) = (&run[0], &run[run.len() - 1]);
        if first.modifier.contains(modifier) {
            let _ = writeln!(
                svg,
                r#"<rect x="{}" y="{}" width="{}" height="1" fill="{}"/>"#,
                first.x(),
                first.y() + below,
                (last.column + last.width - first.column) * CELL_WIDTH,
                first.foreground,
            );
        }
    }
}

/// `text` as it may stand between two tags. XML has no control characters at all; those that turn
/// the direction of text would turn what is around it. Joiners only shape letters.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\u{200c}' | '\u{200d}' => out.push(c),
            c if steers(c) => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
