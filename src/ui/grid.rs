//! The grid: layers down, steps across; in each cell what the layer says of the chosen token.
//!
//! ```text
//! ╭ Rank of the chosen token at each layer ──────────────╮
//! │        ·are     ,      ⏎      …                      │
//! │   L0    943    44     13    2041                     │
//! │   L1   132▴   31▴     9▴   1806▴                     │
//! ╰ 1  ≤3  ≤10  ≤100  ≤1k  ≤10k  ≤49k ───────────────────╯
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::frame::{self, Titles};
use super::loading;
use crate::app::{GridRoom, Pane, Side, State};
use crate::display::palette::Palette;
use crate::display::scale::{Scale, Tone};
use crate::display::{BaselineColumns, text, value};
use crate::run::ModelInfo;
use crate::settings::{CellColour, Charset};
use crate::trace::{LensKind, Row};

mod fold;
#[cfg(test)]
mod tests;
mod widget;

pub use crate::display::value::probability;
pub use widget::{GIVEN, Grid};

/// The grid's pane.
pub fn render(state: &State, palette: &Palette<'_>, area: Rect, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let focus = frame::focus_of(state, Pane::Grid);
    let rows = state.rows();
    match &state.model.ready {
        Some(info) if state.extent().shown() > 0 => {
            let grid = grid(state, info, &rows, palette);
            let right = part_in_view(state, &rows);
            let titles = Titles {
                name: title(state, area.width, frame::beside(&right)),
                right,
                bottom: legend(state, &grid, palette, area.width),
            };
            let inner = frame::render(palette, focus, titles, area, buffer);
            grid.render(inner, buffer);
        }
        ready => {
            let titles = Titles::named(match ready {
                Some(_) => title(state, area.width, 0),
                None => "Model".into(),
            });
            let inner = frame::render(palette, focus, titles, area, buffer);
            loading::render(state, palette, inner, buffer);
        }
    }
}

/// The grid, and what it is compared with.
fn grid<'g>(
    state: &'g State,
    info: &'g ModelInfo,
    rows: &'g [Row],
    palette: &Palette<'g>,
) -> Grid<'g> {
    let cursor = &state.cursor;
    let before = state.subtracted().map(|before| BaselineColumns {
        prompt: before.prompt_columns.columns(),
        steps: &before.columns,
    });
    let room = GridRoom::of(state);
    Grid::new(state.grid_columns(), rows, &info.vocabulary, *palette)
        .options(state.settings.options.grid)
        .cell_width(room.cell)
        .row_height(room.height)
        .differing_from(before)
        .given(state.grid_run().map_or(0, |run| run.given))
        .prompt(state.prompt_tokens(), state.prompt_columns())
        .first(cursor.first_row, cursor.first_step)
        .selected(cursor.row, cursor.place())
}

/// What cells say; of which run, where there are two to choose from; while the prompt's columns
/// come, how many there are. So many columns are left for what stands beside it, where that can be.
fn title(state: &State, width: u16, beside: usize) -> String {
    let (there, all) = (state.prompt_columns().len(), state.prompt_tokens().len());
    let progress = match there < all {
        true => format!(" · prompt {there}/{all}"),
        false => String::new(),
    };
    let room = usize::from(width).saturating_sub(4 + text::width(&progress) + beside);
    let value = value::of(state.settings.options.grid.value);
    let title = match (&state.run, state.history.before(), state.history.side) {
        (Some(run), Some(before), Side::Difference) => {
            value.difference_title(run.id, before.id, room)
        }
        (Some(_), Some(before), Side::Before) => {
            let name = format!("Before, {}: ", before.id);
            let rest = room.saturating_sub(text::width(&name));
            format!("{name}{}", value.title(rest))
        }
        _ => value.title(room).to_owned(),
    };
    format!("{title}{progress}")
}

/// Which columns and rows are in view, where that is not all of them.
pub(super) fn part_in_view(state: &State, rows: &[Row]) -> String {
    let room = GridRoom::of(state);
    let cursor = &state.cursor;
    let columns = state.extent().shown();
    let mut parts = Vec::new();
    if columns > room.columns {
        let last = (cursor.first_step + room.columns).min(columns);
        parts.push(format!("{}–{last} of {columns}", cursor.first_step + 1));
    }
    if rows.len() > room.rows {
        let last = (cursor.first_row + room.rows).min(rows.len());
        if let (Some(first), Some(last)) = (rows.get(cursor.first_row), rows.get(last - 1)) {
            parts.push(format!("{first}–{last}"));
        }
    }
    parts.join(" · ")
}

/// The scale of the shown grid; of differences, where they are shown.
fn legend<'l>(state: &State, grid: &Grid<'_>, palette: &Palette<'_>, width: u16) -> Line<'l> {
    match state.subtracted() {
        Some(_) => {
            let value = value::of(state.settings.options.grid.value);
            let steps = value.difference_legend();
            steps_in_border(" ".into(), &steps, value.note(lens(state)), palette, width)
        }
        None => scale_in_border(&grid.scale(), state, palette, width),
    }
}

/// The scale itself, in the pane's border.
pub(super) fn scale_in_border<'l>(
    scale: &Scale,
    state: &State,
    palette: &Palette<'_>,
    width: u16,
) -> Line<'l> {
    let options = state.settings.options.grid;
    let name = match options.colour {
        CellColour::By(colour) if colour != options.value => format!(" {} ", colour.name()),
        _ => " ".into(),
    };
    let note = value::of(options.value).note(lens(state));
    steps_in_border(name, &scale.legend(), note, palette, width)
}

/// Under which lens the grid's cells are.
fn lens(state: &State) -> LensKind {
    state
        .grid_run()
        .map_or(state.settings.options.lens, |run| run.lens)
}

/// A step of a legend, with the blank that parts it from the next. ASCII's `<=` takes the place of
/// the blank too: alone, `<` would leave the bound out.
fn step_of_legend(text: &str, charset: Charset) -> String {
    match charset {
        Charset::Ascii if text.contains(['≤', '≥']) => {
            text.replace('≤', "<=").replace('≥', ">=")
        }
        Charset::Ascii | Charset::Unicode => format!("{text} "),
    }
}

fn steps_in_border<'l>(
    name: String,
    steps: &[(Tone, String)],
    note: Option<&str>,
    palette: &Palette<'_>,
    width: u16,
) -> Line<'l> {
    let full: usize = steps.iter().map(|(_, text)| text::width(text) + 2).sum();
    let room = usize::from(width).saturating_sub(3 + text::width(&name));
    let mut spans = vec![Span::styled(name, palette.muted())];
    for (tone, text) in steps.iter().map(|(tone, text)| (*tone, text)) {
        let shade = palette.tone_shade(tone).unwrap_or(" ");
        let text = if full <= room {
            format!("{shade}{}", step_of_legend(text, palette.charset()))
        } else {
            format!("{shade} ")
        };
        spans.push(Span::styled(text, palette.tone(tone)));
    }
    spans.push(Span::styled(" ", palette.muted()));
    let note = note.map(|note| format!("{note} "));
    spans.extend(
        note.filter(|note| full + text::width(note) <= room)
            .map(|note| Span::styled(note, palette.muted())),
    );
    Line::from(spans)
}
