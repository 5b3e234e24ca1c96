//! What a checkpoint says of its quantisation. As with the other keys of a `config.json`, each is
//! obeyed, changes no number, or is refused unless it says what is done anyway; one that nobody
//! knows is told to the user.

use std::cell::RefCell;
use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::model::ModelError;
use crate::model::config::Quantisation;

/// The key that tells the format where the settings have a file of their own.
pub(super) const OF_FILE: &str = "quant_method";

/// The settings, and which of them were asked for.
pub(super) struct Settings<'a> {
    place: &'a str,
    key: &'a str,
    values: &'a Map<String, Value>,
    asked: RefCell<BTreeSet<String>>,
}

impl<'a> Settings<'a> {
    /// These `values`.
    pub(super) fn new(quantisation: &'a Quantisation, values: &'a Map<String, Value>) -> Self {
        let settings = Self {
            place: &quantisation.place,
            key: match quantisation.key.as_str() {
                OF_FILE => "",
                key => key,
            },
            values,
            asked: RefCell::default(),
        };
        settings.changes_nothing(&["quant_method"]);
        settings
    }

    /// The values within the object under `key`; these where there is none.
    pub(super) fn within(&self, key: &'a str) -> Settings<'a> {
        match self.value(key) {
            Some(Value::Object(values)) => Settings {
                place: self.place,
                key,
                values,
                asked: RefCell::default(),
            },
            _ => Settings {
                place: self.place,
                key: self.key,
                values: self.values,
                asked: self.asked.clone(),
            },
        }
    }

    /// The value of `key`, `null` included.
    pub(super) fn raw(&self, key: &str) -> Option<&'a Value> {
        self.asked.borrow_mut().insert(key.to_owned());
        self.values.get(key)
    }

    /// The value of `key`; `null` counts as absent.
    pub(super) fn value(&self, key: &str) -> Option<&'a Value> {
        self.raw(key).filter(|value| !value.is_null())
    }

    /// A text.
    pub(super) fn text(&self, key: &str) -> Result<Option<&'a str>, ModelError> {
        let text = |value: &'a Value| {
            let text = value.as_str();
            text.ok_or_else(|| self.refuse(key, "must be a text"))
        };
        self.value(key).map(text).transpose()
    }

    /// A number of things, at least one.
    pub(super) fn count(&self, key: &str) -> Result<Option<usize>, ModelError> {
        let number = |value: &Value| {
            let number = value
                .as_u64()
                .and_then(|number| usize::try_from(number).ok());
            let number = number.filter(|number| *number > 0);
            number.ok_or_else(|| self.refuse(key, "must be a whole number above 0"))
        };
        self.value(key).map(number).transpose()
    }

    /// Whether something is so; not where it does not say.
    pub(super) fn flag(&self, key: &str) -> Result<bool, ModelError> {
        let flag = |value: &Value| {
            let flag = value.as_bool();
            flag.ok_or_else(|| self.refuse(key, "must be true or false"))
        };
        Ok(self.value(key).map(flag).transpose()?.unwrap_or(false))
    }

    /// How many columns share a scale; `None` stands for all, which the files say as -1.
    pub(super) fn group_size(&self, usual: Option<usize>) -> Result<Option<usize>, ModelError> {
        match self.value("group_size") {
            None => Ok(usual),
            Some(value) if value.as_i64() == Some(-1) => Ok(None),
            Some(_) => self.count("group_size"),
        }
    }

    /// Refuses `key` unless it has one of these values or is absent.
    pub(super) fn only(&self, key: &str, allowed: &[Value]) -> Result<(), ModelError> {
        match self.value(key) {
            Some(value) if !allowed.contains(value) => {
                let allowed: Vec<String> = allowed.iter().map(Value::to_string).collect();
                let reason = format!("is {}; only {} is read", short(value), allowed.join(" or "));
                Err(self.refuse(key, &reason))
            }
            _ => Ok(()),
        }
    }

    /// Refuses `key` unless it holds nothing.
    pub(super) fn nothing(&self, key: &str) -> Result<(), ModelError> {
        let is_nothing = match self.value(key) {
            None | Some(Value::Bool(false)) => true,
            Some(Value::Object(values)) => values.is_empty(),
            Some(Value::Array(values)) => values.is_empty(),
            Some(Value::String(text)) => text.is_empty(),
            Some(_) => false,
        };
        match is_nothing {
            true => Ok(()),
            false => Err(self.refuse(key, "asks for something that is not done here")),
        }
    }

    /// Knows these keys, which change no number.
    pub(super) fn changes_nothing(&self, keys: &[&str]) {
        let mut asked = self.asked.borrow_mut();
        asked.extend(keys.iter().map(|key| (*key).to_owned()));
    }

    /// An error about a setting.
    pub(super) fn refuse(&self, key: &str, reason: &str) -> ModelError {
        ModelError::Config {
            place: self.place.to_owned(),
            key: self.full(key),
            reason: reason.to_owned(),
        }
    }

    /// The name of a setting. In a file of their own they stand at the top.
    fn full(&self, key: &str) -> String {
        match self.key {
            "" => key.to_owned(),
            of => format!("{of}.{key}"),
        }
    }

    /// What a user should know of settings that nobody knows, one line each.
    pub(super) fn unknown(&self) -> Vec<String> {
        let asked = self.asked.borrow();
        let unknown = |(key, value): &(&String, &Value)| !asked.contains(*key) && !value.is_null();
        let note = |(key, _): (&String, &Value)| {
            format!(
                "`{}` in {} is not a setting that is known; it is passed over",
                self.full(key),
                self.place
            )
        };
        self.values.iter().filter(unknown).map(note).collect()
    }
}

/// A value in a message.
fn short(value: &Value) -> String {
    const LONGEST: usize = 40;
    let text = value.to_string();
    match text.char_indices().nth(LONGEST) {
        None => text,
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}
