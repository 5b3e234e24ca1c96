//! The selected cell: where the chosen token stands, and the layer's best tokens.
//!
//! ```text
//! ╭ Cell · step 1 ·are · L26 ─────────────────────╮
//! │ rank 12   p 0.004   logit 9.13   H 3.2  KL 1.9 │
//! │ logit +1.8 on L25                              │
//! │                                                │
//! │  1  ·is     0.21   ━━━━━━━━━━━━                │
//! │  2  ·was    0.11   ━━━━━━                      │
//! ╰────────────────────────────────────────────────╯
//! ```

mod shares;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::frame::{self, Titles};
use super::grid;
use crate::app::{Pane, Side, State};
use crate::display::palette::Palette;
use crate::display::text;
use crate::run::RunId;
use crate::settings::{Cells, ListedTokens, Visibility};
use crate::trace::{Cell, Column, LogitAttribution, Place, Row, TokenId};
use crate::vocabulary::Vocabulary;
use shares::Shares;

/// The cell's pane.
pub fn render(state: &State, palette: &Palette<'_>, area: Rect, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let focus = frame::focus_of(state, Pane::Cell);
    let row = state.cursor.row;
    let found = state
        .selected_column()
        .and_then(|column| Some((column, column.cell(row)?)))
        .zip(state.model.ready.as_ref());
    let Some(((column, cell), info)) = found else {
        let inner = frame::render(palette, focus, Titles::named("Cell"), area, buffer);
        let words = match state.selected_column() {
            Some(_) => "The lens says nothing of this row.",
            None => "No cell to show yet.",
        };
        frame::lines([Line::styled(words, palette.muted())], inner, buffer);
        return;
    };
    let label = info.vocabulary.label(column.token);
    let place = state.cursor.place();
    let given = match (state.grid_run(), place) {
        (Some(run), Place::Step(step)) if run.is_given(step) => format!("{}", grid::GIVEN),
        _ => String::new(),
    };
    let name = format!("Cell · {place} {given}{label} · {row}");
    let inner = frame::render(palette, focus, Titles::named(name), area, buffer);
    let detail = Detail {
        column,
        cell,
        row,
        before: before(state, column),
        bars: of_layers(state, column),
        vocabulary: &info.vocabulary,
        tokens: state.settings.options.grid.tokens,
        palette,
    };
    detail.render(inner, buffer);
}

/// The run that is compared with and its column, where that has the same token.
fn before<'s>(state: &'s State, column: &Column) -> Option<(RunId, &'s Column)> {
    let run = match state.history.side {
        Side::After | Side::Difference => state.history.before()?,
        Side::Before => return None,
    };
    let before = run.column_at(state.cursor.place())?;
    (before.token == column.token).then_some((run.id, before))
}

/// What is to be seen of the parts of the chosen token's final logit.
#[derive(Clone, Copy)]
enum LayerAttribution<'s> {
    /// Nothing: they were not asked for.
    Hidden,
    /// They are not known yet, and why.
    Missing(&'static str),
    /// The bars.
    Bars(&'s LogitAttribution),
    /// The selected layer only: they were asked for elsewhere.
    Selected(&'s LogitAttribution),
}

fn of_layers<'s>(state: &'s State, column: &Column) -> LayerAttribution<'s> {
    let run = state.grid_run();
    let known = run.and_then(|run| {
        let at = run.position_of(state.cursor.place());
        run.attributions.get(&at)
    });
    let known = known.filter(|known| known.target.token == column.token);
    match (state.settings.options.cell.attribution, known) {
        (Visibility::Hidden, None) => LayerAttribution::Hidden,
        (Visibility::Hidden, Some(known)) => LayerAttribution::Selected(known),
        (Visibility::Shown, Some(known)) => LayerAttribution::Bars(known),
        (Visibility::Shown, None) => LayerAttribution::Missing(match run {
            _ if state.model.saved.is_some() => "No bars of layers: there is no model loaded.",
            Some(run) if run.is_active() => "Bars of layers come when the run has ended.",
            _ => "…",
        }),
    }
}

/// Between two figures.
const GAP: &str = "  ";

struct Detail<'d> {
    column: &'d Column,
    cell: &'d Cell,
    row: Row,
    before: Option<(RunId, &'d Column)>,
    bars: LayerAttribution<'d>,
    vocabulary: &'d Vocabulary,
    tokens: ListedTokens,
    palette: &'d Palette<'d>,
}

impl Detail<'_> {
    fn render(&self, area: Rect, buffer: &mut Buffer) {
        let height = usize::from(area.height);
        let width = usize::from(area.width).saturating_sub(2);
        let mut lines = self.figures(area.width.into());
        let own_line = usize::from(!self.is_listed(self.column.token));
        let list = self.cell.top.len() + own_line;
        lines.extend(self.of_layers(width, height.saturating_sub(lines.len()), list));
        // A blank line before the list where that costs no token.
        if height > lines.len() + list {
            lines.push(Line::default());
        }
        lines.extend(self.best(width));
        frame::lines(lines, area, buffer);
    }

    /// What the layers' parts add to the final logit, in at most `height` lines. The bars come
    /// before the `list` of tokens, numbers that nobody asked for behind it.
    fn of_layers(&self, width: usize, height: usize, list: usize) -> Vec<Line<'static>> {
        let shares = |attribution| Shares {
            attribution,
            row: self.row,
            palette: self.palette,
        };
        match self.bars {
            LayerAttribution::Bars(attribution) => {
                let shares = shares(attribution);
                let mut lines = vec![shares.selected(width)];
                // As high as it goes without a token being lost; else as low as can be read.
                let room = height.saturating_sub(list + 2).max(shares::LEAST_HEIGHT);
                lines.extend(shares.lines(width, room));
                lines
            }
            LayerAttribution::Selected(attribution) if height > list => {
                vec![shares(attribution).selected(width)]
            }
            LayerAttribution::Missing(why) => vec![Line::styled(why, self.palette.muted())],
            LayerAttribution::Selected(_) | LayerAttribution::Hidden => Vec::new(),
        }
    }

    fn figures(&self, width: usize) -> Vec<Line<'static>> {
        let score = &self.cell.score;
        let tie = match score.ties {
            0 => String::new(),
            n => format!(" (= {n} more)"),
        };
        let figures = [
            ("rank", format!("{}{tie}", score.rank)),
            ("p", grid::probability(score.prob, Cells::Exact)),
            ("logit", format!("{:.2}", score.logit)),
            ("H", format!("{:.2}", self.cell.entropy)),
            ("KL", format!("{:.2}", self.cell.kl)),
        ];
        let mut lines: Vec<Vec<Span<'static>>> = vec![Vec::new()];
        let mut used = 1;
        for (name, value) in figures {
            let columns = name.len() + 1 + text::width(&value);
            if used + columns > width.saturating_sub(1) {
                lines.push(Vec::new());
                used = 1;
            }
            used += columns + GAP.len();
            if let Some(line) = lines.last_mut() {
                line.push(Span::styled(format!("{name} "), self.palette.muted()));
                line.push(Span::styled(format!("{value}{GAP}"), self.palette.strong()));
            }
        }
        let mut lines: Vec<Line<'static>> = lines.into_iter().map(Line::from).collect();
        lines.push(self.against_below(width));
        lines.extend(self.against_before(width));
        lines
    }

    /// What the run before has in this place.
    fn against_before(&self, width: usize) -> Option<Line<'static>> {
        let (run, before) = self.before?;
        let score = before.cell(self.row)?.score;
        let prob = grid::probability(score.prob, Cells::Exact);
        let mut text = format!("in {run}: rank {}, p {prob}", score.rank);
        if width > 40 {
            text.push_str(&format!(", logit {:.2}", score.logit));
        }
        Some(Line::styled(text, self.palette.muted()))
    }

    /// How the chosen token's logit and rank have moved since the row below.
    fn against_below(&self, width: usize) -> Line<'static> {
        let Some(below) = self.row.below() else {
            return Line::styled("before layer 0", self.palette.muted());
        };
        match self.column.cell(below) {
            Some(before) => {
                let mut text = match self.column.logit_change(self.row) {
                    Some(moved) => {
                        // No minus before a zero.
                        let moved = (moved * 100.0).round() / 100.0 + 0.0;
                        format!("since {below}: logit {moved:+.2}")
                    }
                    // The norm stands between them.
                    None => format!("since {below}: the final norm"),
                };
                if width > 40 {
                    text.push_str(&format!(", rank from {}", before.score.rank));
                }
                Line::styled(text, self.palette.muted())
            }
            None => Line::default(),
        }
    }

    /// The best tokens with bars of their probabilities; the chosen one is marked.
    fn best(&self, width: usize) -> Vec<Line<'static>> {
        let token = (width / 3).clamp(6, 16);
        let bar = width.saturating_sub(3 + 2 + token + 2 + 5 + 2);
        let shown = |(at, (id, _)): &(usize, &(TokenId, f32))| match self.tokens {
            ListedTokens::All => true,
            ListedTokens::Words => {
                *at == 0 || *id == self.column.token || self.vocabulary.is_word(*id)
            }
        };
        let mut lines: Vec<Line<'static>> = self
            .cell
            .top
            .iter()
            .enumerate()
            .filter(shown)
            .map(|(at, (id, logit))| {
                let prob = self.cell.prob_of_logit(*logit);
                self.token_line(&format!("{:>3}", at + 1), *id, prob, token, bar)
            })
            .collect();
        if !self.is_listed(self.column.token) {
            let rank = format!(
                "{:>3}",
                crate::display::scale::short(u64::from(self.cell.score.rank))
            );
            let prob = self.cell.score.prob;
            lines.push(self.token_line(&rank, self.column.token, prob, token, bar));
        }
        lines
    }

    fn is_listed(&self, token: TokenId) -> bool {
        self.cell.top.iter().any(|(id, _)| *id == token)
    }

    fn token_line(
        &self,
        place: &str,
        id: TokenId,
        prob: f32,
        token: usize,
        bar: usize,
    ) -> Line<'static> {
        let chosen = id == self.column.token;
        let (mark, style) = match chosen {
            true => ("▸", self.palette.accent().patch(self.palette.strong())),
            false => (" ", self.palette.text()),
        };
        let label = text::left(&self.vocabulary.label(id), token);
        let prob_text = grid::probability(prob, Cells::Exact);
        let bar = text::bar(f64::from(prob), bar);
        Line::styled(
            format!("{place} {mark}{label}  {prob_text:>5}  {bar}"),
            style,
        )
    }
}
