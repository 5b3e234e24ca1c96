//! Merging in a SentencePiece vocabulary without scores. llama.cpp takes all of them for 0 then, so
//! that of all neighbours that make a token those that stand furthest to the left are joined first,
//! which no list of merges can say: the characters are tokens of their own, and joined here.

use std::collections::HashMap;

use crate::trace::TokenId;

/// What tokens of such a vocabulary become.
#[derive(Debug)]
pub(super) struct Leftmost {
    /// By id; `None` for what is never joined: control tokens, bytes, tokens found in the text as
    /// a whole.
    texts: Vec<Option<String>>,
    ids: HashMap<String, TokenId>,
}

impl Leftmost {
    /// Of a vocabulary of `texts`, by id.
    pub(super) fn new(texts: Vec<Option<String>>) -> Self {
        let ids = (0..).zip(&texts);
        let ids = ids.filter_map(|(id, text)| Some((text.clone()?, TokenId(id))));
        Self {
            ids: ids.collect(),
            texts,
        }
    }

    /// Joins the characters `ids`. What is kept so far has no neighbours that can be joined, so
    /// that the next pair is its last token with what follows, and then whatever that makes with
    /// the token before.
    pub(super) fn join(&self, ids: Vec<TokenId>) -> Vec<TokenId> {
        let mut joined: Vec<TokenId> = Vec::with_capacity(ids.len());
        for id in ids {
            let mut last = id;
            while let Some(longer) = joined.last().and_then(|before| self.both(*before, last)) {
                joined.pop();
                last = longer;
            }
            joined.push(last);
        }
        joined
    }

    /// The token that two make.
    fn both(&self, left: TokenId, right: TokenId) -> Option<TokenId> {
        let text = |id: TokenId| self.texts.get(id.0 as usize)?.as_deref();
        let both = [text(left)?, text(right)?].concat();
        self.ids.get(&both).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn join(vocabulary: &[&str], ids: &[u32]) -> Vec<u32> {
        let texts = vocabulary.iter().map(|text| match *text {
            "" => None,
            text => Some(text.to_owned()),
        });
        let ids = ids.iter().copied().map(TokenId).collect();
        let joined = Leftmost::new(texts.collect()).join(ids);
        joined.into_iter().map(|id| id.0).collect()
    }

    #[test]
    fn those_furthest_to_the_left_are_joined_first() {
        // a b c d
        assert_eq!(join(&["a", "b", "c", "ab", "bc"], &[0, 1, 2]), [3, 2]);
        assert_eq!(join(&["a", "b", "c", "bc", "abc"], &[0, 1, 2]), [4]);
        assert_eq!(join(&["a", "b", "c", "ab", "abc"], &[0, 1, 2, 0]), [4, 0]);
    }

    #[test]
    fn what_is_no_text_stays_apart() {
        assert_eq!(join(&["a", "", "aa"], &[0, 1, 0, 0, 1]), [0, 1, 2, 1]);
    }
}
