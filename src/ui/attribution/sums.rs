//! The parts of a final logit added up, and whether they agree with it.

use ratatui::text::{Line, Span};

use super::bars;
use crate::trace::Attribution;
use crate::ui::palette::Palette;
use crate::ui::step;

/// What the parts may be off by, from rounding.
const ROUNDING: f32 = 1e-3;

/// The sums over all layers, the other parts, and the final logit.
pub fn lines(attribution: &Attribution, palette: &Palette<'_>, width: usize) -> Vec<Line<'static>> {
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
        let number = Span::styled(bars::signed(value), palette.strong());
        [Span::styled(name, palette.muted()), number]
    });
    lines.extend(step::flow(
        ends.into_iter().chain([agreement]).collect(),
        width,
    ));
    lines
}
