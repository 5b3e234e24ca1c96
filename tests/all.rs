//! All tests of the library and the program in one executable: each would link all of it again.
//!
//! A new file `tests/NAME.rs` is one line here, and `cargo test --profile ci --test all NAME::` runs it
//! alone. What needs a process of its own, as for an allocator that watches, is a `[[test]]` of
//! `Cargo.toml` instead.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bad_checkpoints;
mod catalog;
mod chat;
mod checkpoint_formats;
mod compare;
mod config_keys;
mod damaged_config;
mod default_model;
mod devices;
mod dtype;
mod examples;
mod golden;
mod hostile_names;
mod instrument;
mod larger_models;
mod lens;
mod lenses;
mod mixers;
mod models_inspect;
mod no_files;
mod order_of_folders;
mod published_weights;
mod readme;
mod screens;
mod script_places;
mod scripts;
mod settings_model;
mod spellings;
mod standard_output;
mod sublayers;
mod terminal;
mod tokenizer;
mod trace_command;
mod traces;
mod undisturbed;
mod verify_command;
mod wrong_tensors;

// What several of them use.
mod made;
mod reference;
mod replay;
#[path = "../src/testing/mod.rs"]
mod testing;

/// With `autotests = false` a file that nobody names would never be run.
#[test]
fn every_file_is_run() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let said = include_str!("all.rs");
    let manifest = include_str!("../Cargo.toml");
    for entry in std::fs::read_dir(root.join("tests")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy();
        let file = path.strip_prefix(root).unwrap().display();
        if path.extension().is_some_and(|extension| extension == "rs") {
            assert!(
                said.contains(&format!("\nmod {name};\n"))
                    || manifest.contains(&format!("path = \"{file}\"")),
                "{file} is run by nobody: it needs a line in tests/all.rs, or a [[test]]"
            );
        }
    }
}
