//! GGUF metadata, as files of several kinds have it.

use std::collections::HashMap;
use std::fs;

use candle_core::quantized::gguf_file::Value;
use lenscape::trace::TokenId;

use super::fixture;

pub const NORMAL: i32 = 1;
pub const UNKNOWN: i32 = 2;
pub const CONTROL: i32 = 3;
pub const USER_DEFINED: i32 = 4;
pub const UNUSED: i32 = 5;
pub const BYTE: i32 = 6;

pub type Metadata = HashMap<String, Value>;

pub fn set(metadata: &mut Metadata, key: &str, value: Value) {
    let key = match key {
        "general.architecture" | "tokenizer.huggingface.json" => key.to_owned(),
        short => format!("tokenizer.ggml.{short}"),
    };
    metadata.insert(key, value);
}

pub fn string(text: &str) -> Value {
    Value::String(text.to_owned())
}

pub fn list<T>(items: impl IntoIterator<Item = T>, value: impl Fn(T) -> Value) -> Value {
    Value::Array(items.into_iter().map(value).collect())
}

pub fn metadata(model: &str, tokens: &[(String, i32)]) -> Metadata {
    let mut metadata = Metadata::new();
    set(&mut metadata, "model", string(model));
    set(
        &mut metadata,
        "tokens",
        list(tokens, |(token, _)| string(token)),
    );
    set(
        &mut metadata,
        "token_type",
        list(tokens, |&(_, kind)| Value::I32(kind)),
    );
    metadata
}

/// The metadata that a GGUF file of the fixture `gpt2` has, with a padded row behind.
pub fn byte_level() -> Metadata {
    let json = fs::read(fixture("gpt2").join("tokenizer.json")).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    let vocab = json["model"]["vocab"].as_object().unwrap();
    let mut tokens = vec![(String::new(), NORMAL); vocab.len()];
    for (token, id) in vocab {
        tokens[id.as_u64().unwrap() as usize].0 = token.clone();
    }
    tokens[0].1 = CONTROL;
    tokens.push(("[PAD384]".into(), UNUSED));
    let merges = json["model"]["merges"].as_array().unwrap();
    let merge = |pair: &serde_json::Value| {
        string(&format!(
            "{} {}",
            pair[0].as_str().unwrap(),
            pair[1].as_str().unwrap()
        ))
    };
    let mut metadata = metadata("gpt2", &tokens);
    set(&mut metadata, "merges", list(merges, merge));
    set(&mut metadata, "pre", string("gpt-2"));
    set(&mut metadata, "bos_token_id", Value::U32(0));
    set(&mut metadata, "eos_token_id", Value::U32(0));
    metadata
}

/// A small SentencePiece vocabulary: `<unk>`, `<s>`, `</s>`, the bytes, and some pieces.
pub fn sentencepiece() -> Metadata {
    let special = [("<unk>", UNKNOWN), ("<s>", CONTROL), ("</s>", CONTROL)];
    let mut tokens: Vec<_> = special
        .map(|(token, kind)| (token.to_owned(), kind))
        .to_vec();
    tokens.extend((0..=255).map(|byte| (format!("<0x{byte:02X}>"), BYTE)));
    let pieces = ["▁i", "▁is", "is", "▁a", "▁", "i", "s", "a", "b"];
    tokens.extend(pieces.map(|piece| (piece.to_owned(), NORMAL)));
    let scores = list(0..tokens.len(), |id| Value::F32(-(id as f32)));
    let mut metadata = metadata("llama", &tokens);
    set(&mut metadata, "scores", scores);
    metadata
}

/// The id of the piece at `place` among the pieces of [`sentencepiece`].
pub fn piece(place: u32) -> TokenId {
    TokenId(3 + 256 + place)
}
