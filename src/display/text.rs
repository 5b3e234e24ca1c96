//! Text cut and wrapped to columns of the terminal, never to characters.

use std::borrow::Cow;

use ratatui::buffer::CellWidth;
use unicode_segmentation::UnicodeSegmentation;

/// Columns that a text takes.
#[must_use]
pub fn width(text: &str) -> usize {
    graphemes(text).map(|(_, width)| width).sum()
}

/// `text` in at most `columns`, with `…` where it was cut.
#[must_use]
pub fn cut(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let mut kept = String::new();
    let mut used = 0;
    for (grapheme, width) in graphemes(text) {
        if used + width + 1 > columns {
            break;
        }
        kept.push_str(grapheme);
        used += width;
    }
    if used < columns {
        kept.push('…');
    }
    Cow::Owned(kept)
}

/// The end of `text` in at most `columns`, with `…` where it was cut.
#[must_use]
pub fn cut_left(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let pieces: Vec<(&str, usize)> = graphemes(text).collect();
    let mut first = pieces.len();
    let mut used = 1;
    while let Some((_, width)) = first.checked_sub(1).and_then(|at| pieces.get(at)) {
        if used + width > columns {
            break;
        }
        used += width;
        first -= 1;
    }
    if columns == 0 {
        return Cow::Borrowed("");
    }
    let kept: String = pieces[first..]
        .iter()
        .map(|(grapheme, _)| *grapheme)
        .collect();
    Cow::Owned(format!("…{kept}"))
}

/// `text` in exactly `columns`, at the left.
#[must_use]
pub fn left(text: &str, columns: usize) -> String {
    let text = cut(text, columns);
    let fill = columns.saturating_sub(width(&text));
    format!("{text}{}", " ".repeat(fill))
}

/// `text` in exactly `columns`, at the right.
#[must_use]
pub fn right(text: &str, columns: usize) -> String {
    let text = cut(text, columns);
    let fill = columns.saturating_sub(width(&text));
    format!("{}{text}", " ".repeat(fill))
}

/// A bar for a part of 1, in halves of a column.
#[must_use]
pub fn bar(part: f64, columns: usize) -> String {
    let halves = (part.clamp(0.0, 1.0) * columns as f64 * 2.0).round() as usize;
    let half = if halves % 2 == 1 { "╸" } else { "" };
    format!("{}{half}", "━".repeat(halves / 2))
}

/// The graphemes of a text with their columns; control characters, which ratatui does not draw,
/// are left out.
pub fn graphemes(text: &str) -> impl Iterator<Item = (&str, usize)> {
    text.graphemes(true)
        .filter(|grapheme| !grapheme.contains(char::is_control))
        .map(|grapheme| (grapheme, usize::from(grapheme.cell_width())))
}

/// A text of pieces in lines of at most `columns`; a line is broken behind a space where there
/// is one. Each piece keeps the mark that it came with.
#[must_use]
pub fn wrap<M: Copy + PartialEq>(pieces: &[(&str, M)], columns: usize) -> Vec<Vec<(String, M)>> {
    let columns = columns.max(1);
    let mut lines: Vec<Vec<(String, M)>> = vec![Vec::new()];
    let mut used = 0;
    for (text, mark) in pieces {
        for word in words(text) {
            let word_width = width(word.trim_end());
            if used > 0 && used + word_width > columns {
                lines.push(Vec::new());
                used = 0;
            }
            for (grapheme, width) in word.graphemes(true).map(|g| (g, self::width(g))) {
                if grapheme.contains('\n') || used + width > columns {
                    lines.push(Vec::new());
                    used = 0;
                    if grapheme.contains('\n') || grapheme == " " {
                        continue;
                    }
                }
                push(&mut lines, grapheme, *mark);
                used += width;
            }
        }
    }
    lines
}

/// A text of one look in lines of at most `columns`, as [`wrap`] breaks it, without the spaces at
/// which it was broken.
#[must_use]
pub fn folded(text: &str, columns: usize) -> Vec<String> {
    let lines = wrap(&[(text, ())], columns).into_iter();
    let joined = lines.map(|line| line.into_iter().map(|(text, ())| text).collect::<String>());
    joined.map(|line| line.trim_end().to_owned()).collect()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive([' ', '\n'])
}

fn push<M: Copy + PartialEq>(lines: &mut [Vec<(String, M)>], grapheme: &str, mark: M) {
    let Some(line) = lines.last_mut() else { return };
    match line.last_mut() {
        Some((text, last)) if *last == mark => text.push_str(grapheme),
        _ => line.push((grapheme.to_owned(), mark)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::vocabulary::visible_text;
    use proptest::prelude::*;

    #[test]
    fn a_text_is_cut_by_columns() {
        for (text, columns, shown) in [
            ("cabinet", 7, "cabinet"),
            ("cabinet", 6, "cabin…"),
            ("cabinet", 1, "…"),
            ("cabinet", 0, ""),
            ("日本語", 6, "日本語"),
            ("日本語", 5, "日本…"),
            ("日本語", 4, "日…"),
            ("e\u{301}tat", 3, "e\u{301}t…"),
        ] {
            assert_eq!(cut(text, columns), shown, "{text} in {columns}");
        }
    }

    #[test]
    fn lines_break_behind_spaces() {
        let lines = wrap(&[("The keys to ", 'p'), ("the cabinet", 'g')], 12);
        let lines: Vec<String> = lines
            .iter()
            .map(|line| {
                line.iter()
                    .map(|(text, mark)| format!("{mark}<{text}>"))
                    .collect()
            })
            .collect();
        assert_eq!(lines, ["p<The keys to >", "g<the cabinet>"]);
    }

    #[test]
    fn a_new_line_breaks_and_a_long_word_is_split() {
        let lines = wrap(&[("a\nbcdefg", ())], 4);
        let lines: Vec<String> = lines
            .into_iter()
            .map(|line| line.into_iter().map(|(text, ())| text).collect())
            .collect();
        assert_eq!(lines, ["a", "bcde", "fg"]);
    }

    proptest! {
        #[test]
        fn exact_widths_are_exact(text in ".{0,40}", columns in 0usize..40) {
            prop_assert!(width(&cut(&text, columns)) <= columns);
            prop_assert_eq!(width(&left(&text, columns)), columns);
            prop_assert_eq!(width(&right(&text, columns)), columns);
        }

        #[test]
        fn no_wrapped_line_is_too_long(text in ".{0,80}", columns in 2usize..30) {
            let text = visible_text(&text);
            for line in wrap(&[(&text, ())], columns) {
                let line: String = line.into_iter().map(|(text, ())| text).collect();
                prop_assert!(width(&line) <= columns, "{:?}", line);
            }
        }
    }
}
