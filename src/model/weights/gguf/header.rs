//! Walks a GGUF header before candle reads it. candle needs 32 bytes for each value of a list, however
//! few it has in the file, and panics at an alignment of zero; so the values are counted first.

use std::io::{self, BufRead};

/// All lists of a header together have no more values. A vocabulary of 262,144 tokens with its
/// scores, types and merges has about 1.3 million.
const MOST_VALUES: u64 = 4 << 20;

/// Lists in lists are no deeper.
const DEEPEST: u32 = 4;

const STRING: u32 = 8;
const LIST: u32 = 9;

/// Checks the metadata behind `header`'s first four bytes.
///
/// # Errors
/// In one line, what is wrong with it.
pub(super) fn check(header: impl BufRead) -> Result<(), String> {
    let mut walk = Walk {
        reader: header,
        values: 0,
        lengths: Lengths::Long,
    };
    walk.skip(4).map_err(ended)?;
    match walk.u32().map_err(ended)? {
        1 => walk.lengths = Lengths::Short,
        2 | 3 => {}
        version => {
            return Err(format!(
                "GGUF version {version} is not known; versions 1 to 3 are"
            ));
        }
    }
    walk.length()?;
    for _ in 0..walk.length()? {
        walk.entry()?;
    }
    Ok(())
}

/// How long the numbers are that say how long something is.
#[derive(Clone, Copy)]
enum Lengths {
    /// Four bytes, in version 1.
    Short,
    /// Eight bytes.
    Long,
}

struct Walk<R> {
    reader: R,
    values: u64,
    lengths: Lengths,
}

impl<R: BufRead> Walk<R> {
    fn entry(&mut self) -> Result<(), String> {
        let length = self.length()?;
        let mut key = Vec::new();
        // A longer key is passed over like any other.
        let kept = length.min(64);
        self.take(kept, &mut key)?;
        self.skip(length - kept).map_err(ended)?;
        let kind = self.u32().map_err(ended)?;
        if key == b"general.alignment" && matches!(kind, 4 | 5) {
            let alignment = self.u32().map_err(ended)?;
            if alignment < 8 || !alignment.is_power_of_two() || alignment > 1 << 20 {
                return Err(format!(
                    "general.alignment is {alignment}, which makes no sense; the file is damaged"
                ));
            }
            return Ok(());
        }
        if key == b"general.alignment" {
            return Err("general.alignment is no 32-bit number; the file is damaged".into());
        }
        self.value(kind, 0)
    }

    fn value(&mut self, kind: u32, depth: u32) -> Result<(), String> {
        match (width(kind), kind) {
            (Some(width), _) => self.skip(width).map_err(ended),
            (None, STRING) => {
                let length = self.length()?;
                self.skip(length).map_err(ended)
            }
            (None, LIST) if depth < DEEPEST => self.list(depth),
            _ => Err(format!(
                "a value of the unknown type {kind}; the file is damaged"
            )),
        }
    }

    fn list(&mut self, depth: u32) -> Result<(), String> {
        let kind = self.u32().map_err(ended)?;
        let count = self.length()?;
        self.values = self.values.saturating_add(count);
        if self.values > MOST_VALUES {
            return Err(format!(
                "the header lists more values than any model ({}); the file is damaged",
                self.values
            ));
        }
        match width(kind) {
            Some(width) => self.skip(count * width).map_err(ended),
            None => (0..count).try_for_each(|_| self.value(kind, depth + 1)),
        }
    }

    fn length(&mut self) -> Result<u64, String> {
        match self.lengths {
            Lengths::Short => self.u32().map(u64::from),
            Lengths::Long => self.bytes().map(u64::from_le_bytes),
        }
        .map_err(ended)
    }

    fn u32(&mut self) -> io::Result<u32> {
        self.bytes().map(u32::from_le_bytes)
    }

    fn bytes<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.reader.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn take(&mut self, count: u64, into: &mut Vec<u8>) -> Result<(), String> {
        for _ in 0..count {
            into.push(self.bytes::<1>().map_err(ended)?[0]);
        }
        Ok(())
    }

    fn skip(&mut self, mut count: u64) -> io::Result<()> {
        while count > 0 {
            let there = self.reader.fill_buf()?.len();
            if there == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let step = usize::try_from(count).map_or(there, |count| count.min(there));
            self.reader.consume(step);
            count -= step as u64;
        }
        Ok(())
    }
}

/// Bytes of a value of this type in the file, where they are always as many.
fn width(kind: u32) -> Option<u64> {
    match kind {
        0 | 1 | 7 => Some(1),
        2 | 3 => Some(2),
        4..=6 => Some(4),
        10..=12 => Some(8),
        _ => None,
    }
}

fn ended(error: io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => {
            "the GGUF header is truncated; download the file again".into()
        }
        _ => format!("the GGUF header cannot be read: {error}"),
    }
}
