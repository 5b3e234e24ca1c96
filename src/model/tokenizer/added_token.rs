//! A token that is matched as a whole in a text, as the files of a folder declare it.

use tokenizers::AddedToken;

use super::ordered_json::Json;

/// A token with the flags that say how it is matched in a text.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub content: String,
    pub single_word: bool,
    pub lstrip: bool,
    pub rstrip: bool,
    /// Whether it is looked for in the normalised text; special ones are not unless told.
    pub normalized: Option<bool>,
    pub special: bool,
}

impl Token {
    /// A token that is looked for in the text as it is.
    pub(super) fn verbatim(content: &str, special: bool) -> Self {
        Self {
            content: content.to_owned(),
            single_word: false,
            lstrip: false,
            rstrip: false,
            normalized: Some(false),
            special,
        }
    }

    pub(super) fn read(json: &Json) -> Option<Self> {
        let flag = |name| json.get(name).and_then(Json::flag);
        Some(Self {
            content: json.get("content")?.text()?.to_owned(),
            single_word: flag("single_word").unwrap_or(false),
            lstrip: flag("lstrip").unwrap_or(false),
            rstrip: flag("rstrip").unwrap_or(false),
            normalized: flag("normalized"),
            special: flag("special").unwrap_or(false),
        })
    }

    /// The same token, looked for in the text as it is.
    pub(super) fn not_normalized(mut self) -> Self {
        self.normalized = Some(false);
        self
    }

    pub(super) fn added(&self) -> AddedToken {
        AddedToken::from(self.content.clone(), self.special)
            .single_word(self.single_word)
            .lstrip(self.lstrip)
            .rstrip(self.rstrip)
            .normalized(self.normalized.unwrap_or(!self.special))
    }
}

impl From<&AddedToken> for Token {
    fn from(token: &AddedToken) -> Self {
        Self {
            content: token.content.clone(),
            single_word: token.single_word,
            lstrip: token.lstrip,
            rstrip: token.rstrip,
            normalized: Some(token.normalized),
            special: token.special,
        }
    }
}

/// A token as it is declared.
#[derive(Clone, Debug)]
pub(super) enum TokenDeclaration {
    /// By its text alone, which makes it special.
    Text(String),
    /// With flags of its own.
    Token(Token),
}

impl TokenDeclaration {
    pub(super) fn text(content: &str) -> Self {
        Self::Text(content.to_owned())
    }

    pub(super) fn read(json: &Json) -> Option<Self> {
        match json {
            Json::Text(content) => Some(Self::text(content)),
            _ => Token::read(json).map(Self::Token),
        }
    }

    pub(super) fn content(&self) -> &str {
        match self {
            Self::Text(content) => content,
            Self::Token(token) => &token.content,
        }
    }
}

impl PartialEq for TokenDeclaration {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text(one), Self::Text(other)) => one == other,
            (Self::Token(one), Self::Token(other)) => one.added() == other.added(),
            _ => false,
        }
    }
}
