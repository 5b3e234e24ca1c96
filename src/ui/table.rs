//! Compare mode's table: layers down, candidates across, ranks on one scale, and who leads.
//!
//! ```text
//! ╭ Rank at each layer ───────────────────╮
//! │          a ·is   b ·are   leads        │
//! │  L24         3       17   a            │
//! │  L25         2       12   a            │
//! │  L26         5        3   b ◂ crossing │
//! ╰────────────────────────────────────────╯
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::frame::{self, Titles};
use super::palette::Palette;
use super::{scale, text};
use crate::app::{Compare, Crossing, Lead, Pane, ROW_LABEL, State, letter, shown};
use crate::trace::{Row, Score, Trajectory};

/// Two spaces, a letter, a mark and, where there is room, a word.
const LEADS: u16 = 14;
/// The same without the word, and closer.
const LEADS_SHORT: u16 = 4;
/// Five digits and a space.
const NARROWEST: u16 = 6;
const USUAL: u16 = 9;
const WIDEST: u16 = 14;

/// The table's pane.
pub fn render(state: &State, palette: &Palette<'_>, area: Rect, buffer: &mut Buffer) {
    let Some(compare) = &state.compare else {
        return;
    };
    if area.is_empty() {
        return;
    }
    let focus = frame::focus_of(state, Pane::Comparison);
    let titles = Titles {
        right: compare
            .answer
            .as_ref()
            .map_or_else(String::new, |answer| format!("lens {}", answer.lens)),
        ..Titles::named("Rank at each layer")
    };
    let inner = frame::render(palette, focus, titles, area, buffer).intersection(buffer.area);
    let trajectories: Vec<(usize, &Trajectory)> = compare.trajectories().collect();
    if trajectories.is_empty() {
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
    let table = Table {
        leads: leads(state, compare),
        selected: state.cursor.row,
        width: cell_width(&trajectories, inner.width),
        trajectories,
        palette,
    };
    let rows = state.rows();
    table.render(rows.iter().skip(state.cursor.first_row), inner, buffer);
}

/// Who leads, in the order of the layers whichever way the grid is turned.
pub fn leads(state: &State, compare: &Compare) -> Vec<Lead> {
    let mut rows = state.rows();
    rows.sort();
    compare.leads(&rows)
}

fn cell_width(trajectories: &[(usize, &Trajectory)], width: u16) -> u16 {
    let widest = trajectories
        .iter()
        .map(|(_, trajectory)| text::width(&trajectory.candidate.text) + 3)
        .max()
        .and_then(|width| u16::try_from(width).ok())
        .unwrap_or(WIDEST)
        .max(USUAL);
    let count = u16::try_from(trajectories.len()).unwrap_or(u16::MAX).max(1);
    let each = |leads: u16| width.saturating_sub(ROW_LABEL + leads) / count;
    match each(LEADS) {
        each if each >= widest.min(8) => widest.min(each),
        _ => widest.min(each(LEADS_SHORT)),
    }
    .clamp(NARROWEST, WIDEST)
}

struct Table<'t> {
    trajectories: Vec<(usize, &'t Trajectory)>,
    leads: Vec<Lead>,
    selected: Row,
    width: u16,
    palette: &'t Palette<'t>,
}

impl Table<'_> {
    fn render<'r>(&self, rows: impl Iterator<Item = &'r Row>, area: Rect, buffer: &mut Buffer) {
        let fit = usize::from(area.width.saturating_sub(ROW_LABEL) / self.width);
        let shown = &self.trajectories[..fit.min(self.trajectories.len())];
        let x_of = |at: usize| area.x + ROW_LABEL + self.width * u16::try_from(at).unwrap_or(0);
        for (at, (candidate, trajectory)) in shown.iter().enumerate() {
            self.head(*candidate, trajectory, x_of(at), area, buffer);
        }
        let room = area.right().saturating_sub(x_of(shown.len()));
        let leads_x = x_of(shown.len()) + if room < LEADS { 1 } else { 2 };
        let hidden = self.trajectories.len() - shown.len();
        let head = match hidden {
            0 if room < LEADS => String::new(),
            0 => "leads".to_owned(),
            more => format!("+{more}"),
        };
        self.put(&head, leads_x, area.y, area, self.palette.muted(), buffer);
        for (y, row) in (area.y + 1..area.bottom()).zip(rows) {
            let selected = self.selected == *row;
            let style = match selected {
                true => self.palette.accent().patch(self.palette.strong()),
                false => self.palette.muted(),
            };
            let label = text::right(&row.to_string(), usize::from(ROW_LABEL - 1));
            self.put(&label, area.x, y, area, style, buffer);
            for (at, (_, trajectory)) in shown.iter().enumerate() {
                if let Some(score) = trajectory.score(*row) {
                    self.score(score, x_of(at), y, area, buffer);
                }
            }
            self.lead(*row, leads_x, y, area, buffer);
        }
    }

    fn head(
        &self,
        candidate: usize,
        trajectory: &Trajectory,
        x: u16,
        area: Rect,
        buffer: &mut Buffer,
    ) {
        let label = shown(&trajectory.candidate.text);
        let label = text::cut(&label, usize::from(self.width).saturating_sub(3));
        let head = format!("{} {label}", letter(candidate));
        let head = text::right(&head, usize::from(self.width - 1));
        self.put(&head, x, area.y, area, self.palette.line(candidate), buffer);
    }

    fn score(&self, score: Score, x: u16, y: u16, area: Rect, buffer: &mut Buffer) {
        let tie = if score.ties > 0 { "=" } else { "" };
        let width = usize::from(self.width) - 1;
        let shade = self.palette.shade(scale::step(score.rank)).unwrap_or(" ");
        let number = format!("{:>width$}{shade}", format!("{tie}{}", score.rank));
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
        if lead.crossing == Crossing::Here {
            let style = self.palette.accent().patch(self.palette.strong());
            let mark = if room < LEADS - 2 {
                " ◂"
            } else {
                " ◂ crossing"
            };
            spans.push(Span::styled(mark, style));
        }
        if room > 0 {
            buffer.set_line(x, y, &Line::from(spans), room);
        }
    }

    fn put(
        &self,
        text: &str,
        x: u16,
        y: u16,
        area: Rect,
        style: ratatui::style::Style,
        buffer: &mut Buffer,
    ) {
        let room = area.right().saturating_sub(x);
        if room > 0 && y < area.bottom() {
            buffer.set_stringn(x, y, text, room.into(), style);
        }
    }
}
