//! `tojson` as transformers has it: Python's `json.dumps`.

use std::fmt::Write as _;

use minijinja::value::ValueOrKwargs;
use minijinja::{Error, ErrorKind, Value};

use super::arguments::{flag, read, required, text, unless_none};
use super::kind::{Budget, Kind, kind};
use super::operators::compare;
use super::refused;
use super::text::{DEEPEST, MOST, float, spaces};

/// The filter.
pub(super) fn tojson(arguments: &[ValueOrKwargs]) -> Result<Value, Error> {
    let parameters = ["x", "ensure_ascii", "indent", "separators", "sort_keys"];
    let [value, ascii, indent, separators, sorted] = read("tojson", arguments, parameters)?;
    let value = required("tojson", value)?;
    let indent = unless_none(indent).map(|indent| match kind(&indent) {
        Kind::Text(indent) => Ok(indent.to_owned()),
        other => match other.as_int() {
            Some(width) => spaces(width),
            None => Err(refused("the indent of tojson has to be a number or a text")),
        },
    });
    let indent = indent.transpose()?;
    let (item, key) = match unless_none(separators) {
        None if indent.is_some() => (",".to_owned(), ": ".to_owned()),
        None => (", ".to_owned(), ": ".to_owned()),
        Some(pair) => match kind(&pair) {
            Kind::Tuple([item, key]) | Kind::List([item, key]) => {
                (text(item)?.to_owned(), text(key)?.to_owned())
            }
            _ => return Err(refused("the separators of tojson have to be two texts")),
        },
    };
    let mut writer = Writer {
        json: String::new(),
        ascii: flag(ascii.as_ref()),
        sorted: flag(sorted.as_ref()),
        indent,
        item,
        key,
        budget: Budget::default(),
    };
    writer.value(&value, 0)?;
    Ok(Value::from(writer.json))
}

struct Writer {
    json: String,
    ascii: bool,
    sorted: bool,
    indent: Option<String>,
    item: String,
    key: String,
    budget: Budget,
}

impl Writer {
    fn value(&mut self, value: &Value, depth: usize) -> Result<(), Error> {
        self.budget.spend()?;
        if depth > DEEPEST {
            return Err(refused("a value is nested too deep for tojson"));
        }
        if self.json.len() > MOST {
            return Err(ErrorKind::OutOfFuel.into());
        }
        match kind(value) {
            Kind::Text(text) => self.text(text),
            Kind::List(items) | Kind::Tuple(items) => self.list(items, depth)?,
            Kind::Dict(dict) => self.object(dict.entries(), depth)?,
            _ => match plain(value) {
                Some(plain) => self.json.push_str(&plain),
                None => return Err(refused("this cannot be written as JSON")),
            },
        }
        Ok(())
    }

    fn list(&mut self, items: &[Value], depth: usize) -> Result<(), Error> {
        self.json.push('[');
        for (at, item) in items.iter().enumerate() {
            self.before(at, depth + 1);
            self.value(item, depth + 1)?;
        }
        self.close(']', items.is_empty(), depth);
        Ok(())
    }

    fn object(&mut self, entries: &[(Value, Value)], depth: usize) -> Result<(), Error> {
        let mut entries: Vec<_> = entries.iter().collect();
        if self.sorted {
            let mut failed = None;
            entries.sort_by(|(a, _), (b, _)| {
                compare(a, b, &self.budget).unwrap_or_else(|error| {
                    failed.get_or_insert(error);
                    std::cmp::Ordering::Equal
                })
            });
            if let Some(error) = failed {
                return Err(error);
            }
        }
        self.json.push('{');
        for (at, (key, value)) in entries.iter().enumerate() {
            self.before(at, depth + 1);
            match kind(key) {
                Kind::Text(text) => self.text(text),
                _ => match plain(key) {
                    Some(plain) => {
                        self.json.push('"');
                        self.json.push_str(&plain);
                        self.json.push('"');
                    }
                    None => return Err(refused("a key cannot be written as JSON")),
                },
            }
            let separator = self.key.clone();
            self.json.push_str(&separator);
            self.value(value, depth + 1)?;
        }
        self.close('}', entries.is_empty(), depth);
        Ok(())
    }

    fn before(&mut self, at: usize, depth: usize) {
        if at > 0 {
            let separator = self.item.clone();
            self.json.push_str(&separator);
        }
        self.line(depth);
    }

    fn line(&mut self, depth: usize) {
        if let Some(indent) = &self.indent {
            self.json.push('\n');
            for _ in 0..depth {
                self.json.push_str(indent);
            }
        }
    }

    fn close(&mut self, bracket: char, is_empty: bool, depth: usize) {
        if !is_empty {
            self.line(depth);
        }
        self.json.push(bracket);
    }

    fn text(&mut self, text: &str) {
        self.json.push('"');
        for character in text.chars() {
            match character {
                '"' => self.json.push_str("\\\""),
                '\\' => self.json.push_str("\\\\"),
                '\n' => self.json.push_str("\\n"),
                '\r' => self.json.push_str("\\r"),
                '\t' => self.json.push_str("\\t"),
                '\u{8}' => self.json.push_str("\\b"),
                '\u{c}' => self.json.push_str("\\f"),
                c if c < ' ' || (self.ascii && !(' '..='~').contains(&c)) => {
                    for unit in c.encode_utf16(&mut [0; 2]) {
                        // Writing to a text cannot fail.
                        let _ = write!(self.json, "\\u{unit:04x}");
                    }
                }
                c => self.json.push(c),
            }
        }
        self.json.push('"');
    }
}

/// What holds no others and is no text, as JSON.
fn plain(value: &Value) -> Option<String> {
    Some(match kind(value) {
        Kind::None => "null".to_owned(),
        Kind::Bool(flag) => flag.to_string(),
        Kind::Int(number) => number.to_string(),
        Kind::Float(number) if number.is_nan() => "NaN".to_owned(),
        Kind::Float(number) if number == f64::INFINITY => "Infinity".to_owned(),
        Kind::Float(number) if number == f64::NEG_INFINITY => "-Infinity".to_owned(),
        Kind::Float(number) => float(number),
        _ => return None,
    })
}
