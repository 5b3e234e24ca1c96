//! JSON in which nothing steers a terminal that it is shown on. JSON itself asks for less: it lets
//! U+009B, which starts a command as ESC does, and U+202E, which turns the direction of text, stand
//! in a text as they are.

use std::io::{self, Write};

use serde::Serialize;

use crate::vocabulary::steers;

/// Writes `value` in one line, without a newline behind it.
///
/// # Errors
/// When `out` cannot be written to.
pub fn write(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    Ok(serde_json::to_writer(Escaping(out), value)?)
}

/// Writes `value` in lines for people, without a newline behind them.
///
/// # Errors
/// When `out` cannot be written to.
pub fn write_pretty(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    Ok(serde_json::to_writer_pretty(Escaping(out), value)?)
}

/// Takes JSON, and escapes what steers a terminal: such characters stand only inside of texts and
/// keys, where an escape means the same.
struct Escaping<W>(W);

impl<W: Write> Write for Escaping<W> {
    fn write(&mut self, json: &[u8]) -> io::Result<usize> {
        self.write_all(json).map(|()| json.len())
    }

    fn write_all(&mut self, json: &[u8]) -> io::Result<()> {
        if json.is_ascii() && !json.contains(&0x7f) {
            return self.0.write_all(json);
        }
        // The writer of JSON gives whole characters.
        let text = str::from_utf8(json).map_err(io::Error::other)?;
        let mut written = 0;
        for (at, c) in text.char_indices() {
            // The newlines are those between values: in a text they are escaped already.
            if c != '\n' && steers(c) {
                self.0.write_all(&json[written..at])?;
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(self.0, "\\u{unit:04x}")?;
                }
                written = at + c.len_utf8();
            }
        }
        self.0.write_all(&json[written..])
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::{Value, json};

    use super::*;

    type Writes = fn(&Value, &mut dyn Write) -> io::Result<()>;

    #[test]
    fn what_steers_a_terminal_is_escaped_and_means_the_same() {
        let value = json!({
            "k\u{9b}2J": "a\u{202e}b\u{7f}\u{2066}\n日本\u{e0041}é\u{1b}",
            "plain": ["ü", 1],
        });
        for writes in [(|value, out| write(value, out)) as Writes, |value, out| {
            write_pretty(value, out)
        }] {
            let mut bytes = Vec::new();
            writes(&value, &mut bytes).unwrap();
            let text = String::from_utf8(bytes).unwrap();
            assert!(!text.chars().any(|c| c != '\n' && steers(c)), "{text}");
            assert!(text.contains("k\\u009b2J"), "{text}");
            assert!(text.contains("a\\u202eb\\u007f\\u2066\\n日本"), "{text}");
            assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
        }
    }
}
