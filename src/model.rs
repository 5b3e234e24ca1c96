//! A checkpoint → a decoder that yields every layer's state.

pub mod tokenizer;
