//! Compare mode's table: layers down, candidates across, on one scale, and who leads.
//!
//! ```text
//! ╭ Rank at each layer ────────────────────────╮
//! │          a ·is   b ·are   Δlogit a−b  leads  │
//! │  L24         3       17   +1.20   │━━  a     │
//! │  L25         2       12   +0.80   │━   a     │
//! │  L26         5        3   -0.40  ━│    b ◂   │
//! ╰ lead changes at L26 (a → b) ─────────────────╯
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::comparison::{self, ComparePane};
use super::frame::Titles;
use super::grid::probability;
use crate::app::{Fold, Measure, Series, State, label_width};
use crate::display::palette::Palette;
use crate::display::{letter, prompt_letter, scale, shown, text};
use crate::settings::Cells;
use crate::trace::{Lead, Row, Score};

mod difference;

pub use difference::delta;

/// Two spaces, a letter, a mark and, where there is room, a word.
const LEADS: u16 = 14;
/// The same without the word, and closer.
const LEADS_SHORT: u16 = 4;
/// A space and the head `leads`.
const LEADS_HEAD: u16 = 7;
/// Five digits and a space.
const NARROWEST: u16 = 6;
/// Room for a sign and two digits behind the point.
const NARROWEST_LOGIT: u16 = 8;
const USUAL: u16 = 9;
const WIDEST: u16 = 14;

/// The table's pane.
pub fn render(state: &State, palette: &Palette<'_>, area: Rect, buffer: &mut Buffer) {
    let opened = comparison::open(
        state,
        |compare| Titles {
            name: format!("{} at each layer", compare.measure.name()),
            right: compare
                .answer()
                .as_ref()
                .map_or_else(String::new, |answer| format!("lens {}", answer.lens)),
            bottom: comparison::order_changes(state, compare, palette),
        },
        palette,
        area,
        buffer,
    );
    let Some(opened) = opened else { return };
    let ComparePane {
        compare,
        series,
        inner,
    } = opened;
    if series.is_empty() {
        let words = match compare.candidates().is_empty() {
            true => "Type what may come next, as: is are",
            false => "…",
        };
        let place = Rect {
            x: inner.x + 1,
            width: inner.width.saturating_sub(1),
            height: inner.height.min(1),
            ..inner
        };
        Line::styled(words, palette.muted()).render(place.intersection(inner), buffer);
        return;
    }
    let rows = state.rows();
    let label = label_width(&rows, Fold::Single);
    let width = cell_width(&series, compare.measure, inner.width.saturating_sub(label));
    let columns = u16::try_from(series.len()).unwrap_or(u16::MAX);
    let used = label + width.saturating_mul(columns) + LEADS_SHORT;
    let room = inner.width.saturating_sub(used);
    // The bars give way to the head of who leads.
    let beside_leads = room.saturating_sub(LEADS_HEAD - LEADS_SHORT);
    let difference = |room| difference::Column::fitting(compare.difference(), room, palette);
    let table = Table {
        leads: comparison::leads(state, compare),
        prompt: state.current_prompt(),
        selected: state.cursor.row,
        difference: match beside_leads >= difference::NARROWEST {
            true => difference(beside_leads),
            false => difference(room),
        },
        measure: compare.measure,
        label,
        width,
        series,
        palette,
    };
    table.render(rows.iter().skip(state.cursor.first_row), inner, buffer);
}

/// The width of a column; `width` is that of all of them and of who leads.
fn cell_width(series: &[Series<'_>], measure: Measure, width: u16) -> u16 {
    let widest = series
        .iter()
        .map(|series| text::width(&series.trajectory.candidate.text) + series.label().len() + 2)
        .max()
        .and_then(|width| u16::try_from(width).ok())
        .unwrap_or(WIDEST)
        .max(USUAL);
    let count = u16::try_from(series.len()).unwrap_or(u16::MAX).max(1);
    let each = |leads: u16| width.saturating_sub(leads) / count;
    let narrowest = match measure {
        Measure::Rank | Measure::Probability => NARROWEST,
        Measure::Logit => NARROWEST_LOGIT,
    };
    match each(LEADS) {
        each if each >= widest.min(8) => widest.min(each),
        _ => widest.min(each(LEADS_SHORT)),
    }
    .clamp(narrowest, WIDEST)
}

struct Table<'t> {
    series: Vec<Series<'t>>,
    leads: Vec<Lead>,
    prompt: Option<usize>,
    selected: Row,
    difference: Option<difference::Column<'t>>,
    measure: Measure,
    /// Columns of the rows' names, with the space behind them.
    label: u16,
    width: u16,
    palette: &'t Palette<'t>,
}

impl Table<'_> {
    fn render<'r>(&self, rows: impl Iterator<Item = &'r Row>, area: Rect, buffer: &mut Buffer) {
        let fit = usize::from(area.width.saturating_sub(self.label) / self.width);
        let shown = &self.series[..fit.min(self.series.len())];
        let x_of = |at: usize| area.x + self.label + self.width * u16::try_from(at).unwrap_or(0);
        for (at, series) in shown.iter().enumerate() {
            self.head(series, x_of(at), area, buffer);
        }
        let difference_x = x_of(shown.len());
        let rest = match &self.difference {
            Some(column) => {
                let head = column.head();
                self.put(
                    &head,
                    difference_x,
                    area.y,
                    area,
                    self.palette.text(),
                    buffer,
                );
                difference_x + column.width()
            }
            None => difference_x,
        };
        let room = area.right().saturating_sub(rest);
        let leads_x = rest + if room < LEADS { 1 } else { 2 };
        let head = self.leads_head(self.series.len() - shown.len(), room);
        self.put(&head, leads_x, area.y, area, self.palette.muted(), buffer);
        for (y, row) in (area.y + 1..area.bottom()).zip(rows) {
            let selected = self.selected == *row;
            let style = match selected {
                true => self.palette.accent().patch(self.palette.strong()),
                false => self.palette.muted(),
            };
            let label = text::right(&row.to_string(), usize::from(self.label - 1));
            self.put(&label, area.x, y, area, style, buffer);
            for (at, series) in shown.iter().enumerate() {
                if let Some(score) = series.trajectory.score(*row) {
                    self.score(score, x_of(at), y, area, buffer);
                }
            }
            if let Some(column) = &self.difference {
                let room = area.right().saturating_sub(difference_x);
                buffer.set_line(difference_x, y, &column.line(*row), room);
            }
            self.lead(*row, leads_x, y, area, buffer);
        }
    }

    /// How many columns are not shown; or what stands below, and of which prompt.
    fn leads_head(&self, hidden: usize, room: u16) -> String {
        match (hidden, self.prompt) {
            (0, Some(prompt)) if room < LEADS_HEAD + 2 => prompt_letter(prompt).to_string(),
            (0, None) if room < LEADS_HEAD - 1 => String::new(),
            (0, Some(prompt)) => format!("leads {}", prompt_letter(prompt)),
            (0, None) => "leads".to_owned(),
            (more, _) => format!("+{more}"),
        }
    }

    fn head(&self, series: &Series<'_>, x: u16, area: Rect, buffer: &mut Buffer) {
        let letters = series.label();
        let text = shown(&series.trajectory.candidate.text);
        let room = usize::from(self.width).saturating_sub(letters.len() + 2);
        let head = format!("{letters} {}", text::cut(&text, room));
        let head = text::right(&head, usize::from(self.width - 1));
        let style = self.palette.line(series.candidate);
        self.put(&head, x, area.y, area, style, buffer);
    }

    fn score(&self, score: Score, x: u16, y: u16, area: Rect, buffer: &mut Buffer) {
        let width = usize::from(self.width) - 1;
        let shade = self.palette.shade(scale::step(score.rank)).unwrap_or(" ");
        let figure = match self.measure {
            Measure::Rank if score.ties > 0 => format!("={}", score.rank),
            Measure::Rank => score.rank.to_string(),
            Measure::Probability => probability(score.prob, Cells::Exact),
            Measure::Logit => format!("{:.2}", score.logit),
        };
        let number = format!("{figure:>width$}{shade}");
        self.put(&number, x, y, area, self.palette.rank(score.rank), buffer);
    }

    fn lead(&self, row: Row, x: u16, y: u16, area: Rect, buffer: &mut Buffer) {
        let Some(lead) = self.leads.iter().find(|lead| lead.row == row) else {
            return;
        };
        let Some(candidate) = lead.candidate else {
            return;
        };
        let room = area.right().saturating_sub(x);
        let mut spans = vec![Span::styled(
            letter(candidate).to_string(),
            self.palette.line(candidate),
        )];
        if let Some(from) = lead.from {
            let style = self.palette.accent().patch(self.palette.strong());
            let mark = match room < LEADS - 2 {
                true => " ◂".to_owned(),
                false => format!(" ◂ was {}", letter(from)),
            };
            spans.push(Span::styled(mark, style));
        }
        if room > 0 {
            buffer.set_line(x, y, &Line::from(spans), room);
        }
    }

    fn put(&self, text: &str, x: u16, y: u16, area: Rect, style: Style, buffer: &mut Buffer) {
        let room = area.right().saturating_sub(x);
        if room > 0 && y < area.bottom() {
            buffer.set_stringn(x, y, text, room.into(), style);
        }
    }
}
