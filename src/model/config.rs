//! The hyperparameters of a checkpoint, whichever file they stand in: a `config.json` as on the
//! hub, or the metadata of a GGUF file. A family asks for a value by both names at once.

mod by_layer;
mod keys;
mod metadata;
mod text_part;
mod values;

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use candle_core::quantized::gguf_file;
use serde_json::Value;

use super::{ModelError, json};
use crate::regular_file;

use keys::QUANTISED;
pub use keys::{IRRELEVANT, ModelType, ONLY};

/// More decoder blocks than any model has: a file that says so is damaged.
const MOST_LAYERS: usize = 4096;

/// No width, count or context is larger, so that the product of two fits into 64 bits with room
/// to spare.
const LARGEST: u64 = 1 << 30;

/// One hyperparameter under its names in the two kinds of file.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// In `config.json`, in order of preference.
    pub json: &'static [&'static str],
    /// In GGUF metadata, behind the `{architecture}.` prefix; empty where GGUF has no such key.
    pub gguf: &'static str,
}

/// Shorthand for a [`Key`].
#[must_use]
pub const fn key(json: &'static [&'static str], gguf: &'static str) -> Key {
    Key { json, gguf }
}

/// What a checkpoint says of how its weights are quantised.
#[derive(Clone, Debug)]
pub struct Quantisation {
    /// The file that says so.
    pub place: String,
    /// Under which key.
    pub key: String,
    /// What it says.
    pub value: Value,
}

/// Which kind of file the hyperparameters come from. The two differ in more than the keys'
/// names: see [`super::families`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `config.json` beside safetensors, as Hugging Face transformers writes it.
    HuggingFace,
    /// The metadata of a GGUF file, as llama.cpp's converter writes it.
    Gguf,
}

/// The hyperparameters of a checkpoint.
#[derive(Clone, Debug)]
pub struct Config {
    place: String,
    dialect: Dialect,
    architecture: String,
    /// The type of the larger model that this one is the text model of.
    whole: Option<String>,
    /// What becomes of its keys, once that is known.
    model_type: Option<ModelType>,
    values: HashMap<String, Value>,
    notes: Vec<String>,
    /// The keys that were asked for.
    asked: Arc<Mutex<BTreeSet<&'static str>>>,
}

impl Config {
    /// Reads `config.json` in `folder`; of a model that also sees or hears, what describes its
    /// text model.
    pub fn from_folder(folder: &Path) -> Result<Self, ModelError> {
        let path = folder.join("config.json");
        let text = regular_file::read(&path, regular_file::DESCRIPTION).map_err(|source| {
            if source.kind() == std::io::ErrorKind::NotFound {
                ModelError::File {
                    path: folder.to_owned(),
                    reason: "no config.json here; a model folder holds config.json, \
                             model.safetensors and tokenizer.json"
                        .into(),
                }
            } else {
                ModelError::Read {
                    path: path.clone(),
                    source,
                }
            }
        })?;
        Self::from_json(&text, &path.display().to_string())
    }

    /// Reads the text of a `config.json` that came from `place`.
    pub fn from_json(text: impl AsRef<[u8]>, place: &str) -> Result<Self, ModelError> {
        let complaint = |key: &str, reason: String| ModelError::Config {
            place: place.to_owned(),
            key: key.to_owned(),
            reason,
        };
        let root = json::parse(text.as_ref())
            .map_err(|error| complaint("config.json", format!("is not valid JSON: {error}")))?;
        let Value::Object(values) = root else {
            return Err(complaint("config.json", "must be a JSON object".into()));
        };
        let part = text_part::of(values);
        let Some(Value::String(architecture)) = part.values.get("model_type").cloned() else {
            let reason = "is missing; it names the architecture".into();
            return Err(complaint("model_type", reason));
        };
        Ok(Self {
            place: place.to_owned(),
            dialect: Dialect::HuggingFace,
            notes: part.notes(),
            architecture,
            whole: part.whole,
            model_type: None,
            values: part.values.into_iter().collect(),
            asked: Arc::default(),
        })
    }

    /// Takes the scalars and short lists out of the metadata of a GGUF file at `place`.
    pub fn from_gguf(
        metadata: &HashMap<String, gguf_file::Value>,
        place: &str,
    ) -> Result<Self, ModelError> {
        let Some(gguf_file::Value::String(architecture)) = metadata.get("general.architecture")
        else {
            return Err(ModelError::Config {
                place: place.to_owned(),
                key: "general.architecture".into(),
                reason: "is missing; this GGUF file holds no language model".into(),
            });
        };
        let prefix = format!("{architecture}.");
        let values = metadata
            .iter()
            .filter_map(|(name, value)| {
                // Those of an activation stand outside.
                let inner = name.strip_prefix(&prefix);
                let inner = inner.or(Some(&**name).filter(|name| name.starts_with("xielu.")));
                Some((inner?.to_owned(), metadata::json(value)?))
            })
            .collect();
        Ok(Self {
            place: place.to_owned(),
            dialect: Dialect::Gguf,
            architecture: architecture.clone(),
            whole: None,
            model_type: None,
            values,
            notes: Vec::new(),
            asked: Arc::default(),
        })
    }

    /// The same with the values of the JSON object `defaults` for the keys that are not there.
    pub fn completed(&self, defaults: &str) -> Result<Self, ModelError> {
        let defaults: HashMap<String, Value> =
            serde_json::from_str(defaults).map_err(|error| ModelError::Config {
                place: self.place.clone(),
                key: "defaults".into(),
                reason: error.to_string(),
            })?;
        let mut completed = self.clone();
        for (key, value) in defaults {
            completed.values.entry(key).or_insert(value);
        }
        Ok(completed)
    }

    /// The same with another value for `key`, under the first name that this kind of file has for it.
    #[must_use]
    pub fn with(&self, key: Key, value: Value) -> Self {
        let mut changed = self.clone();
        let name = match self.dialect {
            Dialect::HuggingFace => key.json.first().copied().unwrap_or_default(),
            Dialect::Gguf => key.gguf,
        };
        changed.values.insert(name.to_owned(), value);
        changed
    }

    /// Where the values come from, for messages.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Which kind of file the values come from.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// `model_type` or `general.architecture`.
    #[must_use]
    pub fn architecture(&self) -> &str {
        &self.architecture
    }

    /// How the weights are quantised, where a `config.json` says that they are.
    #[must_use]
    pub fn quantisation(&self) -> Option<Quantisation> {
        if self.dialect == Dialect::Gguf {
            return None;
        }
        let mut said = QUANTISED.iter().filter_map(|key| {
            Some(Quantisation {
                place: self.place.clone(),
                key: (*key).to_owned(),
                value: self.value(key)?.clone(),
            })
        });
        said.next()
    }

    /// The type of the larger model that this one is the text model of.
    #[must_use]
    pub fn whole(&self) -> Option<&str> {
        self.whole.as_deref()
    }

    /// What a user should know of it, one line each.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// What a user should know of keys of a GGUF file that nothing asked for, once everything was
    /// read that is read.
    #[must_use]
    pub fn unread(&self) -> Vec<String> {
        if self.dialect == Dialect::HuggingFace {
            return Vec::new();
        }
        let asked = self.asked();
        let unread =
            |key: &&String| !asked.contains(key.as_str()) && !metadata::changes_nothing(key);
        let mut keys: Vec<&String> = self.values.keys().filter(unread).collect();
        keys.sort_unstable();
        let note = |key: &String| {
            format!(
                "`{}.{key}` in {} is not a key that is known; it is passed over",
                self.architecture, self.place
            )
        };
        keys.into_iter().map(note).collect()
    }

    /// The keys that were asked for so far, of this one and of those that it was made into.
    #[must_use]
    pub fn asked(&self) -> BTreeSet<&'static str> {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.clone()
    }

    /// The value under `key`, as JSON; `null` counts as absent.
    #[must_use]
    pub fn get(&self, key: Key) -> Option<&Value> {
        let names = match self.dialect {
            Dialect::HuggingFace => key.json,
            Dialect::Gguf => std::slice::from_ref(&key.gguf),
        };
        {
            let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
            asked.extend(names);
        }
        names.iter().find_map(|name| self.value(name))
    }

    /// Whether the table of this kind of model names `key` itself.
    #[must_use]
    pub fn lists(&self, key: &str) -> bool {
        self.model_type.is_some_and(|kind| kind.lists(key))
    }

    /// The value of `name`; `null` counts as absent.
    fn value(&self, name: &str) -> Option<&Value> {
        self.values.get(name).filter(|value| !value.is_null())
    }
}

#[cfg(test)]
mod tests;
