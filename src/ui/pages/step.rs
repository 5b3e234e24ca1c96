//! What the pages about one step share: their title, their lines, and what they say where there
//! is nothing to show yet.

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::app::{Phase, State};
use crate::display::palette::Palette;
use crate::display::text;
use crate::trace::{LensKind, Row};

/// Said until the first answer is there.
pub const ON_ITS_WAY: &str = "Working it out …";

/// Why nothing can be shown, and what to do; `None` where something can.
#[must_use]
pub fn nothing_yet(state: &State) -> Option<&'static str> {
    match &state.run {
        None if state.model.ready.is_none() => Some("The model is not ready yet."),
        None => Some("Nothing was run yet: go back with Esc, type a prompt and press Enter."),
        Some(run) if run.can_compare() => None,
        Some(run) => Some(match run.phase {
            Phase::Failed(_) => "The run failed before its first token.",
            _ => "The prompt is being processed.",
        }),
    }
}

/// The lens of an answer, behind `…` while a newer answer is on its way.
#[must_use]
pub fn lens_of(lens: LensKind, is_waiting: bool) -> String {
    let mark = if is_waiting { "…  " } else { "" };
    format!("{mark}lens {lens}")
}

/// All rows, `emb` too, in the order of the grid.
#[must_use]
pub fn rows(state: &State) -> Vec<Row> {
    let mut rows = state.rows();
    if !rows.contains(&Row::Embedding) {
        match state.settings.options.grid.top {
            crate::settings::Top::FirstLayer => rows.insert(0, Row::Embedding),
            crate::settings::Top::LastLayer => rows.push(Row::Embedding),
        }
    }
    rows
}

/// A row's name, and a space, in `width` columns; the selected one stands out.
#[must_use]
pub fn row_label(
    row: Row,
    selected: Row,
    width: usize,
    palette: &Palette<'_>,
) -> [Span<'static>; 2] {
    let name = text::right(&row.to_string(), width.saturating_sub(1));
    let style = match row == selected {
        true => palette.selected(),
        false => palette.muted(),
    };
    [Span::styled(name, style), Span::raw(" ")]
}

/// Names and values one after the other, in as many lines as they need.
#[must_use]
pub fn flow(pairs: Vec<[Span<'static>; 2]>, width: usize) -> Vec<Line<'static>> {
    const GAP: &str = "   ";
    let mut lines: Vec<Vec<Span<'static>>> = vec![Vec::new()];
    let mut used = 0;
    for [name, value] in pairs {
        let columns = text::width(&name.content) + 1 + text::width(&value.content);
        if used > 0 && used + columns > width {
            lines.push(Vec::new());
            used = 0;
        }
        used += columns + GAP.len();
        if let Some(line) = lines.last_mut() {
            line.extend([name, Span::raw(" "), value, Span::styled(GAP, Style::new())]);
        }
    }
    lines.into_iter().map(Line::from).collect()
}
