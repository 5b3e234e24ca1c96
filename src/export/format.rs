//! What can be saved, and which extension asks for it.

use std::path::Path;

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The trace.
    Trace(TraceFormat),
    /// A figure, as the article has them.
    Figure(Picture),
    /// The screen as it is.
    Screen(ScreenFormat),
}

/// How a trace is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TraceFormat {
    /// A trace file.
    Json,
    /// A trace file with arrays and states.
    Tensors,
    /// A line a cell.
    Csv,
}

/// How a figure is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Picture {
    /// Vectors, with letters that stay letters.
    Svg,
    /// Pixels, for print.
    Png,
    /// A page that needs nothing else, with the numbers in a table.
    Html,
}

/// How a screen is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScreenFormat {
    /// Text with colours, for `cat`.
    Ansi,
    /// Text.
    Plain,
    /// A picture of the terminal's window.
    Svg,
}

/// The extensions, as they are offered.
pub const EXTENSIONS: &str = "json safetensors csv svg png html ans txt screen.svg";

impl Format {
    /// The kind of file that `path` asks for by its extension.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?.to_lowercase();
        if name.ends_with(".screen.svg") {
            return Some(Self::Screen(ScreenFormat::Svg));
        }
        // A name that is nothing but an extension names no file of that kind.
        let (_, extension) = name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty())?;
        Some(match extension {
            "json" => Self::Trace(TraceFormat::Json),
            "safetensors" => Self::Trace(TraceFormat::Tensors),
            "csv" => Self::Trace(TraceFormat::Csv),
            "svg" => Self::Figure(Picture::Svg),
            "png" => Self::Figure(Picture::Png),
            "html" => Self::Figure(Picture::Html),
            "ans" => Self::Screen(ScreenFormat::Ansi),
            "txt" => Self::Screen(ScreenFormat::Plain),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn every_extension_that_is_offered_asks_for_something_else() {
        let mut formats = Vec::new();
        for extension in EXTENSIONS.split(' ') {
            let format = Format::of(Path::new(&format!("a/the.keys.{extension}"))).unwrap();
            assert!(!formats.contains(&format), "{extension}");
            formats.push(format);
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
