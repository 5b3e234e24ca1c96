//! The status line: what the program is, which model, what goes on. Where there is no room for
//! everything, the least important goes first.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::pages::interventions;
use crate::app::{Loading, Phase, Run, State};
use crate::display::palette::Palette;
use crate::display::text;
use crate::run::StopReason;
use crate::trace::LensKind;

/// The status line.
pub fn render(state: &State, palette: &Palette<'_>, area: Rect, buffer: &mut Buffer) {
    let mut room = usize::from(area.width).saturating_sub(2);
    let mut kept: Vec<Part> = Vec::new();
    let mut parts = parts(state, palette);
    parts.sort_by_key(|part| part.importance);
    for part in parts {
        let columns = part.width() + 2;
        if columns <= room {
            room -= columns;
            kept.push(part);
        }
    }
    kept.sort_by_key(|part| part.place);
    let (left, right): (Vec<Part>, Vec<Part>) =
        kept.into_iter().partition(|part| part.place < FIRST_RIGHT);
    line(left).render(
        Rect {
            x: area.x + 1,
            width: area.width.saturating_sub(1),
            ..area
        }
        .intersection(buffer.area),
        buffer,
    );
    let right = line(right);
    let width = u16::try_from(right.width())
        .unwrap_or(u16::MAX)
        .min(area.width);
    let x = (area.right() - width).saturating_sub(1).max(area.x);
    right.render(Rect { x, width, ..area }.intersection(buffer.area), buffer);
}

/// Parts from this place on stand at the right.
const FIRST_RIGHT: usize = 10;

/// Columns of what is changed in the network; the list of runs has the rest.
const MOST_CHANGED: usize = 32;

struct Part {
    /// Where it stands among the others.
    place: usize,
    /// 0 is the most important.
    importance: usize,
    spans: Vec<Span<'static>>,
}

impl Part {
    fn width(&self) -> usize {
        self.spans
            .iter()
            .map(|span| text::width(&span.content))
            .sum()
    }
}

fn line(parts: Vec<Part>) -> Line<'static> {
    let mut spans = Vec::new();
    for part in parts {
        if !spans.is_empty() {
            spans.push(Span::raw("  "));
        }
        spans.extend(part.spans);
    }
    Line::from(spans)
}

fn parts(state: &State, palette: &Palette<'_>) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut put = |place, importance, spans| {
        parts.push(Part {
            place,
            importance,
            spans,
        });
    };
    let named = |name: &str, value: String| {
        vec![
            Span::styled(format!("{name} "), palette.muted()),
            Span::raw(value),
        ]
    };
    let muted = |text: String| vec![Span::styled(text, palette.muted())];
    put(
        0,
        4,
        vec![Span::styled(
            "lenscape",
            palette.accent().patch(palette.strong()),
        )],
    );
    if let Some(info) = &state.model.ready {
        put(
            1,
            1,
            vec![Span::styled(info.name.clone(), palette.strong())],
        );
        put(2, 5, muted(format!("{} layers", info.n_layers)));
        put(3, 7, muted(info.arithmetic.clone()));
        put(4, 8, muted(info.device.clone()));
    }
    if let Some(remarks) = remarks(state) {
        put(5, 4, vec![Span::styled(remarks, palette.warning())]);
    }
    if state.recording == crate::settings::Switch::On {
        put(5, 1, vec![Span::styled("● rec", palette.error())]);
    }
    if let Some(run) = state.run.as_ref().filter(|run| run.is_changed()) {
        let changed = text::cut(&interventions(run, state), MOST_CHANGED).into_owned();
        put(6, 1, vec![Span::styled(changed, palette.warning())]);
    }
    if state.chat().is_some() {
        put(9, 1, vec![Span::styled("chat", palette.accent())]);
    }
    match shown_lens(state).reminder() {
        None => put(10, 3, named("lens", lens(state))),
        // Its ranks would be taken for those of the next token.
        Some(reminder) => {
            put(9, 1, named("lens", lens(state)));
            put(10, 3, muted(format!("({reminder})")));
        }
    }
    put(
        11,
        9,
        named("cells", state.settings.options.grid.value.name().into()),
    );
    if state.settings.options.mouse == crate::settings::Switch::On {
        put(12, 10, muted("mouse".into()));
    }
    if let Some(speed) = state.run.as_ref().and_then(|run| run.speed.per_second()) {
        put(13, 2, named_last(&format!("{speed:.1}"), "tok/s", palette));
    }
    put(14, 0, doing(state, palette));
    parts
}

/// That there is something to know of the model.
fn remarks(state: &State) -> Option<String> {
    match state.model.ready.as_ref()?.notes.len() {
        0 => None,
        1 => Some("1 note".into()),
        n => Some(format!("{n} notes")),
    }
}

/// The lens of what is shown.
fn shown_lens(state: &State) -> LensKind {
    let wanted = state.settings.options.lens;
    state.run.as_ref().map_or(wanted, |run| run.lens)
}

/// The lens of what is shown, and the wanted one while the engine still works on it.
fn lens(state: &State) -> String {
    let wanted = state.settings.options.lens;
    match &state.run {
        Some(run) if run.lens != wanted => format!("{} → {wanted}", run.lens),
        _ => wanted.to_string(),
    }
}

fn named_last(value: &str, unit: &str, palette: &Palette<'_>) -> Vec<Span<'static>> {
    vec![
        Span::raw(format!("{value} ")),
        Span::styled(unit.to_owned(), palette.muted()),
    ]
}

/// What goes on, in a few words.
fn doing(state: &State, palette: &Palette<'_>) -> Vec<Span<'static>> {
    let works = |text: String| vec![Span::styled("● ", palette.accent()), Span::raw(text)];
    let model = match state.model.ready {
        Some(_) => format!("{} ", text::cut_left(&state.settings.options.model, 24)),
        None => String::new(),
    };
    match &state.model.loading {
        Loading::Asked => return works(format!("{model}loading")),
        Loading::Fetching(progress) => {
            return works(format!("{model}{}", progress.amount()));
        }
        Loading::Reading { done, total } => {
            return works(format!("{model}loading {} %", done * 100 / (*total).max(1)));
        }
        Loading::Failed(_) if state.model.ready.is_none() => {
            return vec![Span::styled("no model", palette.error())];
        }
        Loading::Cancelled if state.model.ready.is_none() => {
            return vec![Span::styled("no model", palette.warning())];
        }
        Loading::Cancelled | Loading::Failed(_) | Loading::Done => {}
    }
    if state.model.saved.is_some() {
        let words = match state.recorded {
            Some(_) => "recorded run",
            None => "saved trace",
        };
        return vec![Span::styled(words, palette.accent())];
    }
    match &state.run {
        None => vec![Span::styled("ready", palette.muted())],
        Some(run) => run_state(run, palette),
    }
}

fn run_state(run: &Run, palette: &Palette<'_>) -> Vec<Span<'static>> {
    let dot = Span::styled("● ", palette.accent());
    let most = run.max_tokens.max(run.given);
    let count = Span::raw(format!("{}/{most}", run.columns.len()));
    let ended = |why: &str| {
        vec![
            count.clone(),
            Span::styled(format!(" {why}"), palette.muted()),
        ]
    };
    match &run.phase {
        Phase::Asked => vec![dot, Span::raw("prompt")],
        Phase::Prompt { done, total } => vec![dot, Span::raw(format!("prompt {done}/{total}"))],
        Phase::Generating => vec![dot, count],
        Phase::Finished(_) if most == 0 => {
            vec![Span::styled("prompt processed", palette.muted())]
        }
        Phase::Finished(StopReason::EndOfText) => ended("end of text"),
        Phase::Finished(StopReason::MaxTokens) if run.max_tokens == 0 => ended("scored"),
        Phase::Finished(StopReason::MaxTokens) => ended("done"),
        Phase::Finished(StopReason::ContextFull) => ended("context full"),
        Phase::Finished(StopReason::Stopped) => ended("stopped"),
        Phase::Failed(_) => vec![Span::styled("failed", palette.error())],
    }
}
