//! The list of tokens under the candidates' field.
//!
//! ```text
//! │ › is cab▏                       a ·is   b ·cab │
//! ╰──╭ Tokens ───────────────╮─────────────────────╯
//!    │ ·cabinet        #19042 │
//!    │ ·cabinets       #44530 │
//!    ╰───────────────────────╯
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Clear, Widget};

use super::frame::{self, Titles};
use crate::app::State;
use crate::display::palette::{Focus, Palette};
use crate::display::text;

/// A token's text, its number, and spaces between them.
const WIDTH: u16 = 36;

/// The list over what stands under the `field`, within the `body` of the screen.
pub fn render(state: &State, palette: &Palette<'_>, field: Rect, body: Rect, buffer: &mut Buffer) {
    let (Some(compare), Some(info)) = (&state.compare, &state.model.ready) else {
        return;
    };
    let Some(completion) = &compare.completion else {
        return;
    };
    let height = u16::try_from(completion.tokens.len()).unwrap_or(u16::MAX);
    let area = Rect {
        x: field.x + 2,
        y: field.bottom().saturating_sub(1),
        width: WIDTH,
        height: height.saturating_add(2),
    }
    .intersection(body);
    if area.height < 3 || area.width < 8 {
        return;
    }
    Clear.render(area, buffer);
    let inner = frame::render(palette, Focus::Here, Titles::named("Tokens"), area, buffer);
    let width = usize::from(inner.width);
    let rows = usize::from(inner.height);
    let first = (completion.chosen.unwrap_or(0) + 1).saturating_sub(rows);
    let tokens = completion.tokens.iter().enumerate().skip(first);
    for (y, (at, token)) in (inner.y..inner.bottom()).zip(tokens) {
        let number = format!("#{} ", token.0);
        let label = format!(" {}", info.vocabulary.label(*token));
        let label = text::left(&label, width.saturating_sub(number.len()));
        let style = match completion.chosen == Some(at) {
            true => palette.selected(),
            false => palette.text(),
        };
        let place = Rect {
            y,
            height: 1,
            ..inner
        };
        Line::styled(format!("{label}{number}"), style)
            .render(place.intersection(buffer.area), buffer);
    }
}
