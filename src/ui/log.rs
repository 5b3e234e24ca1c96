//! The log: one line a step, and the text so far.
//!
//! ```text
//! ╭ Log ─────────────────────────────────────────╮
//! │  #  token        p  rank@½  settles  layers   │
//! │  1  ·are     0.312      82      L27  ▁▁▂▂▃▅██ │
//! │  2  ·in      0.181      17      L24  ▁▂▃▅▆███ │
//! │                                               │
//! │ The keys to the cabinet⟦ are in⟧              │
//! ╰───────────────────────────────────────────────╯
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::frame::{self, Titles};
use super::palette::Palette;
use super::{spark, text};
use crate::app::{Pane, Run, State};
use crate::settings::Cells;
use crate::trace::{Column, Step};
use crate::vocabulary::{Vocabulary, visible_text};

/// The log's pane.
pub fn render(state: &State, palette: &Palette<'_>, area: Rect, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let focus = frame::focus_of(state, Pane::Log);
    let inner =
        frame::render(palette, focus, Titles::named("Log"), area, buffer).intersection(buffer.area);
    let inner = Rect {
        x: inner.x + 1,
        width: inner.width.saturating_sub(2),
        ..inner
    };
    let Some(run) = &state.run else {
        let words = "Each generated token gets a line here.";
        Line::styled(words, palette.muted()).render(inner, buffer);
        return;
    };
    let text = running_text(run, palette, inner.width.into());
    let most = usize::from(inner.height / 3).max(1);
    let height = u16::try_from(text.len().min(most)).unwrap_or(1);
    let [steps, _, below] = inner.layout(&Layout::vertical([
        Constraint::Min(0),
        Constraint::Length(1),
        Constraint::Length(height),
    ]));
    if let Some(info) = &state.model.ready {
        let table = StepTable {
            run,
            vocabulary: &info.vocabulary,
            selected: state.cursor.step,
            palette,
        };
        table.render(steps, buffer);
    }
    let newest = text.len().saturating_sub(height.into());
    for (y, line) in (below.y..below.bottom()).zip(text.into_iter().skip(newest)) {
        line.render(
            Rect {
                y,
                height: 1,
                ..below
            },
            buffer,
        );
    }
}

/// The prompt and what was generated, the latter in brackets.
fn running_text(run: &Run, palette: &Palette<'_>, width: usize) -> Vec<Line<'static>> {
    let prompt = visible_text(&run.prompt);
    let generated = visible_text(&run.text);
    let (given, bracket, new) = (palette.muted(), palette.accent(), palette.text());
    let mut pieces: Vec<(&str, Style)> = vec![(&prompt, given)];
    if !generated.is_empty() {
        pieces.extend([("⟦", bracket), (&generated, new), ("⟧", bracket)]);
    }
    text::wrap(&pieces, width)
        .into_iter()
        .map(|line| {
            let spans = line
                .into_iter()
                .map(|(text, style)| Span::styled(text, style));
            Line::from(spans.collect::<Vec<_>>())
        })
        .collect()
}

struct StepTable<'t> {
    run: &'t Run,
    vocabulary: &'t Vocabulary,
    selected: Step,
    palette: &'t Palette<'t>,
}

impl StepTable<'_> {
    fn render(&self, area: Rect, buffer: &mut Buffer) {
        if area.height < 2 {
            return;
        }
        let room = Columns::of(area.width.into());
        Line::styled(room.head(), self.palette.muted()).render(area, buffer);
        let visible = usize::from(area.height - 1);
        let first = first_visible(self.selected.0, self.run.columns.len(), visible);
        let steps = self.run.columns.iter().enumerate().skip(first);
        for (y, (step, column)) in (area.y + 1..area.bottom()).zip(steps) {
            let label = self.vocabulary.label(column.token);
            let mark = match self.run.is_given(Step(step)) {
                true => super::grid::GIVEN,
                false => ' ',
            };
            let line = room.line(step, &format!("{mark}{label}"), column);
            buffer.set_stringn(area.x, y, line, area.width.into(), self.palette.text());
            if step == self.selected.0 {
                // Number and token only: a whole line is a lot to send at each move.
                let width = u16::try_from(5 + room.token).unwrap_or(u16::MAX);
                let place = Rect {
                    y,
                    height: 1,
                    width,
                    ..area
                };
                buffer.set_style(place.intersection(area), self.palette.selected());
            }
        }
    }
}

/// Blocks of lines rather than one by one, since each moved line is sent again.
fn first_visible(selected: usize, len: usize, visible: usize) -> usize {
    if visible == 0 || len <= visible {
        return 0;
    }
    let block = (visible * 3 / 4).max(1);
    let over = (selected + 1).saturating_sub(visible);
    over.div_ceil(block) * block
}

/// The width of the token's column, and which columns behind it have room.
struct Columns {
    token: usize,
    rank_at_half: bool,
    settles: bool,
    layers: bool,
}

/// `###  ` before the token, and two spaces and a probability behind it.
const LEAST: usize = 5 + 7;
const RANK_AT_HALF: usize = 8;
const SETTLES: usize = 9;

impl Columns {
    fn of(width: usize) -> Self {
        let mut spare = width.saturating_sub(LEAST + 8);
        let mut takes = |columns: usize| {
            let fits = spare >= columns;
            if fits {
                spare -= columns;
            }
            fits
        };
        let layers = takes(spark::BARS + 2);
        let settles = takes(SETTLES);
        let rank_at_half = takes(RANK_AT_HALF);
        Self {
            token: (8 + spare).min(16),
            rank_at_half,
            settles,
            layers,
        }
    }

    fn head(&self) -> String {
        let mut head = format!("  #  {}      p", text::left("token", self.token));
        if self.rank_at_half {
            head.push_str("  rank@½");
        }
        if self.settles {
            head.push_str("  settles");
        }
        if self.layers {
            head.push_str("  layers");
        }
        head
    }

    fn line(&self, step: usize, label: &str, column: &Column) -> String {
        let last = column.layers.last();
        let prob = last.map_or_else(String::new, |cell| {
            super::grid::probability(cell.score.prob, Cells::Exact)
        });
        let mut line = format!(
            "{:>3} {}  {prob:>5}",
            step + 1,
            text::left(label, self.token + 1)
        );
        if self.rank_at_half {
            let half = column.layers.get(column.layers.len() / 2);
            let rank = half.map_or_else(String::new, |cell| cell.score.rank.to_string());
            line.push_str(&format!("  {rank:>6}"));
        }
        if self.settles {
            let settles = match column.settling_layer() {
                Some(layer) => layer.to_string(),
                None => "never".into(),
            };
            line.push_str(&format!("  {settles:>7}"));
        }
        if self.layers {
            line.push_str(&format!("  {}", spark::layers(column)));
        }
        line
    }
}
