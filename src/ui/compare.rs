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

use super::frame::{self, Titles};
use crate::app::{Compare, FieldLine, Pane, Phase, State, field_lines};
use crate::display::palette::{Focus, Palette};
use crate::display::{letter, of_wanted, prompt_letter, text};
use crate::trace::TokenId;
use crate::vocabulary::{typed, visible_text};

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
        right: typed::RULE.into(),
        ..Titles::named(format!("Compare · {}", state.cursor.place()))
    };
    let inner = frame::render(palette, focus, titles, area, buffer);
    let width = usize::from(inner.width.saturating_sub(2));
    let lines = field_lines(state).into_iter().map(|line| match line {
        FieldLine::Pin(place) => pinned(state, place, palette, width),
        FieldLine::Context => context(state, palette, width),
        FieldLine::Field => field(compare, focus, palette, width),
        FieldLine::Suggestions(tokens) => suggestions(state, &tokens, palette, width),
        FieldLine::Note(note) => {
            Line::styled(text::cut(&note, width).into_owned(), palette.warning())
        }
    });
    frame::lines(lines, inner, buffer);
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
    let (chosen, before) = match &state.model.ready {
        Some(info) => (
            state
                .selected_column()
                .map(|column| info.vocabulary.label(column.token)),
            run.text_before(state.cursor.place(), &info.vocabulary),
        ),
        None => (None, run.sent().to_owned()),
    };
    let chosen = chosen.unwrap_or_else(|| "?".into());
    prompt_line(state.current_prompt(), &before, &chosen, palette, width)
}

/// A pinned prompt.
fn pinned(state: &State, place: usize, palette: &Palette<'_>, width: usize) -> Line<'static> {
    match state.pins.get(place) {
        Some(pin) => {
            let runs = state.runs();
            let run = runs.into_iter().find(|run| run.id == pin.run);
            let column = run.and_then(|run| run.column_at(pin.place));
            let then = match (column, &state.model.ready) {
                (Some(column), Some(info)) => info.vocabulary.label(column.token),
                _ => pin.place.to_string(),
            };
            prompt_line(Some(place), &pin.before, &then, palette, width)
        }
        None => Line::default(),
    }
}

/// The letter of a prompt where there are several, the end of its text, and what follows.
fn prompt_line(
    place: Option<usize>,
    before: &str,
    then: &str,
    palette: &Palette<'_>,
    width: usize,
) -> Line<'static> {
    let letter = place.map_or_else(String::new, |place| format!("{} ", prompt_letter(place)));
    let room = width.saturating_sub(text::width(then) + 3 + letter.len());
    let before = visible_text(&before.replace('\n', "⏎"));
    Line::from(vec![
        Span::styled(letter, palette.strong()),
        Span::styled(text::cut_left(&before, room).into_owned(), palette.muted()),
        Span::styled(" ▸ ", palette.accent()),
        Span::styled(then.to_owned(), palette.strong()),
    ])
}

/// Tokens that may be worth following, as many as there is room for.
fn suggestions(
    state: &State,
    tokens: &[TokenId],
    palette: &Palette<'_>,
    width: usize,
) -> Line<'static> {
    let Some(info) = &state.model.ready else {
        return Line::default();
    };
    let mut line = String::from("↓ high at some layer:");
    for token in tokens {
        let label = info.vocabulary.label(*token);
        if text::width(&line) + 2 + text::width(&label) > width {
            break;
        }
        line.push_str("  ");
        line.push_str(&label);
    }
    Line::styled(line, palette.muted())
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
                Span::raw(of_wanted(candidate)),
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
