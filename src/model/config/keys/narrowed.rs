//! A configuration as an architecture sees it: its own keys only, complete, and nothing else.

use serde_json::{Map, Value};

use super::every_type::QUANTISED;
use super::{ModelType, PART, ROTATION, ROTATION_OF};
use crate::model::ModelError;
use crate::model::config::Config;

impl Config {
    /// What is left of it for an architecture of the kind `model_type`: only the keys that this
    /// kind has, those that are not in the file with the values that transformers takes. Keys that
    /// nobody knows are told in [`notes`](Self::notes).
    ///
    /// # Errors
    /// When a key asks for something that the decoder does not do; the message names it.
    pub fn narrowed(&self, model_type: &ModelType) -> Result<Self, ModelError> {
        let readable = model_type
            .readable()
            .map_err(|error| self.about("config.json", &error.to_string()))?;
        let mut narrowed = self.clone();
        narrowed.values.clear();
        narrowed.model_type = Some(*model_type);
        let mut names: Vec<&String> = self.values.keys().collect();
        names.sort_unstable();
        for name in names {
            let Some(value) = self.values.get(name) else {
                continue;
            };
            let is_read = readable
                .iter()
                .any(|(names, _)| names.contains(&name.as_str()));
            if is_read {
                narrowed.values.insert(name.clone(), value.clone());
                narrowed
                    .notes
                    .extend(self.notes_of_rotation(model_type, name, value));
            } else {
                self.refuse(model_type, name, value)?;
                if self.is_unknown(model_type, name, value) {
                    narrowed.notes.push(self.passed_over(model_type, name));
                }
            }
        }
        for (names, default) in readable {
            if !names.iter().any(|name| self.values.contains_key(*name))
                && let Some(usual) = names.first()
            {
                narrowed.values.insert((*usual).to_owned(), default);
            }
        }
        Ok(narrowed)
    }

    /// Complains about a key that the decoder would not obey.
    fn refuse(&self, model_type: &ModelType, name: &str, value: &Value) -> Result<(), ModelError> {
        if value.is_null() {
            return Ok(());
        }
        let Some(values) = model_type.only_values(name) else {
            return Ok(());
        };
        let allowed: Vec<Value> =
            serde_json::from_str(values).map_err(|error| self.about(name, &error.to_string()))?;
        if allowed.iter().any(|allowed| same(allowed, value)) {
            return Ok(());
        }
        let expected: Vec<String> = allowed.iter().map(Value::to_string).collect();
        Err(self.about(
            name,
            &format!(
                "is {}, which is not supported: this architecture is computed with {} only, and \
                 the numbers would be wrong",
                shortened(value),
                expected.join(" or ")
            ),
        ))
    }

    /// What is to be told of the parts of a rotation that change nothing.
    fn notes_of_rotation(&self, model_type: &ModelType, name: &str, value: &Value) -> Vec<String> {
        match (name, value) {
            (PART, value) if !model_type.lists(PART) && !is_one(value) => {
                vec![self.passed_over(model_type, name)]
            }
            ("rope_scaling" | "rope_parameters", Value::Object(parts)) => {
                let of_part = |(part, value): (&String, &Value)| {
                    let place = format!("{name}.{part}");
                    match (part.as_str(), value) {
                        ("full_attention" | "sliding_attention", Value::Object(parts)) => {
                            self.unknown_parts(model_type, &place, parts)
                        }
                        _ => self.unknown_part(model_type, &place, part, value),
                    }
                };
                parts.iter().flat_map(of_part).collect()
            }
            _ => Vec::new(),
        }
    }

    fn unknown_parts(
        &self,
        model_type: &ModelType,
        place: &str,
        parts: &Map<String, Value>,
    ) -> Vec<String> {
        let unknown = parts.iter().flat_map(|(part, value)| {
            self.unknown_part(model_type, &format!("{place}.{part}"), part, value)
        });
        unknown.collect()
    }

    fn unknown_part(
        &self,
        model_type: &ModelType,
        place: &str,
        part: &str,
        value: &Value,
    ) -> Vec<String> {
        let obeys_part = model_type.lists(PART) || model_type.lists("rotary_pct");
        let is_known = match part {
            PART => obeys_part || is_one(value),
            _ => ROTATION.contains(&part) || ROTATION_OF.contains(&(model_type.name, part)),
        };
        match is_known || value.is_null() {
            true => Vec::new(),
            false => vec![self.passed_over(model_type, place)],
        }
    }

    fn passed_over(&self, model_type: &ModelType, name: &str) -> String {
        format!(
            "`{name}` in {} is not a key that is known for `{}`; it is passed over",
            self.place, model_type.name
        )
    }

    fn is_unknown(&self, model_type: &ModelType, name: &str, value: &Value) -> bool {
        !value.is_null()
            && !QUANTISED.contains(&name)
            && model_type.only_values(name).is_none()
            && model_type.why_irrelevant(name).is_none()
    }
}

fn is_one(value: &Value) -> bool {
    value.is_null() || value.as_f64() == Some(1.0)
}

/// Whether two values are the same, whole numbers written as floats included.
fn same(a: &Value, b: &Value) -> bool {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => a == b,
        _ => a == b,
    }
}

/// A value in a message.
pub(in crate::model::config) fn shortened(value: &Value) -> String {
    const LONGEST: usize = 40;
    let text = value.to_string();
    match text.char_indices().nth(LONGEST) {
        None => text,
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}
