//! JSON whose objects keep the order of their keys: new tokens get their ids in that order.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// A JSON value.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Json {
    #[default]
    Null,
    Flag(bool),
    /// A whole number that is not negative.
    Count(u64),
    /// Any other number: nothing about a tokenizer needs one.
    Number,
    Text(String),
    List(Vec<Json>),
    /// In the order of the file; of a key that is there twice the last value, as Python has it.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// The value under `key`, where this is an object that has one.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        let entry = self.entries().iter().find(|(name, _)| name == key);
        entry.map(|(_, value)| value)
    }

    /// The entries of an object; none where this is something else.
    pub(super) fn entries(&self) -> &[(String, Self)] {
        match self {
            Self::Object(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list; none where this is something else.
    pub(super) fn items(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }

    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn flag(&self) -> Option<bool> {
        match self {
            Self::Flag(flag) => Some(*flag),
            _ => None,
        }
    }

    /// Whether Python takes it for false: nothing, or empty.
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Null | Self::Flag(false) | Self::Count(0) => true,
            Self::Flag(true) | Self::Count(_) | Self::Number => false,
            Self::Text(text) => text.is_empty(),
            Self::List(items) => items.is_empty(),
            Self::Object(entries) => entries.is_empty(),
        }
    }
}

/// Set `key` among the entries of an object; a new one comes last.
pub(super) fn set(entries: &mut Vec<(String, Json)>, key: &str, value: Json) {
    match entries.iter_mut().find(|(name, _)| name == key) {
        Some((_, there)) => *there = value,
        None => entries.push((key.to_owned(), value)),
    }
}

/// Take `key` out of the entries of an object.
pub(super) fn take(entries: &mut Vec<(String, Json)>, key: &str) -> Option<Json> {
    let place = entries.iter().position(|(name, _)| name == key)?;
    Some(entries.remove(place).1)
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Json;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Json, E> {
        Ok(Json::Flag(flag))
    }

    fn visit_u64<E>(self, count: u64) -> Result<Json, E> {
        Ok(Json::Count(count))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Json, E> {
        Ok(Json::Number)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Json, E> {
        Ok(Json::Number)
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Json, E> {
        Ok(Json::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Json::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Json, A::Error> {
        let mut entries: Vec<(String, Json)> = Vec::new();
        let mut places = std::collections::HashMap::new();
        while let Some((key, value)) = object.next_entry::<String, Json>()? {
            match places.get(&key) {
                Some(&place) => {
                    let (_, there): &mut (String, Json) = &mut entries[place];
                    *there = value;
                }
                None => {
                    places.insert(key.clone(), entries.len());
                    entries.push((key, value));
                }
            }
        }
        Ok(Json::Object(entries))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn an_object_keeps_its_order_and_the_last_of_two_values() {
        let json: Json = serde_json::from_str(r#"{"z": 1, "a": "x", "z": [null, -1]}"#).unwrap();
        let entries: Vec<_> = json.entries().iter().map(|(key, _)| key).collect();
        assert_eq!(entries, ["z", "a"]);
        assert_eq!(json.get("z").unwrap().items(), [Json::Null, Json::Number]);
    }
}
