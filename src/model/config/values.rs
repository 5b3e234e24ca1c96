//! Hyperparameters as numbers, flags and texts, and complaints about them.

use serde_json::Value;

use super::keys::shortened;
use super::{Config, Dialect, Key, LARGEST, MOST_LAYERS};
use crate::model::ModelError;

impl Config {
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
        let found = shortened(value);
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
