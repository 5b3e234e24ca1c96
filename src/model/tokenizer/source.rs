//! The file of a model's folder that holds the vocabulary of its tokenizer: `tokenizer.json`, or
//! else `tekken.json`, or else a SentencePiece model, or else `tiktoken.model`, or else RWKV's
//! vocabulary, or else `vocab.json` with `merges.txt`.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use tokenizers::models::bpe::{Merges, Vocab};

use super::added_token::Token;
use super::byte_ranks::{Behind, ByteRanks, Ranked};
use super::class::{Class, OwnWay};
use super::sentencepiece_file::{SentencePieceModel, Unusable};
use super::settings::TOKENIZER_CONFIG;
use super::split::expressions::{KIMI, LLAMA3};
use super::world::{self, World};
use super::{TokenizerError, growth, tekken, tiktoken};
use crate::model::json;
use crate::regular_file;

pub(super) const TOKENIZER: &str = "tokenizer.json";
pub(super) const SENTENCEPIECE: &str = "tokenizer.model";
const VOCAB: &str = "vocab.json";
const MERGES: &str = "merges.txt";

/// What `T5Tokenizer` calls its SentencePiece model.
const T5_SENTENCEPIECE: &str = "spiece.model";

/// Mistral's own vocabularies.
const TEKKEN: &str = "tekken.json";

/// Vocabularies of tiktoken's kind.
const TIKTOKEN: &str = "tiktoken.model";

/// Files that hold a tokenizer which cannot be read here, and parts of such.
const NOT_READ: [&str; 6] = [
    "tokenizer.tiktoken",
    T5_SENTENCEPIECE,
    "sentencepiece.bpe.model",
    VOCAB,
    MERGES,
    "vocab.txt",
];

/// What a tokenizer is made from.
pub(super) enum Source {
    /// `tokenizer.json`, and its added tokens by the ids that it gives to them.
    Json {
        inner: Box<tokenizers::Tokenizer>,
        added: BTreeMap<u64, Token>,
    },
    /// `tokenizer.model`.
    SentencePiece(SentencePieceModel),
    /// `tekken.json`, or a vocabulary of tiktoken's.
    Ranked(Ranked),
    /// RWKV's vocabulary.
    World(World),
    /// `vocab.json` and `merges.txt`.
    Merges(Vocab, Merges),
}

/// The `tokenizer.json` in the folder of the file at `path`, if there is one.
pub(super) fn read_beside(
    path: &Path,
) -> Result<Option<(PathBuf, tokenizers::Tokenizer)>, TokenizerError> {
    let beside = path.with_file_name(TOKENIZER);
    match read_if_there(&beside)? {
        None => Ok(None),
        Some(json) => {
            let inner = parse_tokenizer(&beside, &json)?;
            Ok(Some((beside, inner)))
        }
    }
}

fn parse_tokenizer(path: &Path, json: &[u8]) -> Result<tokenizers::Tokenizer, TokenizerError> {
    growth::read(json).map_err(|why| TokenizerError::File {
        path: path.to_owned(),
        why: format!("is no tokenizer that can be used: {why}"),
    })
}

/// The `tokenizer.json` at `path`.
pub(super) fn from_json(path: &Path, json: &[u8]) -> Result<Source, TokenizerError> {
    let inner = parse_tokenizer(path, json)?;
    let added = inner.get_added_tokens_decoder();
    let added = added
        .iter()
        .map(|(&id, token)| (u64::from(id), token.into()));
    Ok(Source::Json {
        added: added.collect(),
        inner: Box::new(inner),
    })
}

/// The vocabulary of a folder that has no `tokenizer.json`. `code` is the class of the model's own
/// code that is to read it, if the files name one.
pub(super) fn read_other(
    folder: &Path,
    class: &Class,
    code: Option<&str>,
) -> Result<(PathBuf, Source), TokenizerError> {
    let tekken_path = folder.join(TEKKEN);
    if let Some(bytes) = read_if_there(&tekken_path)? {
        let ranked = tekken::read(&bytes).map_err(|why| unusable(&tekken_path, why))?;
        return Ok((tekken_path, Source::Ranked(ranked)));
    }
    let names: &[&str] = match class {
        Class::Own(OwnWay::T5) => &[SENTENCEPIECE, T5_SENTENCEPIECE],
        _ => &[SENTENCEPIECE],
    };
    for name in names {
        let path = folder.join(name);
        if let Some(bytes) = read_if_there(&path)? {
            let source = from_model(&path, &bytes, class, code)?;
            return Ok((path, source));
        }
    }
    let tiktoken_path = folder.join(TIKTOKEN);
    if let Some(bytes) = read_if_there(&tiktoken_path)? {
        let ranks = tiktoken::read(&bytes).map_err(|why| unusable(&tiktoken_path, why))?;
        let ranked = of_tiktoken(&tiktoken_path, ranks, class, code)?;
        return Ok((tiktoken_path, Source::Ranked(ranked)));
    }
    let world_path = folder.join(world::FILE);
    if let Some(bytes) = read_if_there(&world_path)? {
        let world = World::read(&bytes).map_err(|why| unusable(&world_path, why))?;
        return Ok((world_path, Source::World(world)));
    }
    let vocab_path = folder.join(VOCAB);
    let merges_path = folder.join(MERGES);
    let (Some(vocab), Some(merges)) = (read_if_there(&vocab_path)?, read_if_there(&merges_path)?)
    else {
        return Err(missing(folder));
    };
    check_reads_merges(class).map_err(|why| TokenizerError::File {
        path: folder.join(TOKENIZER_CONFIG),
        why,
    })?;
    let vocab: Vocab = parse(&vocab_path, &vocab)?;
    let merges = parse_merges(&merges_path, &merges)?;
    Ok((merges_path, Source::Merges(vocab, merges)))
}

fn missing(folder: &Path) -> TokenizerError {
    let is_there = |name: &&str| folder.join(name).is_file();
    TokenizerError::Missing {
        folder: folder.to_owned(),
        found: NOT_READ.into_iter().find(is_there).map(str::to_owned),
    }
}

fn unusable(path: &Path, why: String) -> TokenizerError {
    TokenizerError::File {
        path: path.to_owned(),
        why: format!("{why}; add the model's {TOKENIZER}"),
    }
}

/// A `tokenizer.model` is one of SentencePiece, or else, as transformers tries, of tiktoken.
fn from_model(
    path: &Path,
    bytes: &[u8],
    class: &Class,
    code: Option<&str>,
) -> Result<Source, TokenizerError> {
    if path.ends_with(SENTENCEPIECE)
        && let Ok(ranks) = tiktoken::read(bytes)
    {
        return of_tiktoken(path, ranks, class, code).map(Source::Ranked);
    }
    from_sentencepiece(path, bytes, class)
}

/// What is done with a vocabulary of tiktoken's, whose file does not say it.
fn of_tiktoken(
    path: &Path,
    ranks: ByteRanks,
    class: &Class,
    code: Option<&str>,
) -> Result<Ranked, TokenizerError> {
    let (pattern, behind) = match (code, class) {
        // The code of Moonlight and Kimi.
        (Some("TikTokenTokenizer"), _) => (KIMI, Behind::Reserved(256)),
        (Some(code), _) => {
            return Err(unusable(
                path,
                format!("is read by code of the model's own, {code:?}, which is not known here"),
            ));
        }
        (None, Class::Generic(_)) => (LLAMA3, Behind::Declared),
        (None, Class::Own(own)) => {
            return Err(unusable(
                path,
                format!("is not what a {own:?} tokenizer is built from"),
            ));
        }
        (None, Class::Unknown(name)) => {
            return Err(unusable(
                path,
                format!("is not what a {name:?} is built from"),
            ));
        }
    };
    Ok(Ranked {
        ranks,
        pattern: pattern.to_owned(),
        first: Vec::new(),
        behind,
    })
}

fn from_sentencepiece(path: &Path, bytes: &[u8], class: &Class) -> Result<Source, TokenizerError> {
    let bad = |why: String| TokenizerError::File {
        path: path.to_owned(),
        why,
    };
    if let Class::Unknown(name) = class {
        return Err(bad(format!(
            "a {name:?} cannot be built from this file; add the model's {TOKENIZER}"
        )));
    }
    match SentencePieceModel::read(bytes) {
        Ok(model) => Ok(Source::SentencePiece(model)),
        Err(Unusable::NoModel) => Err(bad(format!(
            "is no SentencePiece model, or a damaged one; add the model's {TOKENIZER}"
        ))),
        Err(Unusable::Model(why)) => Err(bad(format!("{why}; add the model's {TOKENIZER}"))),
    }
}

/// Whether a class is built from `vocab.json` and `merges.txt`. A folder that names no class is
/// taken for one of GPT-2, which was published with nothing else.
fn check_reads_merges(class: &Class) -> Result<(), String> {
    let name = match class {
        Class::Generic(None)
        | Class::Own(
            OwnWay::CodeGen | OwnWay::Cohere | OwnWay::Gpt2 | OwnWay::GptNeoX | OwnWay::Qwen2,
        ) => return Ok(()),
        Class::Generic(Some(name)) | Class::Unknown(name) => format!("{name:?}"),
        Class::Own(own) => format!("{own:?} tokenizer"),
    };
    Err(format!(
        "a {name} cannot be built from {VOCAB} and {MERGES}; add the model's {TOKENIZER}"
    ))
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
    json::parse_as(json).map_err(|error| TokenizerError::File {
        path: path.to_owned(),
        why: error.to_string(),
    })
}

/// The bytes of a file that need not exist.
pub(super) fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, TokenizerError> {
    match regular_file::read(path, regular_file::VOCABULARY) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(unreadable(path, source)),
    }
}

fn unreadable(path: &Path, source: io::Error) -> TokenizerError {
    TokenizerError::Read {
        path: path.to_owned(),
        source,
    }
}
