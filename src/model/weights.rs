//! Tensors of a checkpoint by name, whatever file they stand in. Every tensor comes out as
//! float32 on the CPU, dequantised where it was quantised: that is what `exact` means.

mod folder;
mod gguf;
mod pytorch;
mod safetensors;
mod stored;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use candle_core::Tensor;

pub use folder::Folder;
pub use gguf::Gguf;

use super::ModelError;

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

    /// How most of the weights are stored, for example `Q4_1` or `BF16`.
    #[must_use]
    pub fn storage(&self) -> String {
        match self {
            Self::Gguf(file) => file.storage(),
            Self::Folder(files) => files.storage(),
        }
    }

    /// The number of elements of every tensor that can hold weights, each place in the files
    /// once.
    #[must_use]
    pub fn elements(&self) -> Vec<u64> {
        match self {
            Self::Gguf(file) => file.elements(),
            Self::Folder(files) => files.elements(),
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
struct Opened {
    /// At its byte 64, or at its end.
    file: File,
    /// In bytes.
    length: u64,
    /// Its first 64 bytes, or fewer where it has fewer.
    start: Vec<u8>,
}

impl Opened {
    fn at(path: &Path) -> Result<Self, ModelError> {
        let mut file = File::open(path).map_err(unreadable(path))?;
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

/// The entry that makes up most of what is counted.
fn most<K: Ord>(sizes: impl Iterator<Item = (K, usize)>) -> Option<K> {
    let mut totals = std::collections::BTreeMap::new();
    for (kind, size) in sizes {
        *totals.entry(kind).or_insert(0_usize) += size;
    }
    totals
        .into_iter()
        .max_by_key(|(_, total)| *total)
        .map(|(kind, _)| kind)
}
