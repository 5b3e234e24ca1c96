//! A model that nobody runs.

use std::sync::Arc;

use lenscape::run::{LensInfo, ModelInfo};
use lenscape::vocabulary::{Piece, Vocabulary};

/// What a text can be made of.
pub const WORDS: [&str; 8] = [
    " the",
    " key",
    "s",
    " cabinet",
    ",",
    " lantern",
    " of",
    " seventeen",
];

/// The vocabulary of these words: the first one is token 0.
pub fn vocabulary<W: AsRef<str>>(words: &[W]) -> Vocabulary {
    let piece = |word: &W| Piece::Bytes(word.as_ref().as_bytes().to_vec());
    Vocabulary::new(words.iter().map(piece).collect())
}

/// A model called `Tiny` with so many layers, whose tokens are `words`.
pub fn model<W: AsRef<str>>(n_layers: usize, words: &[W]) -> ModelInfo {
    ModelInfo {
        name: "Tiny".into(),
        family: "llama".into(),
        n_layers,
        d_model: 2,
        vocab_size: words.len(),
        context_length: 64,
        weights: "f32".into(),
        arithmetic: "exact".into(),
        device: "cpu".into(),
        parameters: 1_000,
        notes: Vec::new(),
        saved_run: None,
        rows_inside: Vec::new(),
        lenses: LensInfo::of_any_model(),
        vocabulary: Arc::new(vocabulary(words)),
    }
}
