//! What the JSON files beside a tokenizer say of it: which tokens are special, and where a text
//! begins and ends.

use std::path::Path;

use serde_json::Value;
use tokenizers::Tokenizer;

use super::TokenizerError;
use super::folder::{parse, read_if_there};
use super::special::{self, Bounds};
use crate::trace::TokenId;

pub(super) const TOKENIZER_CONFIG: &str = "tokenizer_config.json";

/// The files, each `null` where it does not exist.
pub(super) struct Settings {
    tokenizer: Value,
    special_tokens: Value,
    generation: Value,
    model: Value,
}

impl Settings {
    pub(super) fn read(folder: &Path) -> Result<Self, TokenizerError> {
        let read = |name: &str| {
            let path = folder.join(name);
            match read_if_there(&path)? {
                Some(json) => parse(&path, &json),
                None => Ok(Value::Null),
            }
        };
        Ok(Self {
            tokenizer: read(TOKENIZER_CONFIG)?,
            special_tokens: read("special_tokens_map.json")?,
            generation: read("generation_config.json")?,
            model: read("config.json")?,
        })
    }

    /// The name of the class that the tokenizer was saved from.
    pub(super) fn class(&self) -> Option<&str> {
        self.tokenizer["tokenizer_class"].as_str()
    }

    /// Whether every text begins with BOS. Says nothing where there is a `tokenizer.json`, which
    /// has that in a way of its own.
    pub(super) fn adds_bos(&self) -> bool {
        self.tokenizer["add_bos_token"].as_bool().unwrap_or(false)
    }

    /// Make special what the files name as such, and the tokenizer has only as a common token.
    pub(super) fn mark_special(&self, tokenizer: &mut Tokenizer) -> tokenizers::Result<()> {
        let added = tokenizer.get_added_tokens_decoder();
        let names = ["bos_token", "eos_token", "unk_token", "pad_token"];
        let unmarked = names
            .into_iter()
            .filter_map(|name| self.named(name))
            .filter(|content| {
                let id = tokenizer.token_to_id(content);
                id.is_some_and(|id| !added.contains_key(&id))
            })
            .map(special::control);
        let unmarked: Vec<_> = unmarked.collect();
        tokenizer.add_special_tokens(unmarked)?;
        Ok(())
    }

    /// Where a text begins and ends. A model may have several ends of text, each named in another
    /// file.
    pub(super) fn bounds(&self, tokenizer: &Tokenizer) -> Bounds {
        let named = |name| {
            self.named(name)
                .and_then(|content| id_of(tokenizer, content))
        };
        let configs = [&self.model, &self.model["text_config"], &self.generation];
        let bos = named("bos_token");
        let eos = named("eos_token");
        let ids = |key| {
            configs
                .into_iter()
                .flat_map(move |config| token_ids(&config[key]))
        };
        Bounds {
            bos: bos.or_else(|| ids("bos_token_id").next()),
            end_of_text: eos.into_iter().chain(ids("eos_token_id")).collect(),
        }
    }

    /// The text of the token that has a role such as `eos_token`.
    fn named(&self, role: &str) -> Option<&str> {
        [&self.tokenizer, &self.special_tokens]
            .into_iter()
            .find_map(|file| {
                let token = &file[role];
                token.as_str().or_else(|| token["content"].as_str())
            })
    }
}

fn id_of(tokenizer: &Tokenizer, content: &str) -> Option<TokenId> {
    tokenizer.token_to_id(content).map(TokenId)
}

/// The ids of a value that is one id or a list of ids; what is no id is left out.
fn token_ids(value: &Value) -> Vec<TokenId> {
    let id = |value: &Value| value.as_u64().and_then(|id| u32::try_from(id).ok());
    let values = value
        .as_array()
        .map_or(std::slice::from_ref(value), Vec::as_slice);
    values.iter().filter_map(id).map(TokenId).collect()
}
