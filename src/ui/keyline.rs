//! The key line: what can be done here, made from the key map; or a notice in its place.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::palette::Palette;
use super::text;
use crate::app::{NoticeKind, State};
use crate::settings::keys::key_name;

/// The key line.
pub fn render(state: &State, palette: &Palette<'_>, area: Rect, buffer: &mut Buffer) {
    let area = Rect {
        x: area.x + 1,
        width: area.width.saturating_sub(2),
        ..area
    }
    .intersection(buffer.area);
    let room = usize::from(area.width);
    match &state.notice {
        Some(notice) => {
            let style = match notice.kind {
                NoticeKind::Info => palette.accent(),
                NoticeKind::Error => palette.error(),
            };
            let text = text::visible(&notice.text).replace('\n', " ");
            Line::styled(text::cut(&text, room), style).render(area, buffer);
        }
        None => hints(state, palette, room).render(area, buffer),
    }
}

/// As many hints as there is room for, the innermost place first. A word that comes twice, as
/// for two directions, stands once, behind both keys.
fn hints(state: &State, palette: &Palette<'_>, room: usize) -> Line<'static> {
    let mut shown: Vec<(String, &str)> = Vec::new();
    for scope in state.scopes() {
        for binding in state.settings.keymap.bindings(*scope) {
            let (Some(hint), Some(key)) = (&binding.hint, binding.keys.first()) else {
                continue;
            };
            let key = key_name(*key);
            match shown.iter_mut().find(|(_, word)| word == hint) {
                Some((keys, _)) if keys.chars().count() == 1 && key.chars().count() == 1 => {
                    keys.push_str(&key);
                }
                Some(_) => {}
                None => shown.push((key, hint)),
            }
        }
    }
    let mut spans = Vec::new();
    let mut used = 0;
    for (key, word) in shown {
        let columns = text::width(&key) + 1 + text::width(word) + 2;
        if used + columns > room + 2 {
            break;
        }
        used += columns;
        spans.push(Span::styled(key, palette.accent()));
        spans.push(Span::styled(format!(" {word}  "), palette.muted()));
    }
    Line::from(spans)
}
