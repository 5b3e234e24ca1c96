//! A model's files on this machine.

use std::path::{Path, PathBuf};

/// A model's files on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchedModel {
    /// As the model was asked for: the catalog's name, the hub id, or the last part of the path.
    pub name: String,
    /// What is loaded.
    pub files: CheckpointFiles,
}

/// The files of a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckpointFiles {
    /// A GGUF file; of a split model the first part, with the others beside it.
    Gguf(PathBuf),
    /// A folder with `config.json`, a tokenizer and weights.
    Folder(PathBuf),
}

impl CheckpointFiles {
    /// The file or the folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::Gguf(path) | Self::Folder(path) => path,
        }
    }
}
