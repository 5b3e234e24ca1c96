//! Python's dict: keys in the order in which they came.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use minijinja::value::{Enumerator, Object, ObjectRepr};
use minijinja::{Error, State, Value};

use super::arguments::{read, required};
use super::kind::{Budget, Kind, kind};
use super::operators::equal;
use super::{refused, text};

/// A dict that no template can change.
#[derive(Debug, Default)]
pub struct Dict {
    entries: Vec<(Value, Value)>,
    by_text: HashMap<String, usize>,
    /// Places of the keys that are no texts.
    others: Vec<usize>,
}

impl Dict {
    /// The entries in their order; of a key that is there twice the last value, at the first place.
    ///
    /// # Errors
    /// When a key is one that Python cannot hash, such as a list.
    pub fn new(entries: impl IntoIterator<Item = (Value, Value)>) -> Result<Self, Error> {
        let mut dict = Self::default();
        let budget = Budget::default();
        for (key, value) in entries {
            match dict.place(&key, &budget)? {
                Some(place) => dict.entries[place].1 = value,
                None => {
                    let place = dict.entries.len();
                    match key.as_str() {
                        Some(text) => {
                            dict.by_text.insert(text.to_owned(), place);
                        }
                        None => {
                            hashable(&key)?;
                            dict.others.push(place);
                        }
                    }
                    dict.entries.push((key, value));
                }
            }
        }
        Ok(dict)
    }

    /// The entries in their order.
    #[must_use]
    pub fn entries(&self) -> &[(Value, Value)] {
        &self.entries
    }

    /// The value under `key`.
    #[must_use]
    pub fn get(&self, key: &Value) -> Option<&Value> {
        let place = self.place(key, &Budget::default()).ok().flatten()?;
        self.entries.get(place).map(|(_, value)| value)
    }

    fn place(&self, key: &Value, budget: &Budget) -> Result<Option<usize>, Error> {
        if let Some(text) = key.as_str() {
            return Ok(self.by_text.get(text).copied());
        }
        for &place in &self.others {
            if equal(&self.entries[place].0, key, budget)? {
                return Ok(Some(place));
            }
        }
        Ok(None)
    }

    /// Does what Python's method of this name does; nothing where a dict has no such method that a
    /// template may call.
    pub(super) fn method(&self, name: &str, arguments: &[Value]) -> Option<Result<Value, Error>> {
        let view = |name, items: Vec<Value>| {
            read(name, arguments, []).map(|[]| Value::from_object(View { name, items }))
        };
        let entries = self.entries.iter().cloned();
        Some(match name {
            "keys" => view("dict_keys", entries.map(|(key, _)| key).collect()),
            "values" => view("dict_values", entries.map(|(_, value)| value).collect()),
            "items" => view("dict_items", entries.map(Value::from).collect()),
            "get" => self.get_or(arguments),
            "copy" => read("copy", arguments, [])
                .and_then(|[]| Self::new(entries))
                .map(Value::from_object),
            _ => return None,
        })
    }

    fn get_or(&self, arguments: &[Value]) -> Result<Value, Error> {
        let [key, default] = read("get", arguments, ["key", "default"])?;
        let key = required("get", key)?;
        hashable(&key)?;
        let found = self.get(&key).cloned();
        Ok(found.or(default).unwrap_or(Value::from(())))
    }
}

/// The methods of a dict that a template may call.
pub(super) const METHODS: [&str; 5] = ["copy", "get", "items", "keys", "values"];

/// Those that would change it.
pub(super) const CHANGING: [&str; 5] = ["clear", "pop", "popitem", "setdefault", "update"];

/// Refuses what Python cannot hash.
pub(super) fn hashable(key: &Value) -> Result<(), Error> {
    hashable_within(key, &Budget::default(), 0)
}

fn hashable_within(key: &Value, budget: &Budget, depth: usize) -> Result<(), Error> {
    budget.spend()?;
    match kind(key) {
        Kind::List(_) | Kind::Dict(_) => Err(refused("a list or dict cannot be a key")),
        Kind::Tuple(_) if depth > text::DEEPEST => Err(refused("a key is nested too deep")),
        Kind::Tuple(items) => {
            let mut items = items.iter();
            items.try_for_each(|item| hashable_within(item, budget, depth + 1))
        }
        _ => Ok(()),
    }
}

impl Object for Dict {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Map
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get(key).cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.entries.iter().map(|(key, _)| key.clone()).collect())
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        Some(self.entries.len())
    }

    fn call_method(
        self: &Arc<Self>,
        state: &mut State<'_, '_>,
        name: &str,
        arguments: &[Value],
    ) -> Result<Value, Error> {
        if name != "get" {
            state.consume_fuel(self.entries.len() as u64)?;
        }
        self.method(name, arguments)
            .unwrap_or_else(|| Err(minijinja::ErrorKind::UnknownMethod.into()))
    }

    fn render(self: &Arc<Self>, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("{...}")
    }
}

/// What `keys()`, `values()` and `items()` give.
#[derive(Debug)]
pub(super) struct View {
    pub name: &'static str,
    pub items: Vec<Value>,
}

impl Object for View {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Iterable
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.items.clone())
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        Some(self.items.len())
    }

    fn render(self: &Arc<Self>, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let items = Value::from(self.items.clone());
        let items = text::repr(&items).map_err(|_| fmt::Error)?;
        write!(formatter, "{}({items})", self.name)
    }
}
