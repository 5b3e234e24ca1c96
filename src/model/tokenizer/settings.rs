//! What the JSON files beside a tokenizer say of it.

use std::collections::BTreeMap;
use std::path::Path;

use super::TokenizerError;
use super::added_token::Token;
use super::class::Class;
use super::declared::{Declarations, Sources};
use super::ordered_json::Json;
use super::source::{parse, read_if_there};
use crate::trace::TokenId;

pub(super) const TOKENIZER_CONFIG: &str = "tokenizer_config.json";
const SPECIAL_TOKENS_MAP: &str = "special_tokens_map.json";
const ADDED_TOKENS: &str = "added_tokens.json";

/// The files, each `null` where it does not exist.
pub(super) struct Settings {
    tokenizer: Json,
    special_tokens_map: Json,
    added_tokens: Json,
    generation: Json,
    model: Json,
}

impl Settings {
    pub(super) fn read(folder: &Path) -> Result<Self, TokenizerError> {
        let read = |name: &str| {
            let path = folder.join(name);
            match read_if_there(&path)? {
                Some(json) => parse(&path, &json),
                None => Ok(Json::Null),
            }
        };
        Ok(Self {
            tokenizer: read(TOKENIZER_CONFIG)?,
            special_tokens_map: read(SPECIAL_TOKENS_MAP)?,
            added_tokens: read(ADDED_TOKENS)?,
            generation: read("generation_config.json")?,
            model: read("config.json")?,
        })
    }

    /// The class that reads the folder, whose `tokenizer.json` this is if it has one.
    pub(super) fn class(&self, tokenizer_json: Option<&[u8]>) -> Class {
        Class::of(&self.tokenizer, &self.model, tokenizer_json)
    }

    /// The class of the model's own code that is to read the folder, if the files name one.
    pub(super) fn code(&self) -> Option<&str> {
        let map = self.tokenizer.get("auto_map")?;
        let named = map.get("AutoTokenizer").unwrap_or(map);
        let class = named
            .items()
            .iter()
            .rev()
            .find_map(Json::text)
            .or_else(|| named.text())?;
        class.rsplit('.').next()
    }

    /// The tokens that the files declare; `tokenizer_json` has the added ones of that file.
    pub(super) fn declarations(
        &self,
        folder: &Path,
        tokenizer_json: Option<&BTreeMap<u64, Token>>,
    ) -> Result<Declarations, TokenizerError> {
        let sources = Sources {
            config: &self.tokenizer,
            special_tokens_map: &self.special_tokens_map,
            added_tokens: &self.added_tokens,
            tokenizer_json,
        };
        Declarations::read(&sources).map_err(|why| {
            let is_by_name = self.tokenizer.get("added_tokens_decoder").is_none();
            let name = if is_by_name {
                ADDED_TOKENS
            } else {
                TOKENIZER_CONFIG
            };
            TokenizerError::File {
                path: folder.join(name),
                why,
            }
        })
    }

    /// The id that `config.json` and `generation_config.json` give to the beginning of a text.
    pub(super) fn bos(&self) -> Option<TokenId> {
        self.ids("bos_token_id").next()
    }

    /// The same for its ends: a model may have several, each named in another file.
    pub(super) fn ends_of_text(&self) -> impl Iterator<Item = TokenId> {
        self.ids("eos_token_id")
    }

    fn ids(&self, key: &'static str) -> impl Iterator<Item = TokenId> {
        let text = self.model.get("text_config").unwrap_or(&Json::Null);
        let configs = [&self.model, text, &self.generation];
        configs
            .into_iter()
            .filter_map(move |config| config.get(key))
            .flat_map(token_ids)
    }
}

/// The ids of a value that is one id or a list of ids; what is no id is left out.
fn token_ids(value: &Json) -> Vec<TokenId> {
    let id = |value: &Json| match value {
        Json::Count(id) => u32::try_from(*id).ok().map(TokenId),
        _ => None,
    };
    match value {
        Json::List(items) => items.iter().filter_map(id).collect(),
        single => id(single).into_iter().collect(),
    }
}
