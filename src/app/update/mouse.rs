//! Clicks and the wheel.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Margin;

use super::act::act;
use crate::app::{Effect, Fold, GridRoom, Pane, PaneAreas, State, label_width};
use crate::settings::Action;
use crate::trace::{Place, Row};

/// Take a click or a turn of the wheel in.
pub fn mouse(state: &mut State, event: MouseEvent) -> Vec<Effect> {
    let Some(places) = PaneAreas::of(state) else {
        return Vec::new();
    };
    if state.page.is_some() {
        return match event.kind {
            MouseEventKind::ScrollUp => act(state, Action::Up),
            MouseEventKind::ScrollDown => act(state, Action::Down),
            _ => Vec::new(),
        };
    }
    let Some(pane) = places.pane_at(event.column, event.row) else {
        return Vec::new();
    };
    match event.kind {
        MouseEventKind::Down(MouseButton::Left) => {
            super::act::focus(state, pane);
            match pane {
                Pane::Grid => click_grid(state, &places, event.column, event.row),
                Pane::Comparison => click_table(state, &places, event.row),
                _ => {}
            }
            Vec::new()
        }
        MouseEventKind::ScrollUp => wheel(state, pane, Action::Up, Action::Left),
        MouseEventKind::ScrollDown => wheel(state, pane, Action::Down, Action::Right),
        MouseEventKind::ScrollLeft => wheel(state, pane, Action::Left, Action::Left),
        MouseEventKind::ScrollRight => wheel(state, pane, Action::Right, Action::Right),
        _ => Vec::new(),
    }
}

/// The log lists steps from top to bottom: the wheel moves through them.
fn wheel(state: &mut State, pane: Pane, by_row: Action, by_step: Action) -> Vec<Effect> {
    match pane {
        Pane::Prompt => Vec::new(),
        Pane::Log => act(state, by_step),
        _ => act(state, by_row),
    }
}

fn click_grid(state: &mut State, places: &PaneAreas, column: u16, row: u16) {
    let inner = places.grid.inner(Margin::new(1, 1));
    let room = GridRoom::of(state);
    let label = label_width(&state.rows(), room.fold);
    let below = row.checked_sub(inner.y + 1);
    let line = below.map(|below| below / room.height.max(1));
    select_row(state, line, room.fold);
    let width = room.cell.max(1);
    if let Some(right) = column.checked_sub(inner.x + label) {
        let column = state.cursor.first_step + usize::from(right / width);
        let extent = state.extent();
        if column < extent.shown() {
            state.cursor.select(Place::of_index(column, extent.prompt));
        }
    }
}

fn click_table(state: &mut State, places: &PaneAreas, row: u16) {
    let inner = places.table.inner(Margin::new(1, 1));
    select_row(state, row.checked_sub(inner.y + 1), Fold::Single);
}

/// Select the row that stands `below` lines under the header: of two, the first one, or the other
/// one of the line that is selected already.
fn select_row(state: &mut State, below: Option<u16>, fold: Fold) {
    let Some(below) = below else { return };
    let rows = state.rows();
    let first = state.cursor.first_row + usize::from(below) * fold.rows();
    let line: Vec<Row> = rows.into_iter().skip(first).take(fold.rows()).collect();
    let selected = line.iter().position(|row| *row == state.cursor.row);
    let next = selected.map_or(0, |at| (at + 1) % line.len());
    if let Some(row) = line.get(next) {
        state.cursor.row = *row;
    }
}
