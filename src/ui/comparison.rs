//! What table and chart of compare mode have in common: a frame, and the candidates in it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::frame::{self, Titles};
use super::table::delta;
use crate::app::{Compare, Pane, PaneAreas, Series, State, series};
use crate::display::palette::Palette;
use crate::display::{lead_changes, series_label};
use crate::trace::{Layer, Lead, Row};

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

/// Below the table: where the lead changes, or, of several candidates, where the difference of the
/// subtracted pair changes its sign. The chart beside it says the former too.
pub fn order_changes(state: &State, compare: &Compare, palette: &Palette<'_>) -> Line<'static> {
    let Some(difference) = compare.difference() else {
        return Line::default();
    };
    let prompt = state.current_prompt();
    let has_chart = PaneAreas::of(state).is_some_and(|places| !places.chart.is_empty());
    let words = match compare.trajectories().count() {
        ..=2 if has_chart => return Line::default(),
        ..=2 => lead_changes(&leads(state, compare), prompt),
        _ => {
            let [a, b] = [difference.a, difference.b].map(|at| series_label(at, prompt));
            let changes: Vec<String> = difference.changes().iter().map(Layer::to_string).collect();
            let pair = format!("{}logit {a}−{b}", delta(palette.charset()));
            match changes.is_empty() {
                true => format!("{pair} never changes sign"),
                false => format!("{pair} changes sign at {}", changes.join(" ")),
            }
        }
    };
    Line::styled(format!(" {words} "), palette.muted())
}
