//! What follows the prompt before the model's own choice does.

use crate::trace::TokenId;

/// What follows the prompt before the model's own choice does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Continuation {
    /// Nothing: all is generated.
    #[default]
    Generated,
    /// This text, tokenised behind the prompt.
    Text(String),
    /// These tokens.
    Tokens(Vec<TokenId>),
    /// These tokens, and then this text, tokenised behind them.
    Branch {
        /// What stays of another run.
        tokens: Vec<TokenId>,
        /// What comes instead of its next token.
        text: String,
    },
}
