//! Tokens set in lines of text: how many of them each line takes.

use std::ops::Range;

/// The tokens of each line, where token `i` takes `widths[i]` columns and one more for the border
/// behind it. A token that is wider than a line has a line of its own.
#[must_use]
pub fn token_rows(widths: impl IntoIterator<Item = usize>, line: usize) -> Vec<Range<usize>> {
    let mut rows: Vec<Range<usize>> = Vec::new();
    let mut used = 0;
    for (token, width) in widths.into_iter().enumerate() {
        match rows.last_mut() {
            Some(row) if used + width < line => row.end = token + 1,
            _ => {
                rows.push(token..token + 1);
                used = 0;
            }
        }
        used += width + 1;
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_takes_what_fits() {
        assert_eq!(token_rows([3, 4, 2, 5], 10), [0..2, 2..4]);
        assert_eq!(token_rows([3, 40, 2], 10), [0..1, 1..2, 2..3]);
        assert_eq!(token_rows([], 10), Vec::<Range<usize>>::new());
        assert_eq!(token_rows([1, 1], 0), [0..1, 1..2]);
    }
}
