//! One entry of the catalog: a model, what its files are, and where they come from.

use serde::Deserialize;

use super::{CheckpointFiles, HubRef, Sha256Sum};

/// One model that is known by name.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CatalogEntry {
    /// What users type, for example `smollm2-135m`: lower-case letters, digits, `-`, `.`, `_`.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// The decoder family, for information: what counts is what the files say.
    pub family: String,
    /// Number of parameters, where it is known.
    pub parameters: Option<u64>,
    /// Whether it is known from what others publish alone: nobody has opened it here.
    #[serde(default)]
    pub unchecked: bool,
    /// Licence of the weights, as an SPDX identifier where there is one.
    pub licence: String,
    /// What its files are.
    pub files: Files,
    /// Where they come from, in the order in which the sources are tried.
    pub sources: Vec<Source>,
}

/// What the files of an entry are.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Files {
    /// One GGUF file, the same from every source.
    Gguf {
        /// The file's name on disk.
        name: String,
        /// Its exact size.
        size_bytes: u64,
        /// Its checksum.
        sha256: Sha256Sum,
    },
    /// A folder with `config.json` and safetensors weights, or older ones.
    Safetensors {
        /// Size of the weights, roughly, where it is known.
        size_bytes: Option<u64>,
    },
}

/// Where the files of an entry come from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Source {
    /// A repository of the hub.
    Hub {
        /// The repository as `org/name`.
        repo: String,
        /// A commit, a branch or a tag; a commit where the file has a checksum.
        revision: String,
        /// The GGUF file; absent for safetensors.
        file: Option<String>,
    },
    /// A file inside the wheel of a Python package.
    PythonPackage {
        /// The package's name.
        package: String,
        /// Its exact version.
        version: String,
        /// The file's path inside the wheel.
        member: String,
        /// Size of the wheel, for the progress bar.
        wheel_bytes: u64,
    },
}

impl CatalogEntry {
    /// Size of the files in bytes, where it is known; exact for GGUF, rough for safetensors.
    #[must_use]
    pub fn size_bytes(&self) -> Option<u64> {
        match self.files {
            Files::Gguf { size_bytes, .. } => Some(size_bytes),
            Files::Safetensors { size_bytes } => size_bytes,
        }
    }

    /// Whether a file that is said to be this entry's has its size; a folder always has.
    pub(super) fn has_size_of(&self, files: &CheckpointFiles) -> bool {
        match (&self.files, files) {
            (Files::Gguf { size_bytes, .. }, CheckpointFiles::Gguf(path)) => path
                .metadata()
                .is_ok_and(|there| there.len() == *size_bytes),
            (Files::Safetensors { .. }, CheckpointFiles::Folder(_)) => true,
            _ => false,
        }
    }

    /// How the entry contradicts itself, if it does.
    pub(super) fn fault(&self) -> Option<String> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-._".contains(c);
        if !self.name.starts_with(|c: char| c.is_ascii_alphanumeric())
            || !self.name.chars().all(plain)
        {
            return Some("a name has lower-case letters, digits, `-`, `.` and `_` only".to_owned());
        }
        if let Files::Gguf { name, .. } = &self.files
            && (name.contains(['/', '\\']) || !name.ends_with(".gguf") || name.starts_with('.'))
        {
            return Some(format!("`{name}` is no plain file name ending in .gguf"));
        }
        if self.sources.is_empty() {
            return Some("it has no source".to_owned());
        }
        self.sources
            .iter()
            .find_map(|source| source.fault(&self.files))
    }
}

impl Source {
    /// What the source is called on the screen.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self {
            Self::Hub { .. } => "hub",
            Self::PythonPackage { .. } => "Python package",
        }
    }

    /// What the hub is asked for, if this is a source on the hub.
    #[must_use]
    pub fn hub(&self) -> Option<HubRef> {
        match self {
            Self::Hub {
                repo,
                revision,
                file,
            } => Some(HubRef {
                repo: repo.clone(),
                revision: revision.clone(),
                file: file.clone(),
            }),
            Self::PythonPackage { .. } => None,
        }
    }

    fn fault(&self, files: &Files) -> Option<String> {
        match (self, files) {
            (Self::Hub { repo, .. }, _) if repo.split('/').count() != 2 => Some(format!(
                "`{repo}` is no hub repository of the form org/name"
            )),
            (Self::Hub { file: None, .. }, Files::Gguf { .. }) => {
                Some("a hub source of a GGUF model names its file".to_owned())
            }
            (Self::Hub { revision, .. }, Files::Gguf { .. }) if !is_commit(revision) => Some(
                format!("`{revision}` is no commit: a checksum holds for one commit only"),
            ),
            (Self::Hub { file: Some(_), .. }, Files::Safetensors { .. }) => {
                Some("a hub source of a safetensors model names no file".to_owned())
            }
            (Self::PythonPackage { .. }, Files::Safetensors { .. }) => {
                Some("a Python package gives a single GGUF file".to_owned())
            }
            _ => None,
        }
    }
}

/// Whether a revision is a whole commit hash, which always names the same files.
pub(super) fn is_commit(revision: &str) -> bool {
    revision.len() == 40 && revision.bytes().all(|b| b.is_ascii_hexdigit())
}
