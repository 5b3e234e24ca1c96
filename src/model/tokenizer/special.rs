//! Tokens that are matched as a whole in the text, and those that are put around it.

use tokenizers::processors::template::{SpecialToken, Template, TemplateProcessing};
use tokenizers::{AddedToken, Tokenizer};

use crate::trace::TokenId;

/// Where a text begins and ends, as a model's files name it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Bounds {
    /// The token that begins a text.
    pub bos: Option<TokenId>,
    /// The tokens that end a text: generation stops at each of them.
    pub end_of_text: Vec<TokenId>,
}

/// A token that is never cut into pieces: it adds no text.
pub(super) fn control(content: &str) -> AddedToken {
    AddedToken::from(content, true)
}

/// A token that is never cut into pieces, and adds its own text.
pub(super) fn user_defined(content: &str) -> AddedToken {
    AddedToken::from(content, false).normalized(false)
}

/// Make `tokenizer` put these tokens before and behind every text.
pub(super) fn put_around(
    tokenizer: &mut Tokenizer,
    before: Option<TokenId>,
    behind: Option<TokenId>,
) -> tokenizers::Result<()> {
    let mut template = vec!["$A"];
    let mut tokens = Vec::new();
    // The names stand for the tokens in the template only: a token's own text could hold what
    // the template's grammar gives a meaning to.
    if let Some(id) = before {
        template.insert(0, "before");
        tokens.push(SpecialToken::new(
            "before".to_owned(),
            vec![id.0],
            vec![text(tokenizer, id)],
        )?);
    }
    if let Some(id) = behind {
        template.push("behind");
        tokens.push(SpecialToken::new(
            "behind".to_owned(),
            vec![id.0],
            vec![text(tokenizer, id)],
        )?);
    }
    let around = TemplateProcessing::builder()
        .single(Template::try_from(template)?)
        .special_tokens(tokens)
        .build()?;
    tokenizer.with_post_processor(Some(around));
    Ok(())
}

fn text(tokenizer: &Tokenizer, id: TokenId) -> String {
    tokenizer.id_to_token(id.0).unwrap_or_default()
}
