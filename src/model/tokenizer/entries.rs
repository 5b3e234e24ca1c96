//! The vocabulary as a GGUF file lists it: tokens, what each is for, where a text begins and ends.

use std::collections::HashMap;

use super::metadata::{Metadata, bad_key, check_length, required};
use super::sentencepiece;
use super::special::Bounds;
use super::{Tokenizer, TokenizerError};
use crate::trace::TokenId;

pub(super) const ARCHITECTURE: &str = "general.architecture";
pub(super) const MODEL: &str = "tokenizer.ggml.model";
pub(super) const TOKENS: &str = "tokenizer.ggml.tokens";
pub(super) const BOS: &str = "tokenizer.ggml.bos_token_id";
pub(super) const EOS: &str = "tokenizer.ggml.eos_token_id";
const TOKEN_TYPES: &str = "tokenizer.ggml.token_type";
const EOT: &str = "tokenizer.ggml.eot_token_id";
const EOM: &str = "tokenizer.ggml.eom_token_id";
const PADDING: &str = "tokenizer.ggml.padding_token_id";
const UNKNOWN: &str = "tokenizer.ggml.unknown_token_id";

/// What [`MODEL`] calls a SentencePiece vocabulary of the BPE kind.
pub(super) const SENTENCEPIECE: &str = "llama";

/// What [`MODEL`] calls a vocabulary in SentencePiece's spelling that lists its merges.
pub(super) const GEMMA4: &str = "gemma4";

/// What [`MODEL`] calls RWKV's vocabulary.
pub(super) const RWKV: &str = "rwkv";

/// Tokens that end a text wherever they are, though the file may name only one of them. They are
/// control tokens, though some files give them another type: llama.cpp knows them by these texts.
const ENDS: [&str; 23] = [
    "<|eot_id|>",
    "<|im_end|>",
    "<|end|>",
    "<|return|>",
    "<|call|>",
    "<|flush|>",
    "<|calls|>",
    "<end_of_turn>",
    "<|endoftext|>",
    "</s>",
    "<|eom_id|>",
    "<EOT>",
    "_<EOT>",
    "[EOT]",
    "[EOS]",
    "<|end_of_text|>",
    "<end_of_utterance>",
    "<eos>",
    "<turn|>",
    "<|tool_response>",
    "<｜end▁of▁sentence｜>",
    "[e~[",
    "<|fim_pad|>",
];

/// What llama.cpp takes to begin and end a text of a byte-level vocabulary whose file does not say.
const BYTE_LEVEL_BOUND: TokenId = TokenId(11);

/// What a token is for, by the numbers of `tokenizer.ggml.token_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    Normal,
    Unknown,
    Control,
    UserDefined,
    Unused,
    Byte,
}

impl TokenKind {
    fn numbered(number: i64) -> Self {
        match number {
            2 => Self::Unknown,
            3 => Self::Control,
            4 => Self::UserDefined,
            5 => Self::Unused,
            6 => Self::Byte,
            _ => Self::Normal,
        }
    }
}

/// The vocabulary as the file lists it.
pub(super) struct Entries {
    pub tokens: Vec<String>,
    pub kinds: Vec<TokenKind>,
    pub bos: Option<TokenId>,
    pub eos: Option<TokenId>,
    pub unknown: Option<TokenId>,
    /// What fills a batch of texts up to one length.
    padding: Option<TokenId>,
    /// Whatever ends a text, `eos` included.
    ends: Vec<TokenId>,
    /// What is taken otherwise than the file says, one line each.
    pub notes: Vec<String>,
}

impl Entries {
    pub(super) fn read(metadata: Metadata<'_>) -> Result<Self, TokenizerError> {
        let tokens = required(TOKENS, metadata.strings(TOKENS)?)?;
        let mut entries = Self {
            kinds: read_kinds(metadata, tokens.len())?,
            tokens: tokens.into_iter().map(str::to_owned).collect(),
            bos: None,
            eos: None,
            unknown: None,
            padding: None,
            ends: Vec::new(),
            notes: Vec::new(),
        };
        entries.bos = entries.declared(metadata, BOS)?;
        entries.eos = entries.declared(metadata, EOS)?;
        entries.padding = metadata
            .integer(PADDING)
            .unwrap_or_default()
            .and_then(|id| u32::try_from(id).ok().map(TokenId))
            .filter(|id| (id.0 as usize) < entries.tokens.len());
        match metadata.string(MODEL)? {
            Some(SENTENCEPIECE) => {
                entries.unknown = entries.declared(metadata, UNKNOWN)?;
                entries.assume_sentencepiece_bounds();
            }
            Some(GEMMA4) => entries.unknown = entries.declared(metadata, UNKNOWN)?,
            _ => {}
        }
        let is_rwkv = metadata.string(MODEL)? == Some(RWKV);
        let turn = match is_rwkv {
            // llama.cpp's converter names the text of a blank line there, for chats.
            true => None,
            false => entries.declared(metadata, EOT)?,
        };
        let message = entries.declared(metadata, EOM)?;
        entries.ends = [entries.eos, turn, message].into_iter().flatten().collect();
        if !is_rwkv {
            entries.find_ends();
        }
        entries.mark_control();
        entries.spell_as_in_text(is_gemma(metadata)?);
        Ok(entries)
    }

    /// The id that the file declares under `key`. One that no token has is left out, as llama.cpp
    /// leaves it out: some writers put the largest number there for none.
    fn declared(
        &mut self,
        metadata: Metadata<'_>,
        key: &'static str,
    ) -> Result<Option<TokenId>, TokenizerError> {
        let Some(number) = metadata.integer(key)? else {
            return Ok(None);
        };
        let n_tokens = self.tokens.len();
        let id = u32::try_from(number).ok();
        let known = id.filter(|&id| (id as usize) < n_tokens);
        if known.is_none() {
            self.notes.push(format!(
                "the GGUF metadata's {key} is {number}, but there are only {n_tokens} tokens: it \
                 is left out"
            ));
        }
        Ok(known.map(TokenId))
    }

    /// The token to put in front of every text, or behind it, of a file that asks for one: the
    /// `declared` one, or else the one that llama.cpp assumes.
    pub(super) fn bound(
        &mut self,
        key: &'static str,
        declared: Option<TokenId>,
    ) -> Option<TokenId> {
        if declared.is_some() {
            return declared;
        }
        let assumed =
            ((BYTE_LEVEL_BOUND.0 as usize) < self.tokens.len()).then_some(BYTE_LEVEL_BOUND);
        let taken = match assumed {
            Some(id) => format!("id {} is taken for it, as llama.cpp does", id.0),
            None => "none is put around the text".to_owned(),
        };
        self.notes.push(format!(
            "the GGUF metadata has no {key} that can be used, though it asks for the token: {taken}"
        ));
        assumed
    }

    /// Where SentencePiece itself has them, unless the file says otherwise.
    fn assume_sentencepiece_bounds(&mut self) {
        let known = |id: u32| ((id as usize) < self.tokens.len()).then_some(TokenId(id));
        self.unknown = self.unknown.or(known(0));
        self.bos = self.bos.or(known(1));
        self.eos = self.eos.or(known(2));
    }

    /// Some tokens end a text whether declared or not.
    fn find_ends(&mut self) {
        for (id, token) in (0..).zip(&self.tokens) {
            if ENDS.contains(&token.as_str()) {
                self.ends.push(TokenId(id));
            }
        }
    }

    /// The tokens that begin or end a text are control tokens whatever their type.
    fn mark_control(&mut self) {
        for id in self.ends.iter().chain(&self.bos) {
            self.kinds[id.0 as usize] = TokenKind::Control;
        }
    }

    /// Undo what the writers of GGUF files do to the spelling of tokens.
    fn spell_as_in_text(&mut self, is_gemma: bool) {
        for (id, token) in self.tokens.iter_mut().enumerate() {
            if token.is_empty() {
                // No text can become an empty token; two of them could not be told apart.
                *token = format!("[EMPTY_{id}]");
            } else if is_gemma && token.bytes().all(|byte| byte == b' ') {
                // Gemma's runs of spaces are written with real spaces, but made by merging `▁`.
                *token = token.replace(' ', &sentencepiece::SPACE.to_string());
            }
        }
    }

    /// The token of an id below the number of tokens.
    pub(super) fn token(&self, id: TokenId) -> &str {
        &self.tokens[id.0 as usize]
    }

    pub(super) fn with_kind(&self, wanted: TokenKind) -> impl Iterator<Item = &str> {
        let tokens = self.tokens.iter().zip(&self.kinds);
        tokens.filter_map(move |(token, &kind)| (kind == wanted).then_some(token.as_str()))
    }

    /// An error where two ids have the same token: text could only become one of them.
    pub(super) fn check_unique(&self) -> Result<(), TokenizerError> {
        let mut ids = HashMap::with_capacity(self.tokens.len());
        for (id, token) in self.tokens.iter().enumerate() {
            if let Some(first) = ids.insert(token, id) {
                let why = format!("lists {token:?} twice, as {first} and as {id}");
                return Err(bad_key(TOKENS, why));
            }
        }
        Ok(())
    }

    /// Whether `tokenizer` gives every id the token that the file gives it, among the kinds that
    /// are to be `compared`.
    pub(super) fn compare(
        &self,
        tokenizer: &tokenizers::Tokenizer,
        compared: impl Fn(TokenKind) -> bool,
    ) -> Result<(), String> {
        for (id, (token, &kind)) in (0..).zip(self.tokens.iter().zip(&self.kinds)) {
            let found = tokenizer.id_to_token(id);
            if compared(kind) && found.as_ref() != Some(token) {
                let found = found.map_or("nothing".to_owned(), |found| format!("{found:?}"));
                return Err(format!(
                    "is of another model: id {id} is {token:?} in the GGUF file, {found} here"
                ));
            }
        }
        Ok(())
    }

    pub(super) fn finish(self, inner: tokenizers::Tokenizer) -> Result<Tokenizer, String> {
        let unused = (0..)
            .zip(&self.kinds)
            .filter(|&(_, &kind)| kind == TokenKind::Unused);
        let bounds = Bounds {
            bos: self.bos,
            end_of_text: self.ends,
        };
        let unused: Vec<_> = unused.map(|(id, _)| TokenId(id)).collect();
        let roles = [
            ("bos_token", self.bos),
            ("eos_token", self.eos),
            ("unk_token", self.unknown),
            ("pad_token", self.padding),
        ];
        let role = |(role, id): (&str, Option<TokenId>)| {
            let token = self.tokens.get(id?.0 as usize)?;
            Some((role.to_owned(), token.clone()))
        };
        let roles = roles.into_iter().filter_map(role).collect();
        let tokenizer = Tokenizer::assemble(inner, bounds, &unused, self.notes)?;
        Ok(Tokenizer { roles, ..tokenizer })
    }
}

/// Whether the file is of a Gemma model, whose vocabulary is written in a way of its own.
pub(super) fn is_gemma(metadata: Metadata<'_>) -> Result<bool, TokenizerError> {
    let architecture = metadata.string(ARCHITECTURE)?;
    Ok(architecture.is_some_and(|name| name.starts_with("gemma")))
}

fn read_kinds(metadata: Metadata<'_>, n_tokens: usize) -> Result<Vec<TokenKind>, TokenizerError> {
    match metadata.integers(TOKEN_TYPES)? {
        None => Ok(vec![TokenKind::Normal; n_tokens]),
        Some(types) => {
            check_length(TOKEN_TYPES, types.len(), n_tokens)?;
            let types = types.into_iter().take(n_tokens);
            Ok(types.map(TokenKind::numbered).collect())
        }
    }
}
