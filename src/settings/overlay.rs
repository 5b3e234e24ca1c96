//! One TOML file on top of another, key by key, so that a mistake costs its own line only.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

/// A mistake in one of the user's files, with what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file.
    pub file: PathBuf,
    /// The line, counted from 1.
    pub line: usize,
    /// The key, with the tables around it, as `grid.top`; may be empty.
    pub key: String,
    /// What is wrong and what would be right.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.file.display(), self.line)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.message)
    }
}

impl Problem {
    /// The problem that the TOML reader found in `text`.
    #[must_use]
    pub fn of_toml(file: &Path, text: &str, error: &toml::de::Error) -> Self {
        let offset = error.span().map_or(0, |span| span.start);
        let line = line_at(text, offset);
        Self {
            file: file.to_path_buf(),
            line,
            key: key_on_line(text, line),
            message: one_line(error.message()),
        }
    }
}

/// `defaults` with the keys of `text` on top. Each key must keep the whole readable as `T`; one
/// that does not is left out and reported.
pub fn overlay<T: DeserializeOwned>(
    mut defaults: Table,
    file: &Path,
    text: &str,
) -> (Table, Vec<Problem>) {
    let (keys, values) = match (DeTable::parse(text), text.parse::<Table>()) {
        (Ok(keys), Ok(values)) => (keys.into_inner(), values),
        (Err(error), _) | (_, Err(error)) => {
            return (defaults, vec![Problem::of_toml(file, text, &error)]);
        }
    };
    let mut problems = Vec::new();
    for Leaf { path, offset } in leaves(&keys) {
        let Some(value) = lookup(&values, &path) else {
            continue;
        };
        let mut changed = defaults.clone();
        insert(&mut changed, &path, value.clone());
        match Value::Table(changed.clone()).try_into::<T>() {
            Ok(_) => defaults = changed,
            Err(error) => problems.push(Problem {
                file: file.to_path_buf(),
                line: line_at(text, offset),
                key: path.join("."),
                message: one_line(error.message()),
            }),
        }
    }
    (defaults, problems)
}

struct Leaf {
    path: Vec<String>,
    /// Where the key stands in the text, in bytes.
    offset: usize,
}

fn leaves(table: &DeTable<'_>) -> Vec<Leaf> {
    let mut leaves = Vec::new();
    for (key, value) in table {
        let name = key.get_ref().to_string();
        match value.get_ref() {
            DeValue::Table(inner) => leaves.extend(self::leaves(inner).into_iter().map(|leaf| {
                let mut path = vec![name.clone()];
                path.extend(leaf.path);
                Leaf { path, ..leaf }
            })),
            _ => leaves.push(Leaf {
                path: vec![name],
                offset: key.span().start,
            }),
        }
    }
    leaves
}

fn lookup<'t>(table: &'t Table, path: &[String]) -> Option<&'t Value> {
    let (last, tables) = path.split_last()?;
    let mut table = table;
    for name in tables {
        table = table.get(name)?.as_table()?;
    }
    table.get(last)
}

fn insert(table: &mut Table, path: &[String], value: Value) {
    match path {
        [] => {}
        [name] => {
            table.insert(name.clone(), value);
        }
        [name, rest @ ..] => {
            let inner = table
                .entry(name.clone())
                .or_insert_with(|| Value::Table(Table::new()));
            if let Some(inner) = inner.as_table_mut() {
                insert(inner, rest, value);
            }
        }
    }
}

/// The line, counted from 1, of the byte at `offset`.
pub fn line_at(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().iter().take(offset);
    1 + before.filter(|byte| **byte == b'\n').count()
}

/// The first line, counted from 1, that sets `key`; 1 where there is none.
pub fn line_of_key(text: &str, key: &str) -> usize {
    (1..=text.lines().count())
        .find(|line| key_on_line(text, *line) == key)
        .unwrap_or(1)
}

fn key_on_line(text: &str, line: usize) -> String {
    let line = text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
    line.split_once('=')
        .map(|(key, _)| key.trim().to_owned())
        .filter(|key| !key.starts_with(['#', '[', '{']))
        .unwrap_or_default()
}

/// The messages of the TOML reader span several lines at times.
pub fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use serde::Deserialize;

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read through serde")]
    struct Shape {
        size: u8,
        inner: Inner,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read through serde")]
    struct Inner {
        name: String,
    }

    fn defaults() -> Table {
        "size = 1\n[inner]\nname = \"a\"".parse().unwrap()
    }

    fn problems(text: &str) -> Vec<String> {
        overlay::<Shape>(defaults(), Path::new("c.toml"), text)
            .1
            .iter()
            .map(Problem::to_string)
            .collect()
    }

    #[test]
    fn a_key_replaces_its_default_and_no_other() {
        let (table, problems) =
            overlay::<Shape>(defaults(), Path::new("c.toml"), "[inner]\nname = \"b\"");
        assert!(problems.is_empty());
        assert_eq!(table["inner"]["name"].as_str(), Some("b"));
        assert_eq!(table["size"].as_integer(), Some(1));
    }

    #[test]
    fn each_mistake_names_its_line_and_key() {
        let found = problems("size = 700\n\n[inner]\nname = 3\nnmae = \"x\"\n");
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(
            found[0].starts_with("c.toml:4: inner.name: invalid type"),
            "{found:?}"
        );
        assert!(
            found[1].starts_with("c.toml:5: inner.nmae: unknown field `nmae`"),
            "{found:?}"
        );
        assert!(
            found[2].starts_with("c.toml:1: size: invalid value"),
            "{found:?}"
        );
    }

    #[test]
    fn a_file_that_is_no_toml_is_one_problem() {
        let found = problems("size = 2\nname \"b\"\n");
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("c.toml:2: "), "{found:?}");
    }
}
