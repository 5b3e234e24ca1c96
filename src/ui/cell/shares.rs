//! Bars of what each layer adds to the chosen token's final logit, one column or more a layer.
//!
//! ```text
//! attn    ▁  ▂▁▃█▅▂      up: it raises the token
//!       ▇      ▔         down, in reverse video: it lowers it
//! mlp   ▁ ▂▁▁▂▃▅▆█▇▃
//!       ▁
//!                 L26    the selected layer
//! ```

use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use crate::display::palette::Palette;
use crate::display::text;
use crate::trace::{Layer, LayerContribution, LogitAttribution, Row};
use crate::ui::bars;

/// Columns of the names of the parts.
const NAME: usize = 5;

/// The widest column of a layer.
const WIDEST: usize = 4;

/// Rows of both parts, up and down, and the line of the selected layer.
pub const LEAST_HEIGHT: usize = 5;

/// Bars in eighths of a row; the last one fills it.
const EIGHTHS: [&str; 9] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/// The bars of a split logit.
pub struct Shares<'s> {
    /// The split.
    pub attribution: &'s LogitAttribution,
    /// The selected row.
    pub row: Row,
    /// The looks.
    pub palette: &'s Palette<'s>,
}

/// Which of a layer's two shares, and its name.
type Part = (&'static str, fn(&LayerContribution) -> f32);

const PARTS: [Part; 2] = [
    ("attn", |share| share.attention),
    ("mlp", |share| share.feed_forward),
];

impl Shares<'_> {
    /// The bars in `width` columns and at most `height` lines, which are [`LEAST_HEIGHT`] or more.
    #[must_use]
    pub fn lines(&self, width: usize, height: usize) -> Vec<Line<'static>> {
        let layers = self.layers_in_view(width);
        let rows = (height.saturating_sub(1) / (2 * PARTS.len())).clamp(1, 3);
        let most = self.most();
        let mut lines = Vec::new();
        for (name, share) in PARTS {
            for row in 0..rows {
                let name = if row == 0 { name } else { "" };
                let level = rows - 1 - row;
                lines.push(self.bars(name, &layers, |share_of| {
                    up(share(share_of), most, rows, level)
                }));
            }
            for level in 0..rows {
                lines.push(self.bars("", &layers, |share_of| {
                    down(share(share_of), most, rows, level)
                }));
            }
        }
        lines.push(self.axis(&layers));
        lines
    }

    /// The selected row in numbers, in `width` columns.
    #[must_use]
    pub fn selected(&self, width: usize) -> Line<'static> {
        let muted = |words: &'static str| Span::styled(words, self.palette.muted());
        let number = |value| Span::styled(bars::signed(value), bars::of_sign(value, self.palette));
        let mut spans = match self.row {
            Row::Embedding => vec![muted("emb "), number(self.attribution.embedding)],
            Row::Layer(Layer(layer)) | Row::Inside(Layer(layer), _) => {
                match self.attribution.layers.get(layer) {
                    Some(share) => vec![
                        muted("attn "),
                        number(share.attention),
                        muted(", mlp "),
                        number(share.feed_forward),
                    ],
                    None => return Line::default(),
                }
            }
        };
        let of = muted("final logit: ");
        let columns: usize = spans.iter().chain([&of]).map(Span::width).sum();
        if columns <= width {
            spans.insert(0, of);
        }
        Line::from(spans)
    }

    /// The largest share, whichever way it goes.
    fn most(&self) -> f32 {
        let layers = self.attribution.layers.iter();
        layers
            .flat_map(|share| PARTS.map(|(_, of)| of(share).abs()))
            .filter(|size| size.is_finite())
            .fold(0.0, f32::max)
    }

    /// The layers that have room, the selected one among them, and the columns of each.
    fn layers_in_view(&self, width: usize) -> Columns {
        let n = self.attribution.layers.len();
        let room = width.saturating_sub(NAME).max(1);
        let each = (room / n.max(1)).clamp(1, WIDEST);
        let shown = n.min(room / each);
        let selected = match self.row {
            Row::Layer(Layer(layer)) | Row::Inside(Layer(layer), _) => {
                layer.min(n.saturating_sub(1))
            }
            Row::Embedding => 0,
        };
        let first = selected.saturating_sub(shown / 2).min(n - shown);
        Columns {
            first,
            shown,
            each,
            selected,
        }
    }

    fn bars(
        &self,
        name: &str,
        columns: &Columns,
        glyph: impl Fn(&LayerContribution) -> (&'static str, Style),
    ) -> Line<'static> {
        let mut spans = vec![Span::styled(text::left(name, NAME), self.palette.muted())];
        let layers = self.attribution.layers.iter().skip(columns.first);
        for share in layers.take(columns.shown) {
            let (glyph, style) = glyph(share);
            let colour = match style.add_modifier.contains(Modifier::REVERSED) {
                true => self.palette.lowers(),
                false => self.palette.raises(),
            };
            // A gap between bars that are wider than a column.
            let (bar, gap) = match columns.each {
                1 => (1, 0),
                each => (each - 1, 1),
            };
            spans.push(Span::styled(glyph.repeat(bar), colour.patch(style)));
            spans.push(Span::raw(" ".repeat(gap)));
        }
        Line::from(spans)
    }

    /// The selected layer's name under its bar, and those of the first and the last where they
    /// have room.
    fn axis(&self, columns: &Columns) -> Line<'static> {
        let n = columns.first + columns.shown;
        let width = columns.shown * columns.each;
        let mut names = vec![(columns.selected, self.palette.strong())];
        names.push((columns.first, self.palette.muted()));
        names.push((n.saturating_sub(1), self.palette.muted()));
        let mut places: Vec<(usize, String, Style)> = Vec::new();
        for (layer, style) in names {
            let name = Layer(layer).to_string();
            let columns_of = text::width(&name);
            let under = (layer - columns.first) * columns.each;
            let at = under.min(width.saturating_sub(columns_of));
            let is_free = places.iter().all(|(other, name, _)| {
                at + columns_of < *other || *other + text::width(name) < at
            });
            if is_free {
                places.push((at, name, style));
            }
        }
        places.sort_by_key(|(at, ..)| *at);
        let mut spans = vec![Span::raw(" ".repeat(NAME))];
        let mut used = 0;
        for (at, name, style) in places {
            spans.push(Span::raw(" ".repeat(at - used)));
            used = at + text::width(&name);
            spans.push(Span::styled(name, style));
        }
        Line::from(spans)
    }
}

/// Which layers are drawn, and how wide.
struct Columns {
    first: usize,
    shown: usize,
    each: usize,
    selected: usize,
}

/// How many eighths of the row at `level`, counted from the zero, a size fills.
fn eighths(size: f32, most: f32, rows: usize, level: usize) -> usize {
    if most == 0.0 || size <= 0.0 {
        return 0;
    }
    let part = f64::from(size) / f64::from(most);
    // What is there at all has its eighth.
    let all = (part.min(1.0) * (rows * 8) as f64).round() as usize;
    all.saturating_sub(level * 8).min(8)
}

/// The part of a bar above the zero.
fn up(value: f32, most: f32, rows: usize, level: usize) -> (&'static str, Style) {
    (EIGHTHS[eighths(value, most, rows, level)], Style::new())
}

/// The part of a bar below the zero: it hangs from the top of its row, so that what is empty is
/// drawn, in reverse video.
fn down(value: f32, most: f32, rows: usize, level: usize) -> (&'static str, Style) {
    match eighths(-value, most, rows, level) {
        0 => (" ", Style::new()),
        filled => (
            EIGHTHS[8 - filled],
            Style::new().add_modifier(Modifier::REVERSED),
        ),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::settings::Settings;
    use crate::settings::theme::Depth;
    use crate::trace::{Target, TokenId};

    fn attribution(shares: &[(f32, f32)]) -> LogitAttribution {
        let layers = shares
            .iter()
            .map(|(attention, feed_forward)| LayerContribution {
                attention: *attention,
                feed_forward: *feed_forward,
            });
        LogitAttribution {
            target: Target {
                token: TokenId(1),
                minus: None,
            },
            embedding: 0.5,
            layers: layers.collect(),
            bias: 0.0,
            cap: 0.0,
            logit: 0.0,
            rows: Vec::new(),
        }
    }

    /// The lines, with `r` before and after what is in reverse video.
    fn drawn(shares: &[(f32, f32)], selected: usize, width: usize, height: usize) -> Vec<String> {
        let settings = Settings::embedded().unwrap();
        let palette = Palette::new(settings.themes.get(0).unwrap(), Depth::None);
        let shares = Shares {
            attribution: &attribution(shares),
            row: Row::Layer(Layer(selected)),
            palette: &palette,
        };
        let lines = shares.lines(width, height);
        let line = |line: &Line<'_>| {
            let spans = line.spans.iter().map(|span| {
                let text = span.content.to_string();
                match span.style.add_modifier.contains(Modifier::REVERSED) {
                    true => format!("‹{text}›"),
                    false => text,
                }
            });
            spans.collect::<String>().trim_end().to_owned()
        };
        lines.iter().map(line).collect()
    }

    #[test]
    fn what_raises_goes_up_and_what_lowers_hangs_down() {
        let lines = drawn(&[(1.0, 0.0), (-2.0, 0.5), (0.25, -1.0)], 1, 8, 5);
        assert_eq!(
            lines,
            ["attn ▄ ▁", "      ‹ ›", "mlp   ▂", "       ‹▄›", "      L1"]
        );
    }

    #[test]
    fn with_more_height_bars_are_finer() {
        let lines = drawn(&[(1.0, 0.5)], 0, 6, 9);
        assert_eq!(lines[..2], ["attn █", "     █"]);
        assert_eq!(lines[4..6], ["mlp", "     █"]);
        assert_eq!(lines.len(), 9);
    }

    #[test]
    fn of_many_layers_those_around_the_selected_one_are_drawn() {
        let mut shares = vec![(0.0, 0.0); 48];
        shares[40] = (1.0, 1.0);
        let lines = drawn(&shares, 40, 25, 5);
        assert_eq!(lines[0].chars().count(), 5 + 40 - 28 + 1);
        assert!(lines[4].contains("L40"), "{lines:?}");
        assert!(lines.iter().all(|line| line.chars().count() <= 25));
    }

    #[test]
    fn where_nothing_is_added_there_are_no_bars() {
        let lines = drawn(&[(0.0, -0.0), (f32::NAN, 0.0)], 0, 10, 5);
        assert_eq!(lines[..4], ["attn", "", "mlp", ""]);
        assert!(drawn(&[], 0, 10, 5).iter().all(|line| line.len() <= 10));
    }
}
