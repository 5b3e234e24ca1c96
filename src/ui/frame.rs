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
    /// At the top, on the right, where there is room.
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
    let used = text::width(&name) + text::width(&titles.right) + 4;
    if !titles.right.is_empty() && used <= room {
        let right = format!(" {} ", titles.right);
        block = block.title(Line::styled(right, palette.muted()).right_aligned());
    }
    block.render(area, buffer);
    area.inner(Margin::new(1, 1))
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
