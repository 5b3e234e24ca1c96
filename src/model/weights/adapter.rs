//! An adapter in a model's folder: small matrices that change a base model, as the library PEFT
//! writes them. They are recognised in order to be told, not applied.

use std::io::Read;
use std::path::Path;

use serde::Deserialize;

use crate::regular_file;

/// Larger ones are not read for the sake of a message.
const LONGEST_CONFIG: u64 = 1 << 20;

/// Files that make a folder one of an adapter.
const FILES: [&str; 3] = [
    "adapter_config.json",
    "adapter_model.safetensors",
    "adapter_model.bin",
];

/// An adapter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Adapter {
    /// What it is, for example `LORA`.
    #[serde(default, rename = "peft_type")]
    kind: Option<String>,
    /// The model that it changes.
    #[serde(default, rename = "base_model_name_or_path")]
    base: Option<String>,
}

impl Adapter {
    /// The adapter in `folder`, if there is one.
    #[must_use]
    pub fn beside(folder: &Path) -> Option<Self> {
        let is_there = FILES.iter().any(|file| folder.join(file).is_file());
        is_there.then(|| Self::described(&folder.join(FILES[0])).unwrap_or_default())
    }

    /// The adapter in `folder`, if it holds one instead of a model.
    #[must_use]
    pub fn instead_of_a_model(folder: &Path) -> Option<Self> {
        let has_model = folder.join("config.json").exists();
        Self::beside(folder).filter(|_| !has_model)
    }

    fn described(path: &Path) -> Option<Self> {
        let file = regular_file::open(path).ok()?;
        serde_json::from_reader(file.take(LONGEST_CONFIG)).ok()
    }

    /// What it is, for example ``a PEFT adapter (LORA) of the base model `org/name` ``.
    fn in_words(&self) -> String {
        let kind = self
            .kind
            .as_deref()
            .map(|kind| format!(" ({})", shown(kind)));
        let base = self.base.as_deref().filter(|base| !base.is_empty());
        let base = base.map(|base| format!(" of the base model `{}`", shown(base)));
        let (kind, base) = (kind.unwrap_or_default(), base.unwrap_or_default());
        format!("a PEFT adapter{kind}{base}")
    }

    /// Why a folder that holds nothing else cannot be used.
    #[must_use]
    pub fn alone(&self) -> String {
        format!(
            "this folder holds {}, not a model of its own; merge it into the base model \
             (merge_and_unload in PEFT) and give the folder that this is saved to",
            self.in_words()
        )
    }

    /// What is told of one that lies beside a model.
    pub(super) fn beside_a_model(&self) -> String {
        format!(
            "{} lies beside the weights; it is not applied",
            self.in_words()
        )
    }
}

/// Text out of a file, fit for a message.
fn shown(text: &str) -> String {
    let plain = text.chars().filter(|c| !c.is_control());
    plain.take(100).collect()
}
