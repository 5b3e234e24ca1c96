//! The models' own vocabularies on tricky texts, against the ids that Hugging Face's tokenizers of
//! these models give. `vocabularies/reduce.py` made the files from those that llama.cpp tests its
//! own tokenizers with.

use std::collections::BTreeMap;
use std::fs;

use lenscape::model::tokenizer::Tokenizer;
use lenscape::model::weights::Gguf;
use lenscape::trace::TokenId;
use serde::Deserialize;

use super::tests_folder;

#[derive(Deserialize)]
struct Texts {
    texts: Vec<String>,
    /// Of each vocabulary, the ids of each text, without BOS.
    #[serde(flatten)]
    ids: BTreeMap<String, Vec<Vec<TokenId>>>,
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
    gpt_2: "gpt-2",
    llama_3: "llama-bpe",
    llama_2: "llama-spm",
    mpt: "mpt",
    phi_3: "phi-3",
    qwen_2: "qwen2",
    refact: "refact",
    starcoder: "starcoder",
);

fn texts() -> Texts {
    let path = tests_folder().join("tokenizer/vocabularies/texts.json");
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn check(name: &str) {
    let path = tests_folder().join(format!("tokenizer/vocabularies/{name}.gguf"));
    let gguf = Gguf::open(&path).unwrap();
    let tokenizer = Tokenizer::from_gguf(gguf.metadata()).unwrap();
    let Texts { texts, ids } = texts();
    assert_eq!(texts.len(), ids[name].len());
    for (text, expected) in texts.iter().zip(&ids[name]) {
        let found = tokenizer.encode(text).unwrap();
        let bos = usize::from(tokenizer.adds_bos());
        assert_eq!(found[bos..], expected[..], "{text:?}");
    }
}

#[test]
fn every_vocabulary_is_tested() {
    let all: Vec<String> = texts().ids.into_keys().collect();
    assert_eq!(all, NAMES);
}
