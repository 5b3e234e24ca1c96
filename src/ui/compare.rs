//! Compare mode's field: the text so far, the candidates being typed, and notes on them.
//!
//! ```text
//! ╭ Compare · step 1 ────────────── words get a leading space, "quotes" do not ─╮
//! │ The keys to the cabinet ▁▁▁                                                 │
//! │ › is are▏                                                  a ·is   b ·are   │
//! ╰─────────────────────────────────────────────────────────────────────────────╯
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::frame::{self, Titles};
use super::palette::{Focus, Palette};
use super::text;
use crate::app::{Compare, Pane, Phase, Place, State, letter, shown};
use crate::vocabulary::visible_text;

/// The field's pane.
pub fn render(state: &State, palette: &Palette<'_>, area: Rect, buffer: &mut Buffer) {
    let Some(compare) = &state.compare else {
        return;
    };
    if area.is_empty() {
        return;
    }
    let focus = frame::focus_of(state, Pane::Candidates);
    let titles = Titles {
        right: "words get a leading space, \"quotes\" do not".into(),
        ..Titles::named(format!("Compare · {}", state.cursor.place()))
    };
    let inner = frame::render(palette, focus, titles, area, buffer);
    let width = usize::from(inner.width.saturating_sub(2));
    let mut lines = Vec::new();
    if inner.height > 1 {
        lines.push(context(state, palette, width));
    }
    lines.push(field(compare, focus, palette, width));
    if let Some(info) = &state.model.ready {
        lines.extend(
            compare
                .notes(&info.vocabulary)
                .into_iter()
                .map(|note| Line::styled(text::cut(&note, width).into_owned(), palette.warning())),
        );
    }
    for (y, line) in (inner.y..inner.bottom()).zip(lines) {
        let place = Rect {
            x: inner.x + 1,
            y,
            width: inner.width.saturating_sub(2),
            height: 1,
        };
        line.render(place.intersection(buffer.area), buffer);
    }
}

/// The end of the text before the position, and what the model put there.
pub fn context(state: &State, palette: &Palette<'_>, width: usize) -> Line<'static> {
    let Some(run) = &state.run else {
        return Line::default();
    };
    if !run.can_compare() {
        let words = match &run.phase {
            Phase::Failed(_) => "The run failed.",
            _ => "The prompt is being processed.",
        };
        return Line::styled(words, palette.muted());
    }
    let before = text_before(state).replace('\n', "⏎");
    let chosen = match (state.selected_column(), &state.model.ready) {
        (Some(column), Some(info)) => info.vocabulary.label(column.token),
        _ => "?".into(),
    };
    let room = width.saturating_sub(text::width(&chosen) + 3);
    Line::from(vec![
        Span::styled(
            text::cut_left(&visible_text(&before), room).into_owned(),
            palette.muted(),
        ),
        Span::styled(" ▸ ", palette.accent()),
        Span::styled(chosen, palette.strong()),
    ])
}

/// The prompt and the tokens generated before the selected step, or the prompt up to the selected
/// token.
fn text_before(state: &State) -> String {
    let (Some(run), Some(info)) = (&state.run, &state.model.ready) else {
        return String::new();
    };
    if let Place::Prompt(position) = state.cursor.place() {
        let before = run.prompt_tokens.iter().take(position.0);
        let bytes: Vec<u8> = before
            .flat_map(|token| info.vocabulary.bytes(*token))
            .copied()
            .collect();
        return String::from_utf8_lossy(&bytes).into_owned();
    }
    let mut bytes = run.prompt.clone().into_bytes();
    for column in run.columns.iter().take(state.cursor.step.0) {
        bytes.extend(info.vocabulary.bytes(column.token));
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What is being typed, and what it means.
fn field(compare: &Compare, focus: Focus, palette: &Palette<'_>, width: usize) -> Line<'static> {
    let mut spans = vec![Span::styled("› ", palette.accent())];
    let candidates = compare.candidates();
    let meaning: Vec<Span<'static>> = candidates
        .iter()
        .enumerate()
        .flat_map(|(at, candidate)| {
            [
                Span::styled(format!("  {} ", letter(at)), palette.line(at)),
                Span::raw(shown(candidate)),
            ]
        })
        .collect();
    let meaning_width: usize = meaning.iter().map(|span| text::width(&span.content)).sum();
    let room = width.saturating_sub(meaning_width + 4).max(width / 3);
    spans.extend(typed(compare, focus, palette, room));
    let used: usize = spans.iter().map(|span| text::width(&span.content)).sum();
    let gap = width.saturating_sub(used + meaning_width);
    if used + meaning_width <= width {
        spans.push(Span::raw(" ".repeat(gap)));
        spans.extend(meaning);
    }
    Line::from(spans)
}

/// The field's text around its cursor.
fn typed(
    compare: &Compare,
    focus: Focus,
    palette: &Palette<'_>,
    room: usize,
) -> Vec<Span<'static>> {
    let value = compare.field.value();
    if value.is_empty() && focus == Focus::Elsewhere {
        return vec![Span::styled("no candidates", palette.muted())];
    }
    let at = value
        .char_indices()
        .nth(compare.field.cursor())
        .map_or(value.len(), |(at, _)| at);
    let (before, after) = value.split_at(at);
    let before = text::cut_left(before, room.saturating_sub(1));
    if focus == Focus::Elsewhere {
        return vec![Span::raw(text::cut(value, room).into_owned())];
    }
    let mut characters = after.chars();
    let under = characters.next().map_or(" ".into(), |c| c.to_string());
    let mut spans = vec![
        Span::raw(before.into_owned()),
        Span::styled(under, palette.selected()),
    ];
    if value.is_empty() {
        spans.push(Span::styled("type candidates, as: is are", palette.muted()));
    } else {
        let left = room.saturating_sub(spans.iter().map(|s| text::width(&s.content)).sum());
        spans.push(Span::raw(text::cut(characters.as_str(), left).into_owned()));
    }
    spans
}
