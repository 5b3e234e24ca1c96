//! Pure drawing of the program's state: one file a pane, [`palette`](crate::display::palette) for
//! every colour.
//!
//! [`draw`] reads [`State`] and changes nothing; where each pane stands is decided by
//! [`crate::app::PaneAreas`], since paging and clicks depend on it too.

mod bars;
mod cell;
mod charset;
mod chart;
mod command_line;
mod compare;
mod comparison;
mod completion;
mod field;
mod frame;
mod grid;
mod header;
mod keyline;
mod loading;
mod log;
mod pages;
mod prompt;
mod scroll;
mod spark;
mod steering;
mod table;
mod tour;

pub use grid::Grid;

use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::widgets::{Paragraph, Wrap};
use ratatui::{Frame, Terminal};

use crate::app::{InputLine, LEAST_COLUMNS, LEAST_ROWS, PaneAreas, State};
use crate::display::palette::Palette;
use crate::settings::Charset;

/// Draw everything.
pub fn draw(frame: &mut Frame<'_>, state: &State) {
    draw_in(frame, state, state.charset());
}

fn draw_in(frame: &mut Frame<'_>, state: &State, charset: Charset) {
    draw_panes(frame, state, charset);
    steering::take_out(frame.buffer_mut());
    if charset == Charset::Ascii {
        charset::to_ascii(frame.buffer_mut());
    }
}

fn draw_panes(frame: &mut Frame<'_>, state: &State, charset: Charset) {
    let Some(theme) = state.theme() else { return };
    let palette = Palette::new(theme, state.depth()).in_charset(charset);
    let Some(places) = PaneAreas::of(state) else {
        too_small(frame);
        return;
    };
    let buffer = frame.buffer_mut();
    // The terminal may have become smaller than the state knows.
    let clip = |area: ratatui::layout::Rect| area.intersection(buffer.area);
    let places = PaneAreas {
        header: clip(places.header),
        body: clip(places.body),
        keys: clip(places.keys),
        prompt: clip(places.prompt),
        grid: clip(places.grid),
        cell: clip(places.cell),
        log: clip(places.log),
        candidates: clip(places.candidates),
        table: clip(places.table),
        chart: clip(places.chart),
        tour: clip(places.tour),
    };
    header::render(state, &palette, places.header, buffer);
    if state
        .page
        .as_ref()
        .is_none_or(|page| !page.covers_the_panes())
    {
        prompt::render(state, &palette, places.prompt, buffer);
        grid::render(state, &palette, places.grid, buffer);
        cell::render(state, &palette, places.cell, buffer);
        log::render(state, &palette, places.log, buffer);
        compare::render(state, &palette, places.candidates, buffer);
        table::render(state, &palette, places.table, buffer);
        chart::render(state, &palette, places.chart, buffer);
        completion::render(state, &palette, places.candidates, places.body, buffer);
    }
    tour::render(state, &palette, places.tour, buffer);
    if let Some(page) = &state.page {
        pages::drawing(page).draw(state, &palette, places.body, buffer);
    }
    match &state.line {
        Some(InputLine::Command(line)) => {
            let areas = (places.body, places.keys);
            command_line::render(state, line, &palette, areas, buffer);
        }
        _ => keyline::render(state, &palette, places.keys, buffer),
    }
}

/// The screen as it would be drawn now, of these characters.
#[must_use]
pub fn picture(state: &State, charset: Charset) -> Buffer {
    let Ok(mut terminal) = Terminal::new(TestBackend::new(state.columns, state.rows));
    let Ok(_) = terminal.draw(|frame| draw_in(frame, state, charset));
    terminal.backend().buffer().clone()
}

fn too_small(frame: &mut Frame<'_>) {
    let area = frame.area();
    let text = format!(
        "lenscape needs {LEAST_COLUMNS}×{LEAST_ROWS}, this is {}×{}: make the window larger",
        area.width, area.height
    );
    let message = Paragraph::new(text).centered().wrap(Wrap { trim: true });
    frame.render_widget(message, area);
}
