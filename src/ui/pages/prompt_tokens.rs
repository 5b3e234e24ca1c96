//! The prompt's tokens, with their borders and their ids.
//!
//! ```text
//! ╭ What the model gets · 31 tokens · chat ───────────────────────────╮
//! │    1 <|im_start|>│user│⏎  │The│·keys│·to│·the│                     │
//! │      1           │4093│198│504│6812 │288│260 │                     │
//! ╰────────────────────────────────────────────────────────────────────╯
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::Draw;
use crate::app::{PromptTokens, Run, State};
use crate::display::palette::{Focus, Palette};
use crate::display::text;
use crate::run::ModelInfo;
use crate::trace::TokenId;
use crate::ui::frame::{self, Titles};
use crate::vocabulary::Piece;

/// Between two tokens.
const BORDER: &str = "│";

impl Draw for PromptTokens {
    fn draw(&self, state: &State, palette: &Palette<'_>, area: Rect, buffer: &mut Buffer) {
        let run = state.grid_run().filter(|run| !run.prompt_tokens.is_empty());
        let (Some(run), Some(info)) = (run, &state.model.ready) else {
            let titles = Titles::named("What the model gets");
            let inner = frame::render(palette, Focus::Here, titles, area, buffer);
            let words = "There are no tokens yet: run the prompt first.";
            frame::lines([Line::styled(words, palette.muted())], inner, buffer);
            return;
        };
        let rows = Self::rows(run, info, area.width);
        let first = usize::from(self.first);
        let visible = usize::from(Self::visible(state.rows));
        let shown = rows.iter().skip(first).take(visible);
        let titles = Titles {
            name: title(run),
            right: match rows.len() > visible {
                true => format!(
                    "lines {}–{} of {}",
                    first + 1,
                    (first + visible).min(rows.len()),
                    rows.len()
                ),
                false => String::new(),
            },
            bottom: Line::default(),
        };
        let inner = frame::render(palette, Focus::Here, titles, area, buffer);
        let room = usize::from(inner.width.saturating_sub(2 + Self::MARGIN));
        let lines = shown.flat_map(|row| {
            let tokens = run.prompt_tokens.get(row.clone()).unwrap_or_default();
            let set = Set {
                tokens,
                info,
                palette,
                room,
            };
            [set.texts(row.start), set.ids(), Line::default()]
        });
        frame::lines(lines, inner, buffer);
    }
}

fn title(run: &Run) -> String {
    let tokens = match run.prompt_tokens.len() {
        1 => "1 token".to_owned(),
        n => format!("{n} tokens"),
    };
    let chat = match run.chat {
        Some(_) => " · chat",
        None => "",
    };
    format!("What the model gets · {tokens}{chat}")
}

/// One line of tokens.
struct Set<'s> {
    tokens: &'s [TokenId],
    info: &'s ModelInfo,
    palette: &'s Palette<'s>,
    /// Columns that a token can have.
    room: usize,
}

impl Set<'_> {
    fn texts(&self, position: usize) -> Line<'static> {
        let margin = format!("{:>4}  ", position + 1);
        self.line(margin, |token| {
            let style = match self.info.vocabulary.piece(token) {
                Piece::Special(_) => self.palette.accent(),
                Piece::Bytes(_) | Piece::Unused => self.palette.text(),
            };
            (self.info.vocabulary.label(token), style)
        })
    }

    fn ids(&self) -> Line<'static> {
        let margin = " ".repeat(PromptTokens::MARGIN.into());
        self.line(margin, |token| (token.0.to_string(), self.palette.muted()))
    }

    fn line(&self, margin: String, cell: impl Fn(TokenId) -> (String, Style)) -> Line<'static> {
        let mut spans = vec![Span::styled(margin, self.palette.muted())];
        for token in self.tokens {
            let (words, style) = cell(*token);
            let width = PromptTokens::width(*token, self.info).min(self.room);
            spans.push(Span::styled(text::left(&words, width), style));
            spans.push(Span::styled(BORDER, self.palette.muted()));
        }
        Line::from(spans)
    }
}
