//! Bars to both sides of a zero, and the signed numbers beside them.
//!
//! ```text
//! -1.20    ╺━━│
//! +0.40       │━
//! ```

use ratatui::style::Style;
use ratatui::text::Span;

use crate::display::palette::Palette;
use crate::display::text;

/// Columns of a signed number.
pub const NUMBER: usize = 6;

/// A signed number in at most [`NUMBER`] characters: `+1.20`, `-104.3`, `+12345`, `-2e9`. What is
/// zero at that many places has no sign.
#[must_use]
pub fn signed(value: f32) -> String {
    let size = value.abs();
    if size < 0.005 {
        "0.00".into()
    } else if size < 99.995 {
        format!("{value:+.2}")
    } else if size < 999.95 {
        format!("{value:+.1}")
    } else if size < 99_999.5 {
        format!("{value:+.0}")
    } else {
        format!("{value:+.0e}")
    }
}

/// The same with a digit more where there is room: for parts of a sum that are small themselves.
#[must_use]
pub fn fine(value: f32) -> String {
    match value.abs() {
        ..0.0005 => "0.000".into(),
        ..9.9995 => format!("{value:+.3}"),
        _ => signed(value),
    }
}

/// A number as [`signed`] has it, without a plus: for what is no difference.
#[must_use]
pub fn plain(value: f32) -> String {
    signed(value).trim_start_matches('+').to_owned()
}

/// Bars of one scale, to both sides of a zero.
#[derive(Clone, Copy, Debug)]
pub struct Diverging {
    most: f32,
    side: usize,
}

impl Diverging {
    /// Bars in `columns`, of which one is the zero's; the largest of `values`, whichever way it
    /// goes, takes a whole side.
    #[must_use]
    pub fn new(values: impl IntoIterator<Item = f32>, columns: usize) -> Self {
        let sizes = values.into_iter().map(f32::abs);
        Self {
            most: sizes.filter(|size| size.is_finite()).fold(0.0, f32::max),
            side: columns.saturating_sub(1) / 2,
        }
    }

    /// The bar of a value, from the left end to the right one.
    #[must_use]
    pub fn bar(&self, value: f32, palette: &Palette<'_>) -> [Span<'static>; 3] {
        let halves = self.halves(value);
        let (full, half) = (halves / 2, halves % 2);
        let bar = "━".repeat(full);
        let none = " ".repeat(self.side);
        let zero = Span::styled("│", palette.muted());
        let style = of_sign(value, palette);
        if value < 0.0 {
            let bar = format!("{}{bar}", "╺".repeat(half));
            let left = text::right(&bar, self.side);
            [Span::styled(left, style), zero, Span::raw(none)]
        } else {
            let bar = format!("{bar}{}", "╸".repeat(half));
            let right = text::left(&bar, self.side);
            [Span::raw(none), zero, Span::styled(right, style)]
        }
    }

    /// The length of a bar in halves of a column; what is not finite has the whole side.
    fn halves(&self, value: f32) -> usize {
        if self.most == 0.0 || value == 0.0 {
            return 0;
        }
        let part = f64::from(value.abs()) / f64::from(self.most);
        (part.min(1.0) * self.side as f64 * 2.0).round() as usize
    }
}

/// The look of a number that raises a token, or lowers it.
#[must_use]
pub fn of_sign(value: f32, palette: &Palette<'_>) -> Style {
    if value.abs() < 0.005 {
        palette.muted()
    } else if value < 0.0 {
        palette.lowers()
    } else {
        palette.raises()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::settings::Settings;
    use crate::settings::theme::Depth;

    fn drawn(bars: Diverging, value: f32) -> String {
        let settings = Settings::embedded().unwrap();
        let palette = Palette::new(settings.themes.get(0).unwrap(), Depth::TrueColour);
        let spans = bars.bar(value, &palette);
        spans.iter().map(|span| span.content.as_ref()).collect()
    }

    #[test]
    fn numbers_keep_their_width_and_zero_has_no_sign() {
        for (value, shown) in [
            (0.0, "0.00"),
            (-0.0, "0.00"),
            (-0.004, "0.00"),
            (1.234, "+1.23"),
            (-99.99, "-99.99"),
            (99.996, "+100.0"),
            (-999.96, "-1000"),
            (12_345.6, "+12346"),
            (-2.4e9, "-2e9"),
        ] {
            assert_eq!(signed(value), shown);
            assert_eq!(plain(value), shown.trim_start_matches('+'));
            assert!(signed(value).len() <= NUMBER, "{value}");
        }
    }

    #[test]
    fn bars_go_to_both_sides_and_the_largest_fills_one() {
        let bars = Diverging::new([-2.0, 1.0, 0.25], 9);
        assert_eq!(drawn(bars, -2.0), "━━━━│    ");
        assert_eq!(drawn(bars, 1.0), "    │━━  ");
        assert_eq!(drawn(bars, 0.25), "    │╸   ");
        assert_eq!(drawn(bars, -0.25), "   ╺│    ");
        assert_eq!(drawn(bars, -0.0), "    │    ");
    }

    #[test]
    fn where_all_is_zero_there_are_no_bars() {
        assert_eq!(drawn(Diverging::new([0.0, -0.0], 5), 0.0), "  │  ");
        assert_eq!(drawn(Diverging::new([], 1), 3.0), "│");
    }
}
