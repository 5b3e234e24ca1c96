//! The command line, in the place of the key line, with what could be typed above it.
//!
//! ```text
//!   set grid.value kl              now rank
//! ▸ set grid.value probability     now rank
//! :set grid.value prob▏
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Widget};

use super::field;
use crate::app::{CommandLine, State};
use crate::display::palette::Palette;
use crate::display::text;

/// Suggestions that are shown at once.
const SHOWN: usize = 8;

/// The command line at `keys`, and suggestions over the end of `body`.
pub fn render(
    state: &State,
    line: &CommandLine,
    palette: &Palette<'_>,
    (body, keys): (Rect, Rect),
    buffer: &mut Buffer,
) {
    let width = usize::from(keys.width.saturating_sub(1));
    field::line(":", &line.field, palette, width).render(keys.intersection(buffer.area), buffer);
    let suggestions = line.suggestions(state);
    let rows = suggestions.len().min(SHOWN).min(body.height.into());
    let selected = line.chosen.unwrap_or(0);
    let first = (selected + 1).saturating_sub(rows);
    let height = u16::try_from(rows).unwrap_or(body.height);
    let area = Rect {
        y: body.bottom() - height,
        height,
        ..body
    }
    .intersection(buffer.area);
    Clear.render(area, buffer);
    let shown = suggestions.iter().enumerate().skip(first);
    for (y, (at, suggestion)) in (area.y..area.bottom()).zip(shown) {
        let is_chosen = line.chosen == Some(at);
        let mark = if is_chosen { "▸ " } else { "  " };
        let room = (width / 2).clamp(20, 44);
        let mut shown = Line::from(vec![
            Span::styled(
                format!("{mark}{}", text::left(&suggestion.line, room)),
                palette.accent(),
            ),
            Span::styled(format!("  {}", suggestion.about), palette.muted()),
        ]);
        if is_chosen {
            shown = shown.patch_style(palette.selected());
        }
        shown.render(
            Rect {
                y,
                height: 1,
                ..area
            },
            buffer,
        );
    }
}
