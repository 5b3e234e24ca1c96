//! Walks a GGUF header: counts the values of the metadata before candle reads those, and reads
//! where the tensors stand. candle needs 32 bytes for each value of a list, however few it has in
//! the file, and panics at an alignment of zero; and it knows fewer types of tensors than there
//! are, without their names.

use std::collections::BTreeMap;
use std::io::{self, BufRead};
use std::ops::Range;

use super::kind::GgmlType;
use crate::model::error::quoted;

/// All lists of a header together have no more values. A vocabulary of 262,144 tokens with its
/// scores, types and merges has about 1.3 million.
const MOST_VALUES: u64 = 4 << 20;

/// Lists in lists are no deeper.
const DEEPEST: u32 = 4;

/// No tensor has a longer name; llama.cpp allows 64 bytes.
const LONGEST_NAME: u64 = 4096;

/// As many dimensions as a tensor may have.
const MOST_DIMENSIONS: u32 = 4;

/// Bytes that the tensors are aligned to, where the metadata do not say.
const USUAL_ALIGNMENT: u32 = 32;

const STRING: u32 = 8;
const LIST: u32 = 9;

/// What the header says of the tensors.
#[derive(Debug)]
pub(super) struct Header {
    /// The bytes that hold the number of tensors.
    pub tensor_count: Range<usize>,
    /// Where the metadata end.
    pub metadata_end: u64,
    /// Where the tensors begin.
    pub data: u64,
    /// The tensors by name.
    pub tensors: BTreeMap<String, TensorEntry>,
}

/// What the header says of one tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TensorEntry {
    /// How it is stored.
    pub kind: GgmlType,
    /// Outermost dimension first.
    pub shape: Vec<usize>,
    /// From where the tensors begin.
    pub offset: u64,
}

/// Reads the `header` of a file that begins with `GGUF`.
///
/// # Errors
/// In one line, what is wrong with it.
pub(super) fn read(header: impl BufRead) -> Result<Header, String> {
    let mut walk = Walk {
        reader: header,
        place: 0,
        values: 0,
        lengths: Lengths::Long,
        alignment: USUAL_ALIGNMENT,
    };
    walk.skip(4).map_err(ended)?;
    walk.lengths = lengths(walk.u32().map_err(ended)?)?;
    let tensors = walk.length()?;
    let width = match walk.lengths {
        Lengths::Short => 4,
        Lengths::Long => 8,
    };
    for _ in 0..walk.length()? {
        walk.entry()?;
    }
    let metadata_end = walk.place;
    let tensors = walk.tensors(tensors)?;
    Ok(Header {
        tensor_count: 8..8 + width,
        metadata_end,
        data: walk.place.next_multiple_of(walk.alignment.into()),
        tensors,
    })
}

/// What the version says of the numbers to come.
fn lengths(version: u32) -> Result<Lengths, String> {
    match version {
        1 => Ok(Lengths::Short),
        2 | 3 => Ok(Lengths::Long),
        version if (1..=3).contains(&version.swap_bytes()) => Err(format!(
            "a big-endian GGUF file (version {} in that byte order); only little-endian ones are \
             read; convert it with llama.cpp's gguf_convert_endian.py",
            version.swap_bytes()
        )),
        version => Err(format!(
            "GGUF version {version} is not known; versions 1 to 3 are"
        )),
    }
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
    /// Bytes that have been read.
    place: u64,
    values: u64,
    lengths: Lengths,
    alignment: u32,
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
            self.alignment = alignment;
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

    fn tensors(&mut self, count: u64) -> Result<BTreeMap<String, TensorEntry>, String> {
        let mut tensors = BTreeMap::new();
        for _ in 0..count {
            let (name, entry) = self.tensor()?;
            if tensors.contains_key(&name) {
                return Err(format!(
                    "tensor `{}` is listed twice; the file is damaged",
                    quoted(&name)
                ));
            }
            tensors.insert(name, entry);
        }
        Ok(tensors)
    }

    fn tensor(&mut self) -> Result<(String, TensorEntry), String> {
        let length = self.length()?;
        if length > LONGEST_NAME {
            return Err(format!(
                "a tensor has a name of {length} bytes; the file is damaged"
            ));
        }
        let mut name = Vec::new();
        self.take(length, &mut name)?;
        // Some writers end names with a zero, as C does.
        while name.last() == Some(&0) {
            name.pop();
        }
        let name = String::from_utf8_lossy(&name).into_owned();
        let dimensions = self.u32().map_err(ended)?;
        if dimensions > MOST_DIMENSIONS {
            return Err(format!(
                "tensor `{}` has {dimensions} dimensions; the file is damaged",
                quoted(&name)
            ));
        }
        let mut shape = Vec::new();
        for _ in 0..dimensions {
            let dim = usize::try_from(self.length()?);
            shape.push(
                dim.map_err(|_| format!("tensor `{}` is larger than any memory", quoted(&name)))?,
            );
        }
        // The file has the innermost one first.
        shape.reverse();
        let kind = GgmlType(self.u32().map_err(ended)?);
        let offset = self.bytes().map(u64::from_le_bytes).map_err(ended)?;
        let entry = TensorEntry {
            kind,
            shape,
            offset,
        };
        Ok((name, entry))
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
        self.place += N as u64;
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
            self.place += step as u64;
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
