//! RWKV's vocabulary, from the file that models are published with and from GGUF metadata, against the
//! ids of RWKV's own tokenizer. `world/make.py` wrote both.

use std::collections::{BTreeMap, HashMap};
use std::fs;

use candle_core::quantized::gguf_file::Value;
use lenscape::model::tokenizer::Tokenizer;
use lenscape::trace::TokenId;
use lenscape::vocabulary::Piece;
use serde::Deserialize;
use serde_json::json;
use tempfile::TempDir;

use super::tests_folder;

#[derive(Deserialize)]
struct Expected {
    texts: Vec<String>,
    ids: Vec<Vec<TokenId>>,
    /// Tokens as a GGUF file spells them, by their number.
    gguf: BTreeMap<usize, String>,
}

fn expected() -> Expected {
    let path = tests_folder().join("tokenizer/world/ids.json");
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

const FILE: &str = "rwkv_vocab_v20230424.txt";

/// As models are published: a blank line is named as the end of a text.
fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    let from = tests_folder().join("tokenizer/world").join(FILE);
    fs::copy(from, folder.path().join(FILE)).unwrap();
    let write = |name: &str, content: serde_json::Value| {
        fs::write(folder.path().join(name), content.to_string()).unwrap();
    };
    let end = "<|rwkv_tokenizer_end_of_text|>";
    write("added_tokens.json", json!({end: 0}));
    write(
        "special_tokens_map.json",
        json!({"bos_token": end, "eos_token": "\n\n", "unk_token": end, "pad_token": end}),
    );
    write(
        "tokenizer_config.json",
        json!({
            "tokenizer_class": "RwkvTokenizer", "use_fast": false, "add_prefix_space": false,
            "auto_map": {"AutoTokenizer": ["hf_rwkv_tokenizer.RwkvTokenizer", null]}
        }),
    );
    write("config.json", json!({"model_type": "rwkv7"}));
    folder
}

/// As llama.cpp's converter writes them.
fn metadata() -> HashMap<String, Value> {
    let texts = expected().gguf;
    let rows = texts.keys().max().unwrap() + 7;
    let tokens = (0..rows).map(|id| match texts.get(&id) {
        _ if id == 0 => ("<s>".to_owned(), 3),
        Some(text) => (text.clone(), 1),
        None => (format!("[PAD{id}]"), 5),
    });
    let (tokens, kinds): (Vec<_>, Vec<_>) = tokens
        .map(|(text, kind)| (Value::String(text), Value::I32(kind)))
        .unzip();
    let values = [
        ("tokenizer.ggml.model", Value::String("rwkv".into())),
        ("tokenizer.ggml.tokens", Value::Array(tokens)),
        ("tokenizer.ggml.token_type", Value::Array(kinds)),
        ("tokenizer.ggml.bos_token_id", Value::U32(0)),
        ("tokenizer.ggml.eos_token_id", Value::U32(0)),
        ("tokenizer.ggml.eot_token_id", Value::U32(261)),
    ];
    let values = values
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value));
    values.collect()
}

fn check(tokenizer: &Tokenizer) {
    let Expected { texts, ids, .. } = expected();
    for (text, ids) in texts.iter().zip(&ids) {
        assert_eq!(&tokenizer.encode(text).unwrap(), ids, "{text:?}");
        let vocabulary = tokenizer.vocabulary(65_536);
        let bytes: Vec<u8> = ids
            .iter()
            .flat_map(|id| vocabulary.bytes(*id).to_vec())
            .collect();
        assert_eq!(bytes, text.as_bytes());
    }
    assert_eq!(tokenizer.kind(), "longest match");
    assert_eq!(tokenizer.end_of_text(), [TokenId(0)]);
    assert!(!tokenizer.adds_bos());
    let vocabulary = tokenizer.vocabulary(65_536);
    assert!(matches!(vocabulary.piece(TokenId(0)), Piece::Special(_)));
    assert!(vocabulary.is_unused(TokenId(65_535)));
}

#[test]
fn a_published_folder() {
    let folder = folder();
    let tokenizer = Tokenizer::from_folder(folder.path()).unwrap();
    check(&tokenizer);
    let ids = tokenizer.encode("a<|rwkv_tokenizer_end_of_text|>\n\n");
    assert_eq!(ids.unwrap(), [98, 0, 261].map(TokenId));
    let notes = tokenizer.notes();
    assert!(
        notes.len() == 1 && notes[0].contains(r#""\n\n""#),
        "{notes:?}"
    );
}

#[test]
fn a_gguf_file() {
    let tokenizer = Tokenizer::from_gguf(&metadata()).unwrap();
    check(&tokenizer);
    let ids = tokenizer.encode("a<s>\n\n").unwrap();
    assert_eq!(ids, [98, 0, 261].map(TokenId));
}

#[test]
fn a_blank_line_is_a_text_and_ends_nothing() {
    for tokenizer in [
        Tokenizer::from_folder(folder().path()).unwrap(),
        Tokenizer::from_gguf(&metadata()).unwrap(),
    ] {
        let vocabulary = tokenizer.vocabulary(65_536);
        assert_eq!(
            vocabulary.piece(TokenId(261)),
            &Piece::Bytes(b"\n\n".to_vec())
        );
    }
}

#[test]
fn a_candidate_is_what_follows_in_the_whole_text() {
    let tokenizer = Tokenizer::from_folder(folder().path()).unwrap();
    let candidate = tokenizer.candidate("Hello", "\n\nAssistant").unwrap();
    let whole = tokenizer.encode("Hello\n\nAssistant").unwrap();
    assert!(!candidate.context_changed && whole.ends_with(&candidate.tokens));
    let joined = tokenizer.candidate("a\n", "\n").unwrap();
    assert!(joined.context_changed && joined.tokens == [TokenId(11)]);
}

#[test]
fn a_damaged_file_is_told_with_its_line() {
    let folder = folder();
    let path = folder.path().join(FILE);
    let text = fs::read_to_string(&path).unwrap();
    for (damaged, told) in [
        (text.replacen(" 1\n", " 2\n", 1), "line 1 "),
        (text.replace("\n98 'a' 1\n", "\n"), "byte 0x61"),
        (text.clone() + "261 'new' 3\n", "number 261"),
        (text + "0 'new' 3\n", "number 0"),
    ] {
        fs::write(&path, damaged).unwrap();
        let message = Tokenizer::from_folder(folder.path())
            .unwrap_err()
            .to_string();
        assert!(
            message.contains(told) && message.contains(FILE) && message.lines().count() == 1,
            "{message}"
        );
    }
}

#[test]
fn a_gguf_file_that_lacks_a_byte_is_refused() {
    let mut metadata = metadata();
    let Some(Value::Array(tokens)) = metadata.get_mut("tokenizer.ggml.tokens") else {
        panic!("there are tokens");
    };
    tokens[98] = Value::String("aaaaaaaa".into());
    let message = Tokenizer::from_gguf(&metadata).unwrap_err().to_string();
    assert!(message.contains("byte 0x61"), "{message}");
}
