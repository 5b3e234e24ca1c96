//! `keys.toml` → key map, binding by binding, so that a mistake costs its own line only.

use std::path::Path;

use crokey::{KeyCombination, OneToThree};
use crossterm::event::{KeyCode, KeyModifiers};
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error as NameError, StrDeserializer};
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::super::overlay::{Problem, line_at, one_line};
use super::{Action, Binding, Keymap, Scope};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    keys: Vec<Spanned<String>>,
    action: Spanned<String>,
    #[serde(default)]
    help: String,
    hint: Option<String>,
}

/// The key map of a file, and what was wrong in it.
pub fn parse(file: &Path, text: &str) -> (Keymap, Vec<Problem>) {
    let mut reader = Reader {
        file,
        text,
        problems: Vec::new(),
    };
    let mut keymap = Keymap::default();
    match DeTable::parse(text) {
        Err(error) => reader.problems.push(Problem::of_toml(file, text, &error)),
        Ok(table) => {
            for (name, lines) in table.get_ref() {
                if let Some((scope, bindings)) =
                    reader.scope(name.get_ref(), name.span().start, lines)
                {
                    keymap.scopes.push((scope, bindings));
                }
            }
        }
    }
    (keymap, reader.problems)
}

struct Reader<'t> {
    file: &'t Path,
    text: &'t str,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn report(&mut self, offset: usize, key: &str, message: String) {
        self.problems.push(Problem {
            file: self.file.to_path_buf(),
            line: line_at(self.text, offset),
            key: key.to_owned(),
            message,
        });
    }

    fn scope(
        &mut self,
        name: &str,
        offset: usize,
        lines: &Spanned<DeValue<'_>>,
    ) -> Option<(Scope, Vec<Binding>)> {
        let scope = match named::<Scope>(name) {
            Ok(scope) => scope,
            Err(error) => {
                self.report(offset, name, error.replace("variant", "place"));
                return None;
            }
        };
        let DeValue::Array(lines) = lines.get_ref() else {
            let form = r#"must be a list of { keys = ["x"], action = "…" }"#;
            self.report(offset, name, form.into());
            return None;
        };
        let mut bindings: Vec<Binding> = Vec::new();
        for line in lines {
            if let Some(binding) = self.binding(scope, name, line, &bindings) {
                bindings.push(binding);
            }
        }
        Some((scope, bindings))
    }

    fn binding(
        &mut self,
        scope: Scope,
        name: &str,
        line: &Spanned<DeValue<'_>>,
        before: &[Binding],
    ) -> Option<Binding> {
        let offset = line.span().start;
        let line = match Line::deserialize(ValueDeserializer::from(line.clone())) {
            Ok(line) => line,
            Err(error) => {
                let offset = error.span().map_or(offset, |span| span.start);
                self.report(offset, name, one_line(error.message()));
                return None;
            }
        };
        let action = match named::<Action>(line.action.get_ref()) {
            Ok(action) => action,
            Err(error) => {
                let error = error.replace("variant", "action");
                self.report(line.action.span().start, name, error);
                return None;
            }
        };
        let mut keys = Vec::new();
        for written in &line.keys {
            match self.key(scope, written.get_ref()) {
                Ok(key) => match taken(key, before) {
                    Some(other) => self.report(
                        written.span().start,
                        name,
                        format!(
                            "`{}` is bound twice, to `{}` and to `{}`; keep one",
                            written.get_ref(),
                            spelled(other),
                            spelled(action),
                        ),
                    ),
                    None => keys.push(key),
                },
                Err(message) => self.report(written.span().start, name, message),
            }
        }
        (!keys.is_empty()).then_some(Binding {
            keys,
            action,
            help: line.help,
            hint: line.hint,
        })
    }

    fn key(&self, scope: Scope, written: &str) -> Result<KeyCombination, String> {
        // crokey's reader is for ASCII and keeps Shift on signs, which no terminal reports.
        let key = crokey::parse(written)
            .map(KeyCombination::normalized)
            .ok()
            .filter(|key| matches!(key.codes, OneToThree::One(_)))
            .ok_or_else(|| {
                format!("`{written}` is no key; write `x`, `shift-x`, `ctrl-x`, `enter`, `pageup`")
            })?;
        let is_text = matches!(key.codes, OneToThree::One(KeyCode::Char(_)))
            && (key.modifiers - KeyModifiers::SHIFT).is_empty();
        if is_text && scope.takes_text() {
            return Err(format!(
                "`{written}` could no longer be typed; take one with ctrl"
            ));
        }
        Ok(key)
    }
}

fn taken(key: KeyCombination, before: &[Binding]) -> Option<Action> {
    before
        .iter()
        .find(|binding| binding.keys.contains(&key))
        .map(|binding| binding.action)
}

fn named<'n, T: Deserialize<'n>>(name: &'n str) -> Result<T, String> {
    let name: StrDeserializer<'n, NameError> = name.into_deserializer();
    T::deserialize(name).map_err(|error| error.to_string())
}

fn spelled(action: Action) -> String {
    serde_json::to_value(action)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        parse(Path::new("keys.toml"), text)
            .1
            .iter()
            .map(Problem::to_string)
            .collect()
    }

    #[test]
    fn a_key_bound_twice_names_both() {
        let found = problems(
            "grid = [\n  { keys = [\"x\"], action = \"zoom\" },\n  { keys = [\"x\"], action = \"quit\" },\n]",
        );
        assert_eq!(
            found,
            ["keys.toml:3: grid: `x` is bound twice, to `zoom` and to `quit`; keep one"]
        );
    }

    #[test]
    fn each_mistake_says_what_would_be_right() {
        for (text, starts, contains) in [
            (
                "grid = [\n { keys = [\"hyper-x\"], action = \"quit\" } ]",
                "keys.toml:2: grid: `hyper-x` is no key",
                "ctrl-x",
            ),
            (
                "grid = [ { keys = [\"x\"], action = \"explode\" } ]",
                "keys.toml:1: grid: unknown action `explode`",
                "`quit`",
            ),
            (
                "gird = [ { keys = [\"x\"], action = \"quit\" } ]",
                "keys.toml:1: gird: unknown place `gird`",
                "`grid`",
            ),
            (
                "everywhere = [ { keys = [\"x\"], action = \"quit\" } ]",
                "keys.toml:1: everywhere: `x` could no longer be typed",
                "ctrl",
            ),
            (
                "grid = [ { key = \"x\", action = \"quit\" } ]",
                "keys.toml:1: grid: unknown field `key`",
                "`keys`",
            ),
            ("grid = 3", "keys.toml:1: grid: must be a list", "action"),
        ] {
            let found = problems(text);
            assert_eq!(found.len(), 1, "{text}: {found:?}");
            assert!(found[0].starts_with(starts), "{found:?}");
            assert!(found[0].contains(contains), "{found:?}");
        }
    }
}
