//! The list of models, in the place of all panes.
//!
//! ```text
//! ╭ Models ──────────────────────────────────────────────────────────── 1 of 12 ╮
//! │ › qwen▏                                                                     │
//! │   model                          family  parameters    size  memory  where  │
//! │ ● Qwen2.5 0.5B                   qwen2        494 M  988 MB  2.0 GB  cache  │
//! ╰─────────────────────────────────────────────────────────────────────────────╯
//! ```

use std::path::Path;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::Draw;
use crate::app::{Choice, Picker, State};
use crate::display::palette::{Focus, Palette};
use crate::display::text;
use crate::engine::{Fit, ModelEntry, Whereabouts};
use crate::ui::field;
use crate::ui::frame::{self, Titles};
use crate::vocabulary::visible_text;

impl Draw for Picker {
    fn draw(&self, _state: &State, palette: &Palette<'_>, area: Rect, buffer: &mut Buffer) {
        let choices = self.choices();
        let titles = Titles {
            right: match choices.len() {
                0 => String::new(),
                count => format!("{} of {count}", self.selected + 1),
            },
            ..Titles::named("Models")
        };
        let inner = frame::render(palette, Focus::Here, titles, area, buffer);
        let width = usize::from(inner.width.saturating_sub(2));
        let mut lines = vec![field(self, palette, width)];
        if self.entries.is_none() {
            lines.push(Line::styled("Looking for models …", palette.muted()));
        } else if let [Choice::Entry(_), ..] = choices.as_slice() {
            lines.push(Line::styled(heading(width), palette.muted()));
        }
        let room = usize::from(inner.height).saturating_sub(lines.len()).max(1);
        let first = (self.selected + 1).saturating_sub(room);
        let shown = choices.iter().enumerate().skip(first).take(room);
        lines.extend(shown.map(|(at, choice)| {
            let line = match choice {
                Choice::Entry(entry) => entry_line(entry, palette, width),
                Choice::Typed(typed) => {
                    let words = format!("  load `{}`: a path or hub id", visible_text(typed));
                    Line::raw(text::left(&words, width))
                }
            };
            if at == self.selected {
                line.patch_style(palette.selected())
            } else {
                line
            }
        }));
        frame::lines(lines, inner, buffer);
    }
}

/// What is typed; its end, where it is long.
fn field(picker: &Picker, palette: &Palette<'_>, width: usize) -> Line<'static> {
    let mut spans = vec![Span::styled("› ", palette.accent())];
    spans.extend(field::spans(
        &picker.field,
        palette,
        width.saturating_sub(2),
    ));
    if picker.field.value().is_empty() {
        let words = "type to filter, or a path or hub id";
        spans.push(Span::styled(words, palette.muted()));
    }
    Line::from(spans)
}

/// Columns at the right, as many as there is room for beside the name.
fn columns(cells: [String; 5], width: usize) -> String {
    let [family, parameters, size, memory, place] = cells;
    let mut text = String::new();
    if width >= 90 {
        text.push_str(&format!("  {}", text::left(&family, 8)));
    }
    if width >= 70 {
        text.push_str(&format!("  {}", text::right(&parameters, 10)));
    }
    if width >= 60 {
        text.push_str(&format!("  {}", text::right(&size, 8)));
    }
    text.push_str(&format!("  {}", text::right(&memory, 8)));
    if width >= 50 {
        text.push_str(&format!("  {}", text::left(&place, 17)));
    }
    text
}

fn heading(width: usize) -> String {
    let cells = ["family", "parameters", "size", "memory", "where"].map(str::to_owned);
    row("  model", &columns(cells, width), width)
}

fn row(name: &str, columns: &str, width: usize) -> String {
    let room = width.saturating_sub(text::width(columns));
    format!("{}{columns}", text::left(name, room))
}

fn entry_line(entry: &ModelEntry, palette: &Palette<'_>, width: usize) -> Line<'static> {
    let number = |value: Option<u64>, units| value.map_or("–".into(), |n| in_short(n, units));
    let bytes = ["B", "kB", "MB", "GB"];
    let place = match (entry.whereabouts, entry.fit) {
        (_, Fit::TooLarge) => "needs more memory",
        (Whereabouts::OnDisk, _) => "on disk",
        (Whereabouts::HubCache, _) => "hub cache",
        (Whereabouts::NotHere, _) => "to fetch",
    };
    let cells = [
        entry.family.clone().unwrap_or_else(|| "–".into()),
        number(entry.parameters, ["", "k", "M", "B"]),
        number(entry.size, bytes),
        match entry.fault {
            Some(_) => "unusable".into(),
            None => number(entry.memory, bytes),
        },
        place.into(),
    ];
    let mark = if entry.is_loaded { "●" } else { " " };
    let columns = columns(cells, width);
    let mut title = visible_text(&entry.title);
    if !entry.lenses.is_empty() {
        let names: Vec<&str> = entry.lenses.iter().map(|lens| lens.name()).collect();
        title.push_str(&format!(" · lens {}", names.join(", ")));
    }
    // Of a long path the end says most.
    let room = width.saturating_sub(text::width(&columns) + 2);
    let title = match Path::new(&entry.title).is_absolute() {
        true => text::cut_left(&title, room),
        false => title.as_str().into(),
    };
    let text = row(&format!("{mark} {title}"), &columns, width);
    match entry.fit {
        _ if entry.fault.is_some() => Line::styled(text, palette.error()),
        _ if entry.is_loaded => Line::styled(text, palette.accent()),
        Fit::TooLarge => Line::styled(text, palette.warning()),
        Fit::Fits | Fit::Unknown => Line::raw(text),
    }
}

/// A number with three digits or so, and its unit.
fn in_short(number: u64, units: [&str; 4]) -> String {
    let mut value = number as f64;
    let mut at = 0;
    while value >= 999.5 && at + 1 < units.len() {
        value /= 1000.0;
        at += 1;
    }
    let digits = usize::from(at > 0 && value < 9.95);
    format!("{value:.digits$} {}", units[at])
        .trim_end()
        .to_owned()
}
