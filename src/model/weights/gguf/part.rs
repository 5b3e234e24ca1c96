//! One GGUF file: its header, checked, and the way to its tensors.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use candle_core::quantized::gguf_file::{Content, TensorInfo};
use candle_core::{Device, Tensor};

use super::header;
use crate::caught;
use crate::model::ModelError;
use crate::model::error::plain;
use crate::model::weight::{Rows, Storage};
use crate::model::weights::{Opened, damaged, foreign, unreadable};

/// No header is longer.
const LONGEST_HEADER: u64 = 64 << 20;

/// One GGUF file.
#[derive(Debug)]
pub(super) struct Part {
    pub path: PathBuf,
    pub content: Content,
}

impl Part {
    /// Reads and checks the header.
    pub(super) fn open(path: &Path) -> Result<Self, ModelError> {
        let Opened {
            mut file,
            length,
            start,
        } = Opened::at(path)?;
        if !start.starts_with(b"GGUF") {
            return Err(damaged(
                path,
                foreign(&start).unwrap_or("not a GGUF file (it does not start with `GGUF`)"),
            ));
        }
        let end = length.min(LONGEST_HEADER);
        file.rewind().map_err(unreadable(path))?;
        header::check(BufReader::with_capacity(1 << 20, (&file).take(end)))
            .map_err(|reason| damaged(path, reason))?;
        file.rewind().map_err(unreadable(path))?;
        let mut window = Window {
            inner: BufReader::with_capacity(1 << 20, file),
            end,
        };
        let content = caught::catch(|| Content::read(&mut window))
            .map_err(|_| damaged(path, "the GGUF header makes no sense; the file is damaged"))?
            .map_err(|error| damaged(path, reason(&error)))?;
        let part = Self {
            path: path.to_owned(),
            content,
        };
        part.check(length)?;
        Ok(part)
    }

    /// Every tensor must lie inside the file.
    fn check(&self, length: u64) -> Result<(), ModelError> {
        for (name, info) in &self.content.tensor_infos {
            let Some(bytes) = bytes(info) else {
                return Err(self.about(
                    name,
                    format!(
                        "shape {:?} makes no sense; the file is damaged",
                        info.shape.dims()
                    ),
                ));
            };
            let end = self
                .content
                .tensor_data_offset
                .saturating_add(info.offset)
                .saturating_add(bytes);
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

    /// A tensor of this file in float32.
    pub(super) fn read(&self, name: &str) -> Result<Tensor, ModelError> {
        let mut file = File::open(&self.path).map_err(unreadable(&self.path))?;
        self.content
            .tensor(&mut file, name, &Device::Cpu)
            .and_then(|tensor| tensor.dequantize(&Device::Cpu))
            .map_err(|error| self.about(name, plain(&error)))
    }

    /// The rows of a tensor of this file as they are stored, or in float32 where they cannot be
    /// held like that.
    pub(super) fn read_rows(&self, name: &str) -> Result<Rows, ModelError> {
        if let Some(info) = self.content.tensor_infos.get(name)
            && let Some(storage) = Storage::of(info.ggml_dtype)
            && let Some(width) = info.shape.dims().last()
            && let Some(rows) = Rows::new(storage, *width, self.bytes(info)?)
        {
            return Ok(rows);
        }
        Rows::of_tensor(&self.read(name)?).map_err(|error| self.about(name, plain(&error)))
    }

    /// The bytes of a tensor, of whose size [`Part::open`] has made sure.
    fn bytes(&self, info: &TensorInfo) -> Result<Vec<u8>, ModelError> {
        let length = bytes(info).and_then(|bytes| usize::try_from(bytes).ok());
        let mut bytes = vec![0; length.unwrap_or(0)];
        let mut file = File::open(&self.path).map_err(unreadable(&self.path))?;
        let start = self.content.tensor_data_offset + info.offset;
        file.seek(SeekFrom::Start(start))
            .and_then(|_| file.read_exact(&mut bytes))
            .map_err(unreadable(&self.path))?;
        Ok(bytes)
    }

    fn about(&self, name: &str, reason: String) -> ModelError {
        ModelError::Tensor {
            place: self.path.display().to_string(),
            name: name.to_owned(),
            reason,
        }
    }
}

/// Bytes that a tensor takes in the file, if that makes sense.
fn bytes(info: &TensorInfo) -> Option<u64> {
    let block = info.ggml_dtype.block_size();
    let mut dims = info.shape.dims().iter();
    let elements = dims.try_fold(1_usize, |n, dim| n.checked_mul(*dim))?;
    let is_whole = elements > 0 && elements.is_multiple_of(block);
    let bytes = (elements / block).checked_mul(info.ggml_dtype.type_size())?;
    u64::try_from(bytes).ok().filter(|_| is_whole)
}

/// candle's complaint about a header, in words that say what to do.
fn reason(error: &candle_core::Error) -> String {
    let text = plain(error);
    if text.contains("unknown dtype") {
        format!("{text}: this quantisation is not supported; use a Q4_K_M, Q8_0 or F16 file")
    } else if text.contains("failed to fill whole buffer") || text.contains("remaining") {
        format!("the GGUF header is truncated ({text}); download the file again")
    } else {
        format!("not a valid GGUF file: {text}")
    }
}

/// A reader that seems to end at `end`.
struct Window<R> {
    inner: R,
    end: u64,
}

impl<R: Read + Seek> Read for Window<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.end.saturating_sub(self.inner.stream_position()?);
        let most = buffer
            .len()
            .min(usize::try_from(left).unwrap_or(usize::MAX));
        let part = buffer.get_mut(..most).unwrap_or_default();
        self.inner.read(part)
    }
}

impl<R: Seek> Seek for Window<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match to {
            SeekFrom::End(offset) => {
                let place = self.end.saturating_add_signed(offset);
                self.inner.seek(SeekFrom::Start(place))
            }
            // `BufReader` drops its buffer on every other seek, and candle asks for its place
            // before each string.
            SeekFrom::Current(0) => self.inner.stream_position(),
            SeekFrom::Current(_) | SeekFrom::Start(_) => self.inner.seek(to),
        }
    }

    fn stream_position(&mut self) -> io::Result<u64> {
        self.inner.stream_position()
    }
}
