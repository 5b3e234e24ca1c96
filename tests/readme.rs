//! What the README says of the program, held against the program.

use std::path::Path;

use lenscape::export::format;
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
        readme().contains(&format!("{START}{table}\n")),
        "the README needs this table:\n{START}{table}"
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
        readme().contains(&format!("{FORMATS}{table}\n")),
        "the README needs this table:\n{FORMATS}{table}"
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
