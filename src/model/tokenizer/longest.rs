//! Joining bytes into the longest token that the text has at each place, as RWKV reads a text. No
//! list of merges can say that: bytes are tokens of their own, and joined here.

use std::collections::HashMap;

use crate::trace::TokenId;

/// A vocabulary of bytes, as a tree: each branch is one byte more.
#[derive(Debug)]
pub(super) struct Longest {
    /// The byte that a token stands for which is only one.
    single: HashMap<TokenId, u8>,
    branches: HashMap<(usize, u8), usize>,
    /// The token that ends at each fork.
    ends: Vec<Option<TokenId>>,
}

impl Longest {
    /// Of `tokens` by their bytes, of which every single byte is one. The error is one line.
    pub(super) fn new<'a>(
        tokens: impl IntoIterator<Item = (&'a [u8], TokenId)>,
    ) -> Result<Self, String> {
        let mut tree = Self {
            single: HashMap::new(),
            branches: HashMap::new(),
            ends: vec![None],
        };
        for (bytes, id) in tokens {
            if let [byte] = bytes {
                tree.single.insert(id, *byte);
            }
            let mut at = 0;
            for byte in bytes {
                let next = tree.ends.len();
                at = *tree.branches.entry((at, *byte)).or_insert(next);
                if at == next {
                    tree.ends.push(None);
                }
            }
            // What is there twice is found by its last number, as in the code of RWKV itself.
            if let Some(end) = tree.ends.get_mut(at) {
                *end = Some(id);
            }
        }
        let without = (0..=u8::MAX).find(|byte| tree.step(0, *byte).1.is_none());
        match without {
            None => Ok(tree),
            Some(byte) => Err(format!("has no token for the byte 0x{byte:02x} alone")),
        }
    }

    /// The fork behind `at` by this byte, and the token that ends there.
    fn step(&self, at: usize, byte: u8) -> (Option<usize>, Option<TokenId>) {
        let next = self.branches.get(&(at, byte)).copied();
        let end = next.and_then(|next| self.ends.get(next).copied().flatten());
        (next, end)
    }

    /// Joins single bytes; what is none stays as it is.
    pub(super) fn join(&self, ids: &[TokenId]) -> Vec<TokenId> {
        let mut joined = Vec::new();
        let mut rest = ids;
        while let Some((first, behind)) = rest.split_first() {
            let (mut longest, mut len) = (*first, 1);
            let mut at = 0;
            for (walked, id) in rest.iter().enumerate() {
                let Some(byte) = self.single.get(id) else {
                    break;
                };
                let (next, end) = self.step(at, *byte);
                if let Some(end) = end {
                    (longest, len) = (end, walked + 1);
                }
                match next {
                    Some(next) => at = next,
                    None => break,
                }
            }
            joined.push(longest);
            rest = behind.get(len - 1..).unwrap_or_default();
        }
        joined
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn vocabulary() -> Vec<(Vec<u8>, TokenId)> {
        let bytes = (0..=u8::MAX).map(|byte| (vec![byte], TokenId(1 + u32::from(byte))));
        let longer = [&b"ab"[..], b"abcd", b"bc", b"\xe8\xa8\x80"];
        let longer = longer
            .into_iter()
            .map(<[u8]>::to_vec)
            .zip((300..).map(TokenId));
        bytes.chain(longer).collect()
    }

    fn join(text: &[u8]) -> Vec<u32> {
        let vocabulary = vocabulary();
        let tokens = vocabulary.iter().map(|(bytes, id)| (bytes.as_slice(), *id));
        let bytes: Vec<TokenId> = text
            .iter()
            .map(|byte| TokenId(1 + u32::from(*byte)))
            .collect();
        let joined = Longest::new(tokens).unwrap().join(&bytes);
        joined.into_iter().map(|id| id.0).collect()
    }

    #[test]
    fn at_each_place_the_longest_token_is_taken() {
        assert_eq!(join(b"abcd"), [301]);
        // The way to the longer one ends nowhere: the shorter one counts.
        assert_eq!(join(b"abce"), [300, 1 + 99, 1 + 101]);
        assert_eq!(join(b"bcab"), [302, 300]);
        assert_eq!(join("言".as_bytes()), [303]);
        assert_eq!(join(b"\xe8\xa8"), [1 + 0xe8, 1 + 0xa8]);
        assert!(join(b"").is_empty());
    }

    #[test]
    fn what_is_no_byte_stays_apart() {
        let vocabulary = vocabulary();
        let tokens = vocabulary.iter().map(|(bytes, id)| (bytes.as_slice(), *id));
        let longest = Longest::new(tokens).unwrap();
        let ids = [98, 0, 99, 100].map(TokenId);
        assert_eq!(longest.join(&ids), [98, 0, 302].map(TokenId));
    }

    #[test]
    fn a_byte_that_is_no_token_is_named() {
        let mut vocabulary = vocabulary();
        vocabulary.retain(|(bytes, _)| bytes != b"~");
        let tokens = vocabulary.iter().map(|(bytes, id)| (bytes.as_slice(), *id));
        let error = Longest::new(tokens).unwrap_err();
        assert_eq!(error, "has no token for the byte 0x7e alone");
    }
}
