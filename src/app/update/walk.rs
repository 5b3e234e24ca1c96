//! Moves through the grid, or through the page that is open.

use ratatui::layout::Size;

use crate::app::cursor::Follow;
use crate::app::{GridRoom, Motion, State};

/// Move through the grid, or through the page that is open.
pub fn walk(state: &mut State, motion: Motion) {
    let page = state.page.as_mut();
    if let Some(page) = page.filter(|page| !page.shows_the_selected_cell()) {
        page.walk(motion, Size::new(state.columns, state.rows));
        return;
    }
    let rows = state.rows();
    let extent = state.extent();
    let room = GridRoom::of(state);
    let page = |visible: usize| isize::try_from((visible * 3 / 4).max(1)).unwrap_or(1);
    let far = isize::MAX;
    let cursor = &mut state.cursor;
    match motion {
        Motion::Left => cursor.move_columns(extent, -1),
        Motion::Right => cursor.move_columns(extent, 1),
        Motion::PageLeft => cursor.move_columns(extent, -page(room.columns)),
        Motion::PageRight => cursor.move_columns(extent, page(room.columns)),
        Motion::FirstStep => cursor.move_columns(extent, -far),
        Motion::LastStep => cursor.follow = Follow::Newest,
        Motion::Up => cursor.move_rows(&rows, -1),
        Motion::Down => cursor.move_rows(&rows, 1),
        Motion::PageUp => cursor.move_rows(&rows, -page(room.rows.min(rows.len()))),
        Motion::PageDown => cursor.move_rows(&rows, page(room.rows.min(rows.len()))),
        Motion::FirstRow => cursor.move_rows(&rows, -far),
        Motion::LastRow => cursor.move_rows(&rows, far),
    }
}
