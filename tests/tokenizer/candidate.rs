//! What a text becomes when it follows another.

use std::fs;

use lenscape::model::tokenizer::{Tokenizer, TokenizerError};
use lenscape::trace::TokenId;
use serde_json::{Value, json};

use super::fixture;

const BY_WORD: &str = "The keys to the cabinet";

fn byte_level() -> Tokenizer {
    Tokenizer::from_folder(&fixture("gpt2")).unwrap()
}

/// A tokenizer that puts `▁` in front of a text, by one of the two ways in use.
fn with_opening_space(normalizer: Value, pre_tokenizer: Value) -> Tokenizer {
    let vocab = ["<s>", "▁", "a", "b", "▁a", "▁b", "ab", "▁ab"];
    let vocab: Value = vocab.into_iter().zip(0..).collect();
    let merges = [["▁", "a"], ["▁", "b"], ["a", "b"], ["▁a", "b"]];
    let json = json!({
        "version": "1.0",
        "added_tokens": [{
            "id": 0, "content": "<s>", "single_word": false, "lstrip": false, "rstrip": false,
            "normalized": false, "special": true
        }],
        "normalizer": normalizer,
        "pre_tokenizer": pre_tokenizer,
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [
                {"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}
            ],
            "pair": [
                {"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}
            ],
            "special_tokens": {"<s>": {"id": "<s>", "ids": [0], "tokens": ["<s>"]}}
        },
        "decoder": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": false},
        "model": {"type": "BPE", "vocab": vocab, "merges": merges}
    });
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("tokenizer.json"), json.to_string()).unwrap();
    Tokenizer::from_folder(folder.path()).unwrap()
}

fn both_ways() -> [Tokenizer; 2] {
    let replace = json!({"type": "Replace", "pattern": {"String": " "}, "content": "▁"});
    let prepend = json!({"type": "Prepend", "prepend": "▁"});
    let normalizer = json!({"type": "Sequence", "normalizers": [prepend, replace]});
    let metaspace = json!({
        "type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": false
    });
    [
        with_opening_space(normalizer, Value::Null),
        with_opening_space(Value::Null, metaspace),
    ]
}

#[test]
fn a_candidate_is_what_follows_the_context() {
    let tokenizer = byte_level();
    let candidate = tokenizer.candidate(BY_WORD, " the").unwrap();
    assert_eq!(candidate.text, " the");
    assert_eq!(candidate.tokens, tokenizer.encode(" the").unwrap());
    assert!(!candidate.context_changed);
}

#[test]
fn a_candidate_may_be_several_tokens_and_the_first_is_followed() {
    let tokenizer = byte_level();
    let candidate = tokenizer.candidate(BY_WORD, " xylophone").unwrap();
    assert!(candidate.tokens.len() > 1);
    assert_eq!(candidate.followed(), candidate.tokens.first().copied());
}

#[test]
fn a_candidate_that_changes_the_context_says_so_and_is_tokenised_alone() {
    let tokenizer = byte_level();
    let candidate = tokenizer.candidate("T", "he").unwrap();
    assert!(candidate.context_changed, "\"The\" is one token");
    assert_eq!(candidate.tokens, tokenizer.encode("he").unwrap());
}

#[test]
fn a_special_token_can_be_a_candidate() {
    let candidate = byte_level().candidate(BY_WORD, "<|endoftext|>").unwrap();
    assert_eq!(candidate.tokens, [TokenId(0)]);
}

#[test]
fn an_empty_candidate_is_an_error() {
    let error = byte_level().candidate(BY_WORD, "").unwrap_err();
    assert!(matches!(error, TokenizerError::EmptyCandidate));
}

#[test]
fn the_opening_space_never_gets_into_a_candidate() {
    for tokenizer in both_ways() {
        assert!(tokenizer.adds_bos());
        assert_eq!(tokenizer.encode("a b").unwrap(), [0, 4, 5].map(TokenId));
        let follows = tokenizer.candidate("a", " b").unwrap();
        assert_eq!(follows.tokens, [TokenId(5)]);
        assert!(!follows.context_changed);
        let joins = tokenizer.candidate("a", "b").unwrap();
        assert_eq!(joins.tokens, [TokenId(3)], "b, not ▁b");
        assert!(joins.context_changed, "▁a and b become ▁ab");
    }
}

#[test]
fn a_candidate_without_a_context_opens_the_text() {
    for tokenizer in both_ways() {
        let candidate = tokenizer.candidate("", "b").unwrap();
        assert_eq!(candidate.tokens, [TokenId(5)]);
    }
}
