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
use super::palette::Palette;
use super::{loading, scale};
use crate::app::{GridRoom, Pane, Side, State};
use crate::settings::CellValue;
use crate::trace::Row;

mod difference;
mod figure;
#[cfg(test)]
mod tests;
mod widget;

pub use figure::probability;
pub use widget::{GIVEN, Grid};

/// The grid's pane.
pub fn render(state: &State, palette: &Palette<'_>, area: Rect, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let columns = state.grid_columns();
    let rows = state.rows();
    let titles = Titles {
        name: match state.model.ready {
            Some(_) => title(state, area.width),
            None => "Model".into(),
        },
        right: if columns.is_empty() {
            String::new()
        } else {
            part_in_view(state, &rows)
        },
        bottom: if columns.is_empty() {
            Line::default()
        } else {
            legend(state, palette, area.width)
        },
    };
    let focus = frame::focus_of(state, Pane::Grid);
    let inner = frame::render(palette, focus, titles, area, buffer);
    match &state.model.ready {
        Some(info) if !columns.is_empty() => Grid::new(columns, &rows, &info.vocabulary, *palette)
            .differing_from(state.subtracted().map(|before| before.columns.as_slice()))
            .given(state.grid_run().map_or(0, |run| run.given))
            .options(state.view.grid)
            .first(state.cursor.first_row, state.cursor.first_step)
            .selected(state.cursor.row, state.cursor.step)
            .render(inner, buffer),
        _ => loading::render(state, palette, inner, buffer),
    }
}

/// What the grid shows; of which run, where there are two to choose from.
fn title(state: &State, width: u16) -> String {
    let value = state.view.grid.value;
    let shown = title_of(value, width);
    let (Some(run), Some(before)) = (&state.run, state.kept.before()) else {
        return shown.into();
    };
    match state.kept.side {
        Side::After => shown.into(),
        Side::Before => {
            let name = format!("Before, {}: ", before.id);
            let room = width.saturating_sub(u16::try_from(name.len()).unwrap_or(0));
            format!("{name}{}", title_of(value, room))
        }
        Side::Difference if width < 44 => format!("Rank in {} − in {}", run.id, before.id),
        Side::Difference => format!("Rank in {} − rank in {}, before", run.id, before.id),
    }
}

fn title_of(value: CellValue, width: u16) -> &'static str {
    match value {
        CellValue::Rank if width < 44 => "Rank at each layer",
        CellValue::Rank => "Rank of the chosen token at each layer",
        CellValue::Probability if width < 52 => "Probability at each layer",
        CellValue::Probability => "Probability of the chosen token at each layer",
        CellValue::Entropy => "Entropy of each layer, in nats",
        CellValue::Kl => "KL(final ‖ layer), in nats",
    }
}

/// Which steps and rows are in view, where that is not all of them.
fn part_in_view(state: &State, rows: &[Row]) -> String {
    let room = GridRoom::of(state);
    let cursor = &state.cursor;
    let steps = state.grid_columns().len();
    let mut parts = Vec::new();
    if steps > room.columns {
        let last = (cursor.first_step + room.columns).min(steps);
        parts.push(format!("{}–{last} of {steps}", cursor.first_step + 1));
    }
    if rows.len() > room.rows {
        let last = (cursor.first_row + room.rows).min(rows.len());
        if let (Some(first), Some(last)) = (rows.get(cursor.first_row), rows.get(last - 1)) {
            parts.push(format!("{first}–{last}"));
        }
    }
    parts.join(" · ")
}

/// The scale itself, in the pane's border.
fn legend<'l>(state: &State, palette: &Palette<'_>, width: u16) -> Line<'l> {
    let vocabulary = state.model.ready.as_ref().map_or(0, |info| info.vocab_size);
    let is_difference = state.subtracted().is_some();
    let steps = match is_difference {
        true => difference::legend(),
        false => scale::legend(vocabulary),
    };
    let full: usize = steps.iter().map(|text| text.chars().count() + 2).sum();
    let mut spans = vec![Span::styled(" ", palette.muted())];
    for (step, text) in steps.iter().enumerate() {
        let (style, shade) = match is_difference {
            true => (palette.change(step), " "),
            false => (palette.step(step), palette.shade(step).unwrap_or(" ")),
        };
        let text = if full + 4 <= usize::from(width) {
            format!("{shade}{text} ")
        } else {
            format!("{shade} ")
        };
        spans.push(Span::styled(text, style));
    }
    spans.push(Span::styled(" ", palette.muted()));
    Line::from(spans)
}
