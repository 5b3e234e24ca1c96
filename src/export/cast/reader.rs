//! A cast as it is read back: its header, then its events one after the other, in whichever version
//! it is written.

use std::io::{self, BufRead};
use std::time::Duration;

use ratatui::layout::Size;
use serde_json::Value;

/// Larger than any window; a larger one would take all memory.
const LARGEST: Size = Size::new(1000, 500);

/// A cast cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CastError {
    /// The file cannot be read.
    #[error(transparent)]
    Read(#[from] io::Error),
    /// There is nothing in it.
    #[error("it is empty")]
    Empty,
    /// The first line is not a header of version 2 or 3.
    #[error("line 1 is not the header of an asciicast of version 2 or 3")]
    Header,
    /// The screen has no cells, or more than memory is wasted on.
    #[error("line {line}: a screen of {columns}x{rows} cells; 1x1 to {LARGEST} can be shown")]
    Size {
        /// Counted from 1.
        line: usize,
        /// Columns.
        columns: u64,
        /// Rows.
        rows: u64,
    },
    /// A line is not an event.
    #[error("line {0} is not an event, which is [seconds, \"kind\", \"data\"]")]
    Event(usize),
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CastEvent {
    /// When, since the start of the cast.
    pub at: Duration,
    /// What.
    pub kind: CastEventKind,
}

/// What can happen. Events that say nothing of the screen, as what was typed, are not told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CastEventKind {
    /// The terminal got this.
    Output(String),
    /// The terminal has this size now.
    Resize(Size),
    /// A chapter of this name begins.
    Mark(String),
}

/// Reads a cast.
pub struct CastReader<R> {
    lines: io::Lines<R>,
    /// The number of the line that is next, counted from 1.
    line: usize,
    /// Whether times are told since the event before.
    relative: bool,
    clock: Duration,
    /// The title, where it has one.
    pub title: Option<String>,
    /// The screen at the start.
    pub size: Size,
    /// Longer pauses are to be cut to this.
    pub idle_limit: Option<Duration>,
}

impl<R: BufRead> CastReader<R> {
    /// A cast whose header is read.
    ///
    /// # Errors
    ///
    /// When `cast` does not begin with one.
    pub fn new(cast: R) -> Result<Self, CastError> {
        let mut lines = cast.lines();
        let header = lines.next().ok_or(CastError::Empty)??;
        let header: Value = serde_json::from_str(&header).map_err(|_| CastError::Header)?;
        let (relative, columns, rows) = match header["version"].as_u64() {
            Some(2) => (false, &header["width"], &header["height"]),
            Some(3) => (true, &header["term"]["cols"], &header["term"]["rows"]),
            _ => return Err(CastError::Header),
        };
        let (Some(columns), Some(rows)) = (columns.as_u64(), rows.as_u64()) else {
            return Err(CastError::Header);
        };
        Ok(Self {
            lines,
            line: 2,
            relative,
            clock: Duration::ZERO,
            title: header["title"].as_str().map(str::to_owned),
            size: size(1, columns, rows)?,
            idle_limit: header["idle_time_limit"].as_f64().and_then(seconds),
        })
    }

    fn event(&mut self, text: &str) -> Result<Option<CastEvent>, CastError> {
        let line = self.line;
        // Version 3 has comments.
        if text.trim().is_empty() || text.starts_with('#') {
            return Ok(None);
        }
        let (time, kind, data): (f64, String, Value) =
            serde_json::from_str(text).map_err(|_| CastError::Event(line))?;
        let time = seconds(time).ok_or(CastError::Event(line))?;
        self.clock = match self.relative {
            true => self.clock.saturating_add(time),
            false => self.clock.max(time),
        };
        let text = data.as_str().ok_or(CastError::Event(line));
        let kind = match kind.as_str() {
            "o" => CastEventKind::Output(text?.to_owned()),
            "m" => CastEventKind::Mark(text?.to_owned()),
            "r" => {
                let cells = text?.split_once('x');
                let cells = cells
                    .and_then(|(columns, rows)| Some((columns.parse().ok()?, rows.parse().ok()?)));
                let (columns, rows) = cells.ok_or(CastError::Event(line))?;
                CastEventKind::Resize(size(line, columns, rows)?)
            }
            _ => return Ok(None),
        };
        Ok(Some(CastEvent {
            at: self.clock,
            kind,
        }))
    }
}

impl<R: BufRead> Iterator for CastReader<R> {
    type Item = Result<CastEvent, CastError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let text = match self.lines.next()? {
                Ok(text) => text,
                Err(error) => return Some(Err(error.into())),
            };
            let event = self.event(&text);
            self.line += 1;
            if let Some(event) = event.transpose() {
                return Some(event);
            }
        }
    }
}

fn size(line: usize, columns: u64, rows: u64) -> Result<Size, CastError> {
    let within =
        |cells: u64, most: u16| u16::try_from(cells).ok().filter(|n| (1..=most).contains(n));
    match (within(columns, LARGEST.width), within(rows, LARGEST.height)) {
        (Some(columns), Some(rows)) => Ok(Size::new(columns, rows)),
        _ => Err(CastError::Size {
            line,
            columns,
            rows,
        }),
    }
}

fn seconds(time: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(time).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn events(cast: &str) -> Result<Vec<CastEvent>, CastError> {
        CastReader::new(cast.as_bytes())?.collect()
    }

    #[test]
    fn both_versions_tell_the_same() {
        let second = "{\"version\": 2, \"width\": 80, \"height\": 24, \"title\": \"t\"}\n\
            [0.5, \"o\", \"a\"]\n[1.5, \"m\", \"chapter\"]\n[1.5, \"i\", \"typed\"]\n[2, \"r\", \"100x30\"]\n";
        let third = "{\"version\": 3, \"term\": {\"cols\": 80, \"rows\": 24}, \"title\": \"t\"}\n\
            [0.5, \"o\", \"a\"]\n# words\n[1, \"m\", \"chapter\"]\n[0, \"x\", \"0\"]\n[0.5, \"r\", \"100x30\"]\n";
        assert_eq!(events(second).unwrap(), events(third).unwrap());
        let reader = CastReader::new(third.as_bytes()).unwrap();
        assert_eq!(
            (reader.title.as_deref(), reader.size),
            (Some("t"), Size::new(80, 24))
        );
        let told: Vec<_> = events(second).unwrap();
        assert_eq!(told.len(), 3);
        assert_eq!(told[2].at, Duration::from_secs(2));
        assert_eq!(told[2].kind, CastEventKind::Resize(Size::new(100, 30)));
    }

    #[test]
    fn what_is_not_a_cast_is_told_by_line() {
        let header = "{\"version\": 2, \"width\": 80, \"height\": 24}\n";
        for (cast, part) in [
            (String::new(), "it is empty"),
            ("{}".into(), "line 1"),
            (
                "{\"version\": 1, \"width\": 80, \"height\": 24}".into(),
                "line 1",
            ),
            (
                "{\"version\": 2, \"width\": 4000000000, \"height\": 1}".into(),
                "line 1: a screen of 4000000000x1 cells",
            ),
            (format!("{header}[1, \"o\"]"), "line 2"),
            (format!("{header}[-1, \"o\", \"a\"]"), "line 2"),
            (format!("{header}[1e300, \"o\", \"a\"]"), "line 2"),
            (
                format!("{header}\n[1, \"r\", \"0x0\"]"),
                "line 3: a screen of 0x0",
            ),
            (format!("{header}[1, \"r\", \"wide\"]"), "line 2"),
        ] {
            let error = events(&cast).unwrap_err().to_string();
            assert!(error.contains(part), "{cast}: {error}");
        }
    }
}
