//! What a play puts into each file that it makes, so that the next one knows what it may replace.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use serde_json::Value;

use crate::export::cast::{MADE_BY, Maker};
use crate::regular_file;

/// At the end of an SVG.
const COMMENT: &[u8] = b"<!-- made by lenscape play -->\n";

/// A text chunk of a PNG: its length, `tEXt`, `Software` and the words, its checksum.
const CHUNK: &[u8] = b"\0\0\0\x16tEXtSoftware\0lenscape play\xfe\x15\x65\xd9";

/// The chunk that ends a PNG.
const END: &[u8] = b"\0\0\0\0IEND\xae\x42\x60\x82";

/// A cast's first line is not longer.
const LONGEST_HEADER: u64 = 1 << 20;

/// The picture with the mark.
pub fn on_svg(svg: String) -> Vec<u8> {
    let mut marked = svg.into_bytes();
    marked.extend_from_slice(COMMENT);
    marked
}

/// The picture with the mark. One that ends in another way than a PNG does stays as it is.
pub fn on_png(mut png: Vec<u8>) -> Vec<u8> {
    if let Some(pixels) = png.strip_suffix(END) {
        let end = pixels.len();
        png.splice(end..end, CHUNK.iter().copied());
    }
    png
}

/// Whether the regular file at `path` has the mark.
pub fn is_in(path: &Path) -> bool {
    regular_file::open(path).is_ok_and(|mut file| {
        let png = [CHUNK, END].concat();
        ends_in(&mut file, COMMENT).unwrap_or(false)
            || ends_in(&mut file, &png).unwrap_or(false)
            || is_on_cast(&mut file).unwrap_or(false)
    })
}

fn ends_in(file: &mut File, end: &[u8]) -> io::Result<bool> {
    let length = i64::try_from(end.len()).map_err(io::Error::other)?;
    // Fails in a file that is shorter.
    file.seek(SeekFrom::End(-length))?;
    let mut found = vec![0; end.len()];
    file.read_exact(&mut found)?;
    Ok(found == end)
}

fn is_on_cast(file: &mut File) -> io::Result<bool> {
    file.seek(SeekFrom::Start(0))?;
    let mut header = Vec::new();
    BufReader::new(file.take(LONGEST_HEADER)).read_until(b'\n', &mut header)?;
    let header: Value = serde_json::from_slice(&header)?;
    Ok(header[MADE_BY] == Maker::Play.name())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::time::Instant;

    use ratatui::layout::Size;

    use super::*;
    use crate::export::cast::{Cast, CastOptions};

    fn is_in_file(bytes: &[u8]) -> bool {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        is_in(file.path())
    }

    fn cast(maker: Maker, title: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        let options = CastOptions {
            maker,
            title: Some(title.to_owned()),
            ..CastOptions::default()
        };
        Cast::begin(&mut bytes, options, Size::new(80, 24), Instant::now()).unwrap();
        bytes
    }

    #[test]
    fn every_kind_of_file_can_have_it() {
        let png = resvg::tiny_skia::Pixmap::new(2, 2)
            .unwrap()
            .encode_png()
            .unwrap();
        for (plain, marked) in [
            (
                b"<svg></svg>\n".to_vec(),
                on_svg("<svg></svg>\n".to_owned()),
            ),
            (png.clone(), on_png(png.clone())),
            (cast(Maker::Session, "t"), cast(Maker::Play, "t")),
        ] {
            assert!(is_in_file(&marked));
            assert!(!is_in_file(&plain));
        }
        let marked = resvg::tiny_skia::Pixmap::decode_png(&on_png(png));
        assert_eq!(marked.unwrap().width(), 2, "its checksum is right");
    }

    #[test]
    fn a_file_that_only_speaks_of_it_has_it_not() {
        let title = format!("{{\"{MADE_BY}\":\"{}\"", Maker::Play.name());
        assert!(!is_in_file(&cast(Maker::Session, &title)));
        for text in [
            "",
            "alias a=b\n",
            "# lenscape play\n",
            "{}",
            "[1]\n",
            "{\"a\"",
        ] {
            assert!(!is_in_file(text.as_bytes()), "{text}");
        }
    }
}
