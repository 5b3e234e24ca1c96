//! Moves of the selection or the view, wherever it is.

/// A move of the selection or the view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Motion {
    /// One column to the left.
    Left,
    /// One column to the right.
    Right,
    /// One row or line up.
    Up,
    /// One row or line down.
    Down,
    /// A page of columns to the left.
    PageLeft,
    /// A page of columns to the right.
    PageRight,
    /// A page of rows or lines up.
    PageUp,
    /// A page of rows or lines down.
    PageDown,
    /// To the first column.
    FirstStep,
    /// To the last column, and on with it.
    LastStep,
    /// To the first row.
    FirstRow,
    /// To the last row.
    LastRow,
}

impl Motion {
    /// Where it leads to from line `at` of a list, of which `page` lines are a page. The end of the
    /// list is the caller's to know.
    pub(super) fn in_list(self, at: usize, page: usize) -> usize {
        match self {
            Self::Up => at.saturating_sub(1),
            Self::Down => at.saturating_add(1),
            Self::PageUp => at.saturating_sub(page.max(1)),
            Self::PageDown => at.saturating_add(page.max(1)),
            Self::Left
            | Self::Right
            | Self::PageLeft
            | Self::PageRight
            | Self::FirstStep
            | Self::LastStep
            | Self::FirstRow
            | Self::LastRow => at,
        }
    }
}
