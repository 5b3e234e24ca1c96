//! Small model folders of every kind, against the ids that transformers gives to texts in them.
//! `folders/make.py` wrote both.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use lenscape::model::tokenizer::Tokenizer;
use lenscape::trace::TokenId;
use serde::Deserialize;

use super::tests_folder;

/// The content of each file; none takes away what the base has.
type Files = BTreeMap<String, Option<Content>>;

#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Bytes { base64: String },
}

impl Content {
    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Text(text) => text.clone().into_bytes(),
            Self::Bytes { base64 } => BASE64_STANDARD.decode(base64).unwrap(),
        }
    }
}

#[derive(Deserialize)]
struct Case {
    name: String,
    base: String,
    files: Files,
    /// Of each text.
    ids: Vec<Vec<TokenId>>,
}

#[derive(Deserialize)]
struct Cases {
    bases: BTreeMap<String, Files>,
    /// For the folders with a byte-level vocabulary.
    texts: Vec<String>,
    /// For those with one of SentencePiece.
    spaced_texts: Vec<String>,
    cases: Vec<Case>,
}

impl Cases {
    fn read() -> Self {
        let path = tests_folder().join("tokenizer/folders/cases.json");
        serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
    }

    fn texts(&self, case: &Case) -> &[String] {
        match case.base.as_str() {
            "byte-level" | "bare" | "merges" | "tekken" | "tiktoken" => &self.texts,
            _ => &self.spaced_texts,
        }
    }

    fn write(&self, case: &Case, folder: &Path) {
        let mut files = self.bases[&case.base].clone();
        files.extend(case.files.clone());
        for (name, content) in files {
            if let Some(content) = content {
                fs::write(folder.join(name), content.bytes()).unwrap();
            }
        }
    }

    /// What is wrong with a case, if anything is.
    fn fault(&self, case: &Case) -> Option<String> {
        let folder = tempfile::tempdir().unwrap();
        self.write(case, folder.path());
        let tokenizer = match Tokenizer::from_folder(folder.path()) {
            Ok(tokenizer) => tokenizer,
            Err(error) => return Some(error.to_string()),
        };
        for (text, expected) in self.texts(case).iter().zip(&case.ids) {
            let found = tokenizer.encode(text).unwrap();
            let expected = without_second_bos(&tokenizer, expected);
            if found != expected {
                return Some(format!("{text:?} gives {found:?}, not {expected:?}"));
            }
        }
        None
    }
}

/// transformers puts BOS in front of a text that begins with one already.
fn without_second_bos<'a>(tokenizer: &Tokenizer, ids: &'a [TokenId]) -> &'a [TokenId] {
    let bos = tokenizer.bos().filter(|_| tokenizer.adds_bos());
    match ids {
        [first, rest @ ..] if bos == Some(*first) && rest.first() == Some(first) => rest,
        _ => ids,
    }
}

#[test]
fn every_folder_gives_the_ids_of_transformers() {
    let cases = Cases::read();
    let faults: Vec<String> = cases
        .cases
        .iter()
        .filter_map(|case| Some(format!("{}: {}", case.name, cases.fault(case)?)))
        .collect();
    let (n_faults, n_cases) = (faults.len(), cases.cases.len());
    assert!(
        faults.is_empty(),
        "{n_faults} of {n_cases}:\n{}",
        faults.join("\n")
    );
}

#[test]
fn a_candidate_keeps_its_spaces_though_the_model_trims_texts() {
    let cases = Cases::read();
    let case = cases
        .cases
        .iter()
        .find(|case| case.name == "bpe-model-none");
    let folder = tempfile::tempdir().unwrap();
    cases.write(case.unwrap(), folder.path());
    let tokenizer = Tokenizer::from_folder(folder.path()).unwrap();
    let vocabulary = tokenizer.vocabulary(100);
    let candidate = tokenizer.candidate("th", "e the ").unwrap();
    assert!(candidate.context_changed, "\"the\" is one token");
    let bytes: Vec<u8> = candidate
        .tokens
        .iter()
        .flat_map(|id| vocabulary.bytes(*id).to_vec())
        .collect();
    assert_eq!(bytes, b"e the ");
}
