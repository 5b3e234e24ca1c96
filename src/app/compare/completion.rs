//! The list of tokens under the candidates' field: those that fit what is typed, or, where
//! nothing is typed, those that some layer of the position ranked high.

use tui_input::{Input, InputRequest};

use super::Compare;
use crate::app::candidates::{UnderCursor, spelled, under_cursor};
use crate::trace::TokenId;
use crate::vocabulary::Vocabulary;

/// How many tokens the list holds.
const MOST: usize = 8;

/// A shorter word is part of too many tokens.
const SHORTEST: usize = 2;

/// Tokens to choose from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// The tokens, best first.
    pub tokens: Vec<TokenId>,
    /// Which one is chosen; none until the user goes into the list.
    pub chosen: Option<usize>,
}

impl Completion {
    fn of(mut tokens: Vec<TokenId>) -> Option<Self> {
        tokens.truncate(MOST);
        (!tokens.is_empty()).then_some(Self {
            tokens,
            chosen: None,
        })
    }

    fn choose(&mut self, by: isize) {
        let count = self.tokens.len() as isize;
        let at = match self.chosen {
            Some(at) => at as isize + by,
            None if by < 0 => -1,
            None => 0,
        };
        self.chosen = usize::try_from(at.rem_euclid(count.max(1))).ok();
    }
}

impl Compare {
    /// Takes an edit of the field, and lists the tokens that fit the word under the cursor.
    pub(in crate::app) fn edit(&mut self, request: InputRequest) {
        self.field.handle(request);
        let word = self.word();
        self.completion = match word.strip_prefix('·').unwrap_or(&word) {
            word if word.chars().count() < SHORTEST => None,
            word => Completion::of(self.search.find(word, MOST)),
        };
    }

    /// Chooses the next token of the list, or the one before. A closed list is opened: with
    /// tokens that fit the word under the cursor, or with `suggestions` where there is none.
    pub(in crate::app) fn choose(&mut self, by: isize, suggestions: Vec<TokenId>) {
        if self.completion.is_none() {
            let word = self.word();
            let tokens = match word.strip_prefix('·').unwrap_or(&word) {
                "" => suggestions,
                word => self.search.find(word, MOST),
            };
            self.completion = Completion::of(tokens);
        }
        if let Some(completion) = &mut self.completion {
            completion.choose(by);
        }
    }

    /// Puts the chosen token into the field, in the place of the word under the cursor, and
    /// closes the list; `None` where nothing is chosen.
    pub(in crate::app) fn take_chosen(&mut self, vocabulary: &Vocabulary) -> Option<()> {
        let completion = self.completion.take()?;
        let token = *completion.tokens.get(completion.chosen?)?;
        self.insert(&spelled(token, vocabulary));
        Some(())
    }

    /// Puts a candidate into the field, with spaces around it.
    fn insert(&mut self, candidate: &str) {
        let typed = self.field.value();
        let cursor = self.cursor();
        let place = match under_cursor(typed, cursor) {
            UnderCursor::Word(word) => word,
            UnderCursor::Quotes => typed.len()..typed.len(),
            UnderCursor::Gap => cursor..cursor,
        };
        let (before, after) = (&typed[..place.start], &typed[place.end..]);
        let space = match before.chars().next_back() {
            Some(last) if !last.is_whitespace() => " ",
            _ => "",
        };
        let head = format!("{before}{space}{candidate} ");
        let cursor = head.chars().count();
        let value = format!("{head}{}", after.trim_start());
        self.field = Input::new(value).with_cursor(cursor);
    }

    /// The word under the cursor; empty where there is none.
    fn word(&self) -> String {
        let typed = self.field.value();
        match under_cursor(typed, self.cursor()) {
            UnderCursor::Word(word) => typed[word].to_owned(),
            UnderCursor::Quotes | UnderCursor::Gap => String::new(),
        }
    }

    /// The cursor's byte.
    fn cursor(&self) -> usize {
        let typed = self.field.value();
        let at = typed.char_indices().nth(self.field.cursor());
        at.map_or(typed.len(), |(byte, _)| byte)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::vocabulary::{Piece, Search};

    fn vocabulary() -> Vocabulary {
        let texts = [" is", " are", " cabinet", "cab", " \"", "\u{0}", "a b"];
        let mut pieces: Vec<Piece> = texts
            .iter()
            .map(|text| Piece::Bytes((*text).into()))
            .collect();
        pieces.push(Piece::Bytes(vec![0xE2, 0x82]));
        Vocabulary::new(pieces)
    }

    fn typing(typed: &str) -> Compare {
        let search = Arc::new(Search::new(&vocabulary()));
        let mut compare = Compare::new(String::new(), search);
        for character in typed.chars() {
            compare.edit(InputRequest::InsertChar(character));
        }
        compare
    }

    #[test]
    fn a_word_of_two_letters_opens_the_list_and_a_space_closes_it() {
        assert_eq!(typing("c").completion, None);
        let listed = typing("ca").completion.unwrap();
        assert_eq!(listed.tokens, [TokenId(3), TokenId(2)]);
        assert_eq!(listed.chosen, None);
        assert_eq!(typing("ca ").completion, None);
        assert_eq!(typing("\"ca").completion, None);
    }

    #[test]
    fn the_chosen_token_takes_the_place_of_the_word() {
        let mut compare = typing("is ca");
        assert_eq!(compare.clone().take_chosen(&vocabulary()), None);
        compare.choose(-1, Vec::new());
        compare.take_chosen(&vocabulary()).unwrap();
        assert_eq!(compare.field.value(), "is cabinet ");
        assert_eq!(compare.completion, None);
    }

    #[test]
    fn without_a_word_the_list_is_of_suggestions() {
        let mut compare = typing("is");
        compare.edit(InputRequest::InsertChar(' '));
        compare.choose(1, vec![TokenId(1), TokenId(7)]);
        assert_eq!(compare.completion.as_ref().unwrap().chosen, Some(0));
        compare.choose(1, Vec::new());
        compare.take_chosen(&vocabulary()).unwrap();
        assert_eq!(compare.field.value(), "is #7 ");
    }

    proptest! {
        #[test]
        fn what_is_taken_is_among_the_candidates(
            typed in "[a-z\"` ·#0-9]{0,12}",
            back in 0usize..12,
            token in 0u32..8,
        ) {
            let mut compare = typing(&typed);
            (0..back).for_each(|_| compare.edit(InputRequest::GoToPrevChar));
            compare.completion = Some(Completion {
                tokens: vec![TokenId(token)],
                chosen: Some(0),
            });
            // In quotes that are still open everything is text.
            let is_open = typed.contains(['"', '`']);
            compare.take_chosen(&vocabulary()).unwrap();
            let spelled = spelled(TokenId(token), &vocabulary());
            let wanted = crate::app::parse_candidates(&spelled);
            if !is_open {
                let found = crate::app::parse_candidates(compare.field.value());
                prop_assert!(found.contains(&wanted[0]), "{:?}", compare.field.value());
            }
        }
    }
}
