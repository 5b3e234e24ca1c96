//! Options by name, as the command line of the program sets them.

use std::path::Path;

use toml::{Table, Value};

use super::Options;

/// A text that no option takes, to be told what it would take.
const NO_VALUE: &str = "\u{0}";

impl Options {
    /// The name of every option with its value, as `grid.value` and `rank`.
    #[must_use]
    pub fn by_name(&self) -> Vec<(String, String)> {
        Table::try_from(self).map_or_else(|_| Vec::new(), |table| flat("", &table))
    }

    /// The words that an option takes; none where it takes numbers or any text.
    #[must_use]
    pub fn accepted(&self, name: &str) -> Vec<String> {
        let Err(message) = self.clone().set(name, NO_VALUE) else {
            return Vec::new();
        };
        // What serde says of a wrong variant: "…, expected one of `a`, `b`" or "expected `a` or `b`".
        match message.split_once("unknown variant") {
            Some((_, rest)) => rest
                .split('`')
                .skip(3)
                .step_by(2)
                .map(str::to_owned)
                .collect(),
            None => Vec::new(),
        }
    }

    /// Sets an option.
    ///
    /// # Errors
    /// One line that says what is wrong and what would be right.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        let table = Value::Table(Table::try_from(&*self).unwrap_or_default());
        let known = name.split('.').try_fold(&table, |at, key| at.get(key));
        let written = match known {
            None | Some(Value::Table(_)) => return Err(format!("there is no option `{name}`")),
            // A word may look like a number, as the colours `256` do.
            Some(Value::String(_)) => Value::String(value.to_owned()).to_string(),
            Some(_) => match value.parse::<f64>() {
                Ok(_) => value.to_owned(),
                Err(_) => Value::String(value.to_owned()).to_string(),
            },
        };
        let line = format!("{name} = {written}");
        match self.overlay(Path::new("command line"), &line).first() {
            Some(problem) => Err(format!("{name}: {}", problem.message)),
            None => Ok(()),
        }
    }
}

fn flat(prefix: &str, table: &Table) -> Vec<(String, String)> {
    let mut options = Vec::new();
    for (key, value) in table {
        let name = format!("{prefix}{key}");
        match value {
            Value::Table(inner) => options.extend(flat(&format!("{name}."), inner)),
            Value::String(text) => options.push((name, text.clone())),
            other => options.push((name, other.to_string())),
        }
    }
    options
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::settings::CellValue;

    #[test]
    fn every_option_has_a_name() {
        let options = Options::embedded().unwrap().by_name();
        let value_of = |name: &str| {
            let found = options.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| value.clone())
        };
        assert_eq!(value_of("grid.value").unwrap(), "rank");
        assert_eq!(value_of("max_tokens").unwrap(), "64");
        assert_eq!(value_of("sampling.temperature").unwrap(), "0.0");
    }

    #[test]
    fn words_and_numbers_are_set() {
        let mut options = Options::embedded().unwrap();
        options.set("grid.value", "kl").unwrap();
        options.set("max_tokens", "7").unwrap();
        options.set("sampling.temperature", "0.5").unwrap();
        assert_eq!(options.grid.value, CellValue::Kl);
        assert_eq!(options.max_tokens, 7);
        assert!((options.sampling.temperature - 0.5).abs() < 1e-9);
    }

    #[test]
    fn an_option_tells_which_words_it_takes() {
        let options = Options::embedded().unwrap();
        assert_eq!(
            options.accepted("lens"),
            ["normed", "raw", "tuned", "jacobian"]
        );
        assert_eq!(
            options.accepted("grid.cells"),
            ["exact", "short", "shades", "folded"]
        );
        assert!(options.accepted("max_tokens").is_empty());
        assert!(options.accepted("model").is_empty());
    }

    #[test]
    fn what_is_wrong_leaves_everything_as_it_was() {
        let mut options = Options::embedded().unwrap();
        let before = options.clone();
        let no_option = options.set("grid.colur", "x").unwrap_err();
        assert_eq!(no_option, "there is no option `grid.colur`");
        let no_word = options.set("lens", "logit").unwrap_err();
        assert!(
            no_word.starts_with("lens: ") && no_word.contains("normed"),
            "{no_word}"
        );
        assert!(options.set("max_tokens", "many").is_err());
        assert_eq!(options, before);
    }
}
