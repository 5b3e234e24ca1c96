//! JSON as values of a template: in the order of the file.

use std::fmt;

use minijinja::Value;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use super::jinja::Dict;

/// A JSON text as a value.
///
/// # Errors
/// When it is no JSON; the message says where.
pub(super) fn parse(text: &[u8]) -> Result<Value, serde_json::Error> {
    serde_json::from_slice(text).map(|Json(value)| value)
}

struct Json(Value);

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue).map(Self)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::from(()))
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::from(flag))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::from(number))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::from(number))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::from(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::from(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(Json(item)) = list.next_element()? {
            items.push(item);
        }
        Ok(Value::from(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some((key, Json(value))) = object.next_entry::<String, Json>()? {
            entries.push((Value::from(key), value));
        }
        Dict::new(entries)
            .map(Value::from_object)
            .map_err(A::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_object_keeps_its_order_and_the_last_of_two_values() {
        let value = parse(br#"{"z": 1, "a": [true, null, -2, 1.5, "x"], "z": 2}"#).unwrap();
        let dict = value.downcast_object_ref::<Dict>().unwrap();
        let keys: Vec<_> = dict
            .entries()
            .iter()
            .map(|(key, _)| key.to_string())
            .collect();
        assert_eq!(keys, ["z", "a"]);
        assert_eq!(dict.get(&Value::from("z")), Some(&Value::from(2)));
    }
}
