//! The key line: what can be done here, made from the key map; or a notice in its place.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::{charset, field};
use crate::app::{InputLine, NoticeKind, Run, State, Stops, needs_the_model};
use crate::display::palette::Palette;
use crate::display::text;
use crate::export::format;
use crate::settings::Action;
use crate::settings::keys::{Binding, key_name};
use crate::vocabulary::visible_text;

/// The key line.
pub fn render(state: &State, palette: &Palette<'_>, area: Rect, buffer: &mut Buffer) {
    let area = Rect {
        x: area.x + 1,
        width: area.width.saturating_sub(2),
        ..area
    }
    .intersection(buffer.area);
    let room = usize::from(area.width);
    match &state.line {
        Some(InputLine::Save(name)) => {
            let title = "Save as ";
            let spans = field::prefilled(name, palette, room.saturating_sub(title.len()));
            let line = field::behind(title, spans, palette);
            with_words(line, &format::extensions(), palette, room).render(area, buffer);
            return;
        }
        Some(InputLine::Search(field)) => {
            let words =
                "token  #step's token  +1 -1 =1 becomes, leaves, settles  @12 step  L5 layer";
            let line = field::line("/", field, palette, room);
            with_words(line, words, palette, room).render(area, buffer);
            return;
        }
        Some(InputLine::Command(_)) | None => {}
    }
    let line = match &state.notice {
        Some(notice) => {
            let style = match notice.kind {
                NoticeKind::Info => palette.accent(),
                NoticeKind::Error => palette.error(),
            };
            let text = visible_text(&notice.text).replace('\n', " ");
            Line::styled(text::cut(&text, room).into_owned(), style)
        }
        None => line(hints(state), palette, room),
    };
    line.render(area, buffer);
}

/// A field, and what can be typed there where there is room.
fn with_words(
    mut line: Line<'static>,
    about: &str,
    palette: &Palette<'_>,
    room: usize,
) -> Line<'static> {
    if line.width() + 3 + text::width(about) <= room {
        line.push_span(Span::styled(format!("   {about}"), palette.muted()));
    }
    line
}

struct Hint {
    keys: String,
    word: String,
    action: Action,
}

/// What the keys do here, the innermost place first. A word that comes twice, as for two
/// directions, stands once, behind both keys.
fn hints(state: &State) -> Vec<Hint> {
    let keymap = &state.settings.keymap;
    let scopes = state.scopes();
    let mut hints: Vec<Hint> = Vec::new();
    for binding in scopes.iter().flat_map(|scope| keymap.bindings(*scope)) {
        let Some(key) = binding.keys.first() else {
            continue;
        };
        // A place further in may use the key otherwise.
        let is_reached = keymap.action_of(scopes, *key) == Some(binding.action);
        let Some(word) = word(state, binding).filter(|_| is_reached) else {
            continue;
        };
        // A page's own word for it came before the one of everywhere.
        let is_named = hints.iter().any(|hint| hint.action == binding.action);
        if state.page.is_some() && is_named && !hints.iter().any(|hint| hint.word == word) {
            continue;
        }
        let keys = key_name(*key);
        let action = binding.action;
        match hints.iter_mut().find(|hint| hint.word == word) {
            Some(hint) if text::width(&hint.keys) == 1 && text::width(&keys) == 1 => {
                hint.keys.push_str(&keys);
            }
            Some(_) => {}
            None => {
                let at = match action {
                    Action::Stop => 0,
                    _ => hints.len(),
                };
                let hint = Hint { keys, word, action };
                hints.insert(at, hint);
            }
        }
    }
    hints
}

/// The word for a binding. The one that stops things says what it would do now, and is left out
/// where that is nothing.
fn word(state: &State, binding: &Binding) -> Option<String> {
    let hint = binding.hint.clone()?;
    match (binding.action, state.stops()) {
        (Action::Stop, None) => None,
        (Action::Stop, Some(Stops::Run | Stops::Load)) => Some("stop".into()),
        // On a page there are no panes to go to.
        (Action::NextPane, _) if state.page.is_some() => None,
        (action, _) if state.page.as_ref().is_some_and(|page| !page.hints(action)) => None,
        // The table of compare mode has figures of its own.
        (Action::CellValue, _) if state.compare.is_some() && state.page.is_none() => None,
        (Action::Difference, _) if state.history.before().is_none() => None,
        // What needs a model would only say that there is none.
        (action, _) if state.model.saved.is_some() && needs_the_model(action) => None,
        (Action::Lens, _) if state.model.saved.is_some() => None,
        (Action::Unchanged, _) if !state.run.as_ref().is_some_and(Run::is_changed) => None,
        _ => Some(hint),
    }
}

/// As many hints as there is room for.
fn line(hints: Vec<Hint>, palette: &Palette<'_>, room: usize) -> Line<'static> {
    let mut spans = Vec::new();
    let mut used = 0;
    for Hint { keys, word, .. } in hints {
        let keys = charset::key_names(&keys, palette.charset());
        let columns = text::width(&keys) + 1 + text::width(&word);
        if used + columns > room {
            break;
        }
        used += columns + 2;
        spans.push(Span::styled(keys, palette.accent()));
        spans.push(Span::styled(format!(" {word}  "), palette.muted()));
    }
    Line::from(spans)
}
