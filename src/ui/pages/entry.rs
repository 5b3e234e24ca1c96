//! A line that is typed over the panes.
//!
//! ```text
//! ╭ Instead of ·are at step 1 ──────────────────────╮
//! │ ⟦is▏                                             │
//! │ or  1 ·is 0.21   2 ·was 0.11   3 ·were 0.04      │
//! ╰ words get a leading space, "quotes" do not; … ──╯
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Widget};

use super::Draw;
use crate::app::{Entry, PaneAreas, Purpose, State};
use crate::display::palette::{Focus, Palette};
use crate::display::text;
use crate::settings::Cells;
use crate::ui::frame::{self, Titles};
use crate::ui::{field, grid};
use crate::vocabulary::{typed, visible_text};

/// A narrower line has too little room for its hint.
const LEAST_WIDTH: u16 = 64;

impl Draw for Entry {
    fn draw(&self, state: &State, palette: &Palette<'_>, area: Rect, buffer: &mut Buffer) {
        // Beside it the log stays whole, where there are two columns of panes.
        let column = PaneAreas::of(state).map_or(0, |places| places.prompt.width);
        let width = match column {
            LEAST_WIDTH.. => column.min(area.width),
            _ => area.width,
        };
        let height = 3 + u16::from(!self.choices.is_empty());
        let area = Rect {
            height: height.min(area.height),
            width,
            ..area
        }
        .intersection(buffer.area);
        Clear.render(area, buffer);
        let titles = Titles {
            bottom: Line::styled(hint(&self.purpose), palette.muted()),
            ..Titles::named(title(state, &self.purpose, area.width.into()))
        };
        let inner = frame::render(palette, Focus::Here, titles, area, buffer);
        let inner = Rect {
            x: inner.x + 1,
            width: inner.width.saturating_sub(2),
            ..inner
        };
        let width = usize::from(inner.width);
        let mut line = vec![Span::styled("⟦", palette.accent())];
        line.extend(field::prefilled(
            &self.field,
            palette,
            width.saturating_sub(1),
        ));
        let lines = [Line::from(line), choices(self, palette, width)];
        for (y, line) in (inner.y..inner.bottom()).zip(lines) {
            let place = Rect {
                y,
                height: 1,
                ..inner
            };
            line.render(place.intersection(buffer.area), buffer);
        }
    }
}

fn title(state: &State, purpose: &Purpose, width: usize) -> String {
    match purpose {
        Purpose::Force { prompt } => {
            let prompt = visible_text(prompt).replace('\n', "⏎");
            let prompt = text::cut_left(&prompt, width.saturating_sub(30).max(8));
            format!("Score a text behind “{prompt}”")
        }
        Purpose::Replace(step) => {
            let info = state.model.ready.as_ref();
            let column = state.run.as_ref().and_then(|run| run.column(*step));
            let label = info.zip(column).map_or_else(String::new, |(info, column)| {
                info.vocabulary.label(column.token)
            });
            format!("Instead of {label} at step {}", step.0 + 1)
        }
        Purpose::Ablations => "Skip these parts of the network".into(),
    }
}

fn hint(purpose: &Purpose) -> String {
    match purpose {
        Purpose::Force { .. } | Purpose::Replace(_) => {
            format!(r" {}; \n is a new line, \\ a backslash ", typed::RULE)
        }
        Purpose::Ablations => " L5, L5.attn, L5.mlp, L5.h3 ".into(),
    }
}

/// The tokens that can be taken instead, as many as there is room for, the chosen one among them.
fn choices(entry: &Entry, palette: &Palette<'_>, width: usize) -> Line<'static> {
    let mut spans = vec![Span::styled("or ", palette.muted())];
    let mut used = 3;
    let words = entry.choices.iter().enumerate().map(|(at, choice)| {
        let label = text::cut(&choice.label, 16);
        let prob = grid::probability(choice.prob, Cells::Exact);
        (at, format!(" {label} {prob} "))
    });
    // Those far before the chosen one go where there is no room.
    for (at, word) in words.skip(entry.chosen.unwrap_or(0).saturating_sub(2)) {
        let style = match entry.chosen == Some(at) {
            true => palette.selected(),
            false => palette.text(),
        };
        used += text::width(&word) + 1;
        if used > width {
            break;
        }
        spans.extend([Span::styled(word, style), Span::raw(" ")]);
    }
    Line::from(spans)
}
