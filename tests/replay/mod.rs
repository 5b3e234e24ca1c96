//! Casts as a player reads them, played through a terminal emulator.

#![expect(
    clippy::disallowed_types,
    reason = "cells are compared by their colours"
)]

use std::num::NonZero;
use std::path::Path;

use lenscape::terminal::LEAVE;
use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier};
use serde_json::Value;

/// A cast that is known to be valid.
pub struct Cast {
    pub version: u64,
    pub title: Option<String>,
    /// Columns and rows.
    pub size: (u16, u16),
    pub events: Vec<Event>,
}

pub struct Event {
    /// Seconds, since the start in version 2, since the event before in version 3.
    pub time: f64,
    pub kind: char,
    pub data: String,
}

/// Reads a cast as strictly as the format is described.
pub fn read(path: &Path) -> Cast {
    let text = std::fs::read_to_string(path).expect("a cast is UTF-8");
    assert!(text.ends_with('\n'), "the last line is whole");
    let mut lines = text.lines();
    let header: Value = serde_json::from_str(lines.next().unwrap()).unwrap();
    let version = header["version"].as_u64().unwrap();
    let (columns, rows) = match version {
        2 => (&header["width"], &header["height"]),
        3 => (&header["term"]["cols"], &header["term"]["rows"]),
        other => panic!("version {other}"),
    };
    let cells = |value: &Value| u16::try_from(value.as_u64().unwrap()).unwrap();
    let cast = Cast {
        version,
        title: header["title"].as_str().map(str::to_owned),
        size: (cells(columns), cells(rows)),
        events: lines.map(event).collect(),
    };
    assert!(cast.events.iter().all(|event| event.time >= 0.0));
    if version == 2 {
        let times = cast.events.iter().map(|event| event.time);
        assert!(times.is_sorted(), "time does not run backwards");
    }
    cast
}

fn event(line: &str) -> Event {
    let (time, kind, data): (f64, char, String) = serde_json::from_str(line).unwrap();
    assert!("omr".contains(kind), "an event {kind:?}");
    assert!(!data.contains('\u{fffd}'), "a character was split: {line}");
    Event { time, kind, data }
}

impl Cast {
    /// The names of the chapters.
    pub fn chapters(&self) -> Vec<&str> {
        let marks = self.events.iter().filter(|event| event.kind == 'm');
        marks.map(|event| event.data.as_str()).collect()
    }

    /// The longest time in which nothing happens, in seconds.
    pub fn longest_pause(&self) -> f64 {
        let mut before = 0.0;
        let pauses = self.events.iter().map(|event| match self.version {
            2 => event.time - std::mem::replace(&mut before, event.time),
            _ => event.time,
        });
        pauses.fold(0.0, f64::max)
    }

    /// The last screen of the program. The cast gives the terminal back behind it.
    pub fn last_screen(&self) -> vt100::Screen {
        let (end, events) = self.events.split_last().unwrap();
        assert_eq!((end.kind, end.data.as_bytes()), ('o', LEAVE));
        let cells = |n: u16| NonZero::new(n).unwrap();
        let (columns, rows) = self.size;
        let mut parser = vt100::Parser::new(cells(rows), cells(columns), 0);
        for event in events {
            match event.kind {
                'o' => parser.process(event.data.as_bytes()),
                'r' => {
                    let (columns, rows) = event.data.split_once('x').unwrap();
                    let size = (rows.parse().unwrap(), columns.parse().unwrap());
                    parser.screen_mut().set_size(size.0, size.1);
                }
                _ => {}
            }
        }
        let last = parser.screen().clone();
        assert!(last.alternate_screen());
        parser.process(LEAVE);
        let screen = parser.screen();
        assert!(!screen.alternate_screen() && !screen.hide_cursor());
        last
    }

    /// Hold the last screen against what the program drew: letters, colours and modifiers.
    pub fn ends_with(&self, drawn: &Buffer) {
        let screen = self.last_screen();
        let (rows, columns) = screen.size();
        let area = drawn.area();
        assert_eq!((columns.get(), rows.get()), (area.width, area.height));
        for row in 0..area.height {
            for column in 0..area.width {
                let shown = screen.cell(row, column).unwrap();
                let drawn = &drawn[(column, row)];
                let at = format!("row {row}, column {column}");
                let symbol = if shown.has_contents() {
                    shown.contents()
                } else {
                    " "
                };
                assert_eq!(symbol, drawn.symbol(), "{at}");
                assert_eq!(shown.bgcolor(), colour(drawn.bg), "{at}, the ground");
                // A blank has no ink.
                if shown.has_contents() && symbol != " " {
                    assert_eq!(shown.fgcolor(), colour(drawn.fg), "{at}, the ink");
                    assert_eq!(modifiers(shown), kept(drawn.modifier), "{at}");
                }
            }
        }
    }
}

fn colour(colour: Color) -> vt100::Color {
    match colour {
        Color::Reset => vt100::Color::Default,
        Color::Indexed(index) => vt100::Color::Idx(index),
        Color::Rgb(red, green, blue) => vt100::Color::Rgb(red, green, blue),
        other => panic!("a screen in true colour has {other}"),
    }
}

fn modifiers(cell: &vt100::Cell) -> Modifier {
    let all = [
        (cell.bold(), Modifier::BOLD),
        (cell.dim(), Modifier::DIM),
        (cell.italic(), Modifier::ITALIC),
        (cell.underline(), Modifier::UNDERLINED),
        (cell.inverse(), Modifier::REVERSED),
    ];
    let set = all.into_iter().filter(|(is_set, _)| *is_set);
    set.map(|(_, modifier)| modifier).collect()
}

/// Those that the emulator knows.
fn kept(modifier: Modifier) -> Modifier {
    modifier
        & (Modifier::BOLD
            | Modifier::DIM
            | Modifier::ITALIC
            | Modifier::UNDERLINED
            | Modifier::REVERSED)
}
