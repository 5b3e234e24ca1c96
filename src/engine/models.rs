//! The models that can be chosen, with what the headers of their files say of them.

use crate::catalog::{CheckpointFiles, ListedModel, ModelRef, Whereabouts};
use crate::caught;
use crate::model::{self, Dequantisation, Dtype};
use crate::trace::LensKind;

/// Of a weight in float32.
const BYTES_A_PARAMETER: u64 = 4;

/// Whether a model fits into the memory that is available now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// The model fits into memory.
    Fits,
    /// It needs more.
    TooLarge,
    /// What it needs or what there is is not known.
    Unknown,
}

/// One model that can be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelEntry {
    /// What is loaded: a catalog name, a hub id or a path.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// The decoder family, where it is known.
    pub family: Option<String>,
    /// Number of parameters, where it is known.
    pub parameters: Option<u64>,
    /// Size in bytes of the files that are used, where it is known.
    pub size: Option<u64>,
    /// Where the files are.
    pub whereabouts: Whereabouts,
    /// Memory that loading takes in bytes; only the weights' where the files are not here.
    pub memory: Option<u64>,
    /// Whether that is available now.
    pub fit: Fit,
    /// Why the files that are here cannot be used, in one line.
    pub fault: Option<String>,
    /// The fitted lenses that are known to be published for it.
    pub lenses: Vec<LensKind>,
    /// Whether it is the model that is loaded.
    pub is_loaded: bool,
}

impl ModelEntry {
    /// What is known of `candidate`, to be computed with as `dtype` says, while `available` bytes
    /// of memory are free and the model `loaded` is in use. Reads the headers of its files.
    pub(super) fn of(
        candidate: ListedModel,
        dtype: Dtype,
        available: Option<u64>,
        loaded: Option<&ModelRef>,
    ) -> Self {
        let mut entry = Self {
            is_loaded: loaded == Some(&candidate.reference),
            memory: weights(&candidate, dtype),
            name: candidate.name,
            title: candidate.title,
            family: candidate.family,
            parameters: candidate.parameters,
            size: candidate.size,
            whereabouts: candidate.whereabouts,
            fit: Fit::Unknown,
            fault: None,
            lenses: Vec::new(),
        };
        if let Some(files) = &candidate.files {
            entry.look_at(files, dtype);
        }
        entry.fit = fit(entry.memory, available);
        entry
    }

    fn look_at(&mut self, files: &CheckpointFiles, dtype: Dtype) {
        // A library may give up on a crafted file; the list must not.
        let glance = caught::catch(|| model::glance(files, dtype));
        match glance {
            Ok(Ok(glance)) => {
                self.family.get_or_insert_with(|| glance.family.to_owned());
                self.parameters = Some(glance.memory.parameters);
                self.memory = Some(glance.memory.peak);
            }
            Ok(Err(error)) => self.is_faulty(error.to_string()),
            Err(_) => self.is_faulty("the files are damaged; fetch them again".to_owned()),
        }
    }

    fn is_faulty(&mut self, why: String) {
        self.parameters = None;
        self.memory = None;
        self.fault = Some(why);
    }
}

/// Bytes of a model's weights, as far as the catalog tells. Files are about as large as the weights
/// in them.
fn weights(candidate: &ListedModel, dtype: Dtype) -> Option<u64> {
    let dequantised = candidate.parameters?.saturating_mul(BYTES_A_PARAMETER);
    match (Dequantisation::of(dtype), dtype) {
        (Dequantisation::AtLoad, _) => Some(dequantised),
        (Dequantisation::AtUse, Dtype::Bf16 | Dtype::F16) => Some(dequantised / 2),
        (Dequantisation::AtUse, Dtype::Auto | Dtype::F32) => candidate.size.or(Some(dequantised)),
    }
}

fn fit(needed: Option<u64>, available: Option<u64>) -> Fit {
    match (needed, available) {
        (Some(needed), Some(available)) if needed <= available => Fit::Fits,
        (Some(_), Some(_)) => Fit::TooLarge,
        _ => Fit::Unknown,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::*;

    fn candidate(files: Option<CheckpointFiles>) -> ListedModel {
        ListedModel {
            name: "m".to_owned(),
            reference: ModelRef::Entry("m".to_owned()),
            title: "M".to_owned(),
            family: None,
            parameters: files.is_none().then_some(1000),
            size: None,
            whereabouts: match files {
                Some(_) => Whereabouts::OnDisk,
                None => Whereabouts::NotHere,
            },
            files,
        }
    }

    fn fixture(name: &str) -> PathBuf {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
        fixtures.join(name)
    }

    #[test]
    fn figures_come_from_the_headers_of_files_that_are_here() {
        let files = CheckpointFiles::Folder(fixture("llama"));
        let entry = ModelEntry::of(candidate(Some(files)), Dtype::Auto, Some(u64::MAX), None);
        assert_eq!(entry.family.as_deref(), Some("llama"));
        assert_eq!(entry.parameters, Some(61_728));
        assert!(entry.memory.unwrap() > 4 * 61_728);
        assert_eq!((entry.fit, entry.fault), (Fit::Fits, None));
    }

    #[test]
    fn what_is_not_here_needs_at_least_the_memory_of_its_weights() {
        let entry = |available| ModelEntry::of(candidate(None), Dtype::Auto, available, None);
        assert_eq!(entry(None).memory, Some(4000));
        assert_eq!(entry(Some(4000)).fit, Fit::Fits);
        assert_eq!(entry(Some(3999)).fit, Fit::TooLarge);
        assert_eq!(entry(None).fit, Fit::Unknown);
    }

    #[test]
    fn what_is_not_here_needs_the_memory_of_its_files_or_of_its_numbers_in_the_type_asked_for() {
        let memory = |dtype| {
            let candidate = ListedModel {
                size: Some(1100),
                ..candidate(None)
            };
            ModelEntry::of(candidate, dtype, Some(8000), None).memory
        };
        assert_eq!(memory(Dtype::Auto), Some(1100));
        assert_eq!(memory(Dtype::F32), Some(4000));
        assert_eq!(memory(Dtype::Bf16), Some(2000));
    }

    #[test]
    fn broken_files_are_no_panic_but_an_entry_with_the_reason() {
        let folder = tempfile::tempdir().unwrap();
        let header = (u64::MAX - 3).to_le_bytes();
        for (name, content) in [
            ("text.gguf", &b"<html>"[..]),
            ("empty.gguf", b""),
            (
                "cut.gguf",
                b"GGUF\x03\0\0\0\xff\xff\xff\xff\xff\xff\xff\x7f",
            ),
        ] {
            let path = folder.path().join(name);
            fs::write(&path, content).unwrap();
            let files = CheckpointFiles::Gguf(path);
            let entry = ModelEntry::of(candidate(Some(files)), Dtype::Auto, Some(u64::MAX), None);
            assert!(entry.fault.unwrap().contains(name));
            assert_eq!(entry.fit, Fit::Unknown);
        }
        fs::copy(
            fixture("llama").join("config.json"),
            folder.path().join("config.json"),
        )
        .unwrap();
        fs::write(folder.path().join("model.safetensors"), header).unwrap();
        let files = CheckpointFiles::Folder(folder.path().to_owned());
        let entry = ModelEntry::of(candidate(Some(files)), Dtype::Auto, None, None);
        assert!(entry.fault.unwrap().contains("model.safetensors"));
        assert_eq!(entry.parameters, None);
    }

    #[test]
    fn the_loaded_model_is_known_by_its_reference() {
        let [it, other] = ["m", "other"].map(|name| ModelRef::Entry(name.to_owned()));
        let is_loaded =
            |loaded| ModelEntry::of(candidate(None), Dtype::Auto, None, loaded).is_loaded;
        assert!(is_loaded(Some(&it)));
        assert!(!is_loaded(Some(&other)));
        assert!(!is_loaded(None));
    }
}
