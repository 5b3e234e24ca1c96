//! The selected cell, and the part of the grid that is in view.

use super::GridRoom;
use crate::trace::{Extent, Layer, Place, Position, Row, Step};

/// Whether the selection goes along with the newest step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follow {
    /// The selection moves with each new step.
    Newest,
    /// The selection moves with new steps, as far as this one.
    UpTo(Step),
    /// It stays where the user put it.
    Stay,
}

/// Whether steps are still to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Growth {
    /// The run goes on.
    Growing,
    /// The run has ended, or is a saved one.
    Complete,
}

/// The selected cell, and the part of the grid that is in view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The selected row.
    pub row: Row,
    /// The selected step; the first one while a token of the prompt is selected.
    pub step: Step,
    /// The selected token of the prompt, where it is no step that is selected.
    pub prompt: Option<Position>,
    /// Whether the step goes along with the newest.
    pub follow: Follow,
    /// The first column in view, counted from the prompt's own where they are shown.
    pub first_step: usize,
    /// The first row in view, as an index into `rows`.
    pub first_row: usize,
}

impl Default for Cursor {
    fn default() -> Self {
        Self {
            row: Row::Layer(Layer(usize::MAX)),
            step: Step(0),
            prompt: None,
            follow: Follow::Newest,
            first_step: 0,
            first_row: 0,
        }
    }
}

impl Cursor {
    /// Where the selected row stands among `rows`; the last layer where it is not there.
    #[must_use]
    pub fn row_index(&self, rows: &[Row]) -> usize {
        let last_layer = || rows.iter().position(|row| Some(row) == rows.iter().max());
        rows.iter()
            .position(|row| *row == self.row)
            .or_else(last_layer)
            .unwrap_or(0)
    }

    /// Select another row, `by` rows further down; no further than the edge.
    pub fn move_rows(&mut self, rows: &[Row], by: isize) {
        let at = self.row_index(rows).saturating_add_signed(by);
        if let Some(row) = rows.get(at.min(rows.len().saturating_sub(1))) {
            self.row = *row;
        }
    }

    /// The selected column's place.
    #[must_use]
    pub fn place(&self) -> Place {
        match self.prompt {
            Some(position) => Place::Prompt(position),
            None => Place::Step(self.step),
        }
    }

    /// Select a column. The selection stays there.
    pub fn select(&mut self, place: Place) {
        (self.step, self.prompt) = match place {
            Place::Prompt(position) => (Step(0), Some(position)),
            Place::Step(step) => (step, None),
        };
        self.follow = Follow::Stay;
    }

    /// Select another column, `by` columns on; no further than the edge. The selection stays
    /// there.
    pub fn move_columns(&mut self, extent: Extent, by: isize) {
        let index = self.place().index(extent.prompt).saturating_add_signed(by);
        self.select(Place::of_index(index.min(extent.last()), extent.prompt));
    }

    /// Bring the selection into view, in a grid of these `rows` and columns.
    ///
    /// The view moves by two thirds to three quarters of its size where the user moves, and by a
    /// quarter with what grows, never cell by cell: over SSH each moved cell is sent again.
    pub fn keep_in_view(&mut self, rows: &[Row], extent: Extent, growth: Growth, room: GridRoom) {
        let newest = Step(extent.steps.saturating_sub(1));
        match self.follow {
            Follow::Newest => (self.step, self.prompt) = (newest, None),
            Follow::UpTo(step) => (self.step, self.prompt) = (step, None),
            Follow::Stay => {}
        }
        self.step = self.step.min(newest);
        self.prompt = self.prompt.filter(|position| position.0 <= extent.prompt);
        self.row = rows.get(self.row_index(rows)).copied().unwrap_or(self.row);
        let columns = match growth {
            // A quarter of the room is for those to come: the view moves that far at once, since
            // over SSH each moved cell is sent again.
            Growth::Growing => extent.last() + 1 + room.columns / 4,
            Growth::Complete => extent.last() + 1,
        };
        let selected = self.place().index(extent.prompt);
        self.first_step = jump(self.first_step, selected, room.columns, columns);
        // Whole lines, so that the same rows stay together.
        let fold = room.fold.rows();
        let (line, lines) = (self.row_index(rows) / fold, rows.len().div_ceil(fold));
        self.first_row = fold * jump(self.first_row / fold, line, room.rows / fold, lines);
    }
}

/// The first visible index so that `selected` is among the `visible` ones of `len`, and no room
/// is left at the end.
fn jump(first: usize, selected: usize, visible: usize, len: usize) -> usize {
    let kept = visible.div_ceil(4).min(visible.saturating_sub(1));
    let first = if selected < first {
        // Leave most of the view before it.
        (selected + 1 + kept).saturating_sub(visible)
    } else if selected >= first.saturating_add(visible) {
        selected.saturating_sub(kept)
    } else {
        first
    };
    first.min(selected).min(len.saturating_sub(visible))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::app::Fold;
    use crate::display::grid_rows;
    use crate::settings::{GridOptions, Top, Visibility};

    #[test]
    fn the_view_stays_while_the_selection_is_in_it() {
        assert_eq!(jump(10, 10, 8, 100), 10);
        assert_eq!(jump(10, 17, 8, 100), 10);
    }

    #[test]
    fn it_jumps_by_two_thirds_to_three_quarters() {
        for visible in 4..40 {
            let first = 100;
            let on = jump(first, first + visible, visible, 1000) - first;
            let back = first - jump(first, first - 1, visible, 1000);
            for moved in [on, back] {
                let part = moved as f64 / visible as f64;
                assert!((0.6..=0.75).contains(&part), "{visible}: {moved}");
            }
        }
    }

    #[test]
    fn the_selection_is_always_in_view() {
        for visible in 1..12 {
            for first in 0..30 {
                for selected in 0..30 {
                    let first = jump(first, selected, visible, 30);
                    assert!(first <= selected && selected < first + visible);
                }
            }
        }
    }

    #[test]
    fn no_room_is_left_behind_the_last() {
        assert_eq!(jump(0, 29, 12, 30), 18);
        assert_eq!(jump(25, 26, 12, 30), 18);
        assert_eq!(jump(5, 3, 12, 8), 0);
    }

    #[test]
    fn while_a_run_grows_at_most_a_quarter_is_empty_and_at_its_end_nothing_is() {
        let rows = [Row::Layer(Layer(0))];
        for columns in 1..20 {
            let room = GridRoom {
                columns,
                rows: 8,
                ..GridRoom::default()
            };
            let mut cursor = Cursor::default();
            let mut moves = 0;
            for steps in 1..100 {
                let extent = Extent { prompt: 0, steps };
                let before = cursor.first_step;
                cursor.keep_in_view(&rows, extent, Growth::Growing, room);
                moves += usize::from(cursor.first_step != before);
                let empty = (cursor.first_step + columns).saturating_sub(steps);
                assert!(steps < columns || empty <= columns / 4, "{columns} {steps}");
                assert!(steps > cursor.first_step && steps <= cursor.first_step + columns);
                let mut end = cursor;
                end.keep_in_view(&rows, extent, Growth::Complete, room);
                assert_eq!(end.first_step, steps.saturating_sub(columns));
            }
            assert!(
                moves <= 1 + 100 / (columns / 4).max(1),
                "{columns}: {moves}"
            );
        }
    }

    #[test]
    fn a_turned_grid_keeps_the_selected_layer() {
        let options = |top| GridOptions {
            top,
            embedding: Visibility::Shown,
            ..crate::settings::Options::embedded().unwrap().grid
        };
        let cursor = Cursor {
            row: Row::Layer(Layer(2)),
            ..Cursor::default()
        };
        assert_eq!(
            cursor.row_index(&grid_rows(12, &[], &options(Top::FirstLayer))),
            3
        );
        assert_eq!(
            cursor.row_index(&grid_rows(12, &[], &options(Top::LastLayer))),
            9
        );
    }

    #[test]
    fn at_first_the_last_layer_is_selected() {
        let options = GridOptions {
            top: Top::FirstLayer,
            embedding: Visibility::Hidden,
            ..crate::settings::Options::embedded().unwrap().grid
        };
        let mut cursor = Cursor::default();
        let room = GridRoom {
            columns: 8,
            rows: 8,
            fold: Fold::Single,
            ..GridRoom::default()
        };
        cursor.keep_in_view(
            &grid_rows(12, &[], &options),
            Extent::default(),
            Growth::Complete,
            room,
        );
        assert_eq!(cursor.row, Row::Layer(Layer(11)));
    }

    #[test]
    fn the_way_back_from_the_first_step_goes_into_the_prompt() {
        let extent = Extent {
            prompt: 3,
            steps: 5,
        };
        let mut cursor = Cursor::default();
        cursor.select(Place::Step(Step(1)));
        cursor.move_columns(extent, -2);
        assert_eq!(cursor.place(), Place::Prompt(Position(3)));
        cursor.move_columns(extent, -9);
        assert_eq!(cursor.place(), Place::Prompt(Position(1)));
        cursor.move_columns(extent, isize::MAX);
        assert_eq!(cursor.place(), Place::Step(Step(4)));
    }

    #[test]
    fn where_the_prompt_is_no_longer_shown_the_first_step_is_selected() {
        let room = GridRoom {
            columns: 8,
            rows: 8,
            fold: Fold::Single,
            ..GridRoom::default()
        };
        let rows = [Row::Layer(Layer(0))];
        let mut cursor = Cursor::default();
        cursor.select(Place::Prompt(Position(2)));
        let extent = Extent {
            prompt: 0,
            steps: 5,
        };
        cursor.keep_in_view(&rows, extent, Growth::Complete, room);
        assert_eq!(cursor.place(), Place::Step(Step(0)));
    }

    #[test]
    fn folded_rows_stay_together_and_each_is_selected() {
        let room = GridRoom {
            columns: 8,
            rows: 16,
            fold: Fold::Pairs,
            ..GridRoom::default()
        };
        let rows: Vec<Row> = (0..49).map(|layer| Row::Layer(Layer(layer))).collect();
        let mut cursor = Cursor::default();
        cursor.move_rows(&rows, -isize::MAX);
        let walk = (0..49).map(|_| 1).chain((0..49).map(|_| -1));
        let mut selected = vec![0];
        for by in walk {
            cursor.keep_in_view(&rows, Extent::default(), Growth::Complete, room);
            let at = cursor.row_index(&rows);
            assert_eq!(cursor.first_row % 2, 0);
            assert!((cursor.first_row..cursor.first_row + room.rows).contains(&at));
            if at != *selected.last().unwrap() {
                selected.push(at);
            }
            cursor.move_rows(&rows, by);
        }
        let down_and_up: Vec<usize> = (0..49).chain((1..48).rev()).collect();
        assert_eq!(selected[..down_and_up.len()], down_and_up);
        // The last line is half a one, and in view at the bottom.
        cursor.move_rows(&rows, isize::MAX);
        cursor.keep_in_view(&rows, Extent::default(), Growth::Complete, room);
        assert_eq!(cursor.first_row, 34);
    }
}
