//! The frame around a pane.

use ratatui::buffer::Buffer;
use ratatui::layout::{Margin, Rect};
use ratatui::text::Line;
use ratatui::widgets::{Block, Widget};

use crate::app::{Pane, State};
use crate::display::palette::{Focus, Palette};
use crate::display::text;

/// What stands in a pane's border.
#[derive(Clone, Debug, Default)]
pub struct Titles<'t> {
    /// At the top, on the left.
    pub name: String,
    /// At the top, on the right: of its parts, with ` · ` between them, as many as there is room for.
    pub right: String,
    /// At the bottom.
    pub bottom: Line<'t>,
}

impl Titles<'_> {
    /// Only a name.
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }
}

/// Whether a pane has the focus.
pub fn focus_of(state: &State, pane: Pane) -> Focus {
    if state.view.focus == pane {
        Focus::Here
    } else {
        Focus::Elsewhere
    }
}

/// Draw the frame, and give back what is inside.
pub fn render(
    palette: &Palette<'_>,
    focus: Focus,
    titles: Titles<'_>,
    area: Rect,
    buffer: &mut Buffer,
) -> Rect {
    let room = usize::from(area.width.saturating_sub(4));
    let name = text::cut(&titles.name, room);
    let mut block = Block::bordered()
        .border_type(palette.border_type(focus))
        .border_style(palette.border(focus))
        .title(Line::styled(format!(" {name} "), palette.title(focus)))
        .title_bottom(titles.bottom);
    let room_beside = room.saturating_sub(text::width(&name) + BESIDE);
    if let Some(right) = fitting(&titles.right, room_beside) {
        let right = format!(" {right} ");
        block = block.title(Line::styled(right, palette.muted()).right_aligned());
    }
    block.render(area, buffer);
    area.inner(Margin::new(1, 1))
}

/// Columns between a pane's name and what stands beside it: a space at each end of both, and the
/// border between.
const BESIDE: usize = 4;

/// How many columns a title on the right takes from the name's, where only its first part stays.
pub fn beside(right: &str) -> usize {
    match right.split(PART).next() {
        None | Some("") => 0,
        Some(part) => text::width(part) + BESIDE,
    }
}

/// Between the parts of a title.
const PART: &str = " · ";

/// The first parts of a title that there is room for.
fn fitting(title: &str, room: usize) -> Option<&str> {
    let mut part = title;
    while text::width(part) > room {
        (part, _) = part.rsplit_once(PART)?;
    }
    (!part.is_empty()).then_some(part)
}

/// Draw lines from the top of what is inside a frame, one column in from the border.
pub fn lines<'l>(lines: impl IntoIterator<Item = Line<'l>>, inner: Rect, buffer: &mut Buffer) {
    for (y, line) in (inner.y..inner.bottom()).zip(lines) {
        let place = Rect {
            x: inner.x + 1,
            y,
            width: inner.width.saturating_sub(2),
            height: 1,
        };
        line.render(place.intersection(buffer.area), buffer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_gives_up_its_last_parts_first() {
        let title = "57–64 of 64 · L1–L29";
        assert_eq!(fitting(title, 20), Some(title));
        assert_eq!(fitting(title, 19), Some("57–64 of 64"));
        assert_eq!(fitting(title, 10), None);
        assert_eq!(fitting("", 10), None);
    }
}
