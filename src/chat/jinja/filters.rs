//! Jinja's filters.

mod choice;
mod numbers;
mod sequences;
mod words;

use minijinja::{Environment, Error, Value};

use super::kind::{Kind, kind};
use super::lookup::item;

pub(super) fn add_to(environment: &mut Environment<'_>) {
    choice::add_to(environment);
    numbers::add_to(environment);
    sequences::add_to(environment);
    words::add_to(environment);
}

/// What a filter looks at in each item: the item itself, or what an attribute such as `function.name`
/// leads to.
struct Getter {
    parts: Vec<Value>,
    default: Option<Value>,
}

impl Getter {
    fn new(attribute: Option<&Value>, default: Option<Value>) -> Self {
        let parts = match attribute.map(kind) {
            None | Some(Kind::None) => Vec::new(),
            Some(Kind::Text(path)) => path.split('.').map(part).collect(),
            Some(_) => attribute.into_iter().cloned().collect(),
        };
        Self {
            parts,
            default: default.filter(|default| !default.is_none()),
        }
    }

    fn get(&self, value: &Value) -> Result<Value, Error> {
        let mut value = value.clone();
        for part in &self.parts {
            value = item(&value, part)?;
            if let Some(default) = self.default.as_ref().filter(|_| value.is_undefined()) {
                value = default.clone();
            }
        }
        Ok(value)
    }
}

/// A part of a path: a name, or the place of an item.
fn part(part: &str) -> Value {
    let place = part
        .parse::<i64>()
        .ok()
        .filter(|_| part.bytes().all(|byte| byte.is_ascii_digit()));
    place.map_or_else(|| Value::from(part), Value::from)
}

/// A key without regard to case, if it is a text.
fn folded(key: Value, case_sensitive: bool) -> Value {
    match kind(&key) {
        Kind::Text(text) if !case_sensitive => Value::from(text.to_lowercase()),
        _ => key,
    }
}
