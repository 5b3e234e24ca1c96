//! A candidate as it is asked for.

use std::fmt;

use crate::trace::TokenId;
use crate::vocabulary::typed;

/// A candidate as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CandidateRequest {
    /// A text, leading spaces included; it becomes tokens behind the context.
    Text(String),
    /// One token of the vocabulary, whatever its text would become.
    Token(TokenId),
}

impl From<&str> for CandidateRequest {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl std::str::FromStr for CandidateRequest {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self::typed(text))
    }
}

impl CandidateRequest {
    /// What a user means: `#1234` is the token of that number, anything else a text. A word gets its
    /// leading space, and what stands in quotes is taken as it is; see [`typed`].
    #[must_use]
    pub fn typed(text: &str) -> Self {
        let number = text
            .strip_prefix('#')
            .filter(|id| !id.is_empty() && id.bytes().all(|digit| digit.is_ascii_digit()));
        match (number, typed::in_quotes(text)) {
            (Some(number), _) => match number.parse() {
                Ok(id) => Self::Token(TokenId(id)),
                // No word: a number that no token has.
                Err(_) => Self::Text(text.to_owned()),
            },
            (None, Some(inner)) => Self::Text(typed::unescaped(inner)),
            (None, None) => Self::Text(typed::with_leading_space(text)),
        }
    }
}

impl fmt::Display for CandidateRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Token(TokenId(id)) => write!(f, "#{id}"),
        }
    }
}
