//! The last look at the finished screen: characters that steer a terminal or the direction of its
//! text never reach it, nor do those that some terminals join and others draw side by side. Tokens
//! come here spelled out; what a user pastes into a field does not.

use icu_properties::CodePointMapData;
use icu_properties::props::GeneralCategory;
use ratatui::buffer::{Buffer, CellWidth};
use unicode_width::UnicodeWidthChar;

/// In the place of a character that shows nothing else.
const NOTHING: &str = "·";

/// Leave out control and format characters with all that they join to the character before them,
/// and what makes a character wider than its cell where a terminal takes each one by itself. Each
/// cell keeps its columns.
pub fn take_out(buffer: &mut Buffer) {
    let category = CodePointMapData::<GeneralCategory>::new();
    let steers = |c| {
        matches!(
            category.get(c),
            GeneralCategory::Control | GeneralCategory::Format
        )
    };
    for cell in &mut buffer.content {
        let symbol = cell.symbol();
        if symbol.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            continue;
        }
        let mut room = usize::from(symbol.cell_width());
        let fits = |c: &char| {
            let width = c.width().filter(|_| !steers(*c));
            let left = width.and_then(|width| room.checked_sub(width));
            room = left.unwrap_or(0);
            left.is_some()
        };
        let kept: String = symbol.chars().take_while(fits).collect();
        // What has no width of its own would go to the cell before.
        if kept.chars().all(|c| c.width() == Some(0)) {
            cell.set_symbol(NOTHING);
        } else if kept.len() < symbol.len() {
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
            ("\u{FE0F}", "·"),
            ("\u{301}", "·"),
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
