//! What can go wrong with a tokenizer.

use std::io;
use std::path::PathBuf;

/// Why a tokenizer cannot be had, or cannot do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum TokenizerError {
    /// A model folder without a tokenizer.
    #[error(
        "no tokenizer in {}: expected tokenizer.json, or vocab.json with merges.txt, or one of \
         tokenizer.model, tekken.json and tiktoken.model{}",
        folder.display(),
        there_is(found.as_deref())
    )]
    Missing {
        /// The folder.
        folder: PathBuf,
        /// A file there that holds a tokenizer, or a part of one, but not one that can be read.
        found: Option<String>,
    },
    /// A file that is there cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file's path, as it was given.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file can be read but not used.
    #[error("{}: {why}", path.display())]
    File {
        /// The file's path, as it was given.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// GGUF metadata lacks a key.
    #[error("the GGUF metadata has no {key}; put the model's tokenizer.json beside the file")]
    MissingKey {
        /// The key.
        key: &'static str,
    },
    /// A key of the GGUF metadata has a value that cannot be used.
    #[error("the GGUF metadata's {key} {why}; put the model's tokenizer.json beside the file")]
    BadKey {
        /// The key.
        key: &'static str,
        /// What is wrong with its value.
        why: String,
    },
    /// GGUF metadata names a kind of tokenizer that we cannot build; a guess would give wrong ids.
    #[error(
        "the GGUF metadata's {key} is {name:?}, which is not supported; \
         put the model's tokenizer.json beside the file"
    )]
    UnknownKind {
        /// The key.
        key: &'static str,
        /// Its value.
        name: String,
    },
    /// The tokenizer failed on a text.
    #[error("cannot tokenise the text: {why}")]
    Encode {
        /// What the tokenizer says.
        why: String,
    },
    /// A candidate without text.
    #[error("a candidate needs at least one character")]
    EmptyCandidate,
    /// A candidate whose text the tokenizer drops altogether.
    #[error("{text:?} becomes no token")]
    NoToken {
        /// The candidate's text.
        text: String,
    },
}

fn there_is(found: Option<&str>) -> String {
    match found {
        Some(name) => format!(
            "; there is {name}, which does not do by itself: add the model's tokenizer.json, which \
             transformers writes with `save_pretrained`"
        ),
        None => String::new(),
    }
}
