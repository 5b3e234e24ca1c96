//! The tokenizer of a model's folder, with the files that models are published with on the hub.
//!
//! Of the files that may hold a vocabulary one is taken: `tokenizer.json`, or else `tekken.json`, or
//! else a SentencePiece model, or else `tiktoken.model`, or else RWKV's vocabulary, or else
//! `vocab.json` with `merges.txt`. What is then done with it depends on the class that the files name,
//! and the tokens that they declare are added to it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use tokenizers::ModelWrapper;
use tokenizers::models::bpe::BPE;

use super::added_token::{Token, TokenDeclaration};
use super::additions::Special;
use super::byte_ranks::Ranked;
use super::class::{Class, OwnWay};
use super::declared::{Declarations, ROLES};
use super::guard::guarded;
use super::joining::Joining;
use super::sentencepiece_file::SentencePieceModel;
use super::settings::Settings;
use super::source::{self, SENTENCEPIECE, Source, TOKENIZER};
use super::special::Bounds;
use super::world::{self, World};
use super::{SpecialTokens, Tokenizer, TokenizerError, ids, own_way, special};
use crate::trace::TokenId;

/// Holds what tokenizers differ in: digits, contractions, runs of spaces, lines, other scripts, and
/// characters in two parts.
const PROBE: &str = "It's 12345  keys,\n\n  isn't it? WE'LL goTo 漢字 e\u{301} end.";

/// The tokenizer of the model in `folder`.
pub(super) fn build(folder: &Path) -> Result<Tokenizer, TokenizerError> {
    let settings = Settings::read(folder)?;
    let json_path = folder.join(TOKENIZER);
    let json = source::read_if_there(&json_path)?;
    let class = settings.class(json.as_deref());
    let (path, source) = match json {
        Some(json) => {
            let source = source::from_json(&json_path, &json)?;
            (json_path, source)
        }
        None => source::read_other(folder, &class, settings.code())?,
    };
    let added = match &source {
        Source::Json { added, .. } => Some(added),
        _ => None,
    };
    let declared = settings.declarations(folder, added)?;
    let folder = Folder {
        path: &path,
        settings: &settings,
        class,
        declared,
        notes: Vec::new(),
    };
    folder
        .build(source)
        .map_err(|why| TokenizerError::File { path, why })
}

/// A folder whose files have been read.
struct Folder<'a> {
    /// The file with the vocabulary.
    path: &'a Path,
    settings: &'a Settings,
    class: Class,
    declared: Declarations,
    notes: Vec<String>,
}

impl Folder<'_> {
    /// The error is one line.
    fn build(mut self, source: Source) -> Result<Tokenizer, String> {
        if let Class::Unknown(name) = &self.class {
            self.notes.push(format!(
                "a {name:?} is not known here: its {TOKENIZER} is taken as it is, and the ids may \
                 differ from those of transformers"
            ));
        }
        let joining = match &source {
            Source::World(world) => Some(Joining::Longest(world.longest()?)),
            _ => None,
        };
        let (inner, special) = guarded(|| match (self.class.clone(), source) {
            (_, Source::Ranked(ranked)) => self.ranked(&ranked),
            (_, Source::World(world)) => self.world(&world),
            (Class::Own(own), source) => self.own_way(own, source),
            (_, Source::Json { inner, .. }) => self.generic(*inner),
            (_, Source::SentencePiece(model)) => self.generic_sentencepiece(&model),
            (_, Source::Merges(vocab, merges)) => {
                self.own_way(OwnWay::Gpt2, Source::Merges(vocab, merges))
            }
        })?;
        self.notes.extend(other_ids(&inner, &self.declared.by_id));
        let bounds = self.bounds(&inner, &special);
        let roles = ROLES.into_iter().filter_map(|role| {
            let token = special.role(role)?;
            Some((role.to_owned(), token.to_owned()))
        });
        let roles = roles.collect();
        let tokenizer = Tokenizer::assemble(inner, bounds, &[], self.notes)?;
        Ok(Tokenizer {
            roles,
            joining,
            ..tokenizer
        })
    }

    /// What `tokenizer.json` describes, and the tokens that the other files declare.
    fn generic(
        &self,
        mut inner: tokenizers::Tokenizer,
    ) -> tokenizers::Result<(tokenizers::Tokenizer, Special)> {
        let special = Special::new(&self.declared, None, Vec::new());
        special.add(&mut inner, self.declared.by_id.values().cloned())?;
        inner.set_encode_special_tokens(self.declared.split_special_tokens);
        Ok((inner, special))
    }

    /// A vocabulary of ranks, with the tokens that the other files declare.
    fn ranked(&mut self, ranked: &Ranked) -> tokenizers::Result<(tokenizers::Tokenizer, Special)> {
        let mut inner = ranked.build()?;
        let behind = ranked.behind(&self.declared)?;
        let behind = behind.iter().map(|token| special::control(token));
        inner.add_special_tokens(behind.collect::<Vec<_>>())?;
        let special = Special::new(&self.declared, None, Vec::new());
        special.add(&mut inner, self.declared.by_id.values().cloned())?;
        special.put_around(&mut inner, &self.declared, false)?;
        inner.set_encode_special_tokens(self.declared.split_special_tokens);
        if self.declared.add_bos.is_none() && ranked.first.iter().any(|token| token == "<s>") {
            self.notes.push(
                "no file says whether a text begins with \"<s>\", and transformers puts none there \
                 unless mistral-common is installed: \"add_bos_token\" in tokenizer_config.json says \
                 it"
                    .to_owned(),
            );
        }
        Ok((inner, special))
    }

    /// RWKV's vocabulary, with the tokens that the other files declare.
    fn world(&mut self, world: &World) -> tokenizers::Result<(tokenizers::Tokenizer, Special)> {
        self.declare_no_texts_of(world);
        let declared = self.declared.by_id.get(&u64::from(world::END.0));
        let end = declared.map_or(world::END_OF_TEXT, |token| &token.content);
        let mut inner = world.tokenizer(end)?;
        let special = Special::new(&self.declared, None, Vec::new());
        special.add(&mut inner, self.declared.by_id.values().cloned())?;
        special.put_around(&mut inner, &self.declared, false)?;
        inner.set_encode_special_tokens(self.declared.split_special_tokens);
        Ok((inner, special))
    }

    /// Takes what the vocabulary has as a text for no token of its own. Published files name a blank
    /// line as the end of a text, and the code beside them gives it a new id, with which no model was
    /// trained.
    fn declare_no_texts_of(&mut self, world: &World) {
        let Declarations { roles, by_id, .. } = &mut self.declared;
        let of_roles = roles.values().flatten().map(TokenDeclaration::content);
        let of_ids = by_id.values().map(|token| token.content.as_str());
        let texts = of_roles.chain(of_ids).filter(|text| world.has(text));
        let texts: BTreeSet<String> = texts.map(str::to_owned).collect();
        roles.retain(|_, token| {
            let content = token.as_ref().map(TokenDeclaration::content);
            content.is_none_or(|content| !texts.contains(content))
        });
        by_id.retain(|_, token| !texts.contains(&token.content));
        self.notes.extend(texts.into_iter().map(|text| {
            format!(
                "the files name {text:?} as a token beside the vocabulary, which has it as a text: \
                 it stays one, as the model was trained; the model's own code for transformers gives \
                 it another id"
            )
        }));
    }

    fn generic_sentencepiece(
        &mut self,
        model: &SentencePieceModel,
    ) -> tokenizers::Result<(tokenizers::Tokenizer, Special)> {
        let legacy = self.declared.legacy.unwrap_or(true);
        let mut inner = model.tokenizer(&self.declared.by_id, legacy)?;
        // Pieces that a user defined are kept whole without being added.
        let is_control = |piece: &TokenDeclaration| matches!(piece, TokenDeclaration::Token(token) if token.special);
        let pieces = model.whole_pieces().into_iter().filter(is_control);
        // What the model says of its pieces goes over what the files say.
        self.declared.additional = None;
        let mut special = Special::new(&self.declared, None, pieces.collect());
        for (role, piece) in [
            ("bos_token", &model.bos),
            ("eos_token", &model.eos),
            ("unk_token", &model.unknown),
        ] {
            if piece.id >= 0 {
                special.default_role(&self.declared, role, &piece.text);
            }
        }
        let by_id = self.declared.by_id.values().cloned();
        // Each piece between two of them gets a space in front of its own.
        let by_id = by_id.map(|token| match model.add_dummy_prefix {
            true => token.not_normalized(),
            false => token,
        });
        special.add(&mut inner, by_id.collect::<Vec<_>>())?;
        special.put_around(&mut inner, &self.declared, false)?;
        inner.set_encode_special_tokens(self.declared.split_special_tokens);
        Ok((inner, special))
    }

    /// What a class makes of the vocabulary.
    fn own_way(
        &mut self,
        own: OwnWay,
        source: Source,
    ) -> tokenizers::Result<(tokenizers::Tokenizer, Special)> {
        let mut more = Vec::new();
        let mut around = None;
        let mut probed = None;
        let (model, rules) = match source {
            Source::Json { inner, .. } => {
                around = inner.get_post_processor().cloned();
                probed = Some(probe(&inner));
                let rules = inner.get_normalizer().and_then(own_way::rules_of);
                (inner.get_model().clone(), rules)
            }
            Source::SentencePiece(model) => {
                more = model.whole_pieces();
                self.declared.additional = None;
                let rules = &model.charsmap;
                let rules = (!rules.is_empty()).then(|| own_way::precompiled(rules));
                (model.vocabulary_for(own)?, rules.transpose()?)
            }
            Source::Ranked(_) | Source::World(_) => {
                return Err("is not read in a way of a class's own".into());
            }
            Source::Merges(vocab, merges) => {
                let model = BPE::builder().vocab_and_merges(vocab, merges).build()?;
                (ModelWrapper::from(model), None)
            }
        };
        let special = Special::new(&self.declared, Some(own), own.more_special(more));
        let unknown = special.role("unk_token");
        let mut inner = own_way::build(own, model, rules, unknown, &self.declared)?;
        if probed.is_some_and(|probed| probed != probe(&inner)) {
            self.notes.push(format!(
                "{TOKENIZER} cuts texts otherwise than the class that the files name, as which \
                 transformers 5 reads it: the ids are those of transformers"
            ));
        }
        special.add(&mut inner, self.declared.by_id.values().cloned())?;
        let told = self.declared.add_bos.is_some() || self.declared.add_eos.is_some();
        match around {
            Some(around) if !told => {
                inner.with_post_processor(Some(around));
            }
            _ => special.put_around(&mut inner, &self.declared, false)?,
        }
        match own {
            OwnWay::CodeLlama => special.put_around(&mut inner, &self.declared, true)?,
            OwnWay::Cohere => special.add_as_special(&mut inner)?,
            OwnWay::GptNeoX => special.put_around(&mut inner, &self.declared, false)?,
            OwnWay::Qwen2 => special.add_as_texts(&mut inner)?,
            OwnWay::T5 => {
                let end = inner.token_to_id("</s>").map(TokenId);
                special::put_around(&mut inner, None, end)?;
            }
            OwnWay::CodeGen | OwnWay::Gemma | OwnWay::Gpt2 | OwnWay::Llama | OwnWay::Qwen35 => {}
        }
        inner.set_encode_special_tokens(self.declared.split_special_tokens);
        Ok((inner, special))
    }

    /// Where a text begins and ends, by whatever file names it.
    fn bounds(&self, inner: &tokenizers::Tokenizer, special: &Special) -> Bounds {
        let is_sentencepiece = self.path.ends_with(SENTENCEPIECE);
        let named = |role: &str| {
            let is_told = is_sentencepiece || self.declared.roles.contains_key(role);
            let content = special.role(role).filter(|_| is_told)?;
            inner.token_to_id(content).map(TokenId)
        };
        Bounds {
            bos: named("bos_token").or_else(|| self.settings.bos()),
            end_of_text: named("eos_token")
                .into_iter()
                .chain(self.settings.ends_of_text())
                .chain(self.path.ends_with(world::FILE).then_some(world::END))
                .collect(),
        }
    }
}

impl OwnWay {
    /// Special tokens without a role that a class has besides those of its vocabulary.
    fn more_special(self, mut more: Vec<TokenDeclaration>) -> Vec<TokenDeclaration> {
        match self {
            Self::CodeLlama => {
                let own = self.usual_own_roles().iter();
                more.extend(own.map(|(_, content)| TokenDeclaration::text(content)));
            }
            Self::T5 => {
                let is_gap = |token: &TokenDeclaration| token.content().contains("<extra_id_");
                if !more.iter().any(is_gap) {
                    more.extend(
                        (0..100).map(|gap| TokenDeclaration::text(&format!("<extra_id_{gap}>"))),
                    );
                }
            }
            _ => {}
        }
        more
    }
}

/// The ids of [`PROBE`], where it has any.
fn probe(tokenizer: &tokenizers::Tokenizer) -> Option<Vec<TokenId>> {
    ids(tokenizer, PROBE, SpecialTokens::LeftOut).ok()
}

/// A remark where added tokens have other ids than the files give to them: new ones are numbered
/// from the end of the vocabulary on, without gaps.
fn other_ids(inner: &tokenizers::Tokenizer, by_id: &BTreeMap<u64, Token>) -> Option<String> {
    let id_of = |token: &Token| inner.token_to_id(&token.content);
    let mut other = by_id
        .iter()
        .filter_map(|(id, token)| Some((token, *id, id_of(token)?)))
        .filter(|&(_, wanted, id)| wanted != u64::from(id));
    let (token, wanted, id) = other.next()?;
    let more = match other.count() {
        0 => String::new(),
        more => format!(", and so with {more} more"),
    };
    Some(format!(
        "the added token {:?} is id {id}, as transformers numbers it, though its file says {wanted}{more}",
        token.content
    ))
}
