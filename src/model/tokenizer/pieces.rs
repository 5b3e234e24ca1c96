//! The bytes that each id of a tokenizer adds to the text.
//!
//! Decoding an id by itself would not do: decoders strip leading spaces, join tokens and drop
//! what is no whole character.

use tokenizers::{DecoderWrapper, ModelWrapper, PreTokenizerWrapper, Tokenizer};

use super::{byte_level, sentencepiece};
use crate::trace::TokenId;
use crate::vocabulary::{Piece, Vocabulary};

/// More ids than any vocabulary has: a file with a higher one would only take all memory.
const MAX_IDS: usize = 1 << 22;

/// How a vocabulary spells bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spelling {
    /// Each byte as one printable character.
    ByteLevel,
    /// A space as `▁`, a byte as `<0x0A>`.
    SentencePiece,
    /// As they are.
    Verbatim,
}

/// The pieces of all ids that `tokenizer` knows; `unused` ones and those between count as none.
pub(super) fn pieces(tokenizer: &Tokenizer, unused: &[TokenId]) -> Result<Vocabulary, String> {
    let spelling = spelling(tokenizer)?;
    let tokens = tokenizer.get_vocab(true);
    let n_ids = tokens.values().max().map_or(0, |&id| id as usize + 1);
    if n_ids > MAX_IDS {
        return Err(format!(
            "has an id of {}, which no vocabulary has",
            n_ids - 1
        ));
    }
    let mut pieces = vec![Piece::Unused; n_ids];
    for (token, id) in tokens {
        pieces[id as usize] = Piece::Bytes(spelling.bytes(&token));
    }
    for (id, added) in tokenizer.get_added_tokens_decoder() {
        pieces[id as usize] = if added.special {
            Piece::Special(added.content)
        } else {
            Piece::Bytes(spelling.added_bytes(&added.content))
        };
    }
    for id in unused {
        if let Some(piece) = pieces.get_mut(id.0 as usize) {
            *piece = Piece::Unused;
        }
    }
    Ok(Vocabulary::new(pieces))
}

impl Spelling {
    fn bytes(self, token: &str) -> Vec<u8> {
        match self {
            Self::ByteLevel => byte_level::bytes(token),
            Self::SentencePiece => sentencepiece::bytes(token),
            Self::Verbatim => token.as_bytes().to_vec(),
        }
    }

    /// Added tokens are found in the text before bytes are spelled, but with SentencePiece some
    /// of them are runs of spaces in its own spelling.
    fn added_bytes(self, content: &str) -> Vec<u8> {
        match self {
            Self::ByteLevel | Self::Verbatim => content.as_bytes().to_vec(),
            Self::SentencePiece => sentencepiece::bytes(content),
        }
    }
}

fn spelling(tokenizer: &Tokenizer) -> Result<Spelling, String> {
    if marks_words(tokenizer.get_model()) {
        return Err(MARKS_WORDS.to_owned());
    }
    let by_decoder = tokenizer
        .get_decoder()
        .map(spelling_of_decoder)
        .transpose()?;
    Ok(by_decoder
        .flatten()
        .or_else(|| {
            tokenizer
                .get_pre_tokenizer()
                .and_then(spelling_of_pre_tokenizer)
        })
        .unwrap_or(Spelling::Verbatim))
}

const MARKS_WORDS: &str = "marks where words begin or end, which is not supported";

fn marks_words(model: &ModelWrapper) -> bool {
    let is_mark = |mark: &Option<String>| mark.as_ref().is_some_and(|mark| !mark.is_empty());
    match model {
        ModelWrapper::BPE(model) => {
            is_mark(&model.continuing_subword_prefix) || is_mark(&model.end_of_word_suffix)
        }
        ModelWrapper::WordPiece(_) => true,
        ModelWrapper::WordLevel(_) | ModelWrapper::Unigram(_) => false,
    }
}

fn spelling_of_decoder(decoder: &DecoderWrapper) -> Result<Option<Spelling>, String> {
    match decoder {
        DecoderWrapper::ByteLevel(_) => Ok(Some(Spelling::ByteLevel)),
        DecoderWrapper::Metaspace(_)
        | DecoderWrapper::Replace(_)
        | DecoderWrapper::ByteFallback(_) => Ok(Some(Spelling::SentencePiece)),
        DecoderWrapper::Fuse(_) | DecoderWrapper::Strip(_) => Ok(None),
        DecoderWrapper::Sequence(steps) => {
            for step in steps.get_decoders() {
                if let Some(spelling) = spelling_of_decoder(step)? {
                    return Ok(Some(spelling));
                }
            }
            Ok(None)
        }
        DecoderWrapper::BPE(_) | DecoderWrapper::WordPiece(_) | DecoderWrapper::CTC(_) => {
            Err(MARKS_WORDS.to_owned())
        }
    }
}

fn spelling_of_pre_tokenizer(pre_tokenizer: &PreTokenizerWrapper) -> Option<Spelling> {
    match pre_tokenizer {
        PreTokenizerWrapper::ByteLevel(_) => Some(Spelling::ByteLevel),
        PreTokenizerWrapper::Metaspace(_) => Some(Spelling::SentencePiece),
        PreTokenizerWrapper::Sequence(steps) => {
            steps.as_ref().iter().find_map(spelling_of_pre_tokenizer)
        }
        _ => None,
    }
}
