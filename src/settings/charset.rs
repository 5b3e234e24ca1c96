//! Which characters the screen is made of.

use serde::{Deserialize, Serialize};

/// Which characters the screen is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Charset {
    /// Lines, bars, arrows and every character of a token.
    Unicode,
    /// Those of ASCII only.
    Ascii,
}

/// Which characters the user wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CharsetChoice {
    /// Those that the locale has.
    Auto,
    /// All of Unicode: box lines, blocks, braille.
    Unicode,
    /// Those of ASCII only.
    Ascii,
}

impl CharsetChoice {
    /// What is chosen, where the locale has `locale`.
    #[must_use]
    pub fn among(self, locale: Charset) -> Charset {
        match self {
            Self::Auto => locale,
            Self::Unicode => Charset::Unicode,
            Self::Ascii => Charset::Ascii,
        }
    }
}
