//! Typed reading of a GGUF file's metadata: an error names the key.

use std::collections::HashMap;

use candle_core::quantized::gguf_file::Value;

use super::TokenizerError;

/// A GGUF file's metadata. Every getter gives `None` for a key that is not there.
#[derive(Clone, Copy)]
pub(super) struct Metadata<'a>(pub &'a HashMap<String, Value>);

impl<'a> Metadata<'a> {
    pub(super) fn string(self, key: &'static str) -> Result<Option<&'a str>, TokenizerError> {
        self.read(key, "a string", as_string)
    }

    pub(super) fn flag(self, key: &'static str) -> Result<Option<bool>, TokenizerError> {
        self.read(key, "true or false", |value| match value {
            Value::Bool(flag) => Some(*flag),
            _ => None,
        })
    }

    pub(super) fn integer(self, key: &'static str) -> Result<Option<i64>, TokenizerError> {
        self.read(key, "a token id", as_integer)
    }

    pub(super) fn strings(self, key: &'static str) -> Result<Option<Vec<&'a str>>, TokenizerError> {
        self.list(key, "a list of strings", as_string)
    }

    pub(super) fn integers(self, key: &'static str) -> Result<Option<Vec<i64>>, TokenizerError> {
        self.list(key, "a list of integers", as_integer)
    }

    /// Finite numbers only: they are compared with each other.
    pub(super) fn numbers(self, key: &'static str) -> Result<Option<Vec<f32>>, TokenizerError> {
        self.list(key, "a list of finite numbers", |value| {
            as_number(value).filter(|number| number.is_finite())
        })
    }

    fn list<T>(
        self,
        key: &'static str,
        expected: &str,
        item: impl Fn(&'a Value) -> Option<T>,
    ) -> Result<Option<Vec<T>>, TokenizerError> {
        self.read(key, expected, |value| match value {
            Value::Array(items) => items.iter().map(item).collect(),
            _ => None,
        })
    }

    fn read<T>(
        self,
        key: &'static str,
        expected: &str,
        convert: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, TokenizerError> {
        let Some(value) = self.0.get(key) else {
            return Ok(None);
        };
        match convert(value) {
            Some(converted) => Ok(Some(converted)),
            None => Err(bad_key(key, format!("is not {expected}"))),
        }
    }
}

/// What `read` gave for `key`, which must be there.
pub(super) fn required<T>(key: &'static str, read: Option<T>) -> Result<T, TokenizerError> {
    read.ok_or(TokenizerError::MissingKey { key })
}

/// The error for a list that has not an entry for every token.
pub(super) fn check_length(
    key: &'static str,
    found: usize,
    n_tokens: usize,
) -> Result<(), TokenizerError> {
    if found >= n_tokens {
        return Ok(());
    }
    Err(bad_key(
        key,
        format!("has {found} entries for {n_tokens} tokens"),
    ))
}

/// The error for a key whose value cannot be used.
pub(super) fn bad_key(key: &'static str, why: String) -> TokenizerError {
    TokenizerError::BadKey { key, why }
}

fn as_string(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

/// Writers differ in the width that they give to an integer.
fn as_integer(value: &Value) -> Option<i64> {
    match *value {
        Value::U8(n) => Some(n.into()),
        Value::I8(n) => Some(n.into()),
        Value::U16(n) => Some(n.into()),
        Value::I16(n) => Some(n.into()),
        Value::U32(n) => Some(n.into()),
        Value::I32(n) => Some(n.into()),
        Value::U64(n) => i64::try_from(n).ok(),
        Value::I64(n) => Some(n),
        _ => None,
    }
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "scores are written as f32; wider ones only order merges"
)]
fn as_number(value: &Value) -> Option<f32> {
    match *value {
        Value::F32(n) => Some(n),
        Value::F64(n) => Some(n as f32),
        _ => as_integer(value).map(|n| n as f32),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const KEY: &str = "tokenizer.ggml.some_key";

    fn dequantisation(value: Value) -> HashMap<String, Value> {
        HashMap::from([(KEY.to_owned(), value)])
    }

    #[test]
    fn integers_of_every_width_are_read() {
        for value in [Value::U8(7), Value::I32(7), Value::U64(7), Value::I64(7)] {
            let metadata = dequantisation(value);
            assert_eq!(Metadata(&metadata).integer(KEY).unwrap(), Some(7));
        }
    }

    #[test]
    fn a_key_that_is_not_there_is_none() {
        assert_eq!(Metadata(&HashMap::new()).string(KEY).unwrap(), None);
    }

    #[test]
    fn an_error_names_the_key_and_what_was_expected() {
        let metadata = dequantisation(Value::Bool(true));
        let error = Metadata(&metadata).integer(KEY).unwrap_err().to_string();
        assert!(
            error.contains("tokenizer.ggml.some_key is not a token id"),
            "{error}"
        );
        let metadata = dequantisation(Value::Array(vec![Value::Bool(true)]));
        let error = Metadata(&metadata).strings(KEY).unwrap_err().to_string();
        assert!(
            error.contains("tokenizer.ggml.some_key is not a list of strings"),
            "{error}"
        );
    }

    #[test]
    fn scores_must_be_finite() {
        let metadata = dequantisation(Value::Array(vec![Value::F32(f32::NAN)]));
        assert!(Metadata(&metadata).numbers(KEY).is_err());
    }
}
