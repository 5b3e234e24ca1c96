//! The parts of a final logit added up, and whether they agree with it.

use ratatui::text::{Line, Span};

use super::bars;
use crate::display::palette::Palette;
use crate::trace::LogitAttribution;
use crate::ui::pages::step;

/// What the parts may be off by, from rounding.
const ROUNDING: f32 = 1e-3;

/// The sums over all layers, the other parts, and the final logit.
pub fn lines(
    attribution: &LogitAttribution,
    palette: &Palette<'_>,
    width: usize,
) -> Vec<Line<'static>> {
    let layers = &attribution.layers;
    let attention: f32 = layers.iter().map(|share| share.attention).sum();
    let feed_forward: f32 = layers.iter().map(|share| share.feed_forward).sum();
    let mut parts = vec![
        ("embedding", attribution.embedding),
        ("attention", attention),
        ("feed-forward", feed_forward),
        ("bias", attribution.bias),
    ];
    if attribution.cap != 0.0 {
        parts.push(("soft cap", attribution.cap));
    }
    let pair = |name: &'static str, value: f32| {
        let number = Span::styled(bars::signed(value), bars::of_sign(value, palette));
        [Span::styled(name, palette.muted()), number]
    };
    let parts = parts.into_iter().map(|(name, value)| pair(name, value));
    let mut lines = step::flow(parts.collect(), width);
    let sum = attribution.sum();
    let off = (sum - attribution.logit).abs();
    let agreement = if off < ROUNDING {
        [
            Span::styled("they agree within", palette.muted()),
            Span::raw("0.001"),
        ]
    } else {
        let off = Span::styled(format!("{off:.4}"), palette.warning());
        [Span::styled("they differ by", palette.warning()), off]
    };
    let ends = [("sum", sum), ("final logit", attribution.logit)].map(|(name, value)| {
        let number = Span::styled(bars::plain(value), palette.strong());
        [Span::styled(name, palette.muted()), number]
    });
    lines.extend(step::flow(
        ends.into_iter().chain([agreement]).collect(),
        width,
    ));
    lines
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::settings::Settings;
    use crate::settings::theme::Depth;
    use crate::trace::{LayerContribution, Target, TokenId};

    fn drawn(cap: f32, logit: f32, width: usize) -> String {
        let attribution = LogitAttribution {
            target: Target {
                token: TokenId(1),
                minus: None,
            },
            embedding: -0.5,
            layers: vec![
                LayerContribution {
                    attention: 1.0,
                    feed_forward: 2.0,
                };
                2
            ],
            bias: -0.0,
            cap,
            logit,
            rows: vec![Some(0.0); 3],
        };
        let settings = Settings::embedded().unwrap();
        let palette = Palette::new(settings.themes.get(0).unwrap(), Depth::None);
        let lines: Vec<String> = lines(&attribution, &palette, width)
            .iter()
            .map(|line| line.to_string().trim_end().to_owned())
            .collect();
        lines.join("\n")
    }

    #[test]
    fn the_parts_are_added_up_and_agree() {
        assert_eq!(
            drawn(0.0, 5.5, 100),
            "embedding -0.50   attention +2.00   feed-forward +4.00   bias 0.00\n\
             sum 5.50   final logit 5.50   they agree within 0.001"
        );
    }

    #[test]
    fn a_soft_cap_is_one_of_the_parts() {
        let text = drawn(-0.25, 5.25, 100);
        assert!(text.contains("soft cap -0.25\nsum 5.25"), "{text}");
    }

    #[test]
    fn parts_that_do_not_agree_say_by_how_much() {
        assert!(drawn(0.0, 5.25, 100).ends_with("they differ by 0.2500"));
    }

    #[test]
    fn no_line_is_longer_than_its_room() {
        for width in 30..100 {
            let text = drawn(-0.25, 5.25, width);
            assert!(text.lines().all(|line| line.len() <= width), "{text}");
        }
    }
}
