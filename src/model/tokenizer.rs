//! Text → token ids, as the model's own tokenizer has them, and what each id adds to the text.
//!
//! From a model's folder or from a GGUF file's metadata; out come ids, candidates and the
//! [`Vocabulary`] that the rest of the program shows tokens by.

mod added_token;
mod additions;
mod byte_level;
mod byte_ranks;
mod class;
mod continuation;
mod declared;
mod entries;
mod error;
mod folder;
mod from_sentencepiece;
mod gguf;
mod growth;
mod guard;
mod joining;
mod leftmost;
mod longest;
mod metadata;
mod ordered_json;
mod own_way;
mod pieces;
mod protobuf;
mod sentencepiece;
mod sentencepiece_file;
mod settings;
mod source;
mod special;
mod split;
mod tekken;
mod tiktoken;
mod world;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use candle_core::quantized::gguf_file::Value;

pub use error::TokenizerError;

use crate::trace::{Candidate, TokenId};
use crate::vocabulary::{TextStream, Vocabulary};
use guard::guarded;
use joining::Joining;
use special::Bounds;

/// A model's tokenizer.
#[derive(Debug)]
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    /// `inner` for a text that follows another, where that makes a difference.
    continuation: Option<tokenizers::Tokenizer>,
    /// The pieces of the ids that the tokenizer knows, however many rows the model has.
    vocabulary: Arc<Vocabulary>,
    bos: Option<TokenId>,
    /// What the tokenizer puts in front of every text.
    opening: Option<TokenId>,
    end_of_text: Vec<TokenId>,
    /// The texts of the special tokens that have a role, by the names that transformers gives to
    /// the roles.
    roles: Vec<(String, String)>,
    /// What joins characters or bytes where the tokenizer itself does not.
    joining: Option<Joining>,
    notes: Vec<String>,
}

impl Tokenizer {
    /// The tokenizer of a model's folder, with the ids that transformers 5 gives: `tokenizer.json`,
    /// or else Mistral's `tekken.json`, or else the SentencePiece model `tokenizer.model`, or else
    /// tiktoken's `tiktoken.model`, or else RWKV's vocabulary, or else `vocab.json` and `merges.txt`.
    /// What is done with it, which tokens are added to it, and where a text begins and ends is read
    /// from `tokenizer_config.json`, `special_tokens_map.json`, `added_tokens.json`,
    /// `generation_config.json` and `config.json`, as far as they exist.
    ///
    /// # Errors
    /// When there is no tokenizer, or one of these files cannot be read or used.
    pub fn from_folder(folder: &Path) -> Result<Self, TokenizerError> {
        folder::build(folder)
    }

    /// The tokenizer that a GGUF file's metadata describes.
    ///
    /// # Errors
    /// When a key is missing or has a value of the wrong type, or names a kind of tokenizer that
    /// we do not know: it is refused rather than guessed.
    pub fn from_gguf(metadata: &HashMap<String, Value>) -> Result<Self, TokenizerError> {
        gguf::build(metadata)
    }

    /// The tokenizer of the GGUF file at `path`: the `tokenizer.json` beside it if there is one
    /// and it has the file's vocabulary, or else the one that the `metadata` describes.
    ///
    /// # Errors
    /// As [`from_gguf`](Self::from_gguf), and when the `tokenizer.json` is of another model.
    pub fn from_gguf_file(
        path: &Path,
        metadata: &HashMap<String, Value>,
    ) -> Result<Self, TokenizerError> {
        match source::read_beside(path)? {
            None => gguf::build(metadata),
            Some((path, original)) => gguf::adopt(path, original, metadata),
        }
    }

    /// Put together what the file formats have in common; the error is one line.
    fn assemble(
        mut inner: tokenizers::Tokenizer,
        bounds: Bounds,
        unused: &[TokenId],
        notes: Vec<String>,
    ) -> Result<Self, String> {
        // A prompt is never cut or padded, whatever was done in training.
        guarded(|| inner.with_truncation(None).map(|_| ()))?;
        inner.with_padding(None);
        let vocabulary = Arc::new(pieces::pieces(&inner, unused)?);
        let opening = guarded(|| opening(&inner))?;
        let mut end_of_text = bounds.end_of_text;
        end_of_text.sort_unstable();
        end_of_text.dedup();
        Ok(Self {
            continuation: guarded(|| continuation::without_opening_space(&inner))?,
            inner,
            vocabulary,
            bos: opening.or(bounds.bos),
            opening,
            end_of_text,
            roles: Vec::new(),
            joining: None,
            notes,
        })
    }

    /// The ids of `text`, exactly as it is, with the special tokens that the tokenizer itself
    /// puts around it. Text that spells a special token becomes that token. A text that already
    /// begins with BOS gets no second one.
    ///
    /// # Errors
    /// When the tokenizer fails on the text.
    pub fn encode(&self, text: &str) -> Result<Vec<TokenId>, TokenizerError> {
        let mut ids = self.ids_by(&self.inner, text, SpecialTokens::Added)?;
        let doubled = |bos| ids.len() > 1 && ids[0] == bos && ids[1] == bos;
        if self.opening.is_some_and(doubled) {
            ids.remove(0);
        }
        Ok(ids)
    }

    /// The ids of `text` with no special tokens put around it: of a text that has its own, as what
    /// a chat template gives. Text that spells a special token becomes that token.
    ///
    /// # Errors
    /// When the tokenizer fails on the text.
    pub fn encode_bare(&self, text: &str) -> Result<Vec<TokenId>, TokenizerError> {
        self.ids_by(&self.inner, text, SpecialTokens::LeftOut)
    }

    /// The tokens that `text` becomes when it follows `context`.
    ///
    /// Where `text` would change the tokens of `context` itself, it is tokenised alone, and the
    /// candidate says so.
    ///
    /// # Errors
    /// When `text` is empty or becomes no token, or when the tokenizer fails on it.
    pub fn candidate(&self, context: &str, text: &str) -> Result<Candidate, TokenizerError> {
        if text.is_empty() {
            return Err(TokenizerError::EmptyCandidate);
        }
        let before = self.ids_by(&self.inner, context, SpecialTokens::LeftOut)?;
        let whole = self.ids_by(
            &self.inner,
            &format!("{context}{text}"),
            SpecialTokens::LeftOut,
        )?;
        let following = whole.strip_prefix(before.as_slice());
        let tokens = match following {
            Some(tokens) => tokens.to_vec(),
            None => {
                let alone = self.continuation.as_ref().unwrap_or(&self.inner);
                self.ids_by(alone, text, SpecialTokens::LeftOut)?
            }
        };
        if tokens.is_empty() {
            return Err(TokenizerError::NoToken {
                text: text.to_owned(),
            });
        }
        Ok(Candidate {
            text: text.to_owned(),
            context_changed: following.is_none(),
            tokens,
        })
    }

    /// The ids of `text` by `tokenizer`, which is our own or made of it.
    fn ids_by(
        &self,
        tokenizer: &tokenizers::Tokenizer,
        text: &str,
        special: SpecialTokens,
    ) -> Result<Vec<TokenId>, TokenizerError> {
        let ids = encode(tokenizer, text, special)?;
        Ok(match &self.joining {
            Some(joining) => joining.join(ids),
            None => ids,
        })
    }

    /// The text of ids as they come, from the start of a text.
    #[must_use]
    pub fn stream(&self) -> TextStream {
        TextStream::new(Arc::clone(&self.vocabulary))
    }

    /// What each row of an unembedding of `rows` rows stands for. Models often have more rows
    /// than the tokenizer has entries: these are [`Piece::Unused`](crate::vocabulary::Piece).
    #[must_use]
    pub fn vocabulary(&self, rows: usize) -> Vocabulary {
        self.vocabulary.resized(rows)
    }

    /// The texts of the special tokens that have a role, such as `bos_token`: a chat template knows
    /// them by these names.
    #[must_use]
    pub fn roles(&self) -> &[(String, String)] {
        &self.roles
    }

    /// The algorithm, as people call it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        use tokenizers::ModelWrapper;
        if let Some(Joining::Longest(_)) = self.joining {
            return "longest match";
        }
        match self.inner.get_model() {
            ModelWrapper::BPE(bpe) if bpe.byte_fallback => "BPE with byte fallback",
            ModelWrapper::BPE(_) => "BPE",
            ModelWrapper::Unigram(_) => "Unigram",
            ModelWrapper::WordPiece(_) => "WordPiece",
            ModelWrapper::WordLevel(_) => "word level",
        }
    }

    /// How many tokens it knows, the added ones included.
    #[must_use]
    pub fn size(&self) -> usize {
        self.inner.get_vocab_size(true)
    }

    /// The token that begins a text, where there is one.
    #[must_use]
    pub fn bos(&self) -> Option<TokenId> {
        self.bos
    }

    /// Whether [`encode`](Self::encode) puts [`bos`](Self::bos) in front of a text.
    #[must_use]
    pub fn adds_bos(&self) -> bool {
        self.opening.is_some()
    }

    /// What a reader of its ids should know, one line each: what is taken otherwise than the files
    /// say, and what may be wrong.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The tokens at which generation stops, in ascending order.
    #[must_use]
    pub fn end_of_text(&self) -> &[TokenId] {
        &self.end_of_text
    }
}

/// What becomes of the special tokens that a tokenizer puts around a text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SpecialTokens {
    Added,
    LeftOut,
}

fn encode(
    tokenizer: &tokenizers::Tokenizer,
    text: &str,
    special: SpecialTokens,
) -> Result<Vec<TokenId>, TokenizerError> {
    guarded(|| ids(tokenizer, text, special)).map_err(|why| TokenizerError::Encode { why })
}

fn ids(
    tokenizer: &tokenizers::Tokenizer,
    text: &str,
    special: SpecialTokens,
) -> tokenizers::Result<Vec<TokenId>> {
    let encoding = tokenizer.encode_fast(text, special == SpecialTokens::Added)?;
    Ok(encoding.get_ids().iter().copied().map(TokenId).collect())
}

/// The token that `tokenizer` puts in front of a text: seen by what it does, as there are many
/// ways to tell it.
fn opening(tokenizer: &tokenizers::Tokenizer) -> tokenizers::Result<Option<TokenId>> {
    let with = ids(tokenizer, "a", SpecialTokens::Added)?;
    let without = ids(tokenizer, "a", SpecialTokens::LeftOut)?;
    let first = with.first().copied();
    Ok(first.filter(|_| with.len() > without.len() && first != without.first().copied()))
}
