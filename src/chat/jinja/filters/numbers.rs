//! Filters that give numbers.

use minijinja::value::{Rest, ValueOrKwargs};
use minijinja::{Environment, Error, State, Value};

use super::super::arguments::{number, read, required, text_or};
use super::super::kind::{Kind, int, items, kind, length, named};
use super::super::meaning::name;
use super::super::refused;
use super::Getter;

pub(super) fn add_to(environment: &mut Environment<'_>) {
    environment.add_filter("int", |arguments: Rest<ValueOrKwargs>| to_int(&arguments));
    environment.add_filter("float", |arguments: Rest<ValueOrKwargs>| {
        to_float(&arguments)
    });
    environment.add_filter("round", |arguments: Rest<ValueOrKwargs>| round(&arguments));
    environment.add_filter("abs", |value: &Value| match kind(value) {
        Kind::Float(number) => Ok(Value::from(number.abs())),
        other => {
            let number = other.as_int().and_then(i128::checked_abs);
            number
                .map(int)
                .ok_or_else(|| refused(format!("{} has no abs", named(value))))
        }
    });
    for name in ["length", "count"] {
        environment.add_filter(name, |value: &Value| length(value));
    }
    environment.add_filter("sum", sum);
}

/// A number as Python reads it from a text.
fn parsed(text: &str) -> Option<f64> {
    let text = super::super::strip(text);
    let is_word = |word: &str| {
        let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
        unsigned.eq_ignore_ascii_case(word)
    };
    let plain = text
        .bytes()
        .all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    let is_number = plain || ["inf", "infinity", "nan"].into_iter().any(is_word);
    text.parse().ok().filter(|_| is_number)
}

fn to_int(arguments: &[ValueOrKwargs]) -> Result<Value, Error> {
    let [value, default, base] = read("int", arguments, ["value", "default", "base"])?;
    let value = required("int", value)?;
    let default = default.unwrap_or(Value::from(0));
    let base = number(base.as_ref(), 10)?;
    let from_float = |number: f64| match number.is_finite() && number.abs() < 1e38 {
        true => int(number.trunc() as i128),
        false => default.clone(),
    };
    Ok(match kind(&value) {
        Kind::Undefined => return Err(refused("something undefined is no number")),
        Kind::Float(number) => from_float(number),
        Kind::Text(text) => match whole(text, base) {
            Some(number) => int(number),
            None => parsed(text).map_or_else(|| default.clone(), from_float),
        },
        other => other.as_int().map_or(default, int),
    })
}

/// A whole number as Python reads it from a text.
fn whole(text: &str, base: i128) -> Option<i128> {
    let text = super::super::strip(text);
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let prefixed = |letter: char| {
        let rest = digits.strip_prefix('0')?;
        rest.strip_prefix([letter, letter.to_ascii_uppercase()])
    };
    let (digits, base) = match base {
        2 => (prefixed('b').unwrap_or(digits), 2),
        8 => (prefixed('o').unwrap_or(digits), 8),
        16 => (prefixed('x').unwrap_or(digits), 16),
        0 => {
            let bases = [('b', 2), ('o', 8), ('x', 16)];
            let found = bases
                .into_iter()
                .find_map(|(c, base)| Some((prefixed(c)?, base)));
            found.unwrap_or((digits, 10))
        }
        other => (
            digits,
            u32::try_from(other)
                .ok()
                .filter(|base| (2..=36).contains(base))?,
        ),
    };
    let is_plain = !digits.starts_with(['+', '-']);
    let number = i128::from_str_radix(&digits.replace('_', ""), base)
        .ok()
        .filter(|_| is_plain)?;
    Some(if negative { -number } else { number })
}

fn to_float(arguments: &[ValueOrKwargs]) -> Result<Value, Error> {
    let [value, default] = read("float", arguments, ["value", "default"])?;
    let value = required("float", value)?;
    let number = match kind(&value) {
        Kind::Undefined => return Err(refused("something undefined is no number")),
        Kind::Text(text) => parsed(text),
        other => other.as_float(),
    };
    Ok(number.map_or_else(|| default.unwrap_or(Value::from(0.0)), Value::from))
}

fn round(arguments: &[ValueOrKwargs]) -> Result<Value, Error> {
    let [value, precision, method] = read("round", arguments, ["value", "precision", "method"])?;
    let value = required("round", value)?;
    let precision = number(precision.as_ref(), 0)?;
    let places = i32::try_from(precision.clamp(-400, 400)).unwrap_or(0);
    let power = 10_f64.powi(places);
    let own = kind(&value);
    let float = own
        .as_float()
        .ok_or_else(|| refused(format!("{} cannot be rounded", named(&value))))?;
    match (text_or(method.as_ref(), "common")?, own) {
        ("common", Kind::Float(number)) => Ok(Value::from(nearest(number, places))),
        ("common", other) => match other.as_int() {
            Some(number) if places >= 0 => Ok(int(number)),
            Some(number) => Ok(int(nearest_multiple(number, places))),
            None => Ok(value.clone()),
        },
        ("ceil", _) => Ok(Value::from((float * power).ceil() / power)),
        ("floor", _) => Ok(Value::from((float * power).floor() / power)),
        _ => Err(refused("the method of round is common, ceil or floor")),
    }
}

/// Python's `round`: to the nearest, by the digits that the number really has, and to the even one
/// of two that are equally near.
fn nearest(number: f64, places: i32) -> f64 {
    if !number.is_finite() || places > 300 {
        return number;
    }
    match usize::try_from(places) {
        // Rust prints all digits of a float, and rounds halves to even.
        Ok(places) => format!("{number:.places$}").parse().unwrap_or(number),
        Err(_) => {
            let power = 10_f64.powi(-places);
            (number / power).round_ties_even() * power
        }
    }
}

fn nearest_multiple(number: i128, places: i32) -> i128 {
    let Some(power) = 10_i128.checked_pow(places.unsigned_abs()) else {
        return 0;
    };
    let (down, rest) = (number.div_euclid(power), number.rem_euclid(power));
    let up = rest * 2 > power || rest * 2 == power && down % 2 != 0;
    (down + i128::from(up)).saturating_mul(power)
}

fn sum(state: &mut State, arguments: Rest<ValueOrKwargs>) -> Result<Value, Error> {
    let [value, attribute, start] = read("sum", &arguments, ["iterable", "attribute", "start"])?;
    let getter = Getter::new(attribute.as_ref(), None);
    let mut sum = start.unwrap_or(Value::from(0));
    if matches!(kind(&sum), Kind::Text(_)) {
        return Err(refused("texts are joined, not summed"));
    }
    for item in items(state, &required("sum", value)?)? {
        sum = state.apply_filter(name::ADD, &[sum, getter.get(&item)?])?;
    }
    Ok(sum)
}
