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
use super::{scroll, spark};
use crate::app::{Pane, Run, State};
use crate::display::palette::Palette;
use crate::display::text;
use crate::settings::Cells;
use crate::trace::{Column, Extent, Place, TokenId};
use crate::vocabulary::{Piece, Vocabulary, visible_text};

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
    let Some(run) = state.grid_run() else {
        let words = "Each generated token gets a line here.";
        let words = text::cut(words, inner.width.into()).into_owned();
        Line::styled(words, palette.muted()).render(inner, buffer);
        return;
    };
    let vocabulary = state.model.ready.as_ref().map(|info| &*info.vocabulary);
    let text = running_text(run, vocabulary, palette, inner.width.into());
    let most = usize::from(inner.height / 3).max(1);
    let height = u16::try_from(text.len().min(most)).unwrap_or(1);
    let [steps, _, below] = inner.layout(&Layout::vertical([
        Constraint::Min(0),
        Constraint::Length(1),
        Constraint::Length(height),
    ]));
    if let Some(info) = &state.model.ready {
        let table = ColumnTable {
            run,
            extent: state.extent(),
            vocabulary: &info.vocabulary,
            selected: state.cursor.place(),
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

/// The end of what was generated, in brackets, in one line of `width` columns: for a screen that has
/// no room for the log.
pub fn newest_text(run: &Run, palette: &Palette<'_>, width: usize) -> Line<'static> {
    let generated = visible_text(&run.text).replace('\n', "⏎");
    let generated = text::cut_left(&generated, width.saturating_sub(4)).into_owned();
    Line::from(vec![
        Span::styled(" ⟦", palette.accent()),
        Span::styled(generated, palette.text()),
        Span::styled("⟧ ", palette.accent()),
    ])
}

/// The prompt and what was generated, the latter in brackets.
fn running_text(
    run: &Run,
    vocabulary: Option<&Vocabulary>,
    palette: &Palette<'_>,
    width: usize,
) -> Vec<Line<'static>> {
    let prompt = match vocabulary {
        Some(vocabulary) if run.framed.is_some() => framed(run, vocabulary, palette),
        _ => vec![(visible_text(run.sent()), palette.muted())],
    };
    let generated = visible_text(&run.text);
    let (bracket, new) = (palette.accent(), palette.text());
    let mut pieces: Vec<(&str, Style)> = prompt
        .iter()
        .map(|(text, style)| (text.as_str(), *style))
        .collect();
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

/// What a chat template made of the prompt, its special tokens told from text that only looks like
/// them.
fn framed(run: &Run, vocabulary: &Vocabulary, palette: &Palette<'_>) -> Vec<(String, Style)> {
    let is_special = |token: &TokenId| matches!(vocabulary.piece(*token), Piece::Special(_));
    let same = |a: &TokenId, b: &TokenId| !is_special(a) && !is_special(b);
    let pieces = run.prompt_tokens.chunk_by(same);
    let styled = pieces.map(|tokens| match tokens {
        [token] if is_special(token) => (vocabulary.label(*token), palette.accent()),
        text => {
            let text = vocabulary.text_behind("", text.iter().copied());
            (visible_text(&text), palette.muted())
        }
    });
    styled.collect()
}

struct ColumnTable<'t> {
    run: &'t Run,
    extent: Extent,
    vocabulary: &'t Vocabulary,
    selected: Place,
    palette: &'t Palette<'t>,
}

impl ColumnTable<'_> {
    fn render(&self, area: Rect, buffer: &mut Buffer) {
        if area.height < 2 {
            return;
        }
        let room = Columns::of(area.width.into());
        Line::styled(room.head(), self.palette.muted()).render(area, buffer);
        let visible = usize::from(area.height - 1);
        let Extent { prompt, .. } = self.extent;
        let all = self.extent.shown();
        let selected = self.selected.index(prompt);
        let first = match self.run.is_active() {
            true => scroll::first_of_growing(selected, all, visible),
            false => scroll::first_of_grown(selected, all, visible),
        };
        let places = (first..all).map(|index| Place::of_index(index, prompt));
        for (y, place) in (area.y + 1..area.bottom()).zip(places) {
            let (line, style) = self.line(&room, place);
            buffer.set_stringn(area.x, y, line, area.width.into(), style);
            if place == self.selected {
                let place = Rect {
                    y,
                    height: 1,
                    ..area
                };
                buffer.set_style(place.intersection(area), self.palette.selected());
            }
        }
    }
}

impl ColumnTable<'_> {
    /// Tokens of the prompt stand back behind the generated ones, and have the letter p.
    fn line(&self, room: &Columns, place: Place) -> (String, Style) {
        let column = self.run.column_at(place);
        let (number, token, style) = match place {
            Place::Prompt(position) => (
                format!("p{}", position.0 + 1),
                self.run.prompt_tokens.get(position.0).copied(),
                self.palette.muted(),
            ),
            Place::Step(step) => (
                (step.0 + 1).to_string(),
                column.map(|column| column.token),
                self.palette.text(),
            ),
        };
        let mark = match place {
            Place::Step(step) if self.run.is_given(step) => super::grid::GIVEN,
            _ => ' ',
        };
        let label = token.map_or_else(String::new, |token| self.vocabulary.label(token));
        let label = format!("{mark}{label}");
        let line = match column {
            Some(column) => room.line(&number, &label, column),
            None => format!("{number:>3} {label}"),
        };
        (line, style)
    }
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

    fn line(&self, number: &str, label: &str, column: &Column) -> String {
        let last = column.layers.last();
        let prob = last.map_or_else(String::new, |cell| {
            super::grid::probability(cell.score.prob, Cells::Exact)
        });
        let mut line = format!(
            "{number:>3} {}  {prob:>5}",
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
