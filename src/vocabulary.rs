//! What each token id stands for, as bytes, and how it is shown: one function for the grid, the
//! log, the exports and the clipboard.

mod search;
mod text_stream;
pub mod typed;
mod visible;

pub use search::Search;
pub use text_stream::TextStream;
pub use visible::{label as visible_label, steers, visible_line, visible_text};

use std::collections::BTreeMap;

use crate::trace::TokenId;

/// What a token id stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// The bytes that the token adds to the text; they may end inside a UTF-8 character.
    Bytes(Vec<u8>),
    /// A control token such as `<|endoftext|>`: it adds no text.
    Special(String),
    /// A row of the unembedding without an entry in the tokenizer (a padded vocabulary).
    Unused,
}

/// The pieces of all token ids of a model, as many as its unembedding has rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vocabulary {
    pieces: Pieces,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Pieces {
    /// Entry `i` is what id `i` stands for.
    All(Vec<Piece>),
    /// What is known of `len` ids.
    Some {
        known: BTreeMap<TokenId, Piece>,
        len: usize,
    },
}

impl Default for Pieces {
    fn default() -> Self {
        Self::All(Vec::new())
    }
}

impl Vocabulary {
    /// The vocabulary whose entry `i` is `pieces[i]`.
    #[must_use]
    pub fn new(pieces: Vec<Piece>) -> Self {
        Self {
            pieces: Pieces::All(pieces),
        }
    }

    /// A vocabulary of `len` ids of which only some are known; the others are
    /// [`Piece::Unused`]. It takes as much memory as what is known.
    #[must_use]
    pub fn of_some(known: BTreeMap<TokenId, Piece>, len: usize) -> Self {
        Self {
            pieces: Pieces::Some { known, len },
        }
    }

    /// The same pieces for an unembedding of `rows` rows: padded with [`Piece::Unused`], or cut
    /// where the tokenizer knows more ids than the model has rows.
    #[must_use]
    pub fn resized(&self, rows: usize) -> Self {
        let mut pieces = self.pieces.clone();
        match &mut pieces {
            Pieces::All(pieces) => pieces.resize(rows, Piece::Unused),
            Pieces::Some { known, len } => {
                known.retain(|id, _| (id.0 as usize) < rows);
                *len = rows;
            }
        }
        Self { pieces }
    }

    /// How many ids there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.pieces {
            Pieces::All(pieces) => pieces.len(),
            Pieces::Some { len, .. } => *len,
        }
    }

    /// Whether there are no ids at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What `id` stands for; an id outside the vocabulary is [`Piece::Unused`].
    #[must_use]
    pub fn piece(&self, id: TokenId) -> &Piece {
        let piece = match &self.pieces {
            Pieces::All(pieces) => pieces.get(id.0 as usize),
            Pieces::Some { known, .. } => known.get(&id),
        };
        piece.unwrap_or(&Piece::Unused)
    }

    /// Whether `id` stands for nothing. Such a row was never trained: it must not be sampled,
    /// nor listed among the best tokens, though it counts where ranks are counted.
    #[must_use]
    pub fn is_unused(&self, id: TokenId) -> bool {
        *self.piece(id) == Piece::Unused
    }

    /// The bytes that `id` adds to the text: none for a control token or an unused row.
    #[must_use]
    pub fn bytes(&self, id: TokenId) -> &[u8] {
        match self.piece(id) {
            Piece::Bytes(bytes) => bytes,
            Piece::Special(_) | Piece::Unused => &[],
        }
    }

    /// Whether `id` is a word or a part of one: letters only, behind any spaces.
    #[must_use]
    pub fn is_word(&self, id: TokenId) -> bool {
        let text = str::from_utf8(self.bytes(id)).unwrap_or_default();
        let letters = text.trim_start_matches(' ');
        !letters.is_empty() && letters.chars().all(char::is_alphabetic)
    }

    /// `id` as it is shown: a space as `·`, a newline as `⏎`, a tab as `⇥`, control and
    /// invisible characters as `⟨200B⟩`, bytes that are no whole character as `⟨E2 82⟩`.
    ///
    /// The label is one line that no terminal takes as a command; it may be of any length.
    #[must_use]
    pub fn label(&self, id: TokenId) -> String {
        match self.piece(id) {
            Piece::Bytes(bytes) => visible::label(bytes),
            Piece::Special(name) => visible::label(name.as_bytes()),
            Piece::Unused => format!("⟨unused {}⟩", id.0),
        }
    }

    /// A text and the tokens behind it; bytes that are no whole character as U+FFFD.
    #[must_use]
    pub fn text_behind(&self, text: &str, tokens: impl Iterator<Item = TokenId>) -> String {
        let mut bytes = text.as_bytes().to_vec();
        for token in tokens {
            bytes.extend_from_slice(self.bytes(token));
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Vocabulary {
        Vocabulary::new(vec![
            Piece::Special("<|endoftext|>".into()),
            Piece::Bytes(b" is".to_vec()),
            Piece::Unused,
        ])
    }

    #[test]
    fn a_padded_vocabulary_knows_its_unused_rows() {
        let padded = sample().resized(5);
        assert_eq!(padded.len(), 5);
        let unused: Vec<_> = (0..6).filter(|&id| padded.is_unused(TokenId(id))).collect();
        assert_eq!(unused, [2, 3, 4, 5]);
    }

    #[test]
    fn a_model_with_fewer_rows_than_the_tokenizer_has_ids_cuts_the_vocabulary() {
        let cut = sample().resized(1);
        assert_eq!(cut.len(), 1);
        assert!(cut.is_unused(TokenId(1)));
    }

    #[test]
    fn of_a_vocabulary_some_ids_may_be_known_only() {
        let known = BTreeMap::from([(TokenId(7), Piece::Bytes(b" are".to_vec()))]);
        let some = Vocabulary::of_some(known, 49_152);
        assert_eq!(some.len(), 49_152);
        assert_eq!(some.label(TokenId(7)), "·are");
        assert!(some.is_unused(TokenId(6)));
        assert!(some.resized(5).is_unused(TokenId(7)));
    }

    #[test]
    fn only_text_tokens_have_bytes() {
        let vocabulary = sample();
        assert_eq!(vocabulary.bytes(TokenId(0)), b"");
        assert_eq!(vocabulary.bytes(TokenId(1)), b" is");
        assert_eq!(vocabulary.bytes(TokenId(2)), b"");
    }

    #[test]
    fn words_are_letters_behind_spaces() {
        let words = [" are", "ing", "  Zürich", "日本"];
        let others = ["", " ", "\n", " 12", "-", " a.", "don't"];
        let pieces = words.iter().chain(&others);
        let vocabulary = Vocabulary::new(pieces.map(|text| Piece::Bytes((*text).into())).collect());
        for id in 0..vocabulary.len() {
            let is_word = vocabulary.is_word(TokenId(id as u32));
            assert_eq!(is_word, id < words.len(), "{id}");
        }
        assert!(!sample().is_word(TokenId(0)), "a control token");
    }

    #[test]
    fn every_kind_of_piece_has_a_label() {
        let vocabulary = sample();
        assert_eq!(vocabulary.label(TokenId(0)), "<|endoftext|>");
        assert_eq!(vocabulary.label(TokenId(1)), "·is");
        assert_eq!(vocabulary.label(TokenId(2)), "⟨unused 2⟩");
        assert_eq!(vocabulary.label(TokenId(77)), "⟨unused 77⟩");
    }
}
