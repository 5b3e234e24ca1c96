//! The tokenizer against the ids that Hugging Face transformers gives, and on files of all kinds.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod candidate;
mod folder;
mod gguf;
mod metadata;
mod refusals;

use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

use candle_core::quantized::gguf_file::Content;
use lenscape::model::tokenizer::Tokenizer;
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

/// The tokenizer of the default model, where `LENSCAPE_TEST_MODEL` says where its file is.
fn default_model() -> Option<Tokenizer> {
    let path = PathBuf::from(std::env::var_os("LENSCAPE_TEST_MODEL")?);
    let mut file = BufReader::new(File::open(&path).unwrap());
    let content = Content::read(&mut file).unwrap();
    Some(Tokenizer::from_gguf_file(&path, &content.metadata).unwrap())
}

#[test]
fn the_default_model_gets_its_golden_ids() {
    let Some(tokenizer) = default_model() else {
        eprintln!("skipped: LENSCAPE_TEST_MODEL is not set");
        return;
    };
    let golden = tests_folder().join("golden/smollm2-135m-instruct.q4_1.json");
    for case in golden_cases(&golden) {
        let prompt = case["prompt"].as_str().unwrap();
        assert_eq!(
            tokenizer.encode(prompt).unwrap(),
            ids(&case["prompt_ids"]),
            "{prompt:?}"
        );
        for watch in case["watch"].as_array().unwrap() {
            let text = watch["text"].as_str().unwrap();
            let candidate = tokenizer.candidate(prompt, text).unwrap();
            let expected: TokenId = serde_json::from_value(watch["id"].clone()).unwrap();
            assert_eq!(
                candidate.followed(),
                Some(expected),
                "{text:?} after {prompt:?}"
            );
        }
    }
}

#[test]
fn the_default_model_tells_a_word_from_the_same_word_after_a_space() {
    let Some(tokenizer) = default_model() else {
        eprintln!("skipped: LENSCAPE_TEST_MODEL is not set");
        return;
    };
    assert_eq!(tokenizer.encode(" is").unwrap(), [TokenId(314)]);
    assert_ne!(tokenizer.encode("is").unwrap(), [TokenId(314)]);
    assert_eq!(tokenizer.encode("The").unwrap(), [TokenId(504)]);
    assert!(!tokenizer.adds_bos());
    assert_eq!(tokenizer.bos(), Some(TokenId(1)));
    assert_eq!(tokenizer.end_of_text(), [TokenId(0), TokenId(2)]);
}
