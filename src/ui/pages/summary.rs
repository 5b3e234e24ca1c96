//! The summary: the trace in few numbers, by layer.
//!
//! ```text
//! ╭ Summary · 12 steps · lens normed ────────────────────────────────╮
//! │ mean rank 812.4   mean settling layer 24.3   never settle 2 of 12 │
//! │                                                                   │
//! │ share of steps whose top token is that of the last layer          │
//! │ layer  mean rank  agree                    settle                 │
//! │    L0     9812.1    0 %                         0                 │
//! │    L1     7241.7   17 %  ━━━━                   1  ━              │
//! ╰───────────────────────────────────────────────────────────────────╯
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::Draw;
use crate::app::{SUMMARY_HEAD, State, SummaryPage};
use crate::display::palette::{Focus, Palette};
use crate::display::text;
use crate::trace::{Layer, LayerSummary, Summary};
use crate::ui::frame::{self, Titles};

impl Draw for SummaryPage {
    fn draw(&self, state: &State, palette: &Palette<'_>, area: Rect, buffer: &mut Buffer) {
        let columns = state.prompt_columns().iter().chain(state.grid_columns());
        let summary = Summary::of(columns.map(AsRef::as_ref));
        let (Some(summary), Some(run)) = (summary, &state.run) else {
            let titles = Titles::named("Summary");
            let inner = frame::render(palette, Focus::Here, titles, area, buffer);
            let words = "Nothing to sum up yet: generate first.";
            frame::lines([Line::styled(words, palette.muted())], inner, buffer);
            return;
        };
        let visible = usize::from(area.height.saturating_sub(2 + SUMMARY_HEAD));
        let first = usize::from(self.first);
        let last = (first + visible).min(summary.layers.len());
        let titles = Titles {
            name: format!("Summary · {} · lens {}", counted(state), run.lens),
            right: match last.saturating_sub(first) {
                shown if shown == summary.layers.len() || shown == 0 => String::new(),
                _ => format!("L{first}–L{}", last - 1),
            },
            bottom: Line::default(),
        };
        let inner = frame::render(palette, Focus::Here, titles, area, buffer);
        let width = usize::from(inner.width.saturating_sub(2));
        let table = Table {
            summary: &summary,
            bar: width.saturating_sub(FIGURES) / 2,
            palette,
        };
        let head = [
            overall(&summary, palette),
            Line::default(),
            Line::styled(
                text::cut(
                    "agree: the layer's top token is that of the last layer",
                    width,
                )
                .into_owned(),
                palette.muted(),
            ),
            table.heading(),
        ];
        let layers = summary.layers.iter().enumerate().skip(first);
        let layers = layers.map(|(l, layer)| table.line(Layer(l), layer));
        frame::lines(head.into_iter().chain(layers), inner, buffer);
    }
}

/// `12 steps`, or `4 tokens of the prompt, 12 steps`.
fn counted(state: &State) -> String {
    let steps = match state.grid_columns().len() {
        1 => "1 step".to_owned(),
        n => format!("{n} steps"),
    };
    match state.prompt_columns().len() {
        0 => steps,
        n => format!("{n} tokens of the prompt, {steps}"),
    }
}

fn overall(summary: &Summary, palette: &Palette<'_>) -> Line<'static> {
    let settling = match summary.mean_settling {
        Some(mean) => format!("L{mean:.1}"),
        None => "none".into(),
    };
    let figures = [
        ("mean rank", format!("{:.1}", summary.mean_rank)),
        ("mean settling layer", settling),
        (
            "never settle",
            format!("{} of {}", summary.unsettled, summary.columns),
        ),
    ];
    let spans = figures.into_iter().flat_map(|(name, value)| {
        [
            Span::styled(format!("{name} "), palette.muted()),
            Span::styled(format!("{value}   "), palette.strong()),
        ]
    });
    Line::from(spans.collect::<Vec<_>>())
}

/// What stands beside the two bars: `layer`, `mean rank`, `agree` and `settle`.
const FIGURES: usize = 5 + 2 + 9 + 2 + 5 + 2 + 2 + 6 + 2;

struct Table<'t> {
    summary: &'t Summary,
    /// The length of each bar.
    bar: usize,
    palette: &'t Palette<'t>,
}

impl Table<'_> {
    fn heading(&self) -> Line<'static> {
        let gap = " ".repeat(self.bar);
        let heading = format!("layer  mean rank  agree  {gap}  settle");
        Line::styled(heading, self.palette.muted())
    }

    fn line(&self, layer: Layer, of: &LayerSummary) -> Line<'static> {
        let settle = of.settle as f64 / self.summary.columns as f64;
        let agree = text::left(&text::bar(of.agreement, self.bar), self.bar);
        Line::from(vec![
            Span::styled(text::right(&layer.to_string(), 5), self.palette.muted()),
            Span::raw(format!(
                "  {:>9}  {:>3.0} %  ",
                of.mean_rank
                    .map_or_else(|| "·".into(), |mean| format!("{mean:.1}")),
                of.agreement * 100.0
            )),
            Span::styled(agree, self.palette.accent()),
            Span::raw(format!("  {:>6}  ", of.settle)),
            Span::styled(text::bar(settle, self.bar), self.palette.accent()),
        ])
    }
}
