//! A text field of one line, with its cursor.

use ratatui::text::{Line, Span};
use tui_input::Input;

use super::palette::Palette;
use super::text;

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

/// The field behind `sign`, in `width` columns.
pub fn line(
    sign: &'static str,
    field: &Input,
    palette: &Palette<'_>,
    width: usize,
) -> Line<'static> {
    let mut spans = vec![Span::styled(sign, palette.accent())];
    let room = width.saturating_sub(text::width(sign));
    spans.extend(self::spans(field, palette, room));
    Line::from(spans)
}
