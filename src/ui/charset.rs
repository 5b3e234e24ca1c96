//! The finished screen in ASCII, cell by cell: every character becomes another one of the same
//! width, so that nothing moves.
//!
//! Where an East Asian terminal draws lines, bars and arrows two columns wide, or a locale has no
//! such characters, this is what keeps the screen together.

use ratatui::buffer::{Buffer, CellWidth};
use ratatui::layout::Rect;

use crate::settings::Charset;

/// In the place of a character that is not of our own making. A wide one gets two.
const UNKNOWN: &str = "?";

/// The space in a token.
const SPACE: &str = "·";

/// Make every character of the screen an ASCII one.
pub fn to_ascii(buffer: &mut Buffer) {
    let area = buffer.area;
    for y in area.top()..area.bottom() {
        // Before its neighbours change.
        let separators: Vec<u16> = (area.left()..area.right())
            .filter(|x| is_separator(buffer, *x, y))
            .collect();
        let mut x = area.left();
        while x < area.right() {
            let width = buffer[(x, y)].symbol().cell_width().max(1);
            match separators.contains(&x) {
                true => _ = buffer[(x, y)].set_symbol("|"),
                false => replace(buffer, Rect::new(x, y, width, 1).intersection(area)),
            }
            x += width;
        }
    }
}

/// The names of keys as they are read on a screen of these characters: arrows and the like become
/// words, since what would stand for them are keys themselves.
pub fn key_names(names: &str, charset: Charset) -> String {
    if charset == Charset::Unicode {
        return names.to_owned();
    }
    let mut spelled = String::new();
    let mut is_behind_word = false;
    for c in names.chars() {
        let word = match c {
            '⏎' => "enter",
            '⌫' => "bksp",
            '←' => "left",
            '→' => "right",
            '↑' => "up",
            '↓' => "down",
            '⇧' => {
                spelled.push_str("shift-");
                continue;
            }
            _ => {
                spelled.push(c);
                is_behind_word = false;
                continue;
            }
        };
        if is_behind_word {
            spelled.push('/');
        }
        spelled.push_str(word);
        is_behind_word = true;
    }
    spelled
}

/// Replace the one character that takes all of `place`.
fn replace(buffer: &mut Buffer, place: Rect) {
    let cell = &buffer[place.as_position()];
    let (style, symbol) = (cell.style(), cell.symbol());
    if symbol.is_ascii() {
        // What lost its mark of width keeps its columns by blanks in its own cell.
        let chars: Vec<char> = symbol.chars().collect();
        for (at, c) in place.positions().zip(chars) {
            buffer[at].set_style(style).set_char(c);
        }
        return;
    }
    let mut chars = symbol.chars();
    let own = match (chars.next(), chars.next()) {
        (Some(c), None) => own(c),
        _ => None,
    };
    for at in place.positions() {
        let cell = &mut buffer[at];
        cell.set_style(style);
        match own {
            Some(c) => cell.set_char(c),
            None => cell.set_symbol(UNKNOWN),
        };
    }
}

/// Whether a dot parts two things of a line, as in `Cell · step 1`, and is no space of a token:
/// with one blank to each side and something beyond.
fn is_separator(buffer: &Buffer, x: u16, y: u16) -> bool {
    let symbol = |x: Option<u16>| {
        x.and_then(|x| buffer.cell((x, y)))
            .map(|cell| cell.symbol())
    };
    let is_blank = |by: u16| {
        let sides = [x.checked_sub(by), x.checked_add(by)];
        sides.map(|x| symbol(x).is_none_or(|symbol| symbol == " "))
    };
    symbol(Some(x)) == Some(SPACE) && is_blank(1) == [true; 2] && is_blank(2) == [false; 2]
}

/// What stands for a character of our own, of one column each.
fn own(c: char) -> Option<char> {
    Some(match c {
        '─' | '–' | '−' => '-',
        '│' | '▏' | '‖' => '|',
        '╭' | '╮' | '╰' | '╯' | '┌' | '┐' | '└' | '┘' | '├' | '┤' | '┬' | '┴' | '┼' => {
            '+'
        }
        // The border of the focused pane where there is no colour; its lines above and below
        // are those of a bar.
        '┃' | '┏' | '┓' | '┗' | '┛' => '#',
        // A bar, and the half at its end.
        '━' => '=',
        '╸' | '╺' => '-',
        '┊' => ':',
        '╳' | '×' => 'x',
        '█' => '@',
        '▓' => '#',
        '▒' => '+',
        '░' => '.',
        // The small bars of the log.
        '▁' => '_',
        '▂' => '.',
        '▃' => '-',
        '▄' => '=',
        '▅' => '+',
        '▆' => '*',
        '▇' => '#',
        '▴' | '↑' => '^',
        '▾' | '↓' => 'v',
        '▸' | '›' | '→' | '≥' | '⟩' => '>',
        '◂' | '←' | '≤' | '⟨' => '<',
        '⟦' => '[',
        '⟧' => ']',
        '“' | '”' => '"',
        // Not a star: that is the mark of a run.
        '●' => 'o',
        '±' => '+',
        '½' => 'h',
        // As editors show what goes on beyond the edge.
        '…' => '~',
        '⏎' => '\\',
        '⇥' => '&',
        '·' => '_',
        '\u{2800}'..='\u{28FF}' => dots(c),
        _ => return None,
    })
}

/// Two rows of dots for the four of a Braille character.
fn dots(c: char) -> char {
    const UPPER: u32 = 0b0001_1011;
    const LOWER: u32 = 0b1110_0100;
    let dots = u32::from(c) & 0xFF;
    match (dots & UPPER != 0, dots & LOWER != 0) {
        (true, true) => '*',
        (true, false) => '\'',
        (false, true) => '.',
        (false, false) => ' ',
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::style::{Modifier, Style};

    fn ascii(line: &str) -> String {
        let width = line.cell_width();
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, 1));
        buffer.set_string(0, 0, line, Style::new());
        to_ascii(&mut buffer);
        buffer.content.iter().map(|cell| cell.symbol()).collect()
    }

    #[test]
    fn our_own_characters_have_one_of_their_own() {
        for (shown, expected) in [
            ("╭ Rank ─╮", "+ Rank -+"),
            ("1 ≤3 ≤10 ≥+0.5", "1 <3 <10 >+0.5"),
            ("943▴ 31▾", "943^ 31v"),
            ("▸·are ⏎⇥ ·cabi…", r">_are \& _cabi~"),
            ("⟨E2 82⟩ ⟦x⟧", "<E2 82> [x]"),
            ("━━╸ █▓▒░ ▁▇", "==- @#+. _#"),
            ("⠉⠒⠤⣀⡠⢸\u{2800}", "''...*"),
        ] {
            assert_eq!(ascii(shown).trim_end(), expected, "{shown}");
        }
    }

    #[test]
    fn keys_are_named_in_words() {
        let ascii = |names| key_names(names, Charset::Ascii);
        assert_eq!(ascii("←→"), "left/right");
        assert_eq!(ascii("^J  alt-⏎"), "^J  alt-enter");
        assert_eq!(ascii("⇧tab ⇧↑"), "shift-tab shift-up");
        assert_eq!(key_names("←→", Charset::Unicode), "←→");
    }

    #[test]
    fn a_dot_between_two_things_is_no_space_of_a_token() {
        assert_eq!(
            ascii("Cell · step 1 ·are · L26"),
            "Cell | step 1 _are | L26"
        );
        assert_eq!(ascii("a··b·"), "a__b_");
        assert_eq!(ascii("      · 12"), "      _ 12");
    }

    #[test]
    fn what_is_not_ours_keeps_its_columns() {
        assert_eq!(ascii("日本 é e\u{301} 👍 λ."), "???? ? ? ?? ?.");
    }

    #[test]
    fn a_character_with_a_blank_in_its_cell_becomes_two() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 3, 1));
        buffer[(0, 0)].set_symbol("3 ");
        to_ascii(&mut buffer);
        let symbols: Vec<&str> = buffer.content.iter().map(|cell| cell.symbol()).collect();
        assert_eq!(symbols, ["3", " ", " "]);
    }

    #[test]
    fn a_wide_character_keeps_its_style_in_both_columns() {
        let reversed = Style::new().add_modifier(Modifier::REVERSED);
        let mut buffer = Buffer::empty(Rect::new(0, 0, 3, 1));
        buffer.set_string(0, 0, "日", reversed);
        to_ascii(&mut buffer);
        let is_reversed = |x: u16| buffer[(x, 0)].modifier.contains(Modifier::REVERSED);
        assert_eq!([0, 1, 2].map(is_reversed), [true, true, false]);
    }
}
