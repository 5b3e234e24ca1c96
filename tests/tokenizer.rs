//! The tokenizer against the ids that Hugging Face transformers gives, and on files of all kinds.

mod candidate;
mod folder;
mod folders;
mod gguf;
mod metadata;
mod refusals;
mod vocabularies;
mod world;

use std::fs;
use std::path::{Path, PathBuf};

use lenscape::trace::TokenId;
use serde_json::Value;

fn tests_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

fn fixture(name: &str) -> PathBuf {
    tests_folder().join("fixtures").join(name)
}

fn golden_cases(path: &Path) -> Vec<Value> {
    let golden: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    golden["cases"].as_array().unwrap().clone()
}

fn ids(value: &Value) -> Vec<TokenId> {
    serde_json::from_value(value.clone()).unwrap()
}
