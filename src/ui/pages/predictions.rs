//! The page of layer predictions: the best tokens of every layer, side by side.
//!
//! ```text
//! ╭ Layer predictions · step 1 ·are ────────────────────────────── lens normed ╮
//! │ The keys to the cabinet ▸ ·are                                             │
//! │        1                      2                      3                     │
//! │  L25  a·is      0.213 ━━━     ·was     0.112 ━      ▸·are    0.064 ╸       │
//! │  L26  ▸·are     0.180 ━━      a·is     0.171 ━━      ·were   0.090 ━       │
//! ╰ ▸ chosen ·are  a ·is ──────────────────────────────────────────────────────╯
//! ```
//!
//! With another lens beside it, each half has the chosen token's rank first.
//!
//! ```text
//! │        rank  normed                      │    rank  jacobian                │
//! │  L25     12  a·is      0.213 ━━━         │     340  ·cabinet  0.310 ━━━     │
//! ```

mod sizes;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::Draw;
use super::step;
use crate::app::{Fold, Layers, Predictions, Run, State, label_width};
use crate::display::letter;
use crate::display::palette::{Focus, Palette};
use crate::display::text;
use crate::engine::Question;
use crate::run;
use crate::settings::Cells;
use crate::trace::{Cell, LensKind, Row, TokenId};
use crate::ui::frame::{self, Titles};
use crate::ui::{bars, compare, grid, scroll};
use crate::vocabulary::Vocabulary;
use sizes::{GAP, Marks, Sizes};

/// Columns of a rank, with the space behind it.
const RANK: usize = 7;

impl Draw for Predictions {
    fn draw(&self, state: &State, palette: &Palette<'_>, area: Rect, buffer: &mut Buffer) {
        let found = state.run.as_ref().zip(state.model.ready.as_ref());
        let found = found.and_then(|(run, info)| Some((run, info, self.best.newest()?)));
        let found = found.filter(|(run, _, (to, _))| to.run == run.id);
        let Some((run, info, (question, answer))) = found else {
            let titles = Titles::named("Layer predictions");
            let inner = frame::render(palette, Focus::Here, titles, area, buffer);
            let words = match state.model.saved {
                Some(_) => "The file lists no tokens here.",
                None => step::ON_ITS_WAY,
            };
            let words = step::nothing_yet(state).unwrap_or(words);
            frame::lines(vec![Line::styled(words, palette.muted())], inner, buffer);
            return;
        };
        let table = Table {
            state,
            page: self,
            question,
            answer,
            run,
            vocabulary: &info.vocabulary,
            palette,
        };
        let inner = frame::render(palette, Focus::Here, table.titles(area.width), area, buffer);
        let width = usize::from(inner.width.saturating_sub(2));
        let height = usize::from(inner.height);
        let mut lines = vec![compare::context(state, palette, width)];
        lines.extend(match self.layers {
            Layers::All => match self.beside {
                Some(lens) => table.two_lenses(lens, width, height.saturating_sub(1)),
                None => table.all_layers(width, height.saturating_sub(1)),
            },
            Layers::Selected => table.one_layer(width, height.saturating_sub(1)),
        });
        frame::lines(lines, inner, buffer);
    }
}

struct Table<'t> {
    state: &'t State,
    page: &'t Predictions,
    question: &'t Question,
    answer: &'t run::LayerPredictions,
    run: &'t Run,
    vocabulary: &'t Vocabulary,
    palette: &'t Palette<'t>,
}

impl Table<'_> {
    fn titles(&self, width: u16) -> Titles<'static> {
        let place = self.question.ask.at().map(|at| self.run.place_of(at));
        let place = place.map_or_else(String::new, |place| place.to_string());
        let chosen = self.vocabulary.label(self.answer.column.token);
        let mut name = format!("Layer predictions · {place} {chosen}");
        if self.page.layers == Layers::Selected {
            name.push_str(&format!(" · {}", self.state.cursor.row));
        }
        let lens = step::lens_of(self.question.lens, self.page.best.is_waiting());
        Titles {
            name,
            right: format!("best {}  {lens}", self.answer.top_k),
            bottom: self.legend(usize::from(width).saturating_sub(4)),
        }
    }

    /// What the marks stand for.
    fn legend(&self, width: usize) -> Line<'static> {
        let chosen = self.answer.column.token;
        let accent = self.palette.accent();
        let mut marks = vec![("▸ chosen".to_owned(), accent, chosen)];
        marks.extend(self.page.watched.tokens(self.run.id).map(|(at, token)| {
            let style = self.palette.line(at);
            (letter(at).to_string(), style, token)
        }));
        let mut spans = vec![Span::raw(" ")];
        let mut used = 1;
        for (mark, style, token) in marks {
            let label = text::cut(&self.vocabulary.label(token), 16).into_owned();
            let columns = text::width(&mark) + text::width(&label) + 3;
            if used + columns > width {
                break;
            }
            used += columns;
            spans.push(Span::styled(mark, style));
            let label = format!(" {label}  ");
            spans.push(Span::styled(label, self.palette.muted()));
        }
        Line::from(spans)
    }

    /// How many marks stand before a token.
    fn marks(&self) -> Marks {
        match self.page.watched.tokens(self.run.id).next() {
            Some(_) => Marks::ChosenAndWatched,
            None => Marks::Chosen,
        }
    }

    /// One line a layer, its tokens side by side.
    fn all_layers(&self, width: usize, height: usize) -> Vec<Line<'static>> {
        let rows = step::rows(self.state);
        let label = usize::from(label_width(&rows, Fold::Single));
        let room = width.saturating_sub(label);
        let sizes = Sizes::side_by_side(room, self.answer.top_k, self.marks());
        let visible = height.saturating_sub(1);
        let selected = self.state.cursor.row;
        let at = rows.iter().position(|row| *row == selected).unwrap_or(0);
        let first = scroll::first_of(at, rows.len(), visible);
        let mut lines = vec![self.heading(label, &sizes)];
        lines.extend(rows.iter().skip(first).take(visible).map(|row| {
            let mut spans = step::row_label(*row, selected, label, self.palette).to_vec();
            let cell = self.answer.column.cell(*row);
            for (token, prob) in cell.iter().flat_map(|cell| cell.best(sizes.tokens)) {
                spans.extend(self.token(token, prob, &sizes));
                spans.push(Span::raw(" ".repeat(GAP)));
            }
            Line::from(spans)
        }));
        lines
    }

    /// One line a layer, what one lens makes of it beside what the other does: the chosen token's
    /// rank and the best tokens.
    fn two_lenses(&self, beside: LensKind, width: usize, height: usize) -> Vec<Line<'static>> {
        const BETWEEN: &str = " │ ";
        let rows = step::rows(self.state);
        let label = usize::from(label_width(&rows, Fold::Single));
        let room = width.saturating_sub(label + BETWEEN.chars().count());
        let half = room / 2;
        let tokens = half.saturating_sub(RANK);
        let sizes = Sizes::side_by_side(tokens, self.answer.top_k, self.marks());
        let other = self.page.other.newest().filter(|(to, _)| {
            (to.run, to.lens, to.ask.at()) == (self.run.id, beside, self.question.ask.at())
        });
        let columns = [
            Some(&self.answer.column),
            other.map(|(_, other)| &other.column),
        ];
        let between = || Span::styled(BETWEEN, self.palette.muted());
        let names = [self.question.lens, beside].map(|lens| {
            let name = format!("{:>1$} {lens}", "rank", RANK - 1);
            Span::styled(text::left(&name, half), self.palette.muted())
        });
        let [left, right] = names;
        let indent = Span::raw(" ".repeat(label));
        let mut lines = vec![Line::from(vec![indent, left, between(), right])];
        let visible = height.saturating_sub(1);
        let selected = self.state.cursor.row;
        let at = rows.iter().position(|row| *row == selected).unwrap_or(0);
        let first = scroll::first_of(at, rows.len(), visible);
        lines.extend(rows.iter().skip(first).take(visible).map(|row| {
            let mut spans = step::row_label(*row, selected, label, self.palette).to_vec();
            let [left, right] = columns.map(|column| {
                let cell = column.and_then(|column| column.cell(*row));
                self.half(cell, half, &sizes)
            });
            spans.extend(left);
            spans.push(between());
            spans.extend(right);
            Line::from(spans)
        }));
        lines
    }

    /// The chosen token's rank and the best tokens of a row, in `width` columns.
    fn half(&self, cell: Option<&Cell>, width: usize, sizes: &Sizes) -> Vec<Span<'static>> {
        let rank = cell.map_or_else(String::new, |cell| cell.score.rank.to_string());
        let rank = format!("{rank:>0$} ", RANK - 1);
        let mut spans = vec![Span::styled(rank, self.palette.strong())];
        for (token, prob) in cell.iter().flat_map(|cell| cell.best(sizes.tokens)) {
            spans.extend(self.token(token, prob, sizes));
            spans.push(Span::raw(" ".repeat(GAP)));
        }
        let used: usize = spans.iter().map(|span| text::width(&span.content)).sum();
        spans.push(Span::raw(" ".repeat(width.saturating_sub(used))));
        spans
    }

    fn heading(&self, label: usize, sizes: &Sizes) -> Line<'static> {
        let mut heading = " ".repeat(label);
        for place in 1..=sizes.tokens {
            let name = format!("{}{place}", " ".repeat(sizes.mark));
            heading.push_str(&text::left(&name, sizes.width()));
            heading.push_str(&" ".repeat(GAP));
        }
        let hidden = self.answer.top_k.saturating_sub(sizes.tokens);
        if hidden > 0 {
            heading.push_str(&format!("+{hidden}"));
        }
        Line::styled(heading.trim_end().to_owned(), self.palette.muted())
    }

    /// The selected layer's tokens, one below the other.
    fn one_layer(&self, width: usize, height: usize) -> Vec<Line<'static>> {
        let row = self.state.cursor.row;
        let Some(cell) = self.answer.column.cell(row) else {
            return Vec::new();
        };
        let place = |place: String| Span::styled(format!("{place:>5} "), self.palette.muted());
        let sizes = Sizes::alone(width.saturating_sub(6), self.marks());
        let mut lines = self.figures(row, cell, width);
        lines.push(Line::default());
        let chosen = self.answer.column.token;
        let listed = cell.top.iter().any(|(token, _)| *token == chosen);
        let room = height.saturating_sub(lines.len() + usize::from(!listed));
        let hidden = cell.top.len().saturating_sub(room);
        if hidden > 0 {
            // In the blank line, so that it costs no token.
            lines.pop();
            let words = format!("{:>5} more have no room", format!("+{hidden}"));
            lines.push(Line::styled(words, self.palette.muted()));
        }
        lines.extend(cell.best(room).enumerate().map(|(at, (token, prob))| {
            let mut spans = vec![place((at + 1).to_string())];
            spans.extend(self.token(token, prob, &sizes));
            Line::from(spans)
        }));
        if !listed {
            let rank = crate::display::scale::short(u64::from(cell.score.rank));
            let mut spans = vec![place(rank)];
            spans.extend(self.token(chosen, cell.score.prob, &sizes));
            lines.push(Line::from(spans));
        }
        lines
    }

    /// Where the chosen token stands at a row, and what the row's distribution is like.
    fn figures(&self, row: Row, cell: &Cell, width: usize) -> Vec<Line<'static>> {
        let prob = grid::probability(cell.score.prob, Cells::Exact);
        let figures = [
            (
                row.to_string(),
                self.vocabulary.label(self.answer.column.token),
            ),
            ("rank".into(), cell.score.rank.to_string()),
            ("p".into(), prob),
            ("logit".into(), bars::plain(cell.score.logit)),
            ("H".into(), format!("{:.2}", cell.entropy)),
            ("KL".into(), format!("{:.2}", cell.kl + 0.0)),
        ];
        let pairs = figures.map(|(name, value)| {
            [
                Span::styled(name, self.palette.muted()),
                Span::styled(value, self.palette.strong()),
            ]
        });
        step::flow(pairs.to_vec(), width)
    }

    /// A token with its marks, its probability and its bar.
    fn token(&self, token: TokenId, prob: f32, sizes: &Sizes) -> [Span<'static>; 3] {
        let chosen = token == self.answer.column.token;
        let watched = self.page.watched.place(self.run.id, token);
        let style = match (chosen, watched) {
            (true, _) => self.palette.accent().patch(self.palette.strong()),
            (false, Some(place)) => self.palette.line(place).patch(self.palette.strong()),
            (false, None) => self.palette.text(),
        };
        let bar_style: Style = match (chosen, watched) {
            (false, None) => self.palette.muted(),
            _ => style,
        };
        let letter = watched.map_or(' ', letter);
        let mark = match (sizes.mark, chosen) {
            (0 | 1, true) => "▸".to_owned(),
            (0 | 1, false) => " ".to_owned(),
            (_, true) => format!("▸{letter}"),
            (_, false) => format!(" {letter}"),
        };
        let label = text::left(&self.vocabulary.label(token), sizes.token);
        [
            Span::styled(format!("{mark}{label} "), style),
            Span::styled(format!("{} ", sizes.probability(prob)), style),
            Span::styled(sizes.bar(prob), bar_style),
        ]
    }
}
