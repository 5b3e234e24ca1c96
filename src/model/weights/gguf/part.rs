//! One GGUF file: its header, checked, and the way to its tensors.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

use candle_core::quantized::gguf_file::{Content, TensorInfo, Value};
use candle_core::{Device, Shape, Tensor};

use super::header::{self, Header, TensorEntry};
use crate::caught;
use crate::model::ModelError;
use crate::model::error::plain;
use crate::model::weight::Rows;
use crate::model::weights::{CheckpointFile, damaged, foreign, unreadable};
use crate::regular_file;

/// No header is longer.
const LONGEST_HEADER: u64 = 64 << 20;

/// One GGUF file.
#[derive(Debug)]
pub(super) struct Part {
    pub path: PathBuf,
    pub metadata: HashMap<String, Value>,
    header: Header,
}

impl Part {
    /// Reads and checks the header.
    pub(super) fn open(path: &Path) -> Result<Self, ModelError> {
        let CheckpointFile {
            mut file,
            length,
            start,
        } = CheckpointFile::at(path)?;
        if !start.starts_with(b"GGUF") {
            return Err(damaged(
                path,
                foreign(&start).unwrap_or("not a GGUF file (it does not start with `GGUF`)"),
            ));
        }
        let end = length.min(LONGEST_HEADER);
        file.rewind().map_err(unreadable(path))?;
        let header = header::read(BufReader::with_capacity(1 << 20, (&file).take(end)))
            .map_err(|reason| damaged(path, reason))?;
        let part = Self {
            path: path.to_owned(),
            metadata: metadata(path, &file, &header)?,
            header,
        };
        part.check(length)?;
        Ok(part)
    }

    /// Every tensor must lie inside the file.
    fn check(&self, length: u64) -> Result<(), ModelError> {
        for (name, entry) in self.tensors() {
            let bytes = match entry.kind.bytes(&entry.shape) {
                Some(bytes) => bytes,
                // Whoever asks for it is told its type.
                None if entry.kind.storage().is_none() => 0,
                None => {
                    let reason = format!(
                        "shape {:?} makes no sense; the file is damaged",
                        entry.shape
                    );
                    return Err(self.about(name, reason));
                }
            };
            let end = self.start(entry).saturating_add(bytes);
            if end > length {
                return Err(self.about(
                    name,
                    format!(
                        "ends at byte {end}, but the file has {length}; it is truncated, \
                         download it again"
                    ),
                ));
            }
        }
        Ok(())
    }

    /// All tensors, in the order of their names.
    pub(super) fn tensors(&self) -> impl Iterator<Item = (&str, &TensorEntry)> {
        let tensors = self.header.tensors.iter();
        tensors.map(|(name, entry)| (name.as_str(), entry))
    }

    /// What the header says of a tensor.
    pub(super) fn tensor(&self, name: &str) -> Option<&TensorEntry> {
        self.header.tensors.get(name)
    }

    /// A tensor of this file in float32.
    pub(super) fn read(&self, name: &str) -> Result<Tensor, ModelError> {
        let entry = self.entry(name)?;
        let Some(dtype) = entry.kind.candle() else {
            let rows = self.stored_rows(name, entry)?;
            let rows = rows.ok_or_else(|| self.about(name, not_read(entry)))?;
            let tensor = rows.to_tensor();
            let tensor = tensor.and_then(|tensor| tensor.reshape(entry.shape.as_slice()));
            return tensor.map_err(|error| self.about(name, plain(&error)));
        };
        let info = TensorInfo {
            ggml_dtype: dtype,
            shape: Shape::from(entry.shape.clone()),
            offset: entry.offset,
        };
        let mut file = regular_file::open(&self.path).map_err(unreadable(&self.path))?;
        info.read(&mut file, self.header.data, &Device::Cpu)
            .and_then(|tensor| tensor.dequantize(&Device::Cpu))
            .map_err(|error| self.about(name, plain(&error)))
    }

    /// The rows of a tensor of this file as they are stored, or in float32 where they cannot be
    /// held like that.
    pub(super) fn read_rows(&self, name: &str) -> Result<Rows, ModelError> {
        if let Some(rows) = self.stored_rows(name, self.entry(name)?)? {
            return Ok(rows);
        }
        Rows::of_tensor(&self.read(name)?).map_err(|error| self.about(name, plain(&error)))
    }

    /// The rows of a tensor as they are stored; `None` where they cannot be held like that.
    fn stored_rows(&self, name: &str, entry: &TensorEntry) -> Result<Option<Rows>, ModelError> {
        let (Some(storage), Some(width)) = (entry.kind.storage(), entry.shape.last()) else {
            return Ok(None);
        };
        let is_whole = storage.row_bytes(*width).is_some();
        if !is_whole && entry.kind.candle().is_none() {
            let reason = format!(
                "has rows of {width} weights, which are no whole number of blocks of {}; the file \
                 is damaged",
                entry.kind
            );
            return Err(self.about(name, reason));
        }
        match entry.kind.bytes(&entry.shape) {
            Some(bytes) if is_whole => Ok(Rows::new(storage, *width, self.bytes(entry, 0..bytes)?)),
            _ => Ok(None),
        }
    }

    /// Some of the rows of a tensor of this file as they are stored; `None` where they cannot be
    /// held like that.
    pub(super) fn read_some_rows(
        &self,
        name: &str,
        rows: Range<usize>,
    ) -> Result<Option<Rows>, ModelError> {
        let entry = self.entry(name)?;
        let width = entry.shape.last().copied().unwrap_or(0);
        let storage = entry.kind.storage();
        let Some((storage, row)) = storage.and_then(|s| Some((s, s.row_bytes(width)? as u64)))
        else {
            return Ok(None);
        };
        let bytes = row * rows.start as u64..row * rows.end as u64;
        Ok(Rows::new(storage, width, self.bytes(entry, bytes)?))
    }

    /// Some of the bytes of a tensor, of whose size [`Part::open`] has made sure.
    fn bytes(&self, entry: &TensorEntry, which: Range<u64>) -> Result<Vec<u8>, ModelError> {
        let length = usize::try_from(which.end - which.start);
        let mut bytes = vec![0; length.unwrap_or(0)];
        let mut file = regular_file::open(&self.path).map_err(unreadable(&self.path))?;
        file.seek(SeekFrom::Start(self.start(entry) + which.start))
            .and_then(|_| file.read_exact(&mut bytes))
            .map_err(unreadable(&self.path))?;
        Ok(bytes)
    }

    /// Where a tensor begins in the file.
    fn start(&self, entry: &TensorEntry) -> u64 {
        self.header.data.saturating_add(entry.offset)
    }

    fn entry(&self, name: &str) -> Result<&TensorEntry, ModelError> {
        self.tensor(name)
            .ok_or_else(|| self.about(name, "is missing".into()))
    }

    fn about(&self, name: &str, reason: String) -> ModelError {
        ModelError::Tensor {
            place: self.path.display().to_string(),
            name: name.to_owned(),
            reason,
        }
    }
}

/// Why a tensor of a type that is not read cannot be used.
pub(super) fn not_read(entry: &TensorEntry) -> String {
    format!(
        "is stored as {}; this quantisation is not supported; use a Q4_K_M, Q8_0 or F16 file",
        entry.kind
    )
}

/// The metadata, as candle reads them. It is told that there are no tensors: it knows fewer types
/// of those than there are.
fn metadata(
    path: &Path,
    mut file: &File,
    header: &Header,
) -> Result<HashMap<String, Value>, ModelError> {
    let mut bytes = Vec::new();
    file.rewind()
        .and_then(|()| file.take(header.metadata_end).read_to_end(&mut bytes))
        .map_err(unreadable(path))?;
    let count = header.tensor_count.clone();
    bytes
        .get_mut(count)
        .into_iter()
        .flatten()
        .for_each(|byte| *byte = 0);
    let content = caught::catch(|| Content::read(&mut Cursor::new(bytes)))
        .map_err(|_| damaged(path, "the GGUF header makes no sense; the file is damaged"))?
        .map_err(|error| damaged(path, format!("not a valid GGUF file: {}", plain(&error))))?;
    Ok(content.metadata)
}
