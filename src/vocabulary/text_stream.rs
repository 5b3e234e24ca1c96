//! Token ids in, whole characters out: the text of a run as it grows.

use std::sync::Arc;

use super::Vocabulary;
use crate::trace::TokenId;

/// Turns token ids into text, one id at a time, without ever decoding an id twice.
///
/// The concatenation of all that [`push`](Self::push) and [`flush`](Self::flush) give is
/// [`String::from_utf8_lossy`] of all the tokens' bytes. Control tokens and unused rows add
/// nothing.
#[derive(Clone, Debug)]
pub struct TextStream {
    vocabulary: Arc<Vocabulary>,
    /// The beginning of a character whose rest has not come yet: at most three bytes.
    pending: Vec<u8>,
}

impl TextStream {
    /// A stream at the start of a text.
    #[must_use]
    pub fn new(vocabulary: Arc<Vocabulary>) -> Self {
        Self {
            vocabulary,
            pending: Vec::new(),
        }
    }

    /// The whole characters that `id` completes. Empty while a character waits for its rest;
    /// bytes that can no longer become a character come out as U+FFFD at once.
    pub fn push(&mut self, id: TokenId) -> String {
        self.pending.extend_from_slice(self.vocabulary.bytes(id));
        let mut text = String::new();
        let mut whole = 0;
        for chunk in self.pending.utf8_chunks() {
            text.push_str(chunk.valid());
            whole += chunk.valid().len();
            let broken = chunk.invalid();
            if may_become_a_character(broken) && whole + broken.len() == self.pending.len() {
                break;
            }
            if !broken.is_empty() {
                text.push(char::REPLACEMENT_CHARACTER);
                whole += broken.len();
            }
        }
        self.pending.drain(..whole);
        text
    }

    /// What still waits for its rest, as U+FFFD; empty when nothing does. The stream is then at
    /// the start of a text again.
    pub fn flush(&mut self) -> String {
        let rest = String::from_utf8_lossy(&self.pending).into_owned();
        self.pending.clear();
        rest
    }
}

/// Whether more bytes could make a character of `bytes`, which are none yet.
fn may_become_a_character(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::Piece;
    use proptest::prelude::*;

    fn stream(pieces: &[&[u8]]) -> TextStream {
        let pieces = pieces.iter().map(|bytes| Piece::Bytes(bytes.to_vec()));
        TextStream::new(Arc::new(Vocabulary::new(pieces.collect())))
    }

    fn pushed(pieces: &[&[u8]]) -> Vec<String> {
        let mut stream = stream(pieces);
        let mut texts: Vec<_> = (0..pieces.len() as u32)
            .map(|id| stream.push(TokenId(id)))
            .collect();
        texts.push(stream.flush());
        texts
    }

    #[test]
    fn a_character_waits_for_its_last_byte() {
        assert_eq!(pushed(&[b"a\xE2", b"\x82", b"\xACb"]), ["a", "", "€b", ""]);
    }

    #[test]
    fn bytes_that_can_never_become_a_character_come_out_at_once() {
        assert_eq!(pushed(&[b"\xFF"]), ["\u{FFFD}", ""]);
        assert_eq!(pushed(&[b"\xE2\x82", b"a"]), ["", "\u{FFFD}a", ""]);
        assert_eq!(pushed(&[b"\xE2", b"\xE2"]), ["", "\u{FFFD}", "\u{FFFD}"]);
    }

    #[test]
    fn flush_gives_what_still_waited_and_starts_anew() {
        let mut stream = stream(&[b"\xF0\x9F\x98", b"\x80"]);
        assert_eq!(stream.push(TokenId(0)), "");
        assert_eq!(stream.flush(), "\u{FFFD}");
        assert_eq!(stream.flush(), "");
        assert_eq!(stream.push(TokenId(1)), "\u{FFFD}");
    }

    #[test]
    fn control_tokens_and_unused_rows_add_no_text() {
        let vocabulary = Vocabulary::new(vec![
            Piece::Bytes(b"\xC3".to_vec()),
            Piece::Special("</s>".into()),
            Piece::Unused,
            Piece::Bytes(b"\xA9".to_vec()),
        ]);
        let mut stream = TextStream::new(Arc::new(vocabulary));
        let texts: Vec<_> = [0, 1, 2, 99, 3].map(|id| stream.push(TokenId(id))).to_vec();
        assert_eq!(texts, ["", "", "", "", "é"]);
    }

    /// Bytes that are often, but not always, valid UTF-8.
    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            prop::collection::vec(any::<u8>(), 0..5),
            any::<String>().prop_map(String::into_bytes),
            any::<char>().prop_map(|c| c.to_string().as_bytes()[..c.len_utf8() / 2].to_vec()),
        ]
    }

    proptest! {
        #[test]
        fn the_stream_is_the_lossy_text_of_all_bytes(
            pieces in prop::collection::vec(bytes(), 0..12),
        ) {
            let pieces: Vec<_> = pieces.iter().map(Vec::as_slice).collect();
            let whole = pieces.concat();
            prop_assert_eq!(pushed(&pieces).concat(), String::from_utf8_lossy(&whole));
        }

        #[test]
        fn never_more_than_three_bytes_wait(pieces in prop::collection::vec(bytes(), 0..12)) {
            let pieces: Vec<_> = pieces.iter().map(Vec::as_slice).collect();
            let mut stream = stream(&pieces);
            for id in 0..pieces.len() as u32 {
                stream.push(TokenId(id));
                prop_assert!(stream.pending.len() <= 3);
            }
        }
    }
}
