//! Texts cut into parts.

use minijinja::value::Tuple;
use minijinja::{Error, Value};

use super::super::arguments::{number, read, required, text, unless_none};
use super::super::refused;
use super::is_space;

/// `split` and `rsplit`.
pub(super) fn split(own: &str, name: &str, arguments: &[Value]) -> Result<Value, Error> {
    let [separator, most] = read(name, arguments, ["sep", "maxsplit"])?;
    let most = usize::try_from(number(most.as_ref(), -1)?).unwrap_or(usize::MAX);
    let separator = unless_none(separator);
    let parts: Vec<&str> = match separator.as_ref().map(text).transpose()? {
        Some("") => {
            return Err(refused(format!(
                "{name} needs a separator that is not empty"
            )));
        }
        Some(separator) if name == "split" => {
            own.splitn(most.saturating_add(1), separator).collect()
        }
        Some(separator) => {
            let mut parts: Vec<_> = own.rsplitn(most.saturating_add(1), separator).collect();
            parts.reverse();
            parts
        }
        None if name == "split" => words(own, most),
        None => words_from_end(own, most),
    };
    Ok(Value::from(
        parts.into_iter().map(Value::from).collect::<Vec<_>>(),
    ))
}

/// The words of a text; behind the first `most` of them the rest as it is.
fn words(own: &str, most: usize) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = own.trim_start_matches(is_space);
    while !rest.is_empty() {
        match rest.find(is_space) {
            Some(end) if words.len() < most => {
                let (word, behind) = rest.split_at(end);
                words.push(word);
                rest = behind.trim_start_matches(is_space);
            }
            _ if words.len() < most => {
                words.push(rest);
                rest = "";
            }
            _ => {
                words.push(rest);
                return words;
            }
        }
    }
    words
}

/// The same from the end.
fn words_from_end(own: &str, most: usize) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = own.trim_end_matches(is_space);
    while !rest.is_empty() {
        let start = rest.char_indices().rev().find(|&(_, c)| is_space(c));
        match start {
            Some((at, space)) if words.len() < most => {
                let (before, word) = rest.split_at(at + space.len_utf8());
                words.push(word);
                rest = before.trim_end_matches(is_space);
            }
            _ => {
                words.push(rest);
                rest = "";
            }
        }
    }
    words.reverse();
    words
}

/// `partition` and `rpartition`.
pub(super) fn partition(own: &str, name: &str, arguments: &[Value]) -> Result<Value, Error> {
    let [separator] = read(name, arguments, ["sep"])?;
    let separator = required(name, separator)?;
    let separator = text(&separator)?;
    if separator.is_empty() {
        return Err(refused(format!(
            "{name} needs a separator that is not empty"
        )));
    }
    let parts = match name {
        "partition" => match own.split_once(separator) {
            Some((before, behind)) => [before, separator, behind],
            None => [own, "", ""],
        },
        _ => match own.rsplit_once(separator) {
            Some((before, behind)) => [before, separator, behind],
            None => ["", "", own],
        },
    };
    Ok(Value::from(Tuple::from(parts.map(Value::from))))
}

/// The lines of a text, each with what ends it.
pub(in super::super) fn lines(own: &str) -> Vec<(&str, &str)> {
    let ends = |c: char| matches!(c, '\n'..='\r' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}');
    let mut lines = Vec::new();
    let mut rest = own;
    while !rest.is_empty() {
        let Some(end) = rest.find(ends) else {
            lines.push((rest, ""));
            break;
        };
        let (line, behind) = rest.split_at(end);
        let length = match behind.starts_with("\r\n") {
            true => 2,
            false => behind.chars().next().map_or(0, char::len_utf8),
        };
        let (end, behind) = behind.split_at(length);
        lines.push((line, end));
        rest = behind;
    }
    lines
}
