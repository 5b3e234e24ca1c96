//! What becomes of each key of a `config.json`: it is read, it changes no number, or it is refused
//! unless it says what the decoder does anyway. A key that is in none of the three is told to the
//! user.
//!
//! An architecture sees only the keys that its configuration class in Hugging Face's transformers
//! has, so that none of another architecture's is obeyed by mistake, and a key that the file leaves
//! out has the value that transformers takes for it.

mod every_type;
mod narrowed;

use serde_json::{Map, Value};

pub(super) use every_type::QUANTISED;
pub use every_type::{IRRELEVANT, ONLY};
pub(super) use narrowed::shortened;

/// A `model_type` of `config.json`, and what becomes of its keys.
#[derive(Clone, Copy, Debug)]
pub struct ModelType {
    /// As the file names it.
    pub name: &'static str,
    /// The keys that are read, each with what transformers takes where the file leaves it out: a
    /// JSON object. Names that mean the same key are joined by ` | `, the usual one first.
    pub read: &'static str,
    /// Keys of this type that are refused unless they have one of the values of a JSON list.
    pub only: &'static [(&'static str, &'static str)],
    /// Keys of this type that change no number, and why.
    pub irrelevant: &'static [(&'static str, &'static str)],
}

/// Read by every type that has `rope_parameters`, which these are other spellings and parts of.
const ROTARY: [&str; 4] = [
    "rope_scaling",
    "rope_theta",
    "original_max_position_embeddings",
    PART,
];

/// The part of a head that is rotated: of all types that have a rotation, some obey it.
const PART: &str = "partial_rotary_factor";

/// What can stand inside the description of a rotation.
const ROTATION: [&str; 18] = [
    "rope_type",
    "type",
    "rope_theta",
    "factor",
    "original_max_position_embeddings",
    "attention_factor",
    "beta_fast",
    "beta_slow",
    "mscale",
    "mscale_all_dim",
    "truncate",
    "low_freq_factor",
    "high_freq_factor",
    "short_factor",
    // Says how the model was trained.
    "finetuned",
    // Beyond the context that is used.
    "long_factor",
    // Which coordinates of a picture turn what; those of text are all alike.
    "mrope_section",
    "mrope_interleaved",
];

/// What can stand there for one type only.
const ROTATION_OF: [(&str, &str); 5] = [
    ("hunyuan_v1_dense", "alpha"),
    ("ministral3", "llama_4_scaling_beta"),
    ("ministral3", "max_position_embeddings"),
    ("phimoe", "short_mscale"),
    ("phimoe", "long_mscale"),
];

impl ModelType {
    /// A type of which all keys but those in [`IRRELEVANT`] are `read`.
    #[must_use]
    pub const fn new(name: &'static str, read: &'static str) -> Self {
        Self {
            name,
            read,
            only: &[],
            irrelevant: &[],
        }
    }

    /// The same, with keys of which only some values are what the decoder does.
    #[must_use]
    pub const fn only(self, only: &'static [(&'static str, &'static str)]) -> Self {
        Self { only, ..self }
    }

    /// The same, with keys that change no number, and why.
    #[must_use]
    pub const fn ignoring(self, irrelevant: &'static [(&'static str, &'static str)]) -> Self {
        Self { irrelevant, ..self }
    }

    /// The keys that are read, all names of each, with what is taken where a file leaves it out.
    ///
    /// # Errors
    /// When the table is no JSON object; a test walks all of them.
    pub fn readable(&self) -> Result<Vec<(Vec<&'static str>, Value)>, serde_json::Error> {
        let table: Map<String, Value> = serde_json::from_str(self.read)?;
        let mut readable: Vec<_> = self
            .read
            .split('"')
            .filter_map(|names| {
                let value = table.get(names)?;
                Some((names.split(" | ").collect(), value.clone()))
            })
            .collect();
        if table.contains_key("rope_parameters") {
            let others = ROTARY.into_iter().filter(|key| !table.contains_key(*key));
            readable.extend(others.map(|key| (vec![key], Value::Null)));
        }
        Ok(readable)
    }

    /// Whether `key` is named in the table of keys that are read.
    #[must_use]
    pub fn lists(&self, key: &str) -> bool {
        let mut names = self.read.split('"').flat_map(|names| names.split(" | "));
        names.any(|name| name == key)
    }

    /// Whether `key` changes no number for this type, and why.
    #[must_use]
    pub fn why_irrelevant(&self, key: &str) -> Option<&'static str> {
        let of_type = self.irrelevant.iter().copied();
        let of_all = IRRELEVANT
            .iter()
            .flat_map(|(why, keys)| keys.iter().map(|key| (*key, *why)));
        let mut all = of_type.chain(of_all);
        all.find_map(|(name, why)| (name == key).then_some(why))
    }

    /// The values of `key` beside which it is refused.
    #[must_use]
    pub fn only_values(&self, key: &str) -> Option<&'static str> {
        let mut all = self.only.iter().chain(ONLY);
        all.find_map(|(name, values)| (*name == key).then_some(*values))
    }
}
