//! A text field of one line, with its cursor.

use ratatui::text::{Line, Span};
use tui_input::Input;

use super::palette::Palette;
use super::text;

/// The field behind `sign`, in `width` columns; the part around the cursor where it is long.
pub fn line(sign: &str, field: &Input, palette: &Palette<'_>, width: usize) -> Line<'static> {
    let value = field.value();
    let at = value
        .char_indices()
        .nth(field.cursor())
        .map_or(value.len(), |(at, _)| at);
    let (before, after) = value.split_at(at);
    let mut rest = after.chars();
    let under = rest.next().map_or(" ".into(), |c| c.to_string());
    let room = width.saturating_sub(text::width(sign) + 1);
    Line::from(vec![
        Span::styled(sign.to_owned(), palette.accent()),
        Span::raw(text::cut_left(before, room).into_owned()),
        Span::styled(under, palette.selected()),
        Span::raw(rest.as_str().to_owned()),
    ])
}
