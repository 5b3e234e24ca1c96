//! JSON as Python writes it: `json.dumps` puts `NaN`, `Infinity` and `-Infinity` into files, which
//! no JSON has, and checkpoints are published with them.

use std::borrow::Cow;

use serde::de::DeserializeOwned;
use serde_json::Value;

/// What Python writes for numbers that JSON cannot hold; the longest spelling first.
const NOT_FINITE: [&[u8]; 3] = [b"-Infinity", b"Infinity", b"NaN"];

/// The value in `text`. Numbers that are not finite become texts (`"Infinity"`), so that they
/// disturb nobody who does not need them, and are refused by whoever needs a number.
///
/// # Errors
/// When it is no JSON otherwise.
pub fn parse(text: &[u8]) -> Result<Value, serde_json::Error> {
    parse_as(text)
}

/// The same, read as a type of its own.
///
/// # Errors
/// As [`parse`], and when it does not fit the type.
pub fn parse_as<T: DeserializeOwned>(text: &[u8]) -> Result<T, serde_json::Error> {
    serde_json::from_slice(&quoted(text))
}

/// `text` with quotes around the numbers that are not finite.
fn quoted(text: &[u8]) -> Cow<'_, [u8]> {
    let mut quoted: Option<Vec<u8>> = None;
    let mut copied = 0;
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        if *byte == b'"' {
            at += string_length(&text[at..]);
            continue;
        }
        match NOT_FINITE.iter().find(|name| text[at..].starts_with(name)) {
            None => at += 1,
            Some(name) => {
                let quoted = quoted.get_or_insert_default();
                quoted.extend_from_slice(&text[copied..at]);
                quoted.push(b'"');
                quoted.extend_from_slice(name);
                quoted.push(b'"');
                at += name.len();
                copied = at;
            }
        }
    }
    match quoted {
        None => Cow::Borrowed(text),
        Some(mut quoted) => {
            quoted.extend_from_slice(&text[copied..]);
            Cow::Owned(quoted)
        }
    }
}

/// Bytes of the string that `text` begins with, quotes included; all of it where it does not end.
fn string_length(text: &[u8]) -> usize {
    let mut at = 1;
    while let Some(byte) = text.get(at) {
        match byte {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_that_are_not_finite_become_texts() {
        let value = parse(br#"{"a": [NaN, -Infinity, 1], "b": Infinity}"#).unwrap();
        assert_eq!(
            value,
            json!({"a": ["NaN", "-Infinity", 1], "b": "Infinity"})
        );
    }

    #[test]
    fn texts_that_speak_of_them_stay_as_they_are() {
        let text = r#"{"NaN": "Infinity \" NaN \\", "x": "-Infinity"}"#;
        assert_eq!(
            parse(text.as_bytes()).unwrap(),
            serde_json::from_str::<Value>(text).unwrap()
        );
    }

    #[test]
    fn what_is_no_json_stays_an_error() {
        for text in [
            "",
            "{",
            "\"",
            "\"\\",
            "{\"a\": Infinityx}",
            "[NaNNaN]",
            "nan",
        ] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
