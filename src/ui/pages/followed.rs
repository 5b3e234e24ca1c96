//! A candidate across the whole grid, in the place of all panes: the grid's own cells, with the
//! scores of the candidate instead of those of each step's token.
//!
//! ```text
//! ╭ a ·is followed at each layer · ranks ────────────────╮
//! │        ·are     ,      ⏎      …                      │
//! │   L0    943    44     13    2041                     │
//! ╰ 1  ≤3  ≤10  ≤100  ≤1k  ≤10k  ≤49k ───────────────────╯
//! ```

use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::{Draw, step};
use crate::app::{FollowedCandidates, GridRoom, State};
use crate::display::palette::{Focus, Palette};
use crate::display::{letter, shown};
use crate::trace::{Column, Step};
use crate::ui::frame::{self, Titles};
use crate::ui::grid::{self, Grid};

impl Draw for FollowedCandidates {
    fn draw(&self, state: &State, palette: &Palette<'_>, area: Rect, buffer: &mut Buffer) {
        let name = match self.chosen() {
            Some((place, candidate)) => format!(
                "{} {} at each layer of every step",
                letter(place),
                shown(&candidate.text)
            ),
            None => String::new(),
        };
        let rows = state.rows();
        let columns = columns_in_view(state, self);
        let cursor = &state.cursor;
        let vocabulary = state.model.ready.as_ref().map(|info| &info.vocabulary);
        let Some(vocabulary) = vocabulary.filter(|_| !columns.is_empty()) else {
            let inner = frame::render(palette, Focus::Here, Titles::named(name), area, buffer);
            let words = match state.grid_columns().is_empty() {
                true => "Nothing is generated yet.",
                false => step::ON_ITS_WAY,
            };
            frame::lines([Line::styled(words, palette.muted())], inner, buffer);
            return;
        };
        let selected = Step(cursor.step.0.saturating_sub(first_step(state)));
        let room = GridRoom::of(state);
        let grid = Grid::new(&columns, &rows, vocabulary, *palette)
            .options(state.settings.options.grid)
            .cell_width(room.cell)
            .row_height(room.height)
            .first(cursor.first_row, 0)
            .selected(cursor.row, selected);
        let titles = Titles {
            name,
            right: grid::part_in_view(state, &rows),
            bottom: grid::scale_in_border(&grid.scale(), state, palette, area.width),
        };
        let inner = frame::render(palette, Focus::Here, titles, area, buffer);
        grid.render(inner, buffer);
    }
}

/// The first generated step in view; the prompt's own columns are not followed.
fn first_step(state: &State) -> usize {
    state
        .cursor
        .first_step
        .saturating_sub(state.extent().prompt)
}

/// Only what is in view is put together.
fn columns_in_view(state: &State, followed: &FollowedCandidates) -> Vec<Arc<Column>> {
    let first = first_step(state);
    let of_run = state.grid_columns().iter().enumerate().skip(first);
    of_run
        .take(GridRoom::of(state).columns)
        .map_while(|(step, column)| followed.column(Step(step), column))
        .collect()
}
