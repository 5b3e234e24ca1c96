//! `"%s" % x` and `"{}".format(x)`.

use minijinja::formatting::{FormatStyle, format};
use minijinja::{Error, ErrorKind, State, Value};

use super::super::arguments::Given;
use super::super::kind::{Kind, kind};
use super::super::lookup::{attribute, item};
use super::super::refused;
use super::super::text::{self, MOST};

/// Python's `%` of a text.
pub(in super::super) fn printf(own: &str, arguments: &[Value]) -> Result<Value, Error> {
    wide(own)?;
    if let [only] = arguments
        && matches!(kind(only), Kind::Dict(_))
        && own.contains("%(")
    {
        return format(FormatStyle::Printf, own, arguments).map(Value::from);
    }
    let printed: Result<Vec<Value>, Error> = arguments.iter().map(plain).collect();
    format(FormatStyle::Printf, own, &printed?).map(Value::from)
}

/// A value as the formatter of numbers and texts can take it: others as the text that they print as.
fn plain(value: &Value) -> Result<Value, Error> {
    match kind(value) {
        Kind::Int(_) | Kind::Bool(_) | Kind::Text(_) => Ok(value.clone()),
        Kind::Float(_) => Ok(value.clone()),
        _ => text::str(value).map(Value::from),
    }
}

/// Refuses a width that nobody needs: the result would be of that length.
fn wide(own: &str) -> Result<(), Error> {
    let numbers = own.split(|c: char| !c.is_ascii_digit());
    let is_wide = |digits: &str| {
        digits
            .parse::<usize>()
            .map_or(!digits.is_empty(), |n| n > 10_000)
    };
    match numbers.into_iter().any(is_wide) || own.contains('*') && own.contains('%') {
        true => Err(refused(
            "a width in a format is far too large, or not in the format",
        )),
        false => Ok(()),
    }
}

/// Python's `format` of a text: fields in braces, by place or by name.
pub(super) fn braces(
    state: &State<'_, '_>,
    own: &str,
    arguments: &[Value],
) -> Result<Value, Error> {
    let given = Given::new(arguments)?;
    let mut text = String::new();
    let mut next = 0;
    let mut rest = own;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, brace) = rest.split_at(at);
        text.push_str(before);
        if let Some(behind) = brace
            .strip_prefix("{{")
            .or_else(|| brace.strip_prefix("}}"))
        {
            text.push_str(brace.get(..1).unwrap_or_default());
            rest = behind;
            continue;
        }
        let field = brace
            .strip_prefix('{')
            .and_then(|field| field.split_once('}'));
        let (field, behind) = field.ok_or_else(|| refused("a format has a brace of its own"))?;
        let (path, spec) = field.split_once(':').unwrap_or((field, ""));
        let (path, conversion) = match path.split_once('!') {
            Some((path, conversion)) => (path, Some(conversion)),
            None => (path, None),
        };
        let value = value_of(path, &given, &mut next)?;
        let value = match conversion {
            None => value,
            Some("s") => Value::from(text::str(&value)?),
            Some("r") => Value::from(text::repr(&value)?),
            Some(_) => return Err(refused("a format has a conversion that is not known")),
        };
        let printed = formatted(&value, spec)?;
        state.consume_fuel(printed.len() as u64 / 64)?;
        text.push_str(&printed);
        if text.len() > MOST {
            return Err(ErrorKind::OutOfFuel.into());
        }
        rest = behind;
    }
    text.push_str(rest);
    Ok(Value::from(text))
}

fn formatted(value: &Value, spec: &str) -> Result<String, Error> {
    if spec.is_empty() {
        return text::str(value);
    }
    wide(spec)?;
    if spec.contains('{') {
        return Err(refused(
            "a field within a field of a format is not supported",
        ));
    }
    format(
        FormatStyle::StrFormat,
        &format!("{{:{spec}}}"),
        &[plain(value)?],
    )
}

fn value_of(path: &str, given: &Given, next: &mut usize) -> Result<Value, Error> {
    let end = path.find(['.', '[']).unwrap_or(path.len());
    let (first, mut rest) = path.split_at(end);
    let missing = || refused(format!("a format names {first:?}, which is not given"));
    let place = match first {
        "" => {
            *next += 1;
            Some(*next - 1)
        }
        digits => digits.parse::<usize>().ok(),
    };
    let mut value = match place {
        Some(place) => given.by_place.get(place).cloned().ok_or_else(missing)?,
        None => {
            let named = given.by_name.iter().find(|(name, _)| name == first);
            named.map(|(_, value)| value.clone()).ok_or_else(missing)?
        }
    };
    while !rest.is_empty() {
        if let Some(name) = rest.strip_prefix('.') {
            let end = name.find(['.', '[']).unwrap_or(name.len());
            let (name, behind) = name.split_at(end);
            value = attribute(&value, name)?;
            rest = behind;
        } else {
            let inner = rest
                .strip_prefix('[')
                .and_then(|inner| inner.split_once(']'));
            let (key, behind) =
                inner.ok_or_else(|| refused("a format has a bracket of its own"))?;
            let key = key
                .parse::<i64>()
                .map_or_else(|_| Value::from(key), Value::from);
            value = item(&value, &key)?;
            rest = behind;
        }
    }
    Ok(value)
}
