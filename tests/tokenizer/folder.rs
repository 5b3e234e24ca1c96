//! Tokenizers built from a model's folder.

use std::fs;
use std::path::Path;

use lenscape::model::tokenizer::{Tokenizer, TokenizerError};
use lenscape::trace::TokenId;
use proptest::prelude::*;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{fixture, golden_cases, ids};

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        fs::write(folder.path().join(name), content).unwrap();
    }
    folder
}

fn fixture_json() -> Value {
    let json = fs::read(fixture("gpt2").join("tokenizer.json")).unwrap();
    serde_json::from_slice(&json).unwrap()
}

fn error(folder: &Path) -> String {
    Tokenizer::from_folder(folder).unwrap_err().to_string()
}

#[test]
fn the_fixtures_prompts_get_their_golden_ids() {
    for name in ["gpt2", "llama", "mistral", "qwen2"] {
        let tokenizer = Tokenizer::from_folder(&fixture(name)).unwrap();
        for case in golden_cases(&fixture(name).join("golden.json")) {
            let prompt = case["prompt"].as_str().unwrap();
            let encoded = tokenizer.encode(prompt).unwrap();
            assert_eq!(encoded, ids(&case["prompt_ids"]), "{name}: {prompt:?}");
        }
    }
}

#[test]
fn the_fixtures_know_where_a_text_ends_and_add_no_bos() {
    let tokenizer = Tokenizer::from_folder(&fixture("qwen2")).unwrap();
    assert_eq!(tokenizer.bos(), Some(TokenId(0)));
    assert!(!tokenizer.adds_bos());
    assert_eq!(tokenizer.end_of_text(), [TokenId(0)]);
}

#[test]
fn every_end_of_text_that_any_file_names_counts() {
    let tokenizer = fixture_json().to_string();
    let folder = folder(&[
        ("tokenizer.json", &tokenizer),
        (
            "tokenizer_config.json",
            r#"{"eos_token": {"content": "<|endoftext|>"}, "bos_token": null}"#,
        ),
        ("generation_config.json", r#"{"eos_token_id": [7, 5]}"#),
        (
            "config.json",
            r#"{"eos_token_id": 5, "text_config": {"eos_token_id": 9}}"#,
        ),
    ]);
    let tokenizer = Tokenizer::from_folder(folder.path()).unwrap();
    assert_eq!(tokenizer.end_of_text(), [0, 5, 7, 9].map(TokenId));
    assert_eq!(tokenizer.bos(), None);
}

#[test]
fn vocab_and_merges_do_where_there_is_no_tokenizer_json() {
    let json = fixture_json();
    let merges = json["model"]["merges"].as_array().unwrap();
    let merges: Vec<_> = merges
        .iter()
        .map(|pair| {
            format!(
                "{} {}\n",
                pair[0].as_str().unwrap(),
                pair[1].as_str().unwrap()
            )
        })
        .collect();
    let folder = folder(&[
        ("vocab.json", &json["model"]["vocab"].to_string()),
        ("merges.txt", &format!("#version: 0.2\n{}", merges.concat())),
    ]);
    let tokenizer = Tokenizer::from_folder(folder.path()).unwrap();
    for case in golden_cases(&fixture("gpt2").join("golden.json")) {
        let encoded = tokenizer.encode(case["prompt"].as_str().unwrap()).unwrap();
        assert_eq!(encoded, ids(&case["prompt_ids"]));
    }
    assert_eq!(tokenizer.encode("<|endoftext|>").unwrap(), [TokenId(0)]);

    let config = r#"{"tokenizer_class": "GPT2Tokenizer", "add_bos_token": true, "bos_token": "<|endoftext|>"}"#;
    fs::write(folder.path().join("tokenizer_config.json"), config).unwrap();
    let tokenizer = Tokenizer::from_folder(folder.path()).unwrap();
    assert!(tokenizer.adds_bos());
    assert_eq!(tokenizer.encode("The").unwrap(), [TokenId(0), TokenId(261)]);

    let config = r#"{"tokenizer_class": "CLIPTokenizer"}"#;
    fs::write(folder.path().join("tokenizer_config.json"), config).unwrap();
    assert!(error(folder.path()).contains("a \"CLIPTokenizer\" cannot be built"));
}

#[test]
fn truncation_and_padding_of_training_are_left_out() {
    let mut json = fixture_json();
    json["truncation"] = json!({
        "direction": "Right", "max_length": 2, "strategy": "LongestFirst", "stride": 0
    });
    json["padding"] = json!({
        "strategy": {"Fixed": 64}, "direction": "Right", "pad_to_multiple_of": null,
        "pad_id": 0, "pad_type_id": 0, "pad_token": "<|endoftext|>"
    });
    let folder = folder(&[("tokenizer.json", &json.to_string())]);
    let tokenizer = Tokenizer::from_folder(folder.path()).unwrap();
    assert_eq!(
        tokenizer.encode("The keys to the cabinet").unwrap().len(),
        6
    );
}

#[test]
fn a_token_named_as_special_is_matched_whole_though_tokenizer_json_does_not_say_so() {
    let mut json = fixture_json();
    json["added_tokens"] = json!([]);
    let config = r#"{"eos_token": "<|endoftext|>"}"#;
    let folder = folder(&[
        ("tokenizer.json", &json.to_string()),
        ("tokenizer_config.json", config),
    ]);
    let tokenizer = Tokenizer::from_folder(folder.path()).unwrap();
    assert_eq!(tokenizer.encode("<|endoftext|>").unwrap(), [TokenId(0)]);
    assert_eq!(tokenizer.vocabulary(384).bytes(TokenId(0)), b"");
}

#[test]
fn a_folder_without_a_tokenizer_says_what_is_expected() {
    let empty = folder(&[("config.json", "{}")]);
    let error = Tokenizer::from_folder(empty.path()).unwrap_err();
    assert!(matches!(error, TokenizerError::Missing { .. }));
    let message = error.to_string();
    assert!(
        message.contains(&empty.path().display().to_string()),
        "{message}"
    );
    assert!(
        message.contains("expected tokenizer.json, or vocab.json with merges.txt, or one of"),
        "{message}"
    );
}

#[test]
fn a_file_that_does_not_do_by_itself_is_named() {
    for name in ["tokenizer.tiktoken", "spiece.model", "vocab.json"] {
        let message = error(folder(&[("config.json", "{}"), (name, "{}")]).path());
        assert!(
            message.contains(&format!("there is {name}, which does not do by itself")),
            "{message}"
        );
        assert!(
            message.contains("add the model's tokenizer.json"),
            "{message}"
        );
    }
}

#[test]
fn absurdly_many_keys_are_refused() {
    let keys: Vec<String> = (0..5000)
        .map(|n| format!("\"{n}_token\": \"<{n}>\""))
        .collect();
    let tokenizer = fixture_json().to_string();
    let config = format!("{{{}}}", keys.join(", "));
    let folder = folder(&[
        ("tokenizer.json", &tokenizer),
        ("tokenizer_config.json", &config),
    ]);
    assert!(error(folder.path()).contains("has more keys than any tokenizer's file"));
}

#[test]
fn what_is_no_regular_file_is_not_read() {
    let folder = folder(&[("config.json", "{}")]);
    fs::create_dir(folder.path().join("tokenizer.json")).unwrap();
    assert!(error(folder.path()).contains("tokenizer.json: this is no file"));
}

#[test]
fn numbers_that_are_not_finite_disturb_nobody() {
    let tokenizer = fixture_json().to_string();
    let odd =
        r#"{"model_max_length": Infinity, "eos_token": "<|endoftext|>", "x": [NaN, -Infinity]}"#;
    let names = [
        "tokenizer_config.json",
        "special_tokens_map.json",
        "generation_config.json",
        "config.json",
    ];
    for name in names {
        let folder = folder(&[("tokenizer.json", &tokenizer), (name, odd)]);
        let tokenizer = Tokenizer::from_folder(folder.path()).unwrap();
        assert_eq!(tokenizer.encode("The").unwrap(), [TokenId(261)], "{name}");
    }
}

#[test]
fn an_added_token_that_gets_another_id_than_its_file_says_is_told() {
    let tokenizer = fixture_json().to_string();
    let config =
        r#"{"added_tokens_decoder": {"500": {"content": "<x>"}, "501": {"content": "<y>"}}}"#;
    let folder = folder(&[
        ("tokenizer.json", &tokenizer),
        ("tokenizer_config.json", config),
    ]);
    let tokenizer = Tokenizer::from_folder(folder.path()).unwrap();
    let [note] = tokenizer.notes() else {
        panic!("{:?}", tokenizer.notes());
    };
    assert!(note.contains("\"<x>\" is id 384"), "{note}");
    assert!(
        note.contains("its file says 500, and so with 1 more"),
        "{note}"
    );
}

#[test]
fn a_class_that_cuts_texts_otherwise_than_tokenizer_json_is_told() {
    let notes = |json: &Value| {
        let folder = folder(&[
            ("tokenizer.json", &json.to_string()),
            (
                "tokenizer_config.json",
                r#"{"tokenizer_class": "GPT2Tokenizer"}"#,
            ),
        ]);
        let tokenizer = Tokenizer::from_folder(folder.path()).unwrap();
        tokenizer.notes().to_vec()
    };
    let mut json = fixture_json();
    assert_eq!(notes(&json), [""; 0]);
    let bytes = json["pre_tokenizer"].clone();
    let digits = json!({"type": "Digits", "individual_digits": true});
    json["pre_tokenizer"] = json!({"type": "Sequence", "pretokenizers": [digits, bytes]});
    let notes = notes(&json);
    assert!(
        notes[0].contains("the ids are those of transformers"),
        "{notes:?}"
    );
}

#[test]
fn a_class_that_is_not_known_is_told() {
    let tokenizer = fixture_json().to_string();
    let config = r#"{"tokenizer_class": "RobertaTokenizer"}"#;
    let folder = folder(&[
        ("tokenizer.json", &tokenizer),
        ("tokenizer_config.json", config),
    ]);
    let tokenizer = Tokenizer::from_folder(folder.path()).unwrap();
    assert!(tokenizer.notes()[0].contains("\"RobertaTokenizer\" is not known here"));
}

#[test]
fn a_file_that_cannot_be_used_is_named_in_one_line() {
    let good = fixture_json().to_string();
    let cases = [
        (
            vec![("tokenizer.json", "{")],
            "tokenizer.json: is no tokenizer",
        ),
        (
            vec![("tokenizer.json", "[1]")],
            "tokenizer.json: is no tokenizer",
        ),
        (
            vec![("tokenizer.json", good.as_str()), ("config.json", "{")],
            "config.json: EOF",
        ),
        (
            vec![("vocab.json", "{\"a\": -1}"), ("merges.txt", "")],
            "vocab.json: invalid value",
        ),
        (
            vec![("vocab.json", "{\"a\": 0}"), ("merges.txt", "aa\n")],
            "merges.txt: line 1 is no pair",
        ),
        (
            vec![("vocab.json", "{\"a\": 0}"), ("merges.txt", "a b\n")],
            "merges.txt: ",
        ),
        (
            vec![("tokenizer.model", "not a protocol buffer")],
            "tokenizer.model: is no SentencePiece model",
        ),
        (
            vec![("tekken.json", "{}")],
            "tekken.json: missing field `config` at line 1 column 2; add the model's tokenizer.json",
        ),
        (
            vec![("tiktoken.model", "YQ== 0\nb")],
            "tiktoken.model: line 2 is no token and its rank; add the model's tokenizer.json",
        ),
        (
            vec![
                ("tiktoken.model", "YQ== 0\n"),
                (
                    "tokenizer_config.json",
                    r#"{"tokenizer_class": "Qwen2Tokenizer"}"#,
                ),
            ],
            "tiktoken.model: is not what a Qwen2 tokenizer is built from",
        ),
        (
            vec![
                ("tiktoken.model", "YQ== 0\n"),
                (
                    "tokenizer_config.json",
                    r#"{"tokenizer_class": "Own", "auto_map": {"AutoTokenizer": ["tokenization_own.Own", null]}}"#,
                ),
            ],
            "tiktoken.model: is read by code of the model's own, \"Own\", which is not known here",
        ),
        (
            vec![
                ("tiktoken.model", "YQ== 0\n"),
                (
                    "tokenizer_config.json",
                    r#"{"added_tokens_decoder": {"4000000000": {"content": "y"}}}"#,
                ),
            ],
            "tiktoken.model: there are more added tokens than any model has",
        ),
        (
            vec![
                ("tokenizer.json", good.as_str()),
                (
                    "tokenizer_config.json",
                    r#"{"added_tokens_decoder": {"x": {"content": "y"}}}"#,
                ),
            ],
            "tokenizer_config.json: added_tokens_decoder has no token under \"x\"",
        ),
        (
            vec![
                ("tokenizer.json", good.as_str()),
                ("added_tokens.json", r#"{"<x>": -1}"#),
            ],
            "added_tokens.json: the id of \"<x>\" is no id",
        ),
    ];
    for (files, expected) in cases {
        let message = error(folder(&files).path());
        assert!(message.contains(expected), "{message}");
        assert_eq!(message.lines().count(), 1, "{message}");
    }
}

#[test]
fn a_crafted_file_at_which_the_library_panics_is_an_error() {
    let mut json = fixture_json();
    json["model"]["vocab"] = json!({"a": 0, "b": 1, "ab": 2});
    json["model"]["merges"] = json!([["a", "b"]]);
    json["model"]["continuing_subword_prefix"] = json!("longer than b");
    let message = error(folder(&[("tokenizer.json", &json.to_string())]).path());
    assert!(
        message.contains("tokenizer.json: is no tokenizer that can be used"),
        "{message}"
    );
}

#[test]
fn an_absurd_id_does_not_take_all_memory() {
    let mut json = fixture_json();
    json["model"]["vocab"]["zzz"] = json!(u32::MAX);
    let message = error(folder(&[("tokenizer.json", &json.to_string())]).path());
    assert!(message.contains("has an id of 4294967295"), "{message}");
}

#[test]
fn vocabularies_that_mark_words_are_refused() {
    let mut json = fixture_json();
    json["decoder"] = json!({"type": "BPEDecoder", "suffix": "</w>"});
    let message = error(folder(&[("tokenizer.json", &json.to_string())]).path());
    assert!(
        message.contains("marks where words begin or end"),
        "{message}"
    );
}

proptest! {
    #[test]
    fn the_tokens_of_a_text_add_up_to_its_bytes(text in any::<String>()) {
        let tokenizer = Tokenizer::from_folder(&fixture("gpt2")).unwrap();
        let vocabulary = tokenizer.vocabulary(384);
        let mut stream = tokenizer.stream();
        let mut bytes = Vec::new();
        let mut streamed = String::new();
        for id in tokenizer.encode(&text).unwrap() {
            bytes.extend_from_slice(vocabulary.bytes(id));
            streamed.push_str(&stream.push(id));
        }
        prop_assert_eq!(&bytes, text.as_bytes());
        prop_assert_eq!(&streamed, &text);
        prop_assert_eq!(stream.flush(), "");
    }

    #[test]
    fn a_damaged_tokenizer_json_is_an_error_or_a_tokenizer(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut bytes = fs::read(fixture("gpt2").join("tokenizer.json")).unwrap();
        // The short part that says how to tokenise, rather than the long vocabulary.
        let vocabulary_begins = 1600;
        for (place, byte) in edits {
            let place = place.index(vocabulary_begins);
            bytes[place] = byte;
        }
        let folder = folder(&[]);
        fs::write(folder.path().join("tokenizer.json"), bytes).unwrap();
        if let Ok(tokenizer) = Tokenizer::from_folder(folder.path()) {
            let _ = tokenizer.encode("The keys to the cabinet");
        }
    }
}
