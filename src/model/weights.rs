//! Tensors of a checkpoint by name, whatever file they stand in. A tensor comes out as float32 on
//! the CPU, dequantised where it was quantised, or as its rows in the type that they are stored in.

mod adapter;
mod comparison;
mod folder;
mod gguf;
mod mix;
mod names;
mod pytorch;
mod quantised;
mod safetensors;
mod stored;
mod tensor_file;

use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::path::{Path, PathBuf};

use candle_core::Tensor;

pub use adapter::Adapter;
pub use folder::Folder;
pub use gguf::Gguf;
pub use mix::{Mix, Share};
pub use tensor_file::{Saved, TensorFile};

use super::ModelError;
use super::weight::{Rows, Storage};
use crate::regular_file;

/// What is wanted of a checkpoint in several files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// All of it.
    Whole,
    /// What stands before the first block and behind the last one. Files that have nothing of that
    /// may be missing.
    Ends,
}

impl Part {
    /// Whether the tensor of this name belongs to it. Those of blocks have their number in the name.
    fn has(self, name: &str) -> bool {
        self == Self::Whole || block_of(name).is_none()
    }
}

/// The block that the tensor of this name belongs to, if it does.
fn block_of(name: &str) -> Option<usize> {
    name.split('.').find_map(|word| word.parse().ok())
}

/// The tensors of a checkpoint.
#[derive(Debug)]
pub enum Weights {
    /// In a GGUF file, or in the parts of a split one.
    Gguf(Gguf),
    /// In the safetensors or PyTorch files of a folder.
    Folder(Folder),
}

impl Weights {
    /// The file or folder, for messages.
    #[must_use]
    pub fn place(&self) -> String {
        match self {
            Self::Gguf(file) => file.path().display().to_string(),
            Self::Folder(files) => files.path().display().to_string(),
        }
    }

    /// The names of all tensors.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        match self {
            Self::Gguf(file) => file.names().collect(),
            Self::Folder(files) => files.names().collect(),
        }
    }

    /// How many tensors there are.
    #[must_use]
    pub fn count(&self) -> usize {
        match self {
            Self::Gguf(file) => file.names().count(),
            Self::Folder(files) => files.names().count(),
        }
    }

    /// The shape of a tensor, if there is one of that name.
    #[must_use]
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        match self {
            Self::Gguf(file) => file.shape(name),
            Self::Folder(files) => files.shape(name),
        }
    }

    /// What is worth knowing of the files though they can be used, one line each.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        match self {
            Self::Gguf(_) => Vec::new(),
            Self::Folder(files) => files.notes(),
        }
    }

    /// How the weights are stored.
    #[must_use]
    pub fn mix(&self) -> Mix {
        match self {
            Self::Gguf(file) => file.mix(),
            Self::Folder(files) => files.mix(),
        }
    }

    /// Why the tensor of this name cannot be read, if it is of a type that is not.
    #[must_use]
    pub fn not_read(&self, name: &str) -> Option<String> {
        match self {
            Self::Gguf(file) => file.not_read(name),
            Self::Folder(files) => files.not_read(name),
        }
    }

    /// A tensor of weights that cannot be read, and why, if there is one.
    #[must_use]
    pub fn first_not_read(&self) -> Option<(String, String)> {
        let found = |name: &str| Some((name.to_owned(), self.not_read(name)?));
        match self {
            Self::Gguf(file) => file.names().find_map(found),
            Self::Folder(files) => files.names_of_weights().find_map(found),
        }
    }

    /// Whether a matrix is quantised in several tensors; it is then `[out, in]`, whatever the
    /// orientation of the others.
    #[must_use]
    pub fn is_packed(&self, name: &str) -> bool {
        match self {
            Self::Gguf(_) => false,
            Self::Folder(files) => files.is_packed(name),
        }
    }

    /// The size of every tensor that can hold weights, each place in the files once.
    #[must_use]
    pub fn sizes(&self) -> Vec<Size> {
        match self {
            Self::Gguf(file) => file.sizes(),
            Self::Folder(files) => files.sizes(),
        }
    }

    /// Reads a tensor as float32.
    ///
    /// # Errors
    /// When there is none of that name, it is of a type that cannot hold weights, or the file
    /// cannot be read.
    pub fn read(&self, name: &str) -> Result<Tensor, ModelError> {
        match self {
            Self::Gguf(file) => file.read(name),
            Self::Folder(files) => files.read(name),
        }
    }

    /// Reads the rows of a tensor in the type that they are stored in, or as float32 where that
    /// is none of [`Storage`]: all dimensions but the last one are rows.
    ///
    /// # Errors
    /// As [`Weights::read`].
    pub fn read_rows(&self, name: &str) -> Result<Rows, ModelError> {
        match self {
            Self::Gguf(file) => file.read_rows(name),
            Self::Folder(files) => files.read_rows(name),
        }
    }

    /// Some of the rows of a tensor, as [`Weights::read_rows`] would give them; `None` where the
    /// tensor can only be read as a whole.
    fn read_some_rows(&self, name: &str, rows: Range<usize>) -> Result<Option<Rows>, ModelError> {
        match self {
            Self::Gguf(file) => file.read_some_rows(name, rows),
            Self::Folder(files) => files.read_some_rows(name, rows),
        }
    }
}

/// The size of a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Number of weights.
    pub elements: u64,
    /// Bytes of its rows, held as they are stored; `None` where it is held in float32 anyway, as
    /// vectors are.
    pub stored: Option<u64>,
    /// The type that its rows are stored in.
    pub storage: Option<Storage>,
    /// The block that it belongs to, if it does; it has its number in the name.
    pub block: Option<usize>,
}

impl Size {
    /// The size of a tensor of this name and `shape` whose rows are stored in `storage`.
    fn of(name: &str, shape: &[usize], storage: Option<Storage>) -> Self {
        let elements = elements(shape);
        let width = shape.last().copied().unwrap_or(0);
        let row_bytes = storage
            .filter(|_| shape.len() > 1)
            .and_then(|storage| storage.row_bytes(width));
        Self {
            elements,
            storage,
            block: block_of(name),
            stored: row_bytes.map(|bytes| {
                let rows = elements / (width as u64).max(1);
                rows.saturating_mul(bytes as u64)
            }),
        }
    }
}

/// How many numbers a tensor of `shape` has.
fn elements(shape: &[usize]) -> u64 {
    let dims = shape.iter().map(|dim| *dim as u64);
    dims.fold(1, u64::saturating_mul)
}

/// An error about the contents of the file at `path`.
fn damaged(path: &Path, reason: impl Into<String>) -> ModelError {
    ModelError::File {
        path: path.to_owned(),
        reason: reason.into(),
    }
}

/// An error of the system about the file at `path`.
fn unreadable(path: &Path) -> impl FnOnce(std::io::Error) -> ModelError {
    let path: PathBuf = path.to_owned();
    move |source| ModelError::Read { path, source }
}

/// A file of a checkpoint, opened, and what tells its kind.
struct CheckpointFile {
    /// At its byte 64, or at its end.
    file: File,
    /// In bytes.
    length: u64,
    /// Its first 64 bytes, or fewer where it has fewer.
    start: Vec<u8>,
}

impl CheckpointFile {
    fn at(path: &Path) -> Result<Self, ModelError> {
        let mut file = regular_file::open(path).map_err(unreadable(path))?;
        let length = file.metadata().map_err(unreadable(path))?.len();
        let mut start = Vec::with_capacity(64);
        (&mut file)
            .take(64)
            .read_to_end(&mut start)
            .map_err(unreadable(path))?;
        Ok(Self {
            file,
            length,
            start,
        })
    }
}

/// How the files began that llama.cpp wrote before GGUF: `ggml`, `ggmf` and `ggjt`, as numbers.
const OLDER_GGML: [&[u8]; 3] = [b"lmgg", b"fmgg", b"tjgg"];

/// What a file that is no checkpoint seems to be, by its first bytes.
fn foreign(start: &[u8]) -> Option<&'static str> {
    let text = start.trim_ascii_start();
    if start.is_empty() {
        Some("the file is empty; the download may have been interrupted")
    } else if text.starts_with(b"version https://git-lfs") {
        Some("this is a Git LFS pointer, not the weights; fetch them with `git lfs pull`")
    } else if text.starts_with(b"<!DOCTYPE") || text.starts_with(b"<html") {
        Some("this is a web page, not a model file; download the file itself")
    } else if OLDER_GGML.iter().any(|magic| start.starts_with(magic)) {
        Some("a GGML file of before August 2023; convert the model again, to GGUF")
    } else if start.starts_with(b"PK\x03\x04") {
        Some("this is a zip or PyTorch archive; a GGUF or safetensors file is needed")
    } else {
        None
    }
}
