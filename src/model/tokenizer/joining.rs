//! What joins tokens in a way that no model of the `tokenizers` crate knows.

use super::leftmost::Leftmost;
use super::longest::Longest;
use crate::trace::TokenId;

/// A way to join tokens.
#[derive(Debug)]
pub(super) enum Joining {
    /// Characters, those furthest to the left first.
    Leftmost(Leftmost),
    /// Bytes, to the longest token at each place.
    Longest(Longest),
}

impl Joining {
    pub(super) fn join(&self, ids: Vec<TokenId>) -> Vec<TokenId> {
        match self {
            Self::Leftmost(leftmost) => leftmost.join(ids),
            Self::Longest(longest) => longest.join(&ids),
        }
    }
}
