//! The page of attribution: what each part of the network adds to a final logit.
//!
//! ```text
//! ╭ Attribution · step 1 ·are ──────────────────────────────────────────── lens normed ╮
//! │ The keys to the cabinet ▸ ·are                                                     │
//! │        attention              feed-forward              logit  change              │
//! │  L25   +0.31     │━          +0.40     │━               +9.13   +1.80     │━━━      │
//! │  L26   -0.12    ╺│           +1.21     │━━━━           +12.92   +3.79     │━━━━━━   │
//! │                                                                                    │
//! │ embedding +0.31   attention +3.20   feed-forward +9.41   bias 0.00                 │
//! │ sum +12.92   final logit +12.92   they agree within 0.001                          │
//! ╰────────────────────────────────────────────────────────────────────────────────────╯
//! ```

mod heads;
mod names;
mod sums;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::Draw;
use super::step;
use crate::app::{AttributedLogit, Attribution, ROW_LABEL, SidePanel, State};
use crate::display::palette::{Focus, Palette};
use crate::display::text;
use crate::trace::{self, Layer, Row};
use crate::ui::bars::{self, Diverging};
use crate::ui::frame::{self, Titles};
use crate::ui::{compare, scroll};

impl Draw for Attribution {
    fn draw(&self, state: &State, palette: &Palette<'_>, area: Rect, buffer: &mut Buffer) {
        let found = state.run.as_ref().zip(state.model.ready.as_ref());
        let found = found.and_then(|(run, info)| Some((run, info, self.split(run.id)?)));
        let Some((run, info, split)) = found else {
            let titles = Titles::named("Attribution");
            let inner = frame::render(palette, Focus::Here, titles, area, buffer);
            frame::lines(
                vec![Line::styled(missing(state, self), palette.muted())],
                inner,
                buffer,
            );
            return;
        };
        let target = names::target(self, run, &split, &info.vocabulary);
        let titles = Titles {
            name: format!("Attribution · {} {target}", run.place_of(split.at)),
            right: step::lens_of(split.lens, self.is_waiting()),
            ..Titles::default()
        };
        let inner = frame::render(palette, Focus::Here, titles, area, buffer);
        let width = usize::from(inner.width.saturating_sub(2));
        let height = usize::from(inner.height);
        let sums = sums::lines(&split.attribution, palette, width);
        let sheet = Sheet::new(state, self, &split, palette, width);
        let mut lines = vec![compare::context(state, palette, width)];
        lines.extend(sheet.lines(height.saturating_sub(lines.len() + sums.len())));
        // A blank line before the sums where that costs no layer.
        if height > lines.len() + sums.len() {
            lines.push(Line::default());
        }
        lines.extend(sums);
        frame::lines(lines, inner, buffer);
    }
}

/// Why there is nothing to show, and what to do.
fn missing(state: &State, page: &Attribution) -> &'static str {
    let target = state.run.as_ref().and_then(|run| {
        let column = run.column_at(state.cursor.place());
        page.target(run.id, column)
    });
    match (step::nothing_yet(state), target) {
        (Some(words), _) => words,
        (None, None) => "No token was chosen yet: go back with Esc and press Enter to generate.",
        (None, Some(_)) => step::ON_ITS_WAY,
    }
}

/// Between the halves of the page.
const MIDDLE: usize = 3;
/// Between attention and feed-forward part.
const GAP: usize = 2;
/// A number and a space before its bar.
const BEFORE_BAR: usize = bars::NUMBER + 1;
/// Below this there is no right half.
const LEAST_WITH_LENS: usize = 60;

/// The parts of every layer, and what stands beside them.
struct Sheet<'s> {
    state: &'s State,
    page: &'s Attribution,
    split: &'s AttributedLogit,
    palette: &'s Palette<'s>,
    width: usize,
    /// Columns of a bar.
    bar: usize,
    parts: Diverging,
    changes: Diverging,
}

impl<'s> Sheet<'s> {
    fn new(
        state: &'s State,
        page: &'s Attribution,
        split: &'s AttributedLogit,
        palette: &'s Palette<'s>,
        width: usize,
    ) -> Self {
        let label = usize::from(ROW_LABEL);
        let bar = if width >= LEAST_WITH_LENS {
            let others = label + 3 * BEFORE_BAR + GAP + MIDDLE + bars::NUMBER + GAP;
            width.saturating_sub(others) / 3
        } else {
            width.saturating_sub(label + 2 * BEFORE_BAR + GAP) / 2
        };
        // An odd number: the zero stands in the middle.
        let bar = (bar.clamp(4, 42) - 1) | 1;
        let attribution = &split.attribution;
        let parts = attribution
            .layers
            .iter()
            .flat_map(|share| [share.attention, share.feed_forward])
            .chain([attribution.embedding]);
        let changes = changes(split).into_iter().flatten();
        Self {
            state,
            page,
            split,
            palette,
            width,
            bar,
            parts: Diverging::new(parts, bar),
            changes: Diverging::new(changes, bar),
        }
    }

    /// Columns of the left half.
    fn left(&self) -> usize {
        usize::from(ROW_LABEL) + 2 * (BEFORE_BAR + self.bar) + GAP
    }

    /// The selected row; of one inside a block, the block's.
    fn selected(&self) -> Row {
        let row = self.state.cursor.row;
        row.block().map_or(row, Row::Layer)
    }

    fn has_right_half(&self) -> bool {
        self.width >= LEAST_WITH_LENS
    }

    fn lines(&self, height: usize) -> Vec<Line<'static>> {
        let mut rows = step::rows(self.state);
        // What is inside a block is what the page splits it into.
        rows.retain(|row| !row.is_inside());
        let visible = height.saturating_sub(1);
        let selected = self.selected();
        let at = rows.iter().position(|row| *row == selected).unwrap_or(0);
        let first = scroll::first_of(at, rows.len(), visible);
        let shown = rows.iter().skip(first).take(visible);
        match (self.page.side_panel, self.has_right_half()) {
            (SidePanel::Lens, true) => {
                let rows = shown.map(|row| self.row(*row, self.lens(*row)));
                let heading = self.heading(format!("{:>6}  change under the lens", "logit"));
                std::iter::once(heading).chain(rows).collect()
            }
            (SidePanel::Lens, false) => {
                let rows = shown.map(|row| self.row(*row, Vec::new()));
                let heading = self.heading(String::new());
                std::iter::once(heading).chain(rows).collect()
            }
            (SidePanel::Heads, true) => {
                let room = self.width.saturating_sub(self.left() + MIDDLE);
                let mut heads = self.heads(room, visible).into_iter();
                let title = heads.next().unwrap_or_default();
                let mut lines = vec![self.heading(title.to_string())];
                lines.extend(shown.map(|row| {
                    let beside = heads.next().map_or_else(Vec::new, |line| line.spans);
                    self.row(*row, beside)
                }));
                // A model of few layers can have many heads.
                let indent = Span::raw(" ".repeat(self.left() + MIDDLE));
                lines.extend(heads.map(|line| {
                    let spans = std::iter::once(indent.clone()).chain(line.spans);
                    Line::from_iter(spans)
                }));
                lines
            }
            (SidePanel::Heads, false) => self.heads(self.width, visible),
        }
    }

    /// The heads of the selected layer, behind a title, in at most `height` lines.
    fn heads(&self, width: usize, height: usize) -> Vec<Line<'static>> {
        let words = |words: &'static str| vec![Line::styled(words, self.palette.muted())];
        let run = self.state.run.as_ref().map(|run| run.id);
        let Row::Layer(_) = self.selected() else {
            return words("choose a layer: emb has no heads");
        };
        match run.and_then(|run| self.page.heads.answer(run)) {
            Some(shares) => {
                let target = self.split.attribution.target;
                // The heads of another target or step would be taken for those of this one.
                if shares.target != target {
                    return words(step::ON_ITS_WAY);
                }
                heads::lines(shares, self.page.order, self.palette, width, height)
            }
            None => words(step::ON_ITS_WAY),
        }
    }

    fn heading(&self, beside: String) -> Line<'static> {
        let part = BEFORE_BAR + self.bar;
        let heading = format!(
            "{}{}{}{}{}{beside}",
            " ".repeat(usize::from(ROW_LABEL)),
            text::left("attention", part),
            " ".repeat(GAP),
            text::left("feed-forward", part),
            " ".repeat(MIDDLE),
        );
        Line::styled(heading.trim_end().to_owned(), self.palette.muted())
    }

    /// A row's parts, and what stands beside them.
    fn row(&self, row: Row, beside: Vec<Span<'static>>) -> Line<'static> {
        let attribution: &trace::LogitAttribution = &self.split.attribution;
        let mut spans =
            step::row_label(row, self.selected(), ROW_LABEL.into(), self.palette).to_vec();
        match row {
            Row::Embedding => {
                spans.extend(self.number_and_bar(attribution.embedding, self.parts));
                let word = text::left("◂ embedding", BEFORE_BAR + self.bar);
                spans.push(Span::raw(" ".repeat(GAP)));
                spans.push(Span::styled(word, self.palette.muted()));
            }
            Row::Layer(Layer(layer)) | Row::Inside(Layer(layer), _) => {
                let Some(share) = attribution.layers.get(layer) else {
                    return Line::from(spans);
                };
                spans.extend(self.number_and_bar(share.attention, self.parts));
                spans.push(Span::raw(" ".repeat(GAP)));
                spans.extend(self.number_and_bar(share.feed_forward, self.parts));
            }
        }
        spans.push(Span::raw(" ".repeat(MIDDLE)));
        spans.extend(beside);
        Line::from(spans)
    }

    /// The logit under the lens, and how it has changed since the row below.
    fn lens(&self, row: Row) -> Vec<Span<'static>> {
        let logits = &self.split.attribution.rows;
        let at = match row {
            Row::Embedding => 0,
            Row::Layer(Layer(layer)) | Row::Inside(Layer(layer), _) => layer + 1,
        };
        let Some(Some(here)) = logits.get(at) else {
            return Vec::new();
        };
        let number = text::right(&bars::plain(*here), bars::NUMBER);
        let mut spans = vec![Span::raw(format!("{number}{}", " ".repeat(GAP)))];
        match changes(self.split).get(at).copied() {
            Some(Some(change)) => spans.extend(self.number_and_bar(change, self.changes)),
            Some(None) if at > 0 => {
                let words = format!("{:>1$} the final norm", "·", bars::NUMBER);
                spans.push(Span::styled(words, self.palette.muted()));
            }
            _ => {}
        }
        spans
    }

    fn number_and_bar(&self, value: f32, bars: Diverging) -> Vec<Span<'static>> {
        number_and_bar(value, bars, self.palette)
    }
}

/// How the logit under the lens has changed since the row below, `emb` first; nothing where that
/// cannot be counted.
fn changes(split: &AttributedLogit) -> Vec<Option<f32>> {
    let rows = &split.attribution.rows;
    let n_layers = rows.len().saturating_sub(1);
    let changes = rows.windows(2).enumerate().map(|(layer, pair)| match pair {
        [Some(below), Some(here)] if split.lens.changes_at(Row::Layer(Layer(layer)), n_layers) => {
            Some(here - below)
        }
        _ => None,
    });
    std::iter::once(None).chain(changes).collect()
}

/// A number at the right of its columns, and its bar.
fn number_and_bar(value: f32, bars: Diverging, palette: &Palette<'_>) -> Vec<Span<'static>> {
    let number = text::right(&bars::signed(value), bars::NUMBER);
    let number = Span::styled(format!("{number} "), bars::of_sign(value, palette));
    std::iter::once(number)
        .chain(bars.bar(value, palette))
        .collect()
}
