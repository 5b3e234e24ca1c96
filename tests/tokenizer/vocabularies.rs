//! The models' own vocabularies on tricky texts, against the ids that Hugging Face's tokenizers of
//! these models give. `vocabularies/reduce.py` made the files from those that llama.cpp tests its
//! own tokenizers with, `vocabularies/more.py` those that it has none of.

use std::collections::{BTreeMap, HashMap};
use std::fs;

use candle_core::quantized::gguf_file::Value;
use lenscape::model::tokenizer::Tokenizer;
use lenscape::model::weights::Gguf;
use lenscape::trace::TokenId;
use serde::Deserialize;
use tempfile::TempDir;

use super::tests_folder;

#[derive(Deserialize)]
struct Texts {
    texts: Vec<String>,
    /// Of each vocabulary, the ids of each text, without BOS.
    #[serde(flatten)]
    ids: BTreeMap<String, Vec<Vec<TokenId>>>,
}

#[derive(Deserialize)]
struct More {
    texts: Vec<String>,
    /// Of each vocabulary, the ids of each text.
    vocabularies: BTreeMap<String, Vec<Vec<TokenId>>>,
    /// Of each split, the ids of each text in the vocabulary of gpt-oss.
    splits: BTreeMap<String, Vec<Vec<TokenId>>>,
    /// The same of `tiktoken.model`, by the way in which it is read.
    #[serde(rename = "tiktoken.model")]
    tiktoken: BTreeMap<String, Vec<Vec<TokenId>>>,
}

macro_rules! vocabularies {
    ($($test:ident: $name:literal),* $(,)?) => {
        const NAMES: &[&str] = &[$($name),*];

        $(
            #[test]
            fn $test() {
                check($name);
            }
        )*
    };
}

vocabularies!(
    command_r: "command-r",
    deepseek_coder: "deepseek-coder",
    deepseek_llm: "deepseek-llm",
    falcon: "falcon",
    gemma_4: "gemma-4",
    gpt_2: "gpt-2",
    llama_3: "llama-bpe",
    llama_2: "llama-spm",
    mpt: "mpt",
    phi_3: "phi-3",
    qwen_2: "qwen2",
    qwen_3_5: "qwen35",
    refact: "refact",
    starcoder: "starcoder",
);

fn texts() -> Texts {
    let path = tests_folder().join("tokenizer/vocabularies/texts.json");
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn more() -> More {
    let path = tests_folder().join("tokenizer/vocabularies/more.json");
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn metadata(name: &str) -> HashMap<String, Value> {
    let path = tests_folder().join(format!("tokenizer/vocabularies/{name}.gguf"));
    Gguf::open(&path).unwrap().metadata().clone()
}

fn check(name: &str) {
    let tokenizer = Tokenizer::from_gguf(&metadata(name)).unwrap();
    let Texts { texts, ids } = texts();
    assert_eq!(texts.len(), ids[name].len());
    check_texts(&tokenizer, name, texts.into_iter().zip(ids[name].clone()));
}

fn check_texts(
    tokenizer: &Tokenizer,
    name: &str,
    texts: impl IntoIterator<Item = (String, Vec<TokenId>)>,
) {
    for (text, expected) in texts {
        let found = tokenizer.encode(&text).unwrap();
        let bos = usize::from(tokenizer.adds_bos());
        assert_eq!(found[bos..], expected[..], "{name}: {text:?}");
    }
}

#[test]
fn every_vocabulary_is_tested() {
    let all: Vec<String> = texts().ids.into_keys().collect();
    assert_eq!(all, NAMES);
}

#[test]
fn the_vocabularies_of_deepseek_3_gpt_oss_and_tekken_give_the_ids_of_the_whole_ones() {
    let More {
        texts,
        vocabularies,
        ..
    } = more();
    assert_eq!(vocabularies.len(), 3);
    for (name, ids) in vocabularies {
        let tokenizer = Tokenizer::from_gguf(&metadata(&name)).unwrap();
        check_texts(&tokenizer, &name, texts.iter().cloned().zip(ids));
    }
}

#[test]
fn every_other_split_cuts_as_the_definition_of_the_models_own() {
    let More { texts, splits, .. } = more();
    assert!(splits.len() > 10);
    for (name, ids) in splits {
        let mut metadata = metadata("gpt-4o");
        metadata.insert("tokenizer.ggml.pre".into(), Value::String(name.clone()));
        let tokenizer = Tokenizer::from_gguf(&metadata).unwrap();
        check_texts(&tokenizer, &name, texts.iter().cloned().zip(ids));
    }
}

#[test]
fn a_split_that_only_llama_cpp_is_known_to_have_is_taken_with_a_word() {
    let mut metadata = metadata("gpt-4o");
    let notes = |metadata: &_| Tokenizer::from_gguf(metadata).unwrap().notes().join("\n");
    assert_eq!(notes(&metadata), "");
    metadata.insert(
        "tokenizer.ggml.pre".into(),
        Value::String("seed-coder".into()),
    );
    let note = notes(&metadata);
    assert!(
        note.contains("\"seed-coder\" only what llama.cpp does is known"),
        "{note}"
    );
}

#[test]
fn every_text_of_gemma_4_begins_with_bos_whatever_the_file_says() {
    let mut metadata = metadata("gemma-4");
    let key = "tokenizer.ggml.add_bos_token";
    for adds_bos in [Some(true), Some(false), None] {
        match adds_bos {
            Some(adds_bos) => metadata.insert(key.into(), Value::Bool(adds_bos)),
            None => metadata.remove(key),
        };
        let tokenizer = Tokenizer::from_gguf(&metadata).unwrap();
        assert!(tokenizer.adds_bos());
        let notes = tokenizer.notes().join("\n");
        assert_eq!(
            notes.contains("add_bos_token is false"),
            adds_bos == Some(false),
            "{notes}"
        );
    }
}

/// A folder with this file of the vocabularies and this `tokenizer_config.json`.
fn folder_of(file: &str, config: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let vocabularies = tests_folder().join("tokenizer/vocabularies");
    fs::copy(vocabularies.join(file), folder.path().join(file)).unwrap();
    fs::write(folder.path().join("tokenizer_config.json"), config).unwrap();
    folder
}

#[test]
fn tekken_json_gives_the_ids_of_tiktoken_behind_its_special_tokens() {
    let More {
        texts,
        mut vocabularies,
        ..
    } = more();
    let folder = folder_of(
        "tekken.json",
        r#"{"bos_token": "<s>", "eos_token": "</s>"}"#,
    );
    let tokenizer = Tokenizer::from_folder(folder.path()).unwrap();
    // The file has eight special tokens, of which three are fillers.
    let behind = |ids: Vec<TokenId>| ids.into_iter().map(|TokenId(id)| TokenId(id + 8)).collect();
    let ids = vocabularies.remove("tekken").unwrap();
    let ids = ids.into_iter().map(behind);
    check_texts(&tokenizer, "tekken.json", texts.into_iter().zip(ids));
    assert_eq!(tokenizer.bos(), Some(TokenId(1)));
    assert_eq!(tokenizer.end_of_text(), [TokenId(2)]);
    assert!(tokenizer.notes()[0].contains("no file says whether a text begins with \"<s>\""));
    let vocabulary = tokenizer.vocabulary(900);
    assert!(!vocabulary.is_unused(TokenId(7)));
    assert!(vocabulary.is_unused(TokenId(899)));
}

#[test]
fn tiktoken_model_is_cut_as_transformers_does_or_as_the_code_of_kimi_does() {
    let More {
        texts,
        mut tiktoken,
        ..
    } = more();
    for (way, config) in [
        ("cl100k", "{}"),
        (
            "kimi",
            r#"{"tokenizer_class": "TikTokenTokenizer", "bos_token": "[BOS]", "eos_token": "[EOS]",
                "auto_map": {"AutoTokenizer": ["tokenization_kimi.TikTokenTokenizer", null]},
                "added_tokens_decoder": {"868": {"content": "[BOS]", "special": true},
                                         "870": {"content": "[EOS]", "special": true}}}"#,
        ),
    ] {
        let folder = folder_of("tiktoken.model", config);
        let tokenizer = Tokenizer::from_folder(folder.path()).unwrap();
        let ids = tiktoken.remove(way).unwrap();
        check_texts(&tokenizer, way, texts.iter().cloned().zip(ids));
        if way == "kimi" {
            assert_eq!(tokenizer.bos(), Some(TokenId(868)));
            assert_eq!(tokenizer.end_of_text(), [TokenId(870)]);
            let vocabulary = tokenizer.vocabulary(2000);
            assert!(!vocabulary.is_unused(TokenId(868 + 255)));
            assert!(vocabulary.is_unused(TokenId(868 + 256)));
            let reserved = tokenizer.encode("a<|reserved_token_869|>").unwrap();
            assert_eq!(reserved[1], TokenId(869));
        }
    }
}
