//! Characters that terminals do not agree on: what is one of two columns here, such as a letter
//! with a vowel sign, may be two cells there; a family is one picture, or one for each member.
//!
//! ratatui compares what a cell holds with what it held before. It takes a cell that is covered by
//! the one before it for empty, and one beside a cluster for untouched. Here such cells are marked,
//! so that they are drawn where a terminal may show something else in them.

use ratatui::buffer::{Buffer, CellDiffOption, CellWidth};
use unicode_width::UnicodeWidthChar;

/// Mark all cells that a cluster covers here, or may cover in a terminal.
///
/// A marked cell that is covered is not compared at all. Once it is covered no longer it is another
/// one, and is drawn. One that is not is drawn with each frame.
pub fn mark(buffer: &mut Buffer) {
    let columns = usize::from(buffer.area.width).max(1);
    for row in buffer.content.chunks_mut(columns) {
        let mut reach = 0;
        let mut column = 0;
        let mut before: Option<usize> = None;
        while column < row.len() {
            let covered = column + usize::from(row[column].cell_width()).max(1);
            if column < reach {
                row[column].set_diff_option(CellDiffOption::AlwaysUpdate);
            }
            if joins_the_cell_before(row[column].symbol())
                && let Some(before) = before
            {
                row[before].set_diff_option(CellDiffOption::AlwaysUpdate);
                row[column].set_diff_option(CellDiffOption::AlwaysUpdate);
            }
            before = Some(column);
            reach = reach.max(column + widest(row[column].symbol()));
            for cell in row.iter_mut().take(covered).skip(column + 1) {
                cell.set_diff_option(CellDiffOption::AlwaysUpdate);
            }
            column = covered;
        }
    }
}

/// The most columns that a terminal may take for a cluster: those of its characters one by one.
fn widest(cluster: &str) -> usize {
    cluster.chars().filter_map(UnicodeWidthChar::width).sum()
}

/// The fewest columns that a terminal gives a cluster: those of its widest character, of which few
/// terminals give any more than two.
pub fn narrowest(cluster: &str) -> u16 {
    let wide = |character: char| character.width().unwrap_or(0) > 1;
    if cluster.chars().any(wide) { 2 } else { 1 }
}

/// Whether a terminal may add the beginning of a cluster to the cell before it: a character without
/// a column of its own, as some vowels and signs are that stand before their letter.
fn joins_the_cell_before(cluster: &str) -> bool {
    cluster
        .chars()
        .next()
        .is_some_and(|first| first.width() == Some(0))
}
