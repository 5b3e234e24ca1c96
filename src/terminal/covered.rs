//! Cells that a wide character covers.
//!
//! A terminal need not take for one character what is one here: a letter and a vowel sign behind it
//! are two cells of it, and the second one stays when something else comes into the place of the
//! first. ratatui compares what a cell holds with what it held before, and a covered one holds
//! nothing. So it is marked: once it is covered no longer, it is another cell, and is drawn.

use ratatui::buffer::{Buffer, CellDiffOption, CellWidth};

/// Mark all cells that are covered by the one before them.
pub fn mark(buffer: &mut Buffer) {
    let columns = usize::from(buffer.area.width).max(1);
    for row in buffer.content.chunks_mut(columns) {
        let mut uncovered = 0;
        for column in 0..row.len() {
            if column < uncovered {
                // Where it is covered, it is not compared; so it is not drawn all the time.
                row[column].set_diff_option(CellDiffOption::AlwaysUpdate);
            } else {
                uncovered = column + usize::from(row[column].cell_width()).max(1);
            }
        }
    }
}
