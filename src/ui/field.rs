//! A text field of one line, with its cursor.

use ratatui::text::{Line, Span};
use tui_input::Input;

use crate::app::PrefilledField;
use crate::display::palette::Palette;
use crate::display::text;

/// The text in at most `width` columns up to the cursor; its end, where it is long.
pub fn spans(field: &Input, palette: &Palette<'_>, width: usize) -> Vec<Span<'static>> {
    let value = field.value();
    let at = value
        .char_indices()
        .nth(field.cursor())
        .map_or(value.len(), |(at, _)| at);
    let (before, after) = value.split_at(at);
    let mut rest = after.chars();
    let under = rest.next().map_or(" ".into(), |c| c.to_string());
    let before = text::cut_left(before, width.saturating_sub(1)).into_owned();
    vec![
        Span::raw(before),
        Span::styled(under, palette.selected()),
        Span::raw(rest.as_str().to_owned()),
    ]
}

/// [`spans`] of a field that begins with a text, which is marked while it would be replaced.
pub fn prefilled(
    field: &PrefilledField,
    palette: &Palette<'_>,
    width: usize,
) -> Vec<Span<'static>> {
    let mut spans = spans(field.field(), palette, width);
    if field.is_selected() {
        // The text, and behind it the cursor.
        spans[0].style = palette.selected();
    }
    spans
}

/// The field behind `sign`, in `width` columns.
pub fn line(
    sign: &'static str,
    field: &Input,
    palette: &Palette<'_>,
    width: usize,
) -> Line<'static> {
    let room = width.saturating_sub(text::width(sign));
    behind(sign, spans(field, palette, room), palette)
}

/// A field's spans behind `sign`.
pub fn behind(
    sign: &'static str,
    field: Vec<Span<'static>>,
    palette: &Palette<'_>,
) -> Line<'static> {
    let mut spans = vec![Span::styled(sign, palette.accent())];
    spans.extend(field);
    Line::from(spans)
}
