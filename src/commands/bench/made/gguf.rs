//! Writes a GGUF file of version 3 without holding its weights in memory.

use std::io::{self, Write};

/// Tensors begin at multiples of it.
const ALIGNMENT: u64 = 32;

/// GGUF's number of float32, as the type of a tensor.
const F32: u32 = 0;

/// GGUF's numbers of the types of values.
mod value {
    pub const UINT32: u32 = 4;
    pub const INT32: u32 = 5;
    pub const FLOAT32: u32 = 6;
    pub const STRING: u32 = 8;
    pub const ARRAY: u32 = 9;
}

/// What a tensor holds.
#[derive(Clone, Copy, Debug)]
pub enum Matrix {
    /// Made-up weights in a type, by GGUF's number.
    Stored {
        rows: u32,
        width: u32,
        stored_as: u32,
    },
    /// The weights of a norm: float32, all of them 1.
    Ones { width: u32 },
}

/// A file to be written: its values and tensors, in the order in which they were named.
#[derive(Debug, Default)]
pub struct File {
    values: Vec<u8>,
    n_values: u64,
    tensors: Vec<(String, Matrix)>,
}

impl File {
    fn value(&mut self, key: &str, kind: u32, bytes: &[u8]) {
        push_text(&mut self.values, key);
        self.values.extend(kind.to_le_bytes());
        self.values.extend(bytes);
        self.n_values += 1;
    }

    /// Puts a text in.
    pub fn text(&mut self, key: &str, text: &str) {
        let mut bytes = Vec::new();
        push_text(&mut bytes, text);
        self.value(key, value::STRING, &bytes);
    }

    /// Puts a whole number in.
    pub fn number(&mut self, key: &str, number: u32) {
        self.value(key, value::UINT32, &number.to_le_bytes());
    }

    /// Puts a float32 in.
    pub fn float(&mut self, key: &str, number: f32) {
        self.value(key, value::FLOAT32, &number.to_le_bytes());
    }

    /// Puts an array of texts in.
    pub fn texts(&mut self, key: &str, texts: &[String]) {
        let mut bytes = array(value::STRING, texts.len());
        texts.iter().for_each(|text| push_text(&mut bytes, text));
        self.value(key, value::ARRAY, &bytes);
    }

    /// Puts an array of whole numbers in.
    pub fn numbers(&mut self, key: &str, numbers: &[i32]) {
        let mut bytes = array(value::INT32, numbers.len());
        bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
        self.value(key, value::ARRAY, &bytes);
    }

    /// Puts a tensor in.
    pub fn tensor(&mut self, name: &str, matrix: Matrix) {
        self.tensors.push((name.to_owned(), matrix));
    }

    /// Writes it all. Matrices are made of `weights` over and over; a block of `block.0` weights
    /// takes `block.1` bytes.
    pub fn write(
        &self,
        out: &mut impl Write,
        weights: &[u8],
        block: (usize, usize),
    ) -> io::Result<()> {
        let mut head = Vec::new();
        head.extend(b"GGUF");
        head.extend(3_u32.to_le_bytes());
        head.extend((self.tensors.len() as u64).to_le_bytes());
        head.extend(self.n_values.to_le_bytes());
        head.extend(&self.values);
        let mut offset = 0_u64;
        for (name, matrix) in &self.tensors {
            push_text(&mut head, name);
            let (dimensions, stored_as) = match *matrix {
                Matrix::Stored {
                    rows,
                    width,
                    stored_as,
                } => (vec![width, rows], stored_as),
                Matrix::Ones { width } => (vec![width], F32),
            };
            head.extend((dimensions.len() as u32).to_le_bytes());
            for dimension in dimensions {
                head.extend(u64::from(dimension).to_le_bytes());
            }
            head.extend(stored_as.to_le_bytes());
            head.extend(offset.to_le_bytes());
            offset = (offset + matrix.bytes(block)).next_multiple_of(ALIGNMENT);
        }
        head.resize(head.len().next_multiple_of(ALIGNMENT as usize), 0);
        out.write_all(&head)?;
        let mut weights = Endless { weights, at: 0 };
        for (_, matrix) in &self.tensors {
            let bytes = matrix.bytes(block);
            match matrix {
                Matrix::Stored { .. } => weights.write(out, bytes)?,
                Matrix::Ones { width } => {
                    for _ in 0..*width {
                        out.write_all(&1.0_f32.to_le_bytes())?;
                    }
                }
            }
            let padding = bytes.next_multiple_of(ALIGNMENT) - bytes;
            out.write_all(&[0; ALIGNMENT as usize][..padding as usize])?;
        }
        Ok(())
    }
}

impl Matrix {
    fn bytes(self, block: (usize, usize)) -> u64 {
        match self {
            Self::Stored { rows, width, .. } => {
                let weights = u64::from(rows) * u64::from(width);
                weights / block.0 as u64 * block.1 as u64
            }
            Self::Ones { width } => 4 * u64::from(width),
        }
    }
}

/// Bytes over and over.
struct Endless<'a> {
    weights: &'a [u8],
    at: usize,
}

impl Endless<'_> {
    fn write(&mut self, out: &mut impl Write, mut bytes: u64) -> io::Result<()> {
        while bytes > 0 {
            let rest = self.weights.get(self.at..).unwrap_or_default();
            let most = usize::try_from(bytes).unwrap_or(usize::MAX);
            let now = rest.get(..most).unwrap_or(rest);
            if now.is_empty() {
                return Err(io::Error::other("there are no weights to write"));
            }
            out.write_all(now)?;
            bytes -= now.len() as u64;
            self.at = (self.at + now.len()) % self.weights.len();
        }
        Ok(())
    }
}

fn array(kind: u32, len: usize) -> Vec<u8> {
    let mut bytes = kind.to_le_bytes().to_vec();
    bytes.extend((len as u64).to_le_bytes());
    bytes
}

fn push_text(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend((text.len() as u64).to_le_bytes());
    bytes.extend(text.as_bytes());
}
