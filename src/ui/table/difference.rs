//! The table's last column: by how much one candidate's logit is above another's, as a bar to the
//! right of the axis where it is and to the left where it is below.
//!
//! ```text
//!   Δlogit a−b
//!    -1.20  ━━│
//!    +0.40    │╸
//!    +2.31    │━━━━
//! ```

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::app::Difference;
use crate::display::letter;
use crate::display::palette::Palette;
use crate::display::text;
use crate::settings::Charset;
use crate::trace::Row;

/// A space, a sign, five digits with their point, and a space.
const NUMBER: u16 = 8;
/// The narrowest column that has a number.
pub const NARROWEST: u16 = NUMBER + NARROWEST_BARS;
/// The axis and three columns on either side.
const NARROWEST_BARS: u16 = 7;
/// The axis and six columns on either side.
const WIDEST_BARS: u16 = 13;

/// The column as it fits into some room.
pub struct Column<'d> {
    difference: Difference<'d>,
    number: bool,
    bars: u16,
    palette: &'d Palette<'d>,
}

impl<'d> Column<'d> {
    /// The column in at most `room` columns of the screen; `None` where it does not fit.
    pub fn fitting(
        difference: Option<Difference<'d>>,
        room: u16,
        palette: &'d Palette<'d>,
    ) -> Option<Self> {
        let difference = difference?;
        let number = room >= NARROWEST;
        let bars = match number {
            true => room - NUMBER,
            false => room,
        };
        (bars >= NARROWEST_BARS).then_some(Self {
            difference,
            number,
            // Odd, so that the axis stands in the middle.
            bars: (bars.min(WIDEST_BARS) - 1) / 2 * 2 + 1,
            palette,
        })
    }

    /// Columns of the screen that it takes.
    pub fn width(&self) -> u16 {
        self.bars + if self.number { NUMBER } else { 0 }
    }

    /// Who is subtracted from whom.
    pub fn head(&self) -> String {
        let Difference { a, b, .. } = self.difference;
        let pair = format!("{}−{}", letter(a), letter(b));
        let room = usize::from(self.width());
        let delta = delta(self.palette.charset());
        let heads = [format!(" {delta}logit {pair}"), format!(" {delta} {pair}")];
        let fitting = heads.into_iter().find(|head| text::width(head) <= room);
        fitting.unwrap_or(pair)
    }

    /// The number and the bar of a row.
    pub fn line(&self, row: Row) -> Line<'static> {
        let Some(value) = self.difference.at(row) else {
            return Line::default();
        };
        let half = usize::from(self.bars / 2);
        let part = match self.difference.largest() {
            0.0 => 0.0,
            largest => f64::from(value / largest),
        };
        let (left, right) = (leftward(-part, half), text::bar(part, half));
        let mut spans = Vec::new();
        if self.number {
            spans.push(Span::raw(format!("{value:>+7.2} ")));
        }
        spans.push(Span::styled(left, self.style(self.difference.b)));
        spans.push(Span::styled("│", self.palette.muted()));
        spans.push(Span::styled(right, self.style(self.difference.a)));
        Line::from(spans)
    }

    fn style(&self, candidate: usize) -> Style {
        self.palette.line(candidate)
    }
}

/// The sign of a difference. ASCII has none, and leaves its column free.
pub fn delta(charset: Charset) -> char {
    match charset {
        Charset::Unicode => 'Δ',
        Charset::Ascii => ' ',
    }
}

/// A bar for a part of 1 that grows from right to left, in halves of a column.
fn leftward(part: f64, columns: usize) -> String {
    let bar: String = text::bar(part, columns)
        .chars()
        .rev()
        .map(|piece| if piece == '╸' { '╺' } else { piece })
        .collect();
    text::right(&bar, columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leftward_bar_ends_at_the_axis() {
        assert_eq!(leftward(0.5, 4), "  ━━");
        assert_eq!(leftward(0.375, 4), "  ╺━");
        assert_eq!(leftward(-1.0, 4), "    ");
    }
}
