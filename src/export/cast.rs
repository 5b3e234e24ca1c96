//! What a terminal got, and when, as an asciicast: the format of asciinema, in version 2 or 3.
//!
//! One JSON value a line: a header, then events of time, kind and data.

mod reader;

pub use reader::{CastError, CastEvent, CastEventKind, CastReader};

use std::io::{self, Write};
use std::time::{Duration, Instant};

use ratatui::layout::Size;
use serde_json::{Value, json};

/// A recording that breaks off loses no more than this.
const FLUSH_EVERY: Duration = Duration::from_secs(1);

/// Which asciicast is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CastVersion {
    /// Version 2, which every player reads.
    #[default]
    V2,
    /// Version 3, which asciinema reads since its release 3.0.
    V3,
}

/// The key of the header that says who made the cast; players do not look at it.
pub const MADE_BY: &str = "made_by";

/// Who makes a cast.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Maker {
    /// A user who sits at the terminal.
    #[default]
    Session,
    /// A script. The cast says so, so that the script's next one may replace it.
    Play,
}

impl Maker {
    /// What the header says.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Session => "lenscape",
            Self::Play => "lenscape play",
        }
    }
}

/// How a cast is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CastOptions {
    /// Which asciicast.
    pub version: CastVersion,
    /// Its title.
    pub title: Option<String>,
    /// Longer pauses become so long.
    pub idle_limit: Duration,
    /// Who makes it.
    pub maker: Maker,
}

impl Default for CastOptions {
    fn default() -> Self {
        Self {
            version: CastVersion::default(),
            title: None,
            idle_limit: Duration::from_secs(2),
            maker: Maker::default(),
        }
    }
}

/// Writes a cast to `out`, which should hold bytes back.
pub struct Cast<W: Write> {
    out: W,
    options: CastOptions,
    size: Size,
    /// When the event before happened.
    last: Instant,
    /// When it happened in the cast, in microseconds.
    clock: u128,
    /// The start of a character whose end has not come yet.
    partial: Vec<u8>,
    flushed: Instant,
}

impl<W: Write> Cast<W> {
    /// A cast that begins `now` in a terminal of `size`.
    ///
    /// # Errors
    ///
    /// What `out` returns.
    pub fn begin(mut out: W, options: CastOptions, size: Size, now: Instant) -> io::Result<Self> {
        let (columns, rows) = (size.width, size.height);
        let mut header = match options.version {
            CastVersion::V2 => json!({ "version": 2, "width": columns, "height": rows }),
            CastVersion::V3 => {
                json!({ "version": 3, "term": { "cols": columns, "rows": rows } })
            }
        };
        if let Some(title) = &options.title {
            header["title"] = Value::from(title.as_str());
        }
        if options.maker == Maker::Play {
            header[MADE_BY] = Value::from(options.maker.name());
        }
        writeln!(out, "{header}")?;
        Ok(Self {
            out,
            options,
            size,
            last: now,
            clock: 0,
            partial: Vec::new(),
            flushed: now,
        })
    }

    /// The terminal got `bytes`. What is no UTF-8 becomes U+FFFD; a character that is split over
    /// two calls is kept whole.
    ///
    /// # Errors
    ///
    /// What `out` returns.
    pub fn output(&mut self, bytes: &[u8], now: Instant) -> io::Result<()> {
        self.partial.extend_from_slice(bytes);
        let whole = whole_characters(&self.partial);
        let rest = self.partial.split_off(whole);
        let bytes = std::mem::replace(&mut self.partial, rest);
        if bytes.is_empty() {
            return Ok(());
        }
        self.event("o", &String::from_utf8_lossy(&bytes), now)
    }

    /// The terminal has this size now; it may have had it before.
    ///
    /// # Errors
    ///
    /// What `out` returns.
    pub fn resize(&mut self, size: Size, now: Instant) -> io::Result<()> {
        if size == self.size {
            return Ok(());
        }
        self.size = size;
        self.event("r", &format!("{}x{}", size.width, size.height), now)
    }

    /// A chapter begins here: players stop at it, or jump to it.
    ///
    /// # Errors
    ///
    /// What `out` returns.
    pub fn mark(&mut self, label: &str, now: Instant) -> io::Result<()> {
        self.event("m", label, now)
    }

    /// Write out what is held back.
    ///
    /// # Errors
    ///
    /// What `out` returns.
    pub fn finish(mut self) -> io::Result<()> {
        self.out.flush()
    }

    fn event(&mut self, kind: &str, data: &str, now: Instant) -> io::Result<()> {
        let pause = now.saturating_duration_since(self.last);
        let pause = pause.min(self.options.idle_limit).as_micros();
        self.last = now;
        self.clock += pause;
        // Whole microseconds are added up, so that times do not drift.
        let time = match self.options.version {
            CastVersion::V2 => self.clock,
            CastVersion::V3 => pause,
        };
        let data = Value::from(data);
        writeln!(
            self.out,
            "[{}.{:06}, \"{kind}\", {data}]",
            time / 1_000_000,
            time % 1_000_000
        )?;
        if now.saturating_duration_since(self.flushed) >= FLUSH_EVERY {
            self.flushed = now;
            self.out.flush()?;
        }
        Ok(())
    }
}

/// How many of the `bytes` come before the start of a character whose end is missing.
fn whole_characters(bytes: &[u8]) -> usize {
    let longest = 3;
    let from = bytes.len().saturating_sub(longest);
    (from..bytes.len())
        .find(|at| {
            std::str::from_utf8(&bytes[*at..])
                .is_err_and(|error| error.valid_up_to() == 0 && error.error_len().is_none())
        })
        .unwrap_or(bytes.len())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    /// The lines of a cast that `write` makes.
    fn lines(
        options: CastOptions,
        write: impl FnOnce(&mut Cast<&mut Vec<u8>>, Instant),
    ) -> Vec<Value> {
        let mut bytes = Vec::new();
        let start = Instant::now();
        let mut cast = Cast::begin(&mut bytes, options, Size::new(80, 24), start).unwrap();
        write(&mut cast, start);
        cast.finish().unwrap();
        String::from_utf8(bytes)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    fn version(version: CastVersion) -> CastOptions {
        CastOptions {
            version,
            title: Some("a title".into()),
            ..CastOptions::default()
        }
    }

    fn two_events(cast: &mut Cast<&mut Vec<u8>>, start: Instant) {
        let at = |millis| start + Duration::from_millis(millis);
        cast.output(b"one", at(250)).unwrap();
        cast.output(b"\x1b[2K\"two\"", at(1000)).unwrap();
    }

    #[test]
    fn version_2_tells_times_since_the_start() {
        assert_eq!(
            lines(version(CastVersion::V2), two_events),
            [
                json!({ "version": 2, "width": 80, "height": 24, "title": "a title" }),
                json!([0.25, "o", "one"]),
                json!([1.0, "o", "\u{1b}[2K\"two\""]),
            ]
        );
    }

    #[test]
    fn version_3_tells_times_since_the_event_before() {
        assert_eq!(
            lines(version(CastVersion::V3), two_events),
            [
                json!({ "version": 3, "term": { "cols": 80, "rows": 24 }, "title": "a title" }),
                json!([0.25, "o", "one"]),
                json!([0.75, "o", "\u{1b}[2K\"two\""]),
            ]
        );
    }

    #[test]
    fn a_long_pause_is_cut_short() {
        let lines = lines(CastOptions::default(), |cast, start| {
            cast.output(b"a", start + Duration::from_secs(1)).unwrap();
            cast.output(b"b", start + Duration::from_secs(100)).unwrap();
        });
        assert_eq!(lines[2], json!([3.0, "o", "b"]));
    }

    #[test]
    fn a_size_is_told_when_it_changes() {
        let lines = lines(CastOptions::default(), |cast, start| {
            cast.resize(Size::new(80, 24), start).unwrap();
            cast.resize(Size::new(100, 30), start).unwrap();
        });
        assert_eq!(lines[1..], [json!([0.0, "r", "100x30"])]);
    }

    #[test]
    fn a_chapter_is_a_marker_in_both_versions() {
        for version in [CastVersion::V2, CastVersion::V3] {
            let options = CastOptions {
                version,
                ..CastOptions::default()
            };
            let lines = lines(options, |cast, start| {
                let soon = start + Duration::from_millis(500);
                cast.mark("a \"chapter\"", soon).unwrap();
            });
            assert_eq!(lines[1..], [json!([0.5, "m", "a \"chapter\""])]);
        }
    }

    #[test]
    fn no_character_is_split_over_two_events() {
        let text = "a·⏎😀";
        for cut in 0..=text.len() {
            let lines = lines(CastOptions::default(), |cast, start| {
                cast.output(&text.as_bytes()[..cut], start).unwrap();
                cast.output(&text.as_bytes()[cut..], start).unwrap();
            });
            let told: String = lines[1..].iter().map(|e| e[2].as_str().unwrap()).collect();
            assert_eq!(told, text, "cut at {cut}");
        }
    }

    #[test]
    fn what_is_no_text_is_replaced() {
        let lines = lines(CastOptions::default(), |cast, start| {
            cast.output(b"a\xffb", start).unwrap();
        });
        assert_eq!(lines[1][2], "a\u{fffd}b");
    }
}
