//! What the README says of the program, held against the program.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

use lenscape::model::config::Dialect;
use lenscape::model::families;

const START: &str = "<!-- families: made from the registry, see tests/readme.rs -->\n";

fn names(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
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
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(path).unwrap();
    assert!(
        readme.contains(&format!("{START}{table}\n")),
        "the README needs this table:\n{START}{table}"
    );
}
