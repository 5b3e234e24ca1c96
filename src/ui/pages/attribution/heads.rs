//! The heads of one attention, as bars in as many columns as they need.

use ratatui::text::{Line, Span};

use super::bars::{self, Diverging};
use crate::app::HeadOrder;
use crate::display::palette::Palette;
use crate::display::text;
use crate::trace::HeadContributions;

/// `H12` and a space.
const LABEL: usize = 5;
/// Between two columns.
const GAP: usize = 2;
/// A wider bar says no more.
const MOST_BAR: usize = 41;

/// A title, then the heads, in at most `height` lines below it.
pub fn lines(
    shares: &HeadContributions,
    order: HeadOrder,
    palette: &Palette<'_>,
    width: usize,
    height: usize,
) -> Vec<Line<'static>> {
    let parts = parts(shares, order);
    let height = height.max(1);
    let least = LABEL + bars::NUMBER + GAP;
    let columns = parts
        .len()
        .div_ceil(height)
        .clamp(1, (width / least).max(1));
    let each = (width + GAP) / columns - GAP;
    let bar = each.saturating_sub(LABEL + bars::NUMBER + 1).min(MOST_BAR);
    let scale = Diverging::new(parts.iter().map(|(_, share)| *share), bar);
    let hidden = parts.len().saturating_sub(columns * height);
    let rows = parts.len().div_ceil(columns).min(height);
    let title = title(shares, order, hidden);
    let scale_words = largest(&parts).map(|largest| format!("{title}, longest bar {largest}"));
    // Two columns show no difference.
    let has_bars = bar > 2;
    let fits = |words: &String| has_bars && text::width(words) <= width;
    let title = scale_words.filter(fits).unwrap_or(title);
    let title = Line::styled(title, palette.muted());
    let rows = (0..rows).map(|row| {
        let in_row = parts.iter().skip(row).step_by(rows).take(columns);
        Line::from_iter(in_row.flat_map(|(name, share)| {
            let mut spans = vec![Span::styled(text::left(name, LABEL), palette.muted())];
            let number = text::right(&bars::fine(*share), bars::NUMBER);
            let style = bars::of_sign(*share, palette);
            spans.push(Span::styled(number, style));
            if has_bars {
                spans.push(Span::raw(" "));
                spans.extend(scale.bar(*share, palette));
            }
            spans.push(Span::raw(" ".repeat(GAP)));
            spans
        }))
    });
    std::iter::once(title).chain(rows).collect()
}

/// The largest part, whichever way it goes.
fn largest(parts: &[(String, f32)]) -> Option<String> {
    let size = |(_, share): &&(String, f32)| share.abs();
    let largest = parts.iter().max_by(|a, b| size(a).total_cmp(&size(b)));
    largest.map(|(_, share)| bars::fine(*share))
}

/// The heads in their order, and the bias where there is one.
fn parts(shares: &HeadContributions, order: HeadOrder) -> Vec<(String, f32)> {
    let mut heads: Vec<(String, f32)> = shares
        .heads
        .iter()
        .enumerate()
        .map(|(head, share)| (format!("H{head}"), *share))
        .collect();
    if order == HeadOrder::BySize {
        heads.sort_by(|(_, a), (_, b)| b.abs().total_cmp(&a.abs()));
    }
    if shares.bias != 0.0 {
        heads.push(("bias".into(), shares.bias));
    }
    heads
}

fn title(shares: &HeadContributions, order: HeadOrder, hidden: usize) -> String {
    let order = match order {
        HeadOrder::BySize => "by size",
        HeadOrder::ByNumber => "by number",
    };
    let more = match hidden {
        0 => String::new(),
        hidden => format!(", {hidden} more"),
    };
    let sum = bars::signed(shares.attention);
    format!("heads of {} {sum}, {order}{more}", shares.layer)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::settings::Settings;
    use crate::settings::theme::Depth;
    use crate::trace::{Layer, Target, TokenId};

    fn shares(heads: Vec<f32>, bias: f32) -> HeadContributions {
        HeadContributions {
            target: Target {
                token: TokenId(1),
                minus: None,
            },
            layer: Layer(3),
            attention: heads.iter().sum::<f32>() + bias,
            heads,
            bias,
        }
    }

    fn drawn(
        shares: &HeadContributions,
        order: HeadOrder,
        width: usize,
        height: usize,
    ) -> Vec<String> {
        let settings = Settings::embedded().unwrap();
        let palette = Palette::new(settings.themes.get(0).unwrap(), Depth::TrueColour);
        let lines = lines(shares, order, &palette, width, height);
        lines
            .iter()
            .map(|line| line.to_string().trim_end().to_owned())
            .collect()
    }

    #[test]
    fn the_largest_comes_first_whichever_way_it_goes() {
        let shares = shares(vec![0.5, -2.0, 1.0], 0.25);
        assert_eq!(
            drawn(&shares, HeadOrder::BySize, 21, 9),
            [
                "heads of L3 -0.25, by size",
                "H1   -2.000 ━━━━│",
                "H2   +1.000     │━━",
                "H0   +0.500     │━",
                "bias +0.250     │╸",
            ]
        );
        let wide = drawn(&shares, HeadOrder::BySize, 60, 9);
        assert_eq!(wide[0], "heads of L3 -0.25, by size, longest bar -2.000");
        let by_number = drawn(&shares, HeadOrder::ByNumber, 21, 9);
        assert!(by_number[1].starts_with("H0") && by_number[2].starts_with("H1"));
    }

    #[test]
    fn many_heads_stand_in_columns_and_what_has_no_room_is_counted() {
        let shares = shares((0..12).map(|head| head as f32).collect(), 0.0);
        let two = drawn(&shares, HeadOrder::ByNumber, 40, 6);
        assert_eq!(two.len(), 7);
        assert!(two[1].starts_with("H0") && two[1].contains("H6"), "{two:?}");
        let cut = drawn(&shares, HeadOrder::ByNumber, 14, 4);
        assert_eq!(cut[0], "heads of L3 +66.00, by number, 8 more");
        assert_eq!(cut.len(), 5);
    }
}
