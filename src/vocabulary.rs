//! What each token id stands for, as bytes, and how it is shown: one function for the grid, the
//! log, the exports and the clipboard.

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
    pieces: Vec<Piece>,
}

impl Vocabulary {
    /// The vocabulary whose entry `i` is `pieces[i]`.
    #[must_use]
    pub fn new(pieces: Vec<Piece>) -> Self {
        Self { pieces }
    }

    /// How many ids there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pieces.len()
    }

    /// Whether there are no ids at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// What `id` stands for; an id outside the vocabulary is [`Piece::Unused`].
    #[must_use]
    pub fn piece(&self, id: TokenId) -> &Piece {
        self.pieces.get(id.0 as usize).unwrap_or(&Piece::Unused)
    }

    /// `id` as it is shown: a leading space as `·`, a newline as `⏎`, a tab as `⇥`, control and
    /// invisible characters as `⟨200B⟩`, bytes that are no whole character as `⟨E2 82⟩`.
    #[must_use]
    pub fn label(&self, id: TokenId) -> String {
        match self.piece(id) {
            Piece::Bytes(bytes) => String::from_utf8_lossy(bytes).replace(' ', "·"),
            Piece::Special(name) => name.clone(),
            Piece::Unused => format!("⟨unused {}⟩", id.0),
        }
    }
}
