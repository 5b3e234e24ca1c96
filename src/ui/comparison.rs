//! What table and chart of compare mode have in common: a frame, and the candidates in it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::frame::{self, Titles};
use crate::app::{Compare, Pane, Series, State, series};
use crate::display::palette::Palette;
use crate::display::series_label;
use crate::trace::{Lead, Row};

/// An opened pane of compare mode.
pub struct ComparePane<'s> {
    /// Compare mode.
    pub compare: &'s Compare,
    /// Each candidate at each prompt.
    pub series: Vec<Series<'s>>,
    /// The room inside the frame.
    pub inner: Rect,
}

/// Draw the frame of a pane of compare mode; `None` where there is none to be drawn.
pub fn open<'s>(
    state: &'s State,
    titles: impl FnOnce(&Compare) -> Titles<'static>,
    palette: &Palette<'_>,
    area: Rect,
    buffer: &mut Buffer,
) -> Option<ComparePane<'s>> {
    let compare = state.compare.as_ref().filter(|_| !area.is_empty())?;
    let focus = frame::focus_of(state, Pane::Comparison);
    let inner = frame::render(palette, focus, titles(compare), area, buffer);
    Some(ComparePane {
        compare,
        series: series(state),
        inner: inner.intersection(buffer.area),
    })
}

/// Who leads at the current prompt, in the order of the layers whichever way the grid is turned.
pub fn leads(state: &State, compare: &Compare) -> Vec<Lead> {
    let mut rows: Vec<Row> = state.rows();
    rows.sort();
    compare.leads(&rows)
}

/// The layers at which the order of the subtracted pair changes at the current prompt, as the
/// frame says it.
pub fn order_changes(state: &State, compare: &Compare, palette: &Palette<'_>) -> Line<'static> {
    let Some(difference) = compare.difference() else {
        return Line::default();
    };
    let prompt = state.current_prompt();
    let letters = (
        series_label(difference.a, prompt),
        series_label(difference.b, prompt),
    );
    let changes: Vec<String> = difference
        .changes()
        .iter()
        .map(ToString::to_string)
        .collect();
    let words = match changes.is_empty() {
        true => format!(" {} − {} never changes sign ", letters.0, letters.1),
        false => format!(
            " {} − {} changes sign at {} ",
            letters.0,
            letters.1,
            changes.join(" ")
        ),
    };
    Line::styled(words, palette.muted())
}
