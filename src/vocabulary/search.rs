//! Tokens found by what is typed of them: part of their text, its letters in order, or the number.

use std::cmp::Reverse;

use nucleo_matcher::pattern::{Atom, AtomKind, CaseMatching, Normalization};
use nucleo_matcher::{Config, Matcher, Utf32String};

use super::{Piece, Vocabulary};
use crate::trace::TokenId;

/// The tokens of a vocabulary, ready to be searched.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// Without their leading space, shorter ones first; of two that differ by that space only,
    /// the one with it comes first, since most tokens that can follow a text have it.
    texts: Vec<Utf32String>,
    tokens: Vec<TokenId>,
    vocabulary: usize,
}

impl Search {
    /// Makes a vocabulary ready. Tokens that are no whole characters are found by number only.
    #[must_use]
    pub fn new(vocabulary: &Vocabulary) -> Self {
        let mut entries: Vec<(usize, bool, u32, &str)> = (0..vocabulary.len() as u32)
            .filter_map(|id| {
                let text = match vocabulary.piece(TokenId(id)) {
                    Piece::Bytes(bytes) => std::str::from_utf8(bytes).ok()?,
                    Piece::Special(name) => name,
                    Piece::Unused => return None,
                };
                let bare = text.strip_prefix(' ').unwrap_or(text);
                Some((bare.len(), bare.len() == text.len(), id, bare))
            })
            .collect();
        entries.sort_unstable();
        Self {
            texts: entries.iter().map(|entry| entry.3.into()).collect(),
            tokens: entries.iter().map(|entry| TokenId(entry.2)).collect(),
            vocabulary: vocabulary.len(),
        }
    }

    /// The `most` tokens that fit best what is typed, best first. `#12` are the tokens whose
    /// number begins so.
    #[must_use]
    pub fn find(&self, typed: &str, most: usize) -> Vec<TokenId> {
        if typed.is_empty() {
            return Vec::new();
        }
        if let Some(digits) = typed.strip_prefix('#')
            && (digits.is_empty() || digits.bytes().all(|digit| digit.is_ascii_digit()))
        {
            return self.numbered(digits, most);
        }
        let (case, normalization) = (CaseMatching::Smart, Normalization::Smart);
        let typed = Atom::new(typed, case, normalization, AtomKind::Fuzzy, false);
        let mut matcher = Matcher::new(Config::DEFAULT);
        let mut found: Vec<(u16, TokenId)> = self
            .texts
            .iter()
            .zip(&self.tokens)
            .filter_map(|(text, token)| Some((typed.score(text.slice(..), &mut matcher)?, *token)))
            .collect();
        // It keeps the order of those that fit equally well.
        found.sort_by_key(|(score, _)| Reverse(*score));
        found
            .into_iter()
            .map(|(_, token)| token)
            .take(most)
            .collect()
    }

    /// The tokens whose number begins with `digits`: the number itself, then longer ones.
    fn numbered(&self, digits: &str, most: usize) -> Vec<TokenId> {
        let Ok(number) = digits.parse::<u64>() else {
            return Vec::new();
        };
        (0..9)
            .flat_map(|more: u32| {
                let tens = 10_u64.pow(more);
                let first = number.saturating_mul(tens);
                // A leading zero begins no longer number.
                let count = if number == 0 && more > 0 { 0 } else { tens };
                first..first.saturating_add(count)
            })
            .take_while(|id| *id < self.vocabulary as u64)
            .filter_map(|id| u32::try_from(id).ok().map(TokenId))
            .take(most)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(texts: &[&str]) -> (Search, Vocabulary) {
        let pieces = texts.iter().map(|text| Piece::Bytes((*text).into()));
        let vocabulary = Vocabulary::new(pieces.collect());
        (Search::new(&vocabulary), vocabulary)
    }

    fn found(texts: &[&str], typed: &str) -> Vec<String> {
        let (search, vocabulary) = search(texts);
        let tokens = search.find(typed, 10).into_iter();
        tokens.map(|token| vocabulary.label(token)).collect()
    }

    const TEXTS: [&str; 6] = ["is", " this", " is", " cabinets", " cabinet", "\n"];

    #[test]
    fn the_token_itself_comes_first_and_with_its_space_before_without() {
        assert_eq!(found(&TEXTS, "is")[..2], ["·is", "is"]);
        assert_eq!(found(&TEXTS, "cabinet"), ["·cabinet", "·cabinets"]);
    }

    #[test]
    fn letters_may_be_left_out() {
        assert_eq!(found(&TEXTS, "cbnt"), ["·cabinet", "·cabinets"]);
        assert_eq!(found(&TEXTS, "zz"), [""; 0]);
        assert_eq!(found(&TEXTS, ""), [""; 0]);
    }

    #[test]
    fn a_number_finds_tokens_by_id() {
        let texts: Vec<String> = (0..130).map(|id| format!("t{id}")).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let (search, _) = search(&texts);
        let ids = |typed, most| -> Vec<u32> {
            let tokens = search.find(typed, most).into_iter();
            tokens.map(|token| token.0).collect()
        };
        assert_eq!(ids("#12", 4), [12, 120, 121, 122]);
        assert_eq!(ids("#0", 4), [0]);
        assert_eq!(ids("#200", 4), [0; 0]);
        assert_eq!(ids("#99999999999999999999", 4), [0; 0]);
        assert_eq!(ids("#", 4), [0; 0]);
    }
}
