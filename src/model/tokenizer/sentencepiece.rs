//! SentencePiece vocabularies of the BPE kind (Llama 2, Mistral, Gemma, Phi 3), from the tokens
//! and scores of a GGUF file: a space is `▁`, a character without a token falls back to bytes.
//!
//! Such a file lists no merges. SentencePiece joins, again and again, the two neighbours that
//! make the token with the best score; as ranked merges that is every way to split every token
//! in two, best score first.

use std::cmp::Ordering;
use std::collections::HashSet;

use tokenizers::decoders::byte_fallback::ByteFallback;
use tokenizers::decoders::fuse::Fuse;
use tokenizers::decoders::sequence::Sequence;
use tokenizers::decoders::strip::Strip;
use tokenizers::models::bpe::{BPE, Merges, Vocab};
use tokenizers::normalizers::{self, Prepend};
use tokenizers::{NormalizerWrapper, Tokenizer};

/// Finding the merges of a SentencePiece vocabulary takes time with the squares of its tokens'
/// lengths; together they are no more than this. Gemma's 262,144 tokens come to some 20 million.
pub(super) const MOST_WORK: usize = 1 << 30;

/// How a space is spelled.
pub(super) const SPACE: char = '▁';

/// What the file says of a SentencePiece vocabulary.
pub(super) struct SentencePiece {
    /// The tokens, by id, with [`SPACE`] for a space.
    pub tokens: Vec<String>,
    /// By id: of two merges the one that makes the token of the higher priority comes first.
    /// Without any nothing is merged.
    pub priorities: Option<Vec<f32>>,
    /// By id: whether text may become this token by merging.
    pub merges: Vec<bool>,
    /// The token for what has neither token nor bytes.
    pub unknown: Option<String>,
    /// Whether a space is put in front of the text.
    pub opening: Opening,
}

/// What is put in front of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opening {
    /// A space, so that its first word is the same token as elsewhere.
    Space,
    /// Nothing.
    Nothing,
}

impl SentencePiece {
    /// The tokenizer; without special tokens yet.
    pub(super) fn build(self) -> tokenizers::Result<Tokenizer> {
        let merges = self.ranked_merges();
        let vocab = self.tokens.into_iter().zip(0..).collect();
        with_merges(vocab, merges, self.unknown, self.opening)
    }

    /// Every way to make a token of two others, in the order in which they are tried.
    fn ranked_merges(&self) -> Merges {
        let Some(priorities) = &self.priorities else {
            return Vec::new();
        };
        let mergeable = || {
            let tokens = self.tokens.iter().zip(&self.merges).zip(priorities);
            tokens.filter_map(|((token, &merges), &priority)| {
                merges.then_some((token.as_str(), priority))
            })
        };
        let known: HashSet<&str> = mergeable().map(|(token, _)| token).collect();
        let mut ranked: Vec<Merge<'_>> = mergeable()
            .flat_map(|(token, priority)| ways_to_split(token, priority))
            .filter(|merge| known.contains(merge.left) && known.contains(merge.right))
            .collect();
        ranked.sort_by(Merge::compare);
        ranked
            .iter()
            .map(|merge| (merge.left.to_owned(), merge.right.to_owned()))
            .collect()
    }
}

/// The tokenizer of a vocabulary in SentencePiece's spelling that lists its merges, as Gemma 4's
/// does; without special tokens yet.
pub(super) fn with_merges(
    vocab: Vocab,
    merges: Merges,
    unknown: Option<String>,
    opening: Opening,
) -> tokenizers::Result<Tokenizer> {
    let mut model = BPE::builder()
        .vocab_and_merges(vocab, merges)
        .byte_fallback(true)
        .fuse_unk(true);
    if let Some(unknown) = unknown {
        model = model.unk_token(unknown);
    }
    let mut tokenizer = Tokenizer::new(model.build()?);
    tokenizer.with_normalizer(Some(normaliser(opening)?))?;
    tokenizer.with_decoder(Some(decoder(opening)?));
    Ok(tokenizer)
}

/// One way to make a token of two others.
struct Merge<'a> {
    priority: f32,
    left: &'a str,
    right: &'a str,
    /// Length of both parts, in characters.
    lengths: (usize, usize),
}

impl Merge<'_> {
    /// Which of two is tried first: that of the higher priority. Equal priorities go by the longer
    /// left part, then the longer right part, as transformers does.
    fn compare(&self, other: &Self) -> Ordering {
        other
            .priority
            .total_cmp(&self.priority)
            .then(other.lengths.cmp(&self.lengths))
    }
}

/// Every way to cut a token in two, that with the shortest left part first.
pub(super) fn cuts(token: &str) -> impl Iterator<Item = (&str, &str)> {
    let places = token.char_indices().skip(1);
    places.map(move |(at, _)| token.split_at(at))
}

fn ways_to_split(token: &str, priority: f32) -> impl Iterator<Item = Merge<'_>> {
    let n_chars = token.chars().count();
    let numbered = cuts(token).enumerate();
    numbered.map(move |(place, (left, right))| Merge {
        priority,
        left,
        right,
        lengths: (place + 1, n_chars - place - 1),
    })
}

fn normaliser(opening: Opening) -> tokenizers::Result<NormalizerWrapper> {
    let spaces = normalizers::Replace::new(" ", SPACE)?;
    Ok(match opening {
        Opening::Space => {
            let opening = Prepend::new(SPACE.to_string());
            normalizers::Sequence::new(vec![opening.into(), spaces.into()]).into()
        }
        Opening::Nothing => spaces.into(),
    })
}

pub(super) fn decoder(opening: Opening) -> tokenizers::Result<Sequence> {
    let spaces = normalizers::Replace::new(SPACE.to_string(), " ")?;
    let mut steps = vec![
        spaces.into(),
        ByteFallback::new().into(),
        Fuse::new().into(),
    ];
    if opening == Opening::Space {
        steps.push(Strip::new(' ', 1, 0).into());
    }
    Ok(Sequence::new(steps))
}

/// The bytes that a token spells: `▁` is a space, `<0x0A>` is one byte.
pub(super) fn bytes(token: &str) -> Vec<u8> {
    match byte(token) {
        Some(byte) => vec![byte],
        None => token.replace(SPACE, " ").into_bytes(),
    }
}

/// The byte that a token like `<0x0A>` stands for.
fn byte(token: &str) -> Option<u8> {
    let digits = token.strip_prefix("<0x")?.strip_suffix('>')?;
    let is_hex = digits.len() == 2 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_hex
        .then(|| u8::from_str_radix(digits, 16).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn vocabulary(scored: &[(&str, f32)], opening: Opening) -> SentencePiece {
        SentencePiece {
            tokens: scored
                .iter()
                .map(|(token, _)| (*token).to_owned())
                .collect(),
            priorities: Some(scored.iter().map(|(_, score)| *score).collect()),
            merges: vec![true; scored.len()],
            unknown: None,
            opening,
        }
    }

    fn tokens(vocabulary: SentencePiece, text: &str) -> Vec<String> {
        let tokenizer = vocabulary.build().unwrap();
        tokenizer.encode(text, false).unwrap().get_tokens().to_vec()
    }

    #[test]
    fn the_better_score_merges_first() {
        let scored = |ab, bc| {
            [
                ("a", -9.0),
                ("b", -9.0),
                ("c", -9.0),
                ("ab", ab),
                ("bc", bc),
            ]
        };
        let left = vocabulary(&scored(-1.0, -2.0), Opening::Nothing);
        assert_eq!(tokens(left, "abc"), ["ab", "c"]);
        let right = vocabulary(&scored(-2.0, -1.0), Opening::Nothing);
        assert_eq!(tokens(right, "abc"), ["a", "bc"]);
    }

    #[test]
    fn every_way_to_split_a_token_is_a_merge() {
        let scored = [
            ("a", 0.0),
            ("b", 0.0),
            ("c", 0.0),
            ("ab", -2.0),
            ("bc", -3.0),
            ("abc", -1.0),
        ];
        let merges = vocabulary(&scored, Opening::Nothing).ranked_merges();
        let expected = [("ab", "c"), ("a", "bc"), ("a", "b"), ("b", "c")];
        assert_eq!(merges, expected.map(|(l, r)| (l.to_owned(), r.to_owned())));
    }

    #[test]
    fn control_tokens_take_no_part_in_merges() {
        let mut vocabulary = vocabulary(&[("<", 0.0), ("s>", 0.0), ("<s>", 0.0)], Opening::Nothing);
        vocabulary.merges[2] = false;
        assert!(vocabulary.ranked_merges().is_empty());
    }

    #[test]
    fn a_space_is_put_in_front_where_the_file_says_so() {
        let scored = [("▁", -1.0), ("a", -1.0), ("▁a", -1.0)];
        assert_eq!(
            tokens(vocabulary(&scored, Opening::Space), "a a"),
            ["▁a", "▁a"]
        );
        assert_eq!(
            tokens(vocabulary(&scored, Opening::Nothing), "a a"),
            ["a", "▁a"]
        );
    }

    #[test]
    fn a_character_without_a_token_becomes_its_bytes() {
        let scored = [("a", -1.0), ("<0xC3>", 0.0), ("<0xA9>", 0.0)];
        assert_eq!(
            tokens(vocabulary(&scored, Opening::Nothing), "aé"),
            ["a", "<0xC3>", "<0xA9>"]
        );
    }

    #[test]
    fn tokens_spell_bytes() {
        assert_eq!(bytes("▁is"), b" is");
        assert_eq!(bytes("<0x0A>"), b"\n");
        assert_eq!(bytes("<0xFF>"), b"\xFF");
        assert_eq!(bytes("<0x+A>"), b"<0x+A>");
        assert_eq!(bytes("<0xé>"), "<0xé>".as_bytes());
    }
}
