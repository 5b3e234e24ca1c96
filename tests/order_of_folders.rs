//! Data flows one way: each folder of `src` has its place in an order, and imports only from
//! folders that stand below it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// From the bottom to the top. Those in one line do not know each other.
const ORDER: &[&[&str]] = &[
    &["allocator", "caught", "manual", "regular_file", "trace"],
    &["log_file", "vocabulary"],
    &["catalog", "run"],
    &["model", "report"],
    &["chat", "lens", "settings"],
    &["display", "engine"],
    &["export", "verify"],
    &["app", "autosave"],
    &["ui"],
    &["terminal"],
    &["play"],
    &["commands"],
    &["main", "process"],
    // What tests are made from: nobody else knows it.
    &["testing"],
];

/// An import of `to` in a file of the folder `from`.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Import {
    from: String,
    to: String,
    file: PathBuf,
}

fn place(folder: &str) -> Option<usize> {
    ORDER.iter().position(|line| line.contains(&folder))
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// The source without its comments and unit tests, which may look at anything.
fn code(source: &str) -> String {
    let code = source.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let without_comment = |line: &str| line.split("//").next().unwrap_or("").to_owned();
    code.lines()
        .map(without_comment)
        .collect::<Vec<_>>()
        .join("\n")
}

/// The names that directly follow `crate::` (in the program itself, `lenscape::`), those in
/// braces included.
fn imported(code: &str) -> BTreeSet<String> {
    let name = |text: &str| -> String {
        let is_part = |c: &char| c.is_alphanumeric() || *c == '_';
        text.trim_start().chars().take_while(is_part).collect()
    };
    let mut names = BTreeSet::new();
    for rest in code
        .split("crate::")
        .skip(1)
        .chain(code.split("lenscape::").skip(1))
    {
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0_usize;
            let mut starts = true;
            for (at, character) in group.char_indices() {
                if starts && depth == 0 {
                    names.insert(name(&group[at..]));
                }
                starts = character == ',' || (starts && character.is_whitespace());
                match character {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    _ => {}
                }
            }
        } else {
            names.insert(name(rest));
        }
    }
    names
}

fn imports() -> BTreeSet<Import> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut imports = BTreeSet::new();
    for file in files(&root) {
        let inner = file.strip_prefix(&root).unwrap().to_owned();
        if inner.iter().any(|part| part == "tests") || inner.ends_with("tests.rs") {
            continue;
        }
        let first = inner.iter().next().unwrap().to_str().unwrap();
        let from = first.strip_suffix(".rs").unwrap_or(first);
        if from == "lib" {
            continue;
        }
        for to in imported(&code(&fs::read_to_string(&file).unwrap())) {
            // Items of the crate itself, such as macros, belong to no folder.
            if to != from && (root.join(&to).is_dir() || root.join(format!("{to}.rs")).is_file()) {
                imports.insert(Import {
                    from: from.to_owned(),
                    to,
                    file: inner.clone(),
                });
            }
        }
    }
    imports
}

#[test]
fn no_folder_imports_from_one_that_does_not_stand_below_it() {
    let imports = imports();
    let from_ui: Vec<&str> = imports
        .iter()
        .filter(|import| import.from == "ui")
        .map(|import| import.to.as_str())
        .collect();
    assert!(from_ui.contains(&"app"), "imports are looked at");
    let upwards: Vec<Import> = imports
        .into_iter()
        .filter(|import| place(&import.to) >= place(&import.from))
        .collect();
    assert!(upwards.is_empty(), "{upwards:#?}");
}

#[test]
fn every_folder_has_its_place() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for entry in fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        assert!(name == "lib" || place(&name).is_some(), "{name}");
    }
}

#[test]
fn imports_are_found_in_every_form() {
    let code = code(
        "use crate::app::{State, Zoom};\nuse crate::{export::Content, ui::{a, b}, run};\n\
         // use crate::nothing;\nfn f() { crate::lens::x() }\n#[cfg(test)]\nmod tests {\nuse crate::cli;",
    );
    let names: Vec<String> = imported(&code).into_iter().collect();
    assert_eq!(names, ["app", "export", "lens", "run", "ui"]);
}
