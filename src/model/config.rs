//! The hyperparameters of a checkpoint, whichever file they stand in: a `config.json` as on the
//! hub, or the metadata of a GGUF file. A family asks for a value by both names at once.

mod keys;
mod metadata;
mod text_part;

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use candle_core::quantized::gguf_file;
use serde_json::Value;

use super::{ModelError, json};
use crate::regular_file;

pub use keys::{IRRELEVANT, ModelType, ONLY};

/// More decoder blocks than any model has: a file that says so is damaged.
const MOST_LAYERS: usize = 4096;

/// No width, count or context is larger, so that the product of two fits into 64 bits with room
/// to spare.
const LARGEST: u64 = 1 << 30;

/// GGUF's name for the number of layers.
const LAYERS: &str = "block_count";

/// GGUF's name for the width of the stream.
const WIDTH: &str = "embedding_length";

/// GGUF's name for the width of a head.
const HEAD_WIDTH: &str = "attention.key_length";

/// GGUF's names for what may differ from layer to layer.
const BY_LAYER: [&str; 3] = [
    "attention.head_count",
    "attention.head_count_kv",
    "feed_forward_length",
];

/// One hyperparameter under its names in the two kinds of file.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// In `config.json`, in order of preference; a dot steps into an object.
    pub json: &'static [&'static str],
    /// In GGUF metadata, behind the `{architecture}.` prefix; empty where GGUF has no such key.
    pub gguf: &'static str,
}

/// Shorthand for a [`Key`].
#[must_use]
pub const fn key(json: &'static [&'static str], gguf: &'static str) -> Key {
    Key { json, gguf }
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
                Some((
                    name.strip_prefix(&prefix)?.to_owned(),
                    metadata::json(value)?,
                ))
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

    /// A whole number, where the key is there. In a GGUF file it may be a list with an entry a
    /// layer, if they are all the same; [`Config::of_layer`] is for those that differ.
    pub fn optional_usize(&self, key: Key) -> Result<Option<usize>, ModelError> {
        let value = match self.get(key) {
            Some(Value::Array(entries)) if self.dialect == Dialect::Gguf => {
                Some(self.alike(key, entries)?)
            }
            value => value,
        };
        value
            .map(|value| {
                whole(value)
                    .filter(|n| *n <= LARGEST)
                    .and_then(|n| usize::try_from(n).ok())
                    .ok_or_else(|| self.wrong(key, value, "a whole number of at most 2^30"))
            })
            .transpose()
    }

    /// The one value of a list with an entry a layer.
    fn alike<'a>(&self, key: Key, entries: &'a [Value]) -> Result<&'a Value, ModelError> {
        let layers = self.values.get(LAYERS).and_then(Value::as_u64);
        match entries.split_first() {
            Some(_) if layers.is_some_and(|layers| layers != entries.len() as u64) => {
                let reason = format!(
                    "lists {} values, but the model has {} layers",
                    entries.len(),
                    layers.unwrap_or_default()
                );
                Err(self.complain(key, &reason))
            }
            Some((first, rest)) if rest.iter().all(|entry| entry == first) => Ok(first),
            Some(_) => Err(self.complain(
                key,
                "differs from layer to layer, which is not supported for this architecture",
            )),
            None => Err(self.complain(key, "is an empty list")),
        }
    }

    /// The same with the values of layer `l` in place of the lists that have an entry a layer:
    /// heads, key heads and the width of the feed-forward part, as llama.cpp reads them for every
    /// architecture. `None` where there is no such list, or its entries are all the same.
    #[must_use]
    pub fn of_layer(&self, l: usize) -> Option<Self> {
        let lists = BY_LAYER.iter().filter_map(|key| {
            let entries = self.values.get(*key)?.as_array()?;
            let differ = entries.windows(2).any(|two| two[0] != two[1]);
            let whole = self.values.get(LAYERS)?.as_u64() == Some(entries.len() as u64);
            let entry = entries.get(l).filter(|_| differ && whole)?;
            Some(((*key).to_owned(), entry.clone()))
        });
        let own: Vec<(String, Value)> = lists.collect();
        (self.dialect == Dialect::Gguf && !own.is_empty()).then(|| {
            let mut layer = self.clone();
            layer.values.extend(own);
            // As in llama.cpp, where the first layer's heads say how wide all heads are.
            if let Some(width) = self.head_width() {
                layer.values.entry(HEAD_WIDTH.into()).or_insert(width);
            }
            layer
        })
    }

    /// How wide a head of the first layer is, in a list of heads an entry a layer.
    fn head_width(&self) -> Option<Value> {
        let heads = self.values.get(BY_LAYER[0])?.as_array()?.first()?.as_u64();
        let (heads, width) = (heads?, self.values.get(WIDTH)?.as_u64()?);
        let divides = heads > 0 && width.is_multiple_of(heads);
        divides.then(|| (width / heads).into())
    }

    /// A whole number from 1 on that must be there.
    pub fn usize(&self, key: Key) -> Result<usize, ModelError> {
        match self.optional_usize(key)? {
            Some(0) => Err(self.complain(key, "must be at least 1, not 0")),
            Some(n) => Ok(n),
            None => Err(self.complain(key, "is missing")),
        }
    }

    /// The number of decoder blocks under `key`.
    pub fn layers(&self, key: Key) -> Result<usize, ModelError> {
        match self.usize(key)? {
            n if n > MOST_LAYERS => {
                Err(self.complain(key, &format!("is {n}; no model has that many layers")))
            }
            n => Ok(n),
        }
    }

    /// A finite number, where the key is there.
    pub fn optional_f64(&self, key: Key) -> Result<Option<f64>, ModelError> {
        self.get(key)
            .map(|value| {
                value
                    .as_f64()
                    .filter(|x| x.is_finite())
                    .ok_or_else(|| self.wrong(key, value, "a number"))
            })
            .transpose()
    }

    /// A finite number that must be there.
    pub fn f64(&self, key: Key) -> Result<f64, ModelError> {
        self.optional_f64(key)?
            .ok_or_else(|| self.complain(key, "is missing"))
    }

    /// True or false, where the key is there.
    pub fn optional_bool(&self, key: Key) -> Result<Option<bool>, ModelError> {
        self.get(key)
            .map(|value| {
                value
                    .as_bool()
                    .ok_or_else(|| self.wrong(key, value, "true or false"))
            })
            .transpose()
    }

    /// A text, where the key is there.
    pub fn optional_str(&self, key: Key) -> Result<Option<&str>, ModelError> {
        self.get(key)
            .map(|value| {
                value
                    .as_str()
                    .ok_or_else(|| self.wrong(key, value, "a text"))
            })
            .transpose()
    }

    /// A complaint about `key`, as the file spells it.
    #[must_use]
    pub fn complain(&self, key: Key, reason: &str) -> ModelError {
        let name = match self.dialect {
            Dialect::HuggingFace => self.spelled(key.json).to_owned(),
            Dialect::Gguf => format!("{}.{}", self.architecture, key.gguf),
        };
        self.about(&name, reason)
    }

    /// The one of a key's names that is in the file, or else one that this kind of model has.
    fn spelled(&self, names: &'static [&'static str]) -> &'static str {
        let there = |name: &&&str| self.value(name).is_some();
        let known = |name: &&&str| self.values.contains_key(**name);
        let mut all = names.iter();
        let mut usual = names.iter();
        let spelled = all.find(there).or_else(|| usual.find(known));
        spelled
            .or_else(|| names.first())
            .copied()
            .unwrap_or_default()
    }

    /// A complaint about the key that the file calls `name`.
    #[must_use]
    pub fn about(&self, name: &str, reason: &str) -> ModelError {
        ModelError::Config {
            place: self.place.clone(),
            key: name.to_owned(),
            reason: reason.to_owned(),
        }
    }

    fn wrong(&self, key: Key, value: &Value, expected: &str) -> ModelError {
        let found = keys::shortened(value);
        self.complain(key, &format!("must be {expected}, not {found}"))
    }
}

/// A whole number that is not negative, though it may be written as a float.
fn whole(value: &Value) -> Option<u64> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole and within 2^53, where every whole number is exact"
    )]
    let of_float = |x: f64| (x.fract() == 0.0 && (0.0..9e15).contains(&x)).then_some(x as u64);
    value.as_u64().or_else(|| value.as_f64().and_then(of_float))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const THETA: Key = key(&["rotary_emb_base", "rope_theta"], "rope.freq_base");
    const WIDTH: Key = key(&["hidden_size"], "embedding_length");

    fn config(text: &str) -> Result<Config, ModelError> {
        Config::from_json(text, "here/config.json")
    }

    #[test]
    fn a_value_is_found_under_each_of_its_names() {
        let old = config(r#"{"model_type": "llama", "rotary_emb_base": 5.0}"#).unwrap();
        let new = config(r#"{"model_type": "llama", "rope_theta": 5.0}"#).unwrap();
        assert_eq!(old.f64(THETA).unwrap(), 5.0);
        assert_eq!(new.f64(THETA).unwrap(), 5.0);
    }

    #[test]
    fn a_message_names_the_key_as_the_file_spells_it() {
        let config = config(r#"{"model_type": "llama", "rope_theta": "x"}"#).unwrap();
        let message = config.f64(THETA).unwrap_err().to_string();
        assert!(
            message.contains("`rope_theta` must be a number"),
            "{message}"
        );
    }

    #[test]
    fn a_whole_number_may_be_written_as_a_float() {
        let width = |width: &str| {
            let text = format!(r#"{{"model_type": "llama", "hidden_size": {width}}}"#);
            config(&text).unwrap().usize(WIDTH).ok()
        };
        assert_eq!(width("64.0"), Some(64));
        for no_width in ["64.5", "-1.0", "1e300", "Infinity", "NaN"] {
            assert_eq!(width(no_width), None, "{no_width}");
        }
    }

    #[test]
    fn numbers_that_no_json_has_disturb_nobody_who_does_not_need_them() {
        let text = r#"{"model_type": "llama", "hidden_size": 8, "time_step_limit": [0, Infinity]}"#;
        assert_eq!(config(text).unwrap().usize(WIDTH).unwrap(), 8);
    }

    #[test]
    fn a_value_is_found_in_gguf_metadata_behind_the_architecture() {
        let metadata = HashMap::from([
            (
                "general.architecture".to_owned(),
                gguf_file::Value::String("llama".into()),
            ),
            (
                "llama.embedding_length".to_owned(),
                gguf_file::Value::U64(576),
            ),
        ]);
        let config = Config::from_gguf(&metadata, "model.gguf").unwrap();
        assert_eq!(config.usize(WIDTH).unwrap(), 576);
    }

    fn gguf(values: &[(&str, gguf_file::Value)]) -> Config {
        let values = values
            .iter()
            .map(|(key, value)| (format!("llama.{key}"), value.clone()));
        let name = gguf_file::Value::String("llama".into());
        let metadata = values.chain([("general.architecture".to_owned(), name)]);
        Config::from_gguf(&metadata.collect(), "m.gguf").unwrap()
    }

    fn list(numbers: &[u32]) -> gguf_file::Value {
        gguf_file::Value::Array(numbers.iter().map(|n| gguf_file::Value::U32(*n)).collect())
    }

    #[test]
    fn a_list_of_one_value_a_layer_is_that_value_if_they_are_all_the_same() {
        const WIDTH: Key = key(&[], "feed_forward_length");
        let width = |numbers: &[u32]| {
            let layers = ("block_count", gguf_file::Value::U32(3));
            let config = gguf(&[layers, ("feed_forward_length", list(numbers))]);
            config.usize(WIDTH).map_err(|error| error.to_string())
        };
        assert_eq!(width(&[96, 96, 96]).unwrap(), 96);
        for (numbers, reason) in [
            (&[96, 96, 64][..], "differs from layer to layer"),
            (&[96, 96], "lists 2 values, but the model has 3 layers"),
            (&[], "empty list"),
            (&[0, 0, 0], "at least 1"),
        ] {
            let error = width(numbers).unwrap_err();
            assert!(
                error.contains("`llama.feed_forward_length`") && error.contains(reason),
                "{error}"
            );
        }
    }

    #[test]
    fn a_layer_has_its_own_entry_of_a_list_that_differs() {
        const HEADS: Key = key(&[], "attention.head_count");
        let layers = ("block_count", gguf_file::Value::U32(2));
        let config = gguf(&[layers.clone(), ("attention.head_count", list(&[4, 2]))]);
        let heads = |l| config.of_layer(l).unwrap().usize(HEADS).unwrap();
        assert_eq!([heads(0), heads(1)], [4, 2]);
        let alike = gguf(&[layers, ("attention.head_count", list(&[4, 4]))]);
        assert!(alike.of_layer(0).is_none());
    }

    #[test]
    fn null_counts_as_absent() {
        let config = config(r#"{"model_type": "llama", "hidden_size": null}"#).unwrap();
        assert_eq!(config.optional_usize(WIDTH).unwrap(), None);
    }

    #[test]
    fn a_message_names_the_file_the_key_and_what_was_found() {
        let config = config(r#"{"model_type": "llama", "hidden_size": "wide"}"#).unwrap();
        assert_eq!(
            config.usize(WIDTH).unwrap_err().to_string(),
            "here/config.json: `hidden_size` must be a whole number of at most 2^30, not \"wide\""
        );
    }

    #[test]
    fn defaults_fill_in_what_is_not_there() {
        let found = config(r#"{"model_type": "x", "hidden_size": 3}"#).unwrap();
        let completed = found
            .completed(r#"{"hidden_size": 9, "rope_theta": 5.0}"#)
            .unwrap();
        assert_eq!(completed.usize(WIDTH).unwrap(), 3);
        assert_eq!(completed.f64(THETA).unwrap(), 5.0);
    }

    #[test]
    fn a_config_without_model_type_is_refused() {
        assert_eq!(
            config("{}").unwrap_err().to_string(),
            "here/config.json: `model_type` is missing; it names the architecture"
        );
    }
}
