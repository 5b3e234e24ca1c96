//! Gives a tokenizer the tokens that the files declare: those it lacks get new ids at the end, in
//! the order in which transformers 5 adds them.

use std::collections::{HashMap, HashSet};

use tokenizers::{AddedToken, Tokenizer};

use super::added_token::{Token, TokenDeclaration};
use super::class::OwnWay;
use super::declared::{Declarations, ROLES};
use super::special;
use crate::trace::TokenId;

/// No model has more tokens that are matched as a whole; the automaton that looks for them takes
/// many times their own size.
pub(super) const MOST_SPECIAL: usize = 1 << 16;

/// The special tokens of a tokenizer.
#[derive(Debug)]
pub(super) struct Special {
    /// The tokens with a role, in the order in which they are added.
    roles: Vec<(String, TokenDeclaration)>,
    /// Those without one.
    extra: Vec<TokenDeclaration>,
}

impl Special {
    /// What is declared, and what the tokens of a class are where nothing is.
    pub(super) fn new(
        declared: &Declarations,
        own: Option<OwnWay>,
        more: Vec<TokenDeclaration>,
    ) -> Self {
        let usual = own.map_or(&[][..], OwnWay::usual_roles);
        let role = |role: &str| match declared.roles.get(role) {
            Some(token) => token.clone(),
            None => {
                let usual = usual.iter().find(|(name, _)| *name == role);
                usual.map(|(_, content)| TokenDeclaration::text(content))
            }
        };
        let mut roles: Vec<_> = ROLES
            .into_iter()
            .filter_map(|name| Some((name.to_owned(), role(name)?)))
            .collect();
        let own_roles = &declared.own_roles;
        let usual_own = own.map_or(&[][..], OwnWay::usual_own_roles);
        roles.extend(usual_own.iter().map(|&(name, content)| {
            let found = own_roles.iter().find(|(other, _)| other == name);
            let token = found.map_or_else(
                || TokenDeclaration::text(content),
                |(_, token)| token.clone(),
            );
            (name.to_owned(), token)
        }));
        let is_usual = |name: &str| usual_own.iter().any(|(usual, _)| *usual == name);
        roles.extend(
            own_roles
                .iter()
                .filter(|(name, _)| !is_usual(name))
                .cloned(),
        );
        let extra = match &declared.extra {
            Some(extra) => extra.clone(),
            None => declared
                .additional
                .iter()
                .flatten()
                .cloned()
                .chain(more)
                .collect(),
        };
        Self { roles, extra }
    }

    /// The text of the token with a role.
    pub(super) fn role(&self, role: &str) -> Option<&str> {
        let found = self.roles.iter().find(|(name, _)| name == role);
        found.map(|(_, token)| token.content())
    }

    /// Make `role` the token `content`, unless a file spoke of it.
    pub(super) fn default_role(&mut self, declared: &Declarations, role: &str, content: &str) {
        if declared.roles.contains_key(role) {
            return;
        }
        let order = |name: &str| ROLES.iter().position(|role| *role == name);
        let place = order(role).unwrap_or(ROLES.len());
        let before =
            |(name, _): &(String, TokenDeclaration)| order(name).is_some_and(|at| at < place);
        let at = self.roles.iter().take_while(|entry| before(entry)).count();
        self.roles
            .insert(at, (role.to_owned(), TokenDeclaration::text(content)));
    }

    /// All of them.
    fn all(&self) -> impl Iterator<Item = &TokenDeclaration> {
        self.roles.iter().map(|(_, token)| token).chain(&self.extra)
    }

    /// Add the tokens that were saved with an id, and the special ones that are not among them.
    pub(super) fn add(
        &self,
        tokenizer: &mut Tokenizer,
        by_id: impl IntoIterator<Item = Token>,
    ) -> tokenizers::Result<()> {
        let mut wanted: Vec<TokenDeclaration> =
            by_id.into_iter().map(TokenDeclaration::Token).collect();
        let there = tokenizer.get_added_tokens_decoder();
        let mut known: HashSet<String> = there.into_values().map(|token| token.content).collect();
        known.extend(wanted.iter().map(|token| token.content().to_owned()));
        let mut unknown: Vec<&TokenDeclaration> = Vec::new();
        let mut seen: HashMap<&str, Vec<&TokenDeclaration>> = HashMap::new();
        for token in self.all().filter(|token| !known.contains(token.content())) {
            let alike = seen.entry(token.content()).or_default();
            if !alike.contains(&token) {
                alike.push(token);
                unknown.push(token);
            }
        }
        wanted.extend(unknown.into_iter().cloned());
        if wanted.len() > MOST_SPECIAL {
            return Err("there are more added tokens than any model has".into());
        }
        let roles = self.roles.iter().map(|(_, token)| token.content());
        let roles: HashSet<&str> = roles.collect();
        let added: Vec<AddedToken> = wanted
            .iter()
            .map(|token| match token {
                TokenDeclaration::Text(content) => special::control(content),
                TokenDeclaration::Token(token) => {
                    let mut token = token.clone();
                    token.special |= roles.contains(token.content.as_str());
                    token.added()
                }
            })
            .collect();
        tokenizer.add_tokens(added)?;
        Ok(())
    }

    /// Add all of them again as nothing but special.
    pub(super) fn add_as_texts(&self, tokenizer: &mut Tokenizer) -> tokenizers::Result<()> {
        let added: Vec<_> = self
            .all()
            .map(|token| special::control(token.content()))
            .collect();
        tokenizer.add_special_tokens(added)?;
        Ok(())
    }

    /// Add all of them again, each with its own flags but special.
    pub(super) fn add_as_special(&self, tokenizer: &mut Tokenizer) -> tokenizers::Result<()> {
        let added: Vec<_> = self
            .all()
            .map(|token| match token {
                TokenDeclaration::Text(content) => special::control(content),
                TokenDeclaration::Token(token) => {
                    let mut token = token.clone();
                    token.special = true;
                    token.added()
                }
            })
            .collect();
        tokenizer.add_special_tokens(added)?;
        Ok(())
    }

    /// Put BOS and EOS around every text where the files ask for it, and nothing else.
    pub(super) fn put_around(
        &self,
        tokenizer: &mut Tokenizer,
        declared: &Declarations,
        adds_bos_unless_told: bool,
    ) -> tokenizers::Result<()> {
        let id = |role| {
            let id = tokenizer.token_to_id(self.role(role)?);
            id.map(TokenId)
        };
        let adds_bos = declared.add_bos.unwrap_or(adds_bos_unless_told);
        let before = adds_bos.then(|| id("bos_token")).flatten();
        let adds_eos = declared.add_eos.unwrap_or(false);
        let behind = adds_eos.then(|| id("eos_token")).flatten();
        special::put_around(tokenizer, before, behind)
    }
}
