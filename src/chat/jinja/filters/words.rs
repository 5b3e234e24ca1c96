//! Filters of texts.

use minijinja::value::{Rest, ValueOrKwargs};
use minijinja::{Environment, Error, ErrorKind, Value};

use super::super::arguments::{flag, number, read, required, text, text_or, unless_none};
use super::super::kind::{Kind, kind};
use super::super::strings::{self, capitalized, is_space};
use super::super::text::{MOST, spaces, str};
use super::super::{refused, strip};
use super::sequences::plain_lines;

pub(super) fn add_to(environment: &mut Environment<'_>) {
    environment.add_filter("upper", |value: &Value| {
        Ok::<_, Error>(str(value)?.to_uppercase())
    });
    environment.add_filter("lower", |value: &Value| {
        Ok::<_, Error>(str(value)?.to_lowercase())
    });
    environment.add_filter("capitalize", |value: &Value| {
        Ok::<_, Error>(capitalized(&str(value)?))
    });
    environment.add_filter("title", |value: &Value| {
        Ok::<_, Error>(titled(&str(value)?))
    });
    for name in ["string", "safe"] {
        environment.add_filter(name, |value: &Value| str(value));
    }
    for name in ["escape", "e", "forceescape"] {
        environment.add_filter(name, |value: &Value| Ok::<_, Error>(escaped(&str(value)?)));
    }
    environment.add_filter("trim", |arguments: Rest<ValueOrKwargs>| {
        let [value, chars] = read("trim", &arguments, ["value", "chars"])?;
        let own = str(&required("trim", value)?)?;
        let chars: Vec<Value> = unless_none(chars).into_iter().collect();
        strings::stripped(&own, "strip", &chars)
    });
    environment.add_filter("replace", |arguments: Rest<ValueOrKwargs>| {
        let [value, old, new, count] = read("replace", &arguments, ["s", "old", "new", "count"])?;
        let own = str(&required("replace", value)?)?;
        let old = str(&required("replace", old)?)?;
        let new = str(&required("replace", new)?)?;
        strings::replaced(&own, &old, &new, number(unless_none(count).as_ref(), -1)?)
    });
    environment.add_filter("indent", |arguments: Rest<ValueOrKwargs>| {
        indent(&arguments)
    });
    environment.add_filter("center", |arguments: Rest<ValueOrKwargs>| {
        let [value, width] = read("center", &arguments, ["value", "width"])?;
        strings::centred(
            &str(&required("center", value)?)?,
            number(width.as_ref(), 80)?,
        )
    });
    environment.add_filter("format", |own: &Value, arguments: Rest<Value>| {
        strings::printf(&str(own)?, &arguments)
    });
    environment.add_filter("truncate", |arguments: Rest<ValueOrKwargs>| {
        truncate(&arguments)
    });
    environment.add_filter("wordcount", |value: &Value| {
        Ok::<_, Error>(words(&str(value)?))
    });
    environment.add_filter("urlencode", |value: &Value| match kind(value) {
        Kind::Dict(_) | Kind::List(_) | Kind::Tuple(_) => Err(refused(
            "urlencode of several values is not supported in chat templates",
        )),
        _ => Ok(quoted(&str(value)?)),
    });
}

/// Jinja's `title`: a word begins behind white space, `-`, `(`, `{`, `[` and `<`.
fn titled(text: &str) -> String {
    let parts = text.split_inclusive(|c: char| is_space(c) || "-({[<".contains(c));
    let word = |word: &str| {
        let mut characters = word.chars();
        let first: String = characters
            .next()
            .into_iter()
            .flat_map(char::to_uppercase)
            .collect();
        first + &characters.as_str().to_lowercase()
    };
    parts.map(word).collect()
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&#34;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

fn indent(arguments: &[ValueOrKwargs]) -> Result<Value, Error> {
    let [value, width, first, blank] = read("indent", arguments, ["s", "width", "first", "blank"])?;
    let value = required("indent", value)?;
    let own = text(&value)?.to_owned() + "\n";
    let indention = match width.as_ref().map(kind) {
        Some(Kind::Text(text)) => text.to_owned(),
        _ => spaces(number(width.as_ref(), 4)?)?,
    };
    let lines = plain_lines(&own);
    if own.len() + lines.len() * indention.len() > MOST {
        return Err(ErrorKind::OutOfFuel.into());
    }
    let mut text = String::new();
    for (at, line) in lines.iter().enumerate() {
        let is_indented = match at {
            0 => flag(first.as_ref()),
            _ => {
                text.push('\n');
                flag(blank.as_ref()) || !line.is_empty()
            }
        };
        if is_indented {
            text.push_str(&indention);
        }
        text.push_str(line);
    }
    Ok(Value::from(text))
}

fn truncate(arguments: &[ValueOrKwargs]) -> Result<Value, Error> {
    let parameters = ["s", "length", "killwords", "end", "leeway"];
    let [value, length, kill, end, leeway] = read("truncate", arguments, parameters)?;
    let value = required("truncate", value)?;
    let own = text(&value)?;
    let end = text_or(end.as_ref(), "...")?;
    let length = number(length.as_ref(), 255)?;
    let leeway = number(unless_none(leeway).as_ref(), 5)?;
    let kept = length - end.chars().count() as i128;
    if kept < 0 || leeway < 0 {
        return Err(refused("truncate cannot make a text that short"));
    }
    if own.chars().count() as i128 <= length.saturating_add(leeway) {
        return Ok(value.clone());
    }
    let kept: String = own
        .chars()
        .take(usize::try_from(kept).unwrap_or(usize::MAX))
        .collect();
    let kept = match flag(kill.as_ref()) {
        true => kept.as_str(),
        false => kept
            .rsplit_once(' ')
            .map_or(kept.as_str(), |(words, _)| words),
    };
    Ok(Value::from([kept, end].concat()))
}

/// How many words a text has.
fn words(text: &str) -> usize {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    strip(text)
        .split(|c| !is_word(c))
        .filter(|word| !word.is_empty())
        .count()
}

fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'.' | b'-' | b'~' | b'/' => {
                quoted.push(char::from(byte));
            }
            other => quoted.push_str(&format!("%{other:02X}")),
        }
    }
    quoted
}
