//! The tokenizer of a model's folder, with the files that models are published with on the hub.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use tokenizers::models::bpe::{Merges, Vocab};

use super::growth;
use super::guard::guarded;
use super::settings::Settings;
use super::special::{self, Bounds};
use super::split::WordSplit;
use super::{Tokenizer, TokenizerError, byte_level};

const TOKENIZER: &str = "tokenizer.json";

/// GPT-2's only special token, which is in its vocabulary without being named anywhere.
const END_OF_TEXT: &str = "<|endoftext|>";

/// The tokenizer of the model in `folder`.
pub(super) fn build(folder: &Path) -> Result<Tokenizer, TokenizerError> {
    let settings = Settings::read(folder)?;
    let path = folder.join(TOKENIZER);
    let (path, mut inner) = match read_tokenizer(&path)? {
        Some(inner) => (path, inner),
        None => from_vocab_and_merges(folder, &settings)?,
    };
    guarded(|| settings.mark_special(&mut inner))
        .and_then(|()| {
            let bounds = settings.bounds(&inner);
            Tokenizer::assemble(inner, bounds, &[])
        })
        .map_err(|why| TokenizerError::File { path, why })
}

/// The `tokenizer.json` in the folder of the file at `path`, if there is one.
pub(super) fn read_beside(
    path: &Path,
) -> Result<Option<(PathBuf, tokenizers::Tokenizer)>, TokenizerError> {
    let beside = path.with_file_name(TOKENIZER);
    Ok(read_tokenizer(&beside)?.map(|inner| (beside, inner)))
}

fn read_tokenizer(path: &Path) -> Result<Option<tokenizers::Tokenizer>, TokenizerError> {
    let Some(json) = read_if_there(path)? else {
        return Ok(None);
    };
    growth::read(&json)
        .map(Some)
        .map_err(|why| TokenizerError::File {
            path: path.to_owned(),
            why: format!("is no tokenizer that can be used: {why}"),
        })
}

/// A byte-level tokenizer from the two files that GPT-2 was published with.
fn from_vocab_and_merges(
    folder: &Path,
    settings: &Settings,
) -> Result<(PathBuf, tokenizers::Tokenizer), TokenizerError> {
    let vocab_path = folder.join("vocab.json");
    let merges_path = folder.join("merges.txt");
    let (Some(vocab), Some(merges)) = (read_if_there(&vocab_path)?, read_if_there(&merges_path)?)
    else {
        return Err(TokenizerError::Missing {
            folder: folder.to_owned(),
        });
    };
    let split = split_of_class(settings.class()).map_err(|why| TokenizerError::File {
        path: folder.join(super::settings::TOKENIZER_CONFIG),
        why,
    })?;
    let vocab: Vocab = parse(&vocab_path, &vocab)?;
    let merges = parse_merges(&merges_path, &merges)?;
    let has_end_of_text = vocab.contains_key(END_OF_TEXT);
    let built = guarded(|| {
        let mut inner = byte_level::build(vocab, merges, split)?;
        if has_end_of_text {
            inner.add_special_tokens([special::control(END_OF_TEXT)])?;
        }
        settings.mark_special(&mut inner)?;
        if settings.adds_bos() {
            let Bounds { bos, .. } = settings.bounds(&inner);
            special::put_around(&mut inner, bos, None)?;
        }
        Ok(inner)
    });
    match built {
        Ok(inner) => Ok((vocab_path, inner)),
        Err(why) => Err(TokenizerError::File {
            path: merges_path,
            why,
        }),
    }
}

/// How the tokenizers of a class, as `tokenizer_config.json` names it, cut text into words.
fn split_of_class(class: Option<&str>) -> Result<WordSplit, String> {
    match class.map(|class| class.trim_end_matches("Fast")) {
        None | Some("GPT2Tokenizer" | "CodeGenTokenizer") => Ok(WordSplit::GPT2),
        Some("Qwen2Tokenizer") => Ok(WordSplit::QWEN2),
        Some(other) => Err(format!(
            "a {other:?} cannot be built from vocab.json and merges.txt; add the model's {TOKENIZER}"
        )),
    }
}

fn parse_merges(path: &Path, text: &[u8]) -> Result<Merges, TokenizerError> {
    let bad = |why: String| TokenizerError::File {
        path: path.to_owned(),
        why,
    };
    let text = std::str::from_utf8(text).map_err(|error| bad(error.to_string()))?;
    let lines = text.lines().enumerate();
    let pairs = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with("#version"));
    pairs
        .map(|(number, line)| match line.split_once(' ') {
            Some((left, right)) => Ok((left.to_owned(), right.to_owned())),
            None => Err(bad(format!("line {} is no pair of tokens", number + 1))),
        })
        .collect()
}

/// The JSON in the file at `path`, whose bytes are `json`.
pub(super) fn parse<T: DeserializeOwned>(path: &Path, json: &[u8]) -> Result<T, TokenizerError> {
    serde_json::from_slice(json).map_err(|error| TokenizerError::File {
        path: path.to_owned(),
        why: error.to_string(),
    })
}

/// The bytes of a file that need not exist.
pub(super) fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, TokenizerError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(TokenizerError::Read {
            path: path.to_owned(),
            source,
        }),
    }
}
