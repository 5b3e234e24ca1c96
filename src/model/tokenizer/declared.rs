//! Tokens as the files beside a tokenizer declare them: which there are, what each is for, and how
//! each is matched. Read in the order in which transformers 5 reads them, so that new tokens get
//! the same ids.

use std::collections::{BTreeMap, HashMap};

use super::added_token::{Token, TokenDeclaration};
use super::ordered_json::{Json, set, take};

/// The roles that every tokenizer may give to a token, in the order in which such tokens are added.
pub(super) const ROLES: [&str; 7] = [
    "bos_token",
    "eos_token",
    "unk_token",
    "sep_token",
    "pad_token",
    "cls_token",
    "mask_token",
];

const ADDITIONAL: &str = "additional_special_tokens";
const EXTRA: &str = "extra_special_tokens";
const ADDED_BY_ID: &str = "added_tokens_decoder";

/// No file has more keys, and no model more tokens with roles of its own; each is looked up among
/// all others.
const MOST_KEYS: usize = 1 << 12;

/// What transformers passes to the class of a tokenizer.
#[derive(Debug, Default)]
pub(super) struct Declarations {
    /// The tokens with a role of [`ROLES`] that a file speaks of; `None` where it says that there
    /// is none.
    pub roles: HashMap<String, Option<TokenDeclaration>>,
    /// Tokens with roles of the model's own, in order.
    pub own_roles: Vec<(String, TokenDeclaration)>,
    /// Special tokens without a role, under the key that is obeyed if it is there at all.
    pub extra: Option<Vec<TokenDeclaration>>,
    /// The same, under the older key, which is obeyed only where the other is not there.
    pub additional: Option<Vec<TokenDeclaration>>,
    /// Added tokens by the id that they were saved with: they are added in its order.
    pub by_id: BTreeMap<u64, Token>,
    pub add_bos: Option<bool>,
    pub add_eos: Option<bool>,
    pub add_prefix_space: Option<bool>,
    pub legacy: Option<bool>,
    pub split_special_tokens: bool,
}

/// What the files of a folder hold, [`Json::Null`] for those that are not there.
pub(super) struct Sources<'a> {
    pub config: &'a Json,
    pub special_tokens_map: &'a Json,
    pub added_tokens: &'a Json,
    /// The added tokens of `tokenizer.json`, where there is one.
    pub tokenizer_json: Option<&'a BTreeMap<u64, Token>>,
}

impl Declarations {
    /// The error is one line that names the key.
    pub(super) fn read(sources: &Sources<'_>) -> Result<Self, String> {
        let files = [sources.config, sources.special_tokens_map];
        let extra = files.iter().filter_map(|file| file.get(EXTRA));
        let objects = files.into_iter().chain(extra);
        if objects.map(|object| object.entries().len()).sum::<usize>() > MOST_KEYS {
            return Err("has more keys than any tokenizer's file".to_owned());
        }
        let mut given = sources.config.entries().to_vec();
        if sources.tokenizer_json.is_some() {
            // It says itself what is put around a text.
            take(&mut given, "add_bos_token");
            take(&mut given, "add_eos_token");
        }
        let has_extra = |given: &[(String, Json)]| {
            let extra = given.iter().find(|(key, _)| key == EXTRA);
            extra.is_some_and(|(_, value)| !value.is_empty())
        };
        if !has_extra(&given)
            && let Some(additional) = take(&mut given, ADDITIONAL)
        {
            set(&mut given, EXTRA, additional);
        }
        let mut own_roles = own_texts(&mut given);
        take_named(&mut given, &mut own_roles);
        let mut by_id = BTreeMap::new();
        match take(&mut given, ADDED_BY_ID) {
            Some(listed) => {
                for (id, token) in listed.entries() {
                    let bad = || format!("{ADDED_BY_ID} has no token under {id:?}");
                    let id = id.trim().parse().map_err(|_| bad())?;
                    by_id.insert(id, Token::read(token).ok_or_else(bad)?);
                }
            }
            None => {
                merge_special_tokens_map(&mut given, sources.special_tokens_map);
                take_named(&mut given, &mut own_roles);
                add_by_name(&mut by_id, &given, sources.added_tokens)?;
                for (&id, token) in sources.tokenizer_json.into_iter().flatten() {
                    by_id.insert(id, token.clone());
                }
            }
        }
        Ok(Self::sort(&given, own_roles, by_id))
    }

    fn sort(
        given: &[(String, Json)],
        own_texts: Vec<(String, Json)>,
        by_id: BTreeMap<u64, Token>,
    ) -> Self {
        let value = |name: &str| {
            let entry = given.iter().find(|(key, _)| key == name);
            entry.map(|(_, value)| value)
        };
        let flag = |name| value(name).and_then(Json::flag);
        let list =
            |name| value(name).map(|list: &Json| list.items().iter().filter_map(special).collect());
        let by_content: HashMap<&str, &Token> = by_id
            .values()
            .map(|token| (token.content.as_str(), token))
            .collect();
        let flagged = |declared: TokenDeclaration| match by_content.get(declared.content()) {
            Some(&token) => TokenDeclaration::Token(token.clone()),
            None => declared,
        };
        let roles = ROLES.into_iter().filter_map(|role| {
            let declared = TokenDeclaration::read(value(role)?);
            Some((role.to_owned(), declared.map(flagged)))
        });
        let roles = roles.collect();
        let mut own_roles: Vec<(String, TokenDeclaration)> = given
            .iter()
            .filter(|(key, _)| is_own_role(key))
            .filter_map(|(key, value)| Some((key.clone(), TokenDeclaration::read(value)?)))
            .collect();
        for (role, json) in own_texts {
            let Some(declared) = TokenDeclaration::read(&json) else {
                continue;
            };
            match own_roles.iter_mut().find(|(name, _)| *name == role) {
                Some((_, there)) => *there = declared,
                None => own_roles.push((role, declared)),
            }
        }
        Self {
            roles,
            own_roles,
            extra: list(EXTRA),
            additional: list(ADDITIONAL),
            add_bos: value("add_bos_token").map(|json| json.flag().unwrap_or(false)),
            add_eos: value("add_eos_token").map(|json| json.flag().unwrap_or(false)),
            add_prefix_space: flag("add_prefix_space"),
            legacy: flag("legacy"),
            split_special_tokens: flag("split_special_tokens").unwrap_or(false),
            by_id,
        }
    }
}

/// A token of a list of special ones.
fn special(json: &Json) -> Option<TokenDeclaration> {
    let declared = TokenDeclaration::read(json)?;
    Some(match declared {
        TokenDeclaration::Token(mut token) => {
            token.special |= json.get("special").is_none();
            TokenDeclaration::Token(token)
        }
        text => text,
    })
}

fn is_own_role(key: &str) -> bool {
    key.ends_with("_token") && !ROLES.contains(&key)
}

/// The tokens that are given as texts under a role of the model's own, taken out.
fn own_texts(given: &mut Vec<(String, Json)>) -> Vec<(String, Json)> {
    let is_own = |(key, value): &(String, Json)| is_own_role(key) && value.text().is_some();
    let own = given
        .iter()
        .filter(|entry| is_own(entry))
        .cloned()
        .collect();
    given.retain(|entry| !is_own(entry));
    own
}

/// Extra special tokens with names are tokens with roles of the model's own.
fn take_named(given: &mut Vec<(String, Json)>, own_roles: &mut Vec<(String, Json)>) {
    let is_named = |(key, value): &(String, Json)| key == EXTRA && matches!(value, Json::Object(_));
    if let Some(place) = given.iter().position(is_named) {
        let (_, named) = given.remove(place);
        for (role, token) in named.entries() {
            set(own_roles, role, token.clone());
        }
    }
}

/// The older file goes over `tokenizer_config.json`.
fn merge_special_tokens_map(given: &mut Vec<(String, Json)>, map: &Json) {
    for (key, value) in map.entries() {
        let value = match value {
            Json::Object(fields) if key != EXTRA => {
                let mut fields = fields.clone();
                set(&mut fields, "special", Json::Flag(true));
                Json::Object(fields)
            }
            Json::List(items) if key == EXTRA => {
                let there = given.iter().find(|(name, _)| name == EXTRA);
                let mut all = there.map_or(Vec::new(), |(_, list)| list.items().to_vec());
                let new = items.iter().filter(|item| !all.contains(item));
                let new: Vec<_> = new.cloned().collect();
                all.extend(new);
                Json::List(all)
            }
            other => other.clone(),
        };
        set(given, key, value);
    }
}

/// The tokens of `added_tokens.json`, which says of each its id only: those with a role are special.
fn add_by_name(
    by_id: &mut BTreeMap<u64, Token>,
    given: &[(String, Json)],
    added: &Json,
) -> Result<(), String> {
    let named = given
        .iter()
        .filter(|(key, _)| ROLES.contains(&key.as_str()));
    let extra = given.iter().filter(|(key, _)| key == EXTRA);
    let extra = extra.flat_map(|(_, list)| list.items());
    // Tokens with flags in `tokenizer_config.json` are not compared: they are read as such later.
    let special: Vec<TokenDeclaration> = named
        .map(|(_, value)| value)
        .chain(extra)
        .filter(|value| value.get("__type").is_none())
        .filter_map(TokenDeclaration::read)
        .collect();
    for (content, id) in added.entries() {
        let Json::Count(id) = id else {
            return Err(format!("the id of {content:?} is no id"));
        };
        let is_special = special.iter().any(|token| token.content() == content);
        let token = Token {
            normalized: Some(!is_special),
            ..Token::verbatim(content, is_special)
        };
        by_id.insert(*id, token);
    }
    Ok(())
}
