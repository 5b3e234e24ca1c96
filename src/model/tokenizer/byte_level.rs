//! Byte-level vocabularies (GPT-2, Llama 3, Qwen, …): each byte of the text is spelled as one
//! printable character, and words of such characters are merged pair by pair.

use tokenizers::Tokenizer;
use tokenizers::decoders::byte_level::ByteLevel;
use tokenizers::models::bpe::{BPE, Merges, Vocab};

use super::split::WordSplit;

/// The tokenizer of a byte-level vocabulary; without special tokens yet.
pub(super) fn build(
    vocab: Vocab,
    merges: Merges,
    split: WordSplit,
) -> tokenizers::Result<Tokenizer> {
    let model = BPE::builder()
        .vocab_and_merges(vocab, merges)
        .ignore_merges(split.whole_words_first)
        .build()?;
    let mut tokenizer = Tokenizer::new(model);
    tokenizer.with_normalizer(split.normaliser())?;
    tokenizer.with_pre_tokenizer(Some(split.pre_tokenizer()?));
    tokenizer.with_decoder(Some(ByteLevel::default()));
    Ok(tokenizer)
}

/// The bytes that a token of a byte-level vocabulary spells. A token with a character outside
/// the alphabet was never spelled by it: it stands for its own UTF-8 bytes.
pub(super) fn bytes(token: &str) -> Vec<u8> {
    let spelled: Option<Vec<u8>> = token.chars().map(byte).collect();
    spelled.unwrap_or_else(|| token.as_bytes().to_vec())
}

/// How bytes are spelled.
pub(super) fn spelled(bytes: &[u8]) -> String {
    let spelled = bytes.iter().map(
        |byte| match SHIFTED.iter().position(|other| other == byte) {
            None => char::from(*byte),
            // There are 68 of them: each has a character.
            Some(place) => char::from_u32(0x100 + place as u32).unwrap_or_default(),
        },
    );
    spelled.collect()
}

/// The byte that `c` spells: a printable Latin-1 character spells itself, the others are spelled
/// by the characters from U+0100 on.
fn byte(c: char) -> Option<u8> {
    match u8::try_from(c) {
        Ok(byte) => spells_itself(byte).then_some(byte),
        Err(_) => SHIFTED.get(c as usize - 0x100).copied(),
    }
}

const fn spells_itself(byte: u8) -> bool {
    matches!(byte, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF)
}

/// The bytes that do not spell themselves, in ascending order.
const SHIFTED: [u8; 68] = {
    let mut shifted = [0; 68];
    let mut n_shifted = 0;
    let mut byte = 0;
    while n_shifted < shifted.len() {
        if !spells_itself(byte) {
            shifted[n_shifted] = byte;
            n_shifted += 1;
        }
        byte += 1;
    }
    shifted
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_one_spelling() {
        let spelled: Vec<u8> = (0..0x200)
            .filter_map(char::from_u32)
            .filter_map(byte)
            .collect();
        let mut sorted = spelled.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..=u8::MAX).collect::<Vec<_>>());
    }

    #[test]
    fn what_is_spelled_spells_the_same_bytes() {
        let all: Vec<u8> = (0..=u8::MAX).collect();
        assert_eq!(bytes(&spelled(&all)), all);
    }

    #[test]
    fn the_spelling_is_that_of_the_library() {
        assert!(ByteLevel::alphabet().iter().all(|&c| byte(c).is_some()));
        assert_eq!(bytes("ĠisĊ"), b" is\n");
        assert_eq!(bytes("Ã©"), "é".as_bytes());
        assert_eq!(bytes("âĤ"), b"\xE2\x82");
    }

    #[test]
    fn a_token_outside_the_alphabet_stands_for_itself() {
        assert_eq!(
            bytes("<｜end▁of▁sentence｜>"),
            "<｜end▁of▁sentence｜>".as_bytes()
        );
        assert_eq!(bytes("a b"), b"a b");
    }
}
