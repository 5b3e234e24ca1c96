//! Removes control, bidi and zero-width characters from the finished buffer, and those that some
//! terminals join and others draw side by side. Tokens come here spelled out; what a user pastes
//! into a field does not.

use std::ops::RangeInclusive;

use icu_properties::CodePointMapData;
use icu_properties::props::GeneralCategory;
use ratatui::buffer::{Buffer, CellWidth};
use unicode_width::UnicodeWidthChar;

/// In the place of a character that shows nothing else.
const NOTHING: &str = "·";

/// Choose between looks of the character before, which terminals count as one column or two.
const VARIANTS: RangeInclusive<char> = '\u{FE00}'..='\u{FE0F}';

/// Leave out control and format characters with all that they join to the character before them,
/// and what makes a character wider than its cell where a terminal takes each one by itself. Each
/// cell keeps its columns.
pub fn take_out(buffer: &mut Buffer) {
    let category = CodePointMapData::<GeneralCategory>::new();
    let steers = |c| {
        matches!(
            category.get(c),
            GeneralCategory::Control | GeneralCategory::Format
        ) || VARIANTS.contains(&c)
    };
    for cell in &mut buffer.content {
        let symbol = cell.symbol();
        if symbol.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            continue;
        }
        let columns = usize::from(symbol.cell_width());
        let mut room = columns;
        let fits = |c: &char| {
            let width = c.width().filter(|_| !steers(*c));
            let left = width.and_then(|width| room.checked_sub(width));
            room = left.unwrap_or(0);
            left.is_some()
        };
        // What has no width of its own would go to the cell before.
        let own = symbol.chars().skip_while(|c| c.width() == Some(0));
        let mut kept: String = own.take_while(fits).collect();
        if kept.is_empty() {
            cell.set_symbol(NOTHING);
        } else if kept.len() < symbol.len() {
            let blanks = columns.saturating_sub(usize::from(kept.cell_width()));
            kept.extend(std::iter::repeat_n(' ', blanks));
            cell.set_symbol(&kept);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::layout::Rect;

    #[test]
    fn what_steers_is_taken_out() {
        for (symbol, left) in [
            ("x", "x"),
            ("日", "日"),
            ("e\u{301}", "e\u{301}"),
            ("a\u{202E}", "a"),
            ("👩\u{200D}👩\u{200D}👧", "👩"),
            ("👍\u{1F3FD}", "👍"),
            ("🇩🇪", "🇩🇪"),
            ("日\u{FE0F}", "日"),
            ("❤\u{FE0F}", "❤ "),
            ("\u{FE0F}", "·"),
            ("\u{301}", "·"),
            ("\u{301}日", "日"),
            ("\u{AD}", "·"),
            ("\u{9B}", "·"),
        ] {
            let mut buffer = Buffer::empty(Rect::new(0, 0, 1, 1));
            buffer[(0, 0)].set_symbol(symbol);
            take_out(&mut buffer);
            assert_eq!(buffer[(0, 0)].symbol(), left, "{symbol:?}");
        }
    }
}
