//! GGUF metadata that no tokenizer can be built from: refused in one line, never guessed.

use candle_core::quantized::gguf_file::Value;
use lenscape::model::tokenizer::Tokenizer;

use super::metadata::*;

fn error(metadata: &Metadata) -> String {
    Tokenizer::from_gguf(metadata).unwrap_err().to_string()
}

#[test]
fn unknown_kinds_are_refused_by_name_with_a_hint() {
    let mut metadata = byte_level();
    set(&mut metadata, "pre", string("exaone-moe"));
    let message = error(&metadata);
    assert!(
        message.contains("tokenizer.ggml.pre is \"exaone-moe\""),
        "{message}"
    );
    assert!(
        message.contains("put the model's tokenizer.json beside the file"),
        "{message}"
    );
    set(&mut metadata, "model", string("plamo2"));
    assert!(error(&metadata).contains("tokenizer.ggml.model is \"plamo2\""));
}

#[test]
fn missing_keys_are_named() {
    for key in ["model", "tokens", "merges"] {
        let mut metadata = byte_level();
        metadata.remove(&format!("tokenizer.ggml.{key}"));
        let message = error(&metadata);
        assert!(
            message.contains(&format!("no tokenizer.ggml.{key};")),
            "{message}"
        );
    }
}

#[test]
fn values_that_cannot_be_used_are_named() {
    let cases = [
        ("tokens", string("a"), "tokens is not a list of strings"),
        ("pre", Value::U32(1), "pre is not a string"),
        (
            "add_bos_token",
            Value::U8(1),
            "add_bos_token is not true or false",
        ),
        (
            "eos_token_id",
            string("a"),
            "eos_token_id is not a token id",
        ),
        (
            "token_type",
            list([1], Value::I32),
            "token_type has 1 entries for 385 tokens",
        ),
        (
            "merges",
            list([1], Value::I32),
            "merges is not a list of strings",
        ),
        (
            "tokens",
            list(vec!["a"; 385], string),
            "tokens lists \"a\" twice, as 0 and as 1",
        ),
    ];
    for (key, value, expected) in cases {
        let mut metadata = byte_level();
        set(&mut metadata, key, value);
        let message = error(&metadata);
        assert!(message.contains(expected), "{message}");
    }
}
