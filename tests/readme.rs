//! What the README and the manual say of the program, held against the program.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Parser;
use lenscape::commands::cli::Cli;
use lenscape::export::format;
use lenscape::manual;
use lenscape::model::config::Dialect;
use lenscape::model::families;

const FORMATS: &str = "<!-- formats: made from the registry, see tests/readme.rs -->\n";
const START: &str = "<!-- families: made from the registry, see tests/readme.rs -->\n";

fn names(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

fn readme() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    std::fs::read_to_string(path).unwrap()
}

/// The text of a page of the manual.
fn page(name: &str) -> &'static str {
    manual::PAGES
        .iter()
        .find(|page| page.name == name)
        .unwrap_or_else(|| panic!("there is no page {name}"))
        .text
}

/// The README and each page of the manual, with the folder that their links begin in.
fn texts() -> Vec<(String, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let pages = manual::PAGES.iter();
    let pages = pages.map(|page| (page.text.to_owned(), root.join("src/manual")));
    std::iter::once((readme(), root.to_owned()))
        .chain(pages)
        .collect()
}

/// The words of a line as a shell takes them, as far as the examples go.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![];
    for (at, part) in line.split('\'').enumerate() {
        match at % 2 {
            1 => words.push(part.to_owned()),
            _ => words.extend(part.split_whitespace().map(str::to_owned)),
        }
    }
    let ends = words
        .iter()
        .position(|word| [">", "<", "|"].contains(&word.as_str()));
    words.truncate(ends.unwrap_or(words.len()));
    words
}

#[test]
fn every_command_that_is_shown_is_one() {
    let mut shown = 0;
    for (text, _) in texts() {
        let lines = text
            .lines()
            .filter_map(|line| line.strip_prefix("$ lenscape"));
        for line in lines {
            let line = format!("lenscape{line}");
            if let Err(error) = Cli::try_parse_from(words(&line)) {
                panic!("{line}: {error}");
            }
            shown += 1;
        }
    }
    assert!(shown > 20, "{shown}");
}

#[test]
fn every_link_leads_to_a_file() {
    for (text, folder) in texts() {
        for rest in text.split("](").skip(1) {
            let target = rest.split(')').next().unwrap();
            let elsewhere = target.starts_with("https://") || target.starts_with('#');
            assert!(elsewhere || folder.join(target).exists(), "{target}");
        }
    }
}

/// The names of keys in `config/keys.toml`.
fn bound() -> BTreeSet<String> {
    let keys: toml::Table = toml::from_str(include_str!("../config/keys.toml")).unwrap();
    let bindings = keys.values().flat_map(|scope| scope.as_array().unwrap());
    bindings
        .flat_map(|binding| binding["keys"].as_array().unwrap())
        .map(|key| key.as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn every_key_that_the_manual_names_is_bound() {
    let bound = bound();
    let rows = page("keys").lines().filter(|line| line.starts_with("| "));
    for row in rows {
        let first = row.split(" | ").next().unwrap();
        for key in first.split('`').skip(1).step_by(2) {
            let name = match key {
                "PgUp" => "pageup".to_owned(),
                "PgDn" => "pagedown".to_owned(),
                key if key.len() == 1 && key.chars().all(char::is_uppercase) => {
                    format!("shift-{}", key.to_lowercase())
                }
                key => key.to_lowercase(),
            };
            assert!(
                bound.contains(&name),
                "{key} ({name}) is not bound: {bound:?}"
            );
        }
    }
}

#[test]
fn the_table_of_families_is_the_registry() {
    let rows: String = families::ALL
        .iter()
        .map(|family| {
            format!(
                "| {} | {} | {} |\n",
                family.name,
                names(&family.names(Dialect::HuggingFace)),
                names(&family.names(Dialect::Gguf))
            )
        })
        .collect();
    let table = format!(
        "| family | `model_type` in config.json | `general.architecture` in GGUF |\n|---|---|---|\n{rows}"
    );
    assert!(
        page("models").contains(&format!("{START}{table}\n")),
        "src/manual/models.md needs this table:\n{START}{table}"
    );
}

#[test]
fn the_table_of_formats_is_the_registry() {
    let rows: String = format::ALL
        .iter()
        .map(|format| {
            let name = match format.is_of_a_run() {
                true => format!("`{}`", format.name),
                false => String::new(),
            };
            format!("| `.{}` | {name} | {} |\n", format.extension, format.about)
        })
        .collect();
    let table = format!("| extension | `--format` | what is saved |\n|---|---|---|\n{rows}");
    assert!(
        page("files").contains(&format!("{FORMATS}{table}\n")),
        "src/manual/files.md needs this table:\n{FORMATS}{table}"
    );
}

/// So that who follows the README runs what has to pass.
#[test]
fn the_second_command_is_what_has_to_pass() {
    let readme = readme();
    let mut commands = readme.lines().filter_map(|line| line.strip_prefix("$ "));
    let command = commands.nth(1).unwrap();
    assert!(command.starts_with("cargo test"), "{command}");
    let ci = Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci/run");
    let ci = std::fs::read_to_string(ci).unwrap();
    assert!(
        ci.lines().any(|line| line.starts_with(command)),
        "{command} is not in .ci/run"
    );
}
