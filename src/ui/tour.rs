//! The tour, in two lines above the key line.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::State;
use crate::display::palette::Palette;
use crate::display::text;

/// Draw it, where it is taken and has room.
pub fn render(state: &State, palette: &Palette<'_>, area: Rect, buffer: &mut Buffer) {
    let Some(tour) = state.tour.as_ref().filter(|_| !area.is_empty()) else {
        return;
    };
    let room = usize::from(area.width.saturating_sub(2));
    let styles = [palette.strong(), palette.accent()];
    for (y, (line, style)) in (area.y..area.bottom()).zip(tour.lines(state).iter().zip(styles)) {
        buffer.set_stringn(area.x + 1, y, text::cut(line, room), room, style);
    }
}
