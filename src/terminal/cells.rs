//! Changed cells as bytes: as few as a terminal of any kind needs.
//!
//! crossterm's backend of ratatui says both colours and each attribute in a sequence of its own,
//! and where every run of cells begins in full. Over SSH these are most of the bytes of a moved
//! cursor; here, what stays is not said again, and a short way to the right is a short sequence.

#![expect(
    clippy::disallowed_types,
    reason = "the colours of cells are written as they are"
)]

use std::fmt::Write as _;
use std::io::{self, Write};

use crossterm::cursor::{MoveRight, MoveTo};
use crossterm::queue;
use crossterm::style::{Colored, Print};
use ratatui::backend::IntoCrossterm;
use ratatui::buffer::{Cell, CellWidth};
use ratatui::style::{Color, Modifier};

use super::clusters;

/// How cells look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Look {
    foreground: Color,
    background: Color,
    modifier: Modifier,
}

impl Look {
    fn of(cell: &Cell) -> Self {
        Self {
            foreground: cell.fg,
            background: cell.bg,
            modifier: cell.modifier,
        }
    }
}

/// Attributes of ECMA-48's SGR: what switches each on, and off again.
const ATTRIBUTES: [(Modifier, &str, &str); 8] = [
    (Modifier::BOLD, "1", "22"),
    (Modifier::DIM, "2", "22"),
    (Modifier::ITALIC, "3", "23"),
    (Modifier::UNDERLINED, "4", "24"),
    (Modifier::SLOW_BLINK, "5", "25"),
    (Modifier::RAPID_BLINK, "6", "25"),
    (Modifier::REVERSED, "7", "27"),
    (Modifier::CROSSED_OUT, "9", "29"),
];

/// What switches off two attributes at once, and these.
const SHARED: [(Modifier, Modifier); 2] = [
    (Modifier::BOLD, Modifier::DIM),
    (Modifier::SLOW_BLINK, Modifier::RAPID_BLINK),
];

/// Where the terminal's cursor stands while cells are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pen {
    /// Anywhere.
    Unknown,
    /// In this row, in front of this column. `Exact` only while all that was written in this row
    /// had one column beyond doubt: terminals do not agree on the width of every character.
    At(u16, u16, Certainty),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Certainty {
    Exact,
    AsMeasured,
}

/// Write cells, each with its column and row; afterwards the terminal's style is its own again.
///
/// # Errors
///
/// What `output` returns.
pub fn write<'a>(
    output: &mut impl Write,
    cells: impl Iterator<Item = (u16, u16, &'a Cell)>,
) -> io::Result<()> {
    let mut cells = cells.peekable();
    let (mut look, mut pen) = (Look::default(), Pen::Unknown);
    while let Some((x, y, cell)) = cells.next() {
        // What it covers goes first: over half of a wide character, it would erase the other half.
        let end = x.saturating_add(cell.cell_width());
        let mut clear = x + 1;
        while let Some((x, y, covered)) = cells.next_if(|next| next.1 == y && next.0 < end) {
            put(output, &mut look, &mut pen, (x, y), covered)?;
            clear = x + 1;
        }
        // A terminal may give it fewer columns; what was in the others would stay.
        if end > x.saturating_add(clusters::narrowest(cell.symbol())) {
            let mut blank = cell.clone();
            blank.set_symbol(" ");
            for x in clear..end {
                put(output, &mut look, &mut pen, (x, y), &blank)?;
            }
        }
        put(output, &mut look, &mut pen, (x, y), cell)?;
    }
    change(output, look, Look::default())
}

fn put(
    output: &mut impl Write,
    look: &mut Look,
    pen: &mut Pen,
    (x, y): (u16, u16),
    cell: &Cell,
) -> io::Result<()> {
    let certainty = go_to(output, *pen, x, y)?;
    let next = Look::of(cell);
    change(output, *look, next)?;
    *look = next;
    queue!(output, Print(cell.symbol()))?;
    let mut characters = cell.symbol().chars();
    *pen = match (characters.next(), characters.next()) {
        (Some(' '..='~'), None) => Pen::At(x + 1, y, certainty),
        (_, None) => Pen::At(x + 1, y, Certainty::AsMeasured),
        // Of a cluster of several the width is anyone's guess.
        (_, Some(_)) => Pen::Unknown,
    };
    Ok(())
}

/// Moves the cursor from where it is, and says how certain it is that it is there then.
fn go_to(output: &mut impl Write, pen: Pen, x: u16, y: u16) -> io::Result<Certainty> {
    match pen {
        Pen::At(at, row, certainty) if (at, row) == (x, y) => return Ok(certainty),
        Pen::At(at, row, Certainty::Exact) if row == y && at < x => {
            queue!(output, MoveRight(x - at))?;
        }
        _ => queue!(output, MoveTo(x, y))?,
    }
    Ok(Certainty::Exact)
}

/// Changes the terminal's style from one look to another, in one sequence.
fn change(output: &mut impl Write, from: Look, to: Look) -> io::Result<()> {
    if from == to {
        return Ok(());
    }
    if to == Look::default() {
        return output.write_all(b"\x1b[0m");
    }
    let mut codes = String::new();
    attributes(&mut codes, from.modifier, to.modifier);
    if from.foreground != to.foreground {
        colour(
            &mut codes,
            Colored::ForegroundColor(to.foreground.into_crossterm()),
        );
    }
    if from.background != to.background {
        colour(
            &mut codes,
            Colored::BackgroundColor(to.background.into_crossterm()),
        );
    }
    match codes.strip_suffix(';') {
        Some(codes) => write!(output, "\x1b[{codes}m"),
        None => Ok(()),
    }
}

fn attributes(codes: &mut String, from: Modifier, to: Modifier) {
    let mut from = from;
    let mut last = "";
    for (attribute, _, off) in ATTRIBUTES {
        if from.contains(attribute) && !to.contains(attribute) {
            if off != last {
                code(codes, off);
                last = off;
            }
            // Its twin went with it.
            for (a, b) in SHARED {
                if attribute == a || attribute == b {
                    from.remove(a | b);
                }
            }
        }
    }
    for (attribute, on, _) in ATTRIBUTES {
        if to.contains(attribute) && !from.contains(attribute) {
            code(codes, on);
        }
    }
}

fn code(codes: &mut String, code: &str) {
    codes.push_str(code);
    codes.push(';');
}

fn colour(codes: &mut String, colour: Colored) {
    // Writing to a string cannot fail.
    let _ = write!(codes, "{colour};");
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use std::num::NonZero;

    use proptest::prelude::*;
    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    fn written(cells: &[(u16, u16, &Cell)]) -> String {
        let mut bytes = Vec::new();
        write(&mut bytes, cells.iter().copied()).unwrap();
        String::from_utf8(bytes).unwrap().replace('\x1b', "^")
    }

    fn cell(symbol: &'static str, style: Style) -> Cell {
        let mut cell = Cell::new(symbol);
        cell.set_style(style);
        cell
    }

    #[test]
    fn what_stays_is_not_said_again() {
        let green = Style::new().fg(Color::Rgb(1, 2, 3)).bg(Color::Indexed(7));
        let (a, b) = (cell("a", green), cell("b", green.fg(Color::Reset)));
        assert_eq!(
            written(&[(0, 0, &a), (1, 0, &a), (2, 0, &b)]),
            "^[1;1H^[38;2;1;2;3;48;5;7maa^[39mb^[0m"
        );
    }

    #[test]
    fn a_way_to_the_right_is_short_where_the_column_is_certain() {
        let (a, wide) = (cell("a", Style::new()), cell("·", Style::new()));
        assert_eq!(written(&[(3, 4, &a), (9, 4, &a)]), "^[5;4Ha^[5Ca");
        assert_eq!(written(&[(3, 4, &wide), (9, 4, &a)]), "^[5;4H·^[5;10Ha");
        assert_eq!(written(&[(3, 4, &a), (9, 5, &a)]), "^[5;4Ha^[6;10Ha");
    }

    #[test]
    fn what_a_cluster_covers_goes_first_and_what_follows_has_its_place_said() {
        let [cloud, blank, a] = ["☁\u{fe0f}", " ", "a"].map(|symbol| cell(symbol, Style::new()));
        let cells = [(3, 0, &cloud), (4, 0, &blank), (5, 0, &a)];
        assert_eq!(written(&cells), "^[1;5H ^[1;4H☁\u{fe0f}^[1;6Ha");
    }

    #[test]
    fn an_attribute_that_goes_leaves_the_others() {
        let bold = Style::new().add_modifier(Modifier::BOLD);
        let (both, dim) = (bold.add_modifier(Modifier::DIM), Style::new().dim());
        let (a, b, c) = (cell("a", both), cell("b", dim), cell("c", Style::new()));
        assert_eq!(
            written(&[(0, 0, &a), (1, 0, &b), (2, 0, &c)]),
            "^[1;1H^[1;2ma^[22;2mb^[0mc"
        );
    }

    fn colours() -> impl Strategy<Value = Color> {
        prop_oneof![
            Just(Color::Reset),
            Just(Color::Red),
            Just(Color::LightBlue),
            (0u8..=255).prop_map(Color::Indexed),
            (0u8..=255).prop_map(|red| Color::Rgb(red, 0, 200)),
        ]
    }

    fn looks() -> impl Strategy<Value = Style> {
        let some = Modifier::BOLD | Modifier::ITALIC | Modifier::UNDERLINED | Modifier::REVERSED;
        let modifiers =
            (0u16..0x1ff).prop_map(move |bits| Modifier::from_bits_truncate(bits) & some);
        (colours(), colours(), modifiers).prop_map(|(foreground, background, modifier)| {
            Style::new()
                .fg(foreground)
                .bg(background)
                .add_modifier(modifier)
        })
    }

    fn colour_of(colour: Color) -> vt100::Color {
        match colour {
            Color::Red => vt100::Color::Idx(1),
            Color::LightBlue => vt100::Color::Idx(12),
            Color::Indexed(index) => vt100::Color::Idx(index),
            Color::Rgb(red, green, blue) => vt100::Color::Rgb(red, green, blue),
            _ => vt100::Color::Default,
        }
    }

    proptest! {
        /// Whatever cells are drawn over whatever others, the terminal shows them.
        #[test]
        fn a_terminal_shows_what_was_written(
            frames in prop::collection::vec(
                prop::collection::vec((0u16..12, 0u16..4, "[ -~·█é]", looks()), 0..40),
                1..4,
            ),
        ) {
            let area = Rect::new(0, 0, 12, 4);
            let mut shown = Buffer::empty(area);
            let mut terminal = vt100::Parser::new(NonZero::new(4).unwrap(), NonZero::new(12).unwrap(), 0);
            for frame in frames {
                let mut next = shown.clone();
                for (x, y, symbol, style) in frame {
                    next[(x, y)].set_symbol(&symbol).set_style(style);
                }
                let mut bytes = Vec::new();
                write(&mut bytes, shown.diff(&next).into_iter()).unwrap();
                terminal.process(&bytes);
                shown = next;
            }
            for y in 0..area.height {
                for x in 0..area.width {
                    let (cell, on_screen) = (&shown[(x, y)], terminal.screen().cell(y, x).unwrap());
                    let contents = match on_screen.contents() {
                        "" => " ",
                        contents => contents,
                    };
                    prop_assert_eq!(contents, cell.symbol());
                    prop_assert_eq!(on_screen.fgcolor(), colour_of(cell.fg));
                    prop_assert_eq!(on_screen.bgcolor(), colour_of(cell.bg));
                    prop_assert_eq!(on_screen.bold(), cell.modifier.contains(Modifier::BOLD));
                    prop_assert_eq!(on_screen.italic(), cell.modifier.contains(Modifier::ITALIC));
                    prop_assert_eq!(on_screen.underline(), cell.modifier.contains(Modifier::UNDERLINED));
                    prop_assert_eq!(on_screen.inverse(), cell.modifier.contains(Modifier::REVERSED));
                }
            }
        }
    }
}
