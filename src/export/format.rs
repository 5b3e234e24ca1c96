//! The formats that something can be saved in: one entry each of [`ALL`], from which come the
//! extensions, the values of the command line and README's table. A writer that serves one format
//! has its file in this folder.

use std::io;
use std::path::Path;

use ratatui::buffer::Buffer;

mod csv;
mod screen;

use super::figure::DrawnFigure;
use super::svg::Window;
use super::{ExportError, svg, tensors, trace_file};
use crate::run::{Record, StateRows};
use crate::settings::Charset;

/// What a writer gives: the whole file.
type Bytes = Result<Vec<u8>, ExportError>;

/// A format that something can be saved in.
#[derive(Debug)]
pub struct Format {
    /// As the command line calls it.
    pub name: &'static str,
    /// What the names of its files end in, behind a dot; in small letters.
    pub extension: &'static str,
    /// What is in such a file.
    pub about: &'static str,
    /// Whether a terminal can show it.
    pub is_text: bool,
    /// Whether `lenscape open` shows the run again out of it.
    pub is_read_back: bool,
    /// What is written, and how.
    pub writer: Writer,
}

/// What is written, and how.
#[derive(Debug)]
pub enum Writer {
    /// A run.
    Trace(fn(&Record) -> Bytes),
    /// A run, and the states that its figures were read from, where a model gave them.
    States(fn(&Record, Option<&StateRows>) -> Bytes),
    /// A figure of a run, as the article has them.
    Figure(fn(&DrawnFigure<'_>) -> Bytes),
    /// The screen as it is, made of such characters as the terminal has, or of all.
    Screen(Characters, fn(&Buffer, &Window<'_>) -> String),
}

/// Which characters a saved screen is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Characters {
    /// Those that the terminal shows.
    OfTheTerminal,
    /// Every format, for commands that write files.
    All,
}

/// All formats, as they are offered.
pub const ALL: &[Format] = &[
    Format {
        name: "json",
        extension: "json",
        about: "a trace file: all that the screens show, the candidates compared among it",
        is_text: true,
        is_read_back: true,
        writer: Writer::Trace(|record| text(|out| trace_file::write(record, out))),
    },
    Format {
        name: "safetensors",
        extension: "safetensors",
        about: "the same with the figures as arrays, and every layer's state at every step",
        is_text: false,
        is_read_back: true,
        writer: Writer::States(|record, states| Ok(tensors::write(record, states)?)),
    },
    Format {
        name: "csv",
        extension: "csv",
        about: "a line a cell",
        is_text: true,
        is_read_back: false,
        writer: Writer::Trace(|record| text(|out| csv::write(record, out))),
    },
    Format {
        name: "svg",
        extension: "svg",
        about: "a figure of vectors",
        is_text: true,
        is_read_back: false,
        writer: Writer::Figure(|figure| Ok(figure.svg().into_bytes())),
    },
    Format {
        name: "png",
        extension: "png",
        about: "a figure of pixels",
        is_text: false,
        is_read_back: false,
        writer: Writer::Figure(|figure| Ok(figure.png()?)),
    },
    Format {
        name: "html",
        extension: "html",
        about: "a page with the figure, and its numbers in a table",
        is_text: true,
        is_read_back: false,
        writer: Writer::Figure(|figure| Ok(figure.html().into_bytes())),
    },
    Format {
        name: "ansi",
        extension: "ans",
        about: "the screen, with colours for `cat`",
        is_text: true,
        is_read_back: false,
        writer: Writer::Screen(Characters::OfTheTerminal, |screen, _| screen::ansi(screen)),
    },
    Format {
        name: "text",
        extension: "txt",
        about: "the screen, as text",
        is_text: true,
        is_read_back: false,
        writer: Writer::Screen(Characters::OfTheTerminal, |screen, _| screen::plain(screen)),
    },
    Format {
        name: "screen-svg",
        extension: "screen.svg",
        about: "the screen, as a picture",
        is_text: true,
        is_read_back: false,
        writer: Writer::Screen(Characters::All, svg::render),
    },
];

fn text(write: impl FnOnce(&mut dyn io::Write) -> io::Result<()>) -> Bytes {
    let mut bytes = Vec::new();
    write(&mut bytes)?;
    Ok(bytes)
}

/// Each format has a name of its own.
impl PartialEq for Format {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Characters {
    /// The characters, where the terminal shows those of `terminal`.
    #[must_use]
    pub fn among(self, terminal: Charset) -> Charset {
        match self {
            Self::OfTheTerminal => terminal,
            Self::All => Charset::Unicode,
        }
    }
}

impl Format {
    /// The format that `path` asks for by what its name ends in.
    #[must_use]
    pub fn of(path: &Path) -> Option<&'static Self> {
        let name = path.file_name()?.to_str()?.to_lowercase();
        // A name that is nothing but an extension names no file of that kind.
        let ends = |format: &&Self| {
            let stem = name.strip_suffix(format.extension);
            let stem = stem.and_then(|stem| stem.strip_suffix('.'));
            stem.is_some_and(|stem| !stem.is_empty())
        };
        let fits = ALL.iter().filter(ends);
        fits.max_by_key(|format| format.extension.len())
    }

    /// The format that the command line calls so.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        ALL.iter().find(|format| format.name == name)
    }

    /// Whether it is of a run, and not of the screen.
    #[must_use]
    pub fn is_of_a_run(&self) -> bool {
        !matches!(self.writer, Writer::Screen(..))
    }
}

/// The extensions, as they are offered.
#[must_use]
pub fn extensions() -> String {
    let extensions: Vec<&str> = ALL.iter().map(|format| format.extension).collect();
    extensions.join(" ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn every_format_is_found_by_its_extension_and_by_its_name() {
        for format in ALL {
            let path = format!("a/the.keys.{}", format.extension);
            assert_eq!(Format::of(Path::new(&path)), Some(format));
            assert_eq!(Format::named(format.name), Some(format));
        }
    }

    #[test]
    fn what_asks_for_nothing_is_no_format() {
        for path in ["keys", "keys.xml", ".json", "json", "", "folder/"] {
            assert_eq!(Format::of(Path::new(path)), None, "{path}");
        }
        assert!(Format::of(Path::new("KEYS.JSON")).is_some());
    }
}
