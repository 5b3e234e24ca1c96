//! What values print as: Python's `str` and `repr`.

use icu_properties::CodePointMapData;
use icu_properties::props::GeneralCategory;
use minijinja::{Error, ErrorKind, Value};

use super::kind::{Budget, Kind, kind};
use super::refused;

/// The longest text that a value may print as, in bytes.
pub(super) const MOST: usize = 32 << 20;

/// How deep a value may be nested that is printed or compared.
pub(super) const DEEPEST: usize = 200;

/// So many spaces to indent by.
pub(super) fn spaces(width: i128) -> Result<String, Error> {
    match usize::try_from(width.max(0)) {
        Ok(width) if width <= 10_000 => Ok(" ".repeat(width)),
        _ => Err(ErrorKind::OutOfFuel.into()),
    }
}

/// Python's `str`.
pub(super) fn str(value: &Value) -> Result<String, Error> {
    match kind(value) {
        Kind::Undefined => Ok(String::new()),
        Kind::Text(text) => Ok(text.to_owned()),
        _ => repr(value),
    }
}

/// Python's `repr`.
pub(super) fn repr(value: &Value) -> Result<String, Error> {
    let mut printer = Printer {
        text: String::new(),
        budget: Budget::default(),
    };
    printer.value(value, 0)?;
    Ok(printer.text)
}

struct Printer {
    text: String,
    budget: Budget,
}

impl Printer {
    fn value(&mut self, value: &Value, depth: usize) -> Result<(), Error> {
        self.budget.spend()?;
        if depth > DEEPEST {
            return Err(refused("a value is nested too deep to be printed"));
        }
        if self.text.len() > MOST {
            return Err(ErrorKind::OutOfFuel.into());
        }
        match kind(value) {
            Kind::Undefined => self.text.push_str("Undefined"),
            Kind::None => self.text.push_str("None"),
            Kind::Bool(true) => self.text.push_str("True"),
            Kind::Bool(false) => self.text.push_str("False"),
            Kind::Int(number) => self.text.push_str(&number.to_string()),
            Kind::Float(number) => self.text.push_str(&float(number)),
            Kind::Text(text) => quote(text, &mut self.text),
            Kind::List(items) => self.list("[", items, "]", depth)?,
            Kind::Tuple([only]) => {
                self.text.push('(');
                self.value(only, depth + 1)?;
                self.text.push_str(",)");
            }
            Kind::Tuple(items) => self.list("(", items, ")", depth)?,
            Kind::View(view) => {
                self.text.push_str(view.name);
                self.list("([", &view.items, "])", depth)?;
            }
            Kind::Dict(dict) => {
                self.text.push('{');
                for (at, (key, value)) in dict.entries().iter().enumerate() {
                    if at > 0 {
                        self.text.push_str(", ");
                    }
                    self.value(key, depth + 1)?;
                    self.text.push_str(": ");
                    self.value(value, depth + 1)?;
                }
                self.text.push('}');
            }
            Kind::Other if value.is_number() => self.text.push_str(&value.to_string()),
            Kind::Other => return Err(refused("this is nothing that can be printed")),
        }
        Ok(())
    }

    fn list(
        &mut self,
        open: &str,
        items: &[Value],
        close: &str,
        depth: usize,
    ) -> Result<(), Error> {
        self.text.push_str(open);
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                self.text.push_str(", ");
            }
            self.value(item, depth + 1)?;
        }
        self.text.push_str(close);
        Ok(())
    }
}

/// Python's `repr` of a float: the shortest digits that read back as it.
pub(super) fn float(number: f64) -> String {
    if number.is_nan() {
        return "nan".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let shortest = format!("{number:e}");
    let (digits, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if number != 0.0 && !(-4..16).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{digits}e{sign}{:02}", exponent.abs());
    }
    let plain = number.to_string();
    if plain.contains('.') {
        plain
    } else {
        plain + ".0"
    }
}

/// Appends Python's `repr` of a text.
fn quote(text: &str, printed: &mut String) {
    let quote = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    printed.push(quote);
    for character in text.chars() {
        match character {
            '\\' => printed.push_str("\\\\"),
            '\n' => printed.push_str("\\n"),
            '\r' => printed.push_str("\\r"),
            '\t' => printed.push_str("\\t"),
            c if c == quote => {
                printed.push('\\');
                printed.push(c);
            }
            c if is_printable(c) => printed.push(c),
            c => printed.push_str(&match u32::from(c) {
                code @ ..0x100 => format!("\\x{code:02x}"),
                code @ ..0x1_0000 => format!("\\u{code:04x}"),
                code => format!("\\U{code:08x}"),
            }),
        }
    }
    printed.push(quote);
}

/// Python's `isprintable` of a character.
pub(super) fn is_printable(character: char) -> bool {
    use GeneralCategory as Is;
    let category = CodePointMapData::<GeneralCategory>::new().get(character);
    character == ' '
        || !matches!(
            category,
            Is::Control
                | Is::Format
                | Is::Surrogate
                | Is::PrivateUse
                | Is::Unassigned
                | Is::LineSeparator
                | Is::ParagraphSeparator
                | Is::SpaceSeparator
        )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn floats_print_as_python_has_them() {
        for (number, printed) in [
            (1.0, "1.0"),
            (-0.0, "-0.0"),
            (1e-5, "1e-05"),
            (0.0001, "0.0001"),
            (1e16, "1e+16"),
            (123_456_789_012_345_680.0, "1.2345678901234568e+17"),
            (1e15, "1000000000000000.0"),
            (2.5, "2.5"),
            (f64::INFINITY, "inf"),
            (1e-323, "1e-323"),
        ] {
            assert_eq!(float(number), printed);
        }
    }

    #[test]
    fn texts_are_quoted_as_python_quotes_them() {
        for (text, quoted) in [
            ("it's", "\"it's\""),
            ("a 'b' \"c\"", "'a \\'b\\' \"c\"'"),
            (
                "\u{7f}\u{a0}\u{200b}é🙂\u{e000}",
                "'\\x7f\\xa0\\u200bé🙂\\ue000'",
            ),
        ] {
            assert_eq!(repr(&Value::from(text)).unwrap(), quoted);
        }
    }
}
