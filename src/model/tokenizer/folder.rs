//! The tokenizer of a model's folder, with the files that models are published with on the hub.
//!
//! Of the files that may hold a vocabulary one is taken: `tokenizer.json`, or else a SentencePiece
//! model, or else `vocab.json` with `merges.txt`. What is then done with it depends on the class
//! that the files name, and the tokens that they declare are added to it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use tokenizers::ModelWrapper;
use tokenizers::models::bpe::{BPE, Merges, Vocab};

use super::additions::Special;
use super::class::{Class, OwnWay};
use super::declared::{Declarations, Declared, Token};
use super::guard::guarded;
use super::sentencepiece_file::{SentencePieceModel, Unusable};
use super::settings::{Settings, TOKENIZER_CONFIG};
use super::special::Bounds;
use super::{Tokenizer, TokenizerError, growth, own_way, special};
use crate::model::json;
use crate::trace::TokenId;

const TOKENIZER: &str = "tokenizer.json";
const SENTENCEPIECE: &str = "tokenizer.model";
const VOCAB: &str = "vocab.json";
const MERGES: &str = "merges.txt";

/// What `T5Tokenizer` calls its SentencePiece model.
const T5_SENTENCEPIECE: &str = "spiece.model";

/// Files that hold a tokenizer which cannot be read here, and parts of such.
const NOT_READ: [&str; 8] = [
    "tekken.json",
    "tiktoken.model",
    "tokenizer.tiktoken",
    T5_SENTENCEPIECE,
    "sentencepiece.bpe.model",
    VOCAB,
    MERGES,
    "vocab.txt",
];

/// The tokenizer of the model in `folder`.
pub(super) fn build(folder: &Path) -> Result<Tokenizer, TokenizerError> {
    let settings = Settings::read(folder)?;
    let json_path = folder.join(TOKENIZER);
    let json = read_if_there(&json_path)?;
    let class = settings.class(json.as_deref());
    let (path, source) = match json {
        Some(json) => {
            let source = from_json(&json_path, &json)?;
            (json_path, source)
        }
        None => read_other(folder, &class)?,
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
    };
    folder
        .build(source)
        .map_err(|why| TokenizerError::File { path, why })
}

/// What a tokenizer is made from.
enum Source {
    /// `tokenizer.json`, and its added tokens by the ids that it gives to them.
    Json {
        inner: Box<tokenizers::Tokenizer>,
        added: BTreeMap<u64, Token>,
    },
    /// `tokenizer.model`.
    SentencePiece(SentencePieceModel),
    /// `vocab.json` and `merges.txt`.
    Merges(Vocab, Merges),
}

/// A folder whose files have been read.
struct Folder<'a> {
    /// The file with the vocabulary.
    path: &'a Path,
    settings: &'a Settings,
    class: Class,
    declared: Declarations,
}

impl Folder<'_> {
    /// The error is one line.
    fn build(mut self, source: Source) -> Result<Tokenizer, String> {
        let mut notes = Vec::new();
        if let Class::Unknown(name) = &self.class {
            notes.push(format!(
                "a {name:?} is not known here: its {TOKENIZER} is taken as it is, and the ids may \
                 differ from those of transformers"
            ));
        }
        let (inner, special) = guarded(|| match (self.class.clone(), source) {
            (Class::Own(own), source) => self.own_way(own, source),
            (_, Source::Json { inner, .. }) => self.generic(*inner),
            (_, Source::SentencePiece(model)) => self.generic_sentencepiece(&model),
            (_, Source::Merges(vocab, merges)) => {
                self.own_way(OwnWay::Gpt2, Source::Merges(vocab, merges))
            }
        })?;
        notes.extend(other_ids(&inner, &self.declared.by_id));
        let bounds = self.bounds(&inner, &special);
        Tokenizer::assemble(inner, bounds, &[], notes)
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

    fn generic_sentencepiece(
        &mut self,
        model: &SentencePieceModel,
    ) -> tokenizers::Result<(tokenizers::Tokenizer, Special)> {
        let legacy = self.declared.legacy.unwrap_or(true);
        let mut inner = model.tokenizer(&self.declared.by_id, legacy)?;
        // Pieces that a user defined are kept whole without being added.
        let is_control =
            |piece: &Declared| matches!(piece, Declared::Token(token) if token.special);
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
        let (model, rules) = match source {
            Source::Json { inner, .. } => {
                around = inner.get_post_processor().cloned();
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
            Source::Merges(vocab, merges) => {
                let model = BPE::builder().vocab_and_merges(vocab, merges).build()?;
                (ModelWrapper::from(model), None)
            }
        };
        let special = Special::new(&self.declared, Some(own), own.more_special(more));
        let unknown = special.role("unk_token");
        let mut inner = own_way::build(own, model, rules, unknown, &self.declared)?;
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
                .collect(),
        }
    }
}

impl OwnWay {
    /// Special tokens without a role that a class has besides those of its vocabulary.
    fn more_special(self, mut more: Vec<Declared>) -> Vec<Declared> {
        match self {
            Self::CodeLlama => {
                let own = self.usual_own_roles().iter();
                more.extend(own.map(|(_, content)| Declared::text(content)));
            }
            Self::T5 => {
                let is_gap = |token: &Declared| token.content().contains("<extra_id_");
                if !more.iter().any(is_gap) {
                    more.extend((0..100).map(|gap| Declared::text(&format!("<extra_id_{gap}>"))));
                }
            }
            _ => {}
        }
        more
    }
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

/// The `tokenizer.json` in the folder of the file at `path`, if there is one.
pub(super) fn read_beside(
    path: &Path,
) -> Result<Option<(PathBuf, tokenizers::Tokenizer)>, TokenizerError> {
    let beside = path.with_file_name(TOKENIZER);
    match read_if_there(&beside)? {
        None => Ok(None),
        Some(json) => {
            let inner = parse_tokenizer(&beside, &json)?;
            Ok(Some((beside, inner)))
        }
    }
}

fn parse_tokenizer(path: &Path, json: &[u8]) -> Result<tokenizers::Tokenizer, TokenizerError> {
    growth::read(json).map_err(|why| TokenizerError::File {
        path: path.to_owned(),
        why: format!("is no tokenizer that can be used: {why}"),
    })
}

fn from_json(path: &Path, json: &[u8]) -> Result<Source, TokenizerError> {
    let inner = parse_tokenizer(path, json)?;
    let added = inner.get_added_tokens_decoder();
    let added = added
        .iter()
        .map(|(&id, token)| (u64::from(id), token.into()));
    Ok(Source::Json {
        added: added.collect(),
        inner: Box::new(inner),
    })
}

/// The vocabulary of a folder that has no `tokenizer.json`.
fn read_other(folder: &Path, class: &Class) -> Result<(PathBuf, Source), TokenizerError> {
    let names: &[&str] = match class {
        Class::Own(OwnWay::T5) => &[SENTENCEPIECE, T5_SENTENCEPIECE],
        _ => &[SENTENCEPIECE],
    };
    for name in names {
        let path = folder.join(name);
        if let Some(bytes) = read_if_there(&path)? {
            let source = from_sentencepiece(&path, &bytes, class)?;
            return Ok((path, source));
        }
    }
    let vocab_path = folder.join(VOCAB);
    let merges_path = folder.join(MERGES);
    let (Some(vocab), Some(merges)) = (read_if_there(&vocab_path)?, read_if_there(&merges_path)?)
    else {
        return Err(missing(folder));
    };
    check_reads_merges(class).map_err(|why| TokenizerError::File {
        path: folder.join(TOKENIZER_CONFIG),
        why,
    })?;
    let vocab: Vocab = parse(&vocab_path, &vocab)?;
    let merges = parse_merges(&merges_path, &merges)?;
    Ok((merges_path, Source::Merges(vocab, merges)))
}

fn missing(folder: &Path) -> TokenizerError {
    let is_there = |name: &&str| folder.join(name).is_file();
    TokenizerError::Missing {
        folder: folder.to_owned(),
        found: NOT_READ.into_iter().find(is_there).map(str::to_owned),
    }
}

fn from_sentencepiece(path: &Path, bytes: &[u8], class: &Class) -> Result<Source, TokenizerError> {
    let bad = |why: String| TokenizerError::File {
        path: path.to_owned(),
        why,
    };
    if let Class::Unknown(name) = class {
        return Err(bad(format!(
            "a {name:?} cannot be built from this file; add the model's {TOKENIZER}"
        )));
    }
    match SentencePieceModel::read(bytes) {
        Ok(model) => Ok(Source::SentencePiece(model)),
        Err(Unusable::NoModel) => Err(bad(format!(
            "is no SentencePiece model, or a damaged one; add the model's {TOKENIZER}"
        ))),
        Err(Unusable::Model(why)) => Err(bad(format!("{why}; add the model's {TOKENIZER}"))),
    }
}

/// Whether a class is built from `vocab.json` and `merges.txt`. A folder that names no class is
/// taken for one of GPT-2, which was published with nothing else.
fn check_reads_merges(class: &Class) -> Result<(), String> {
    let name = match class {
        Class::Generic(None)
        | Class::Own(
            OwnWay::CodeGen | OwnWay::Cohere | OwnWay::Gpt2 | OwnWay::GptNeoX | OwnWay::Qwen2,
        ) => return Ok(()),
        Class::Generic(Some(name)) | Class::Unknown(name) => format!("{name:?}"),
        Class::Own(own) => format!("{own:?} tokenizer"),
    };
    Err(format!(
        "a {name} cannot be built from {VOCAB} and {MERGES}; add the model's {TOKENIZER}"
    ))
}

fn parse_merges(path: &Path, text: &[u8]) -> Result<Merges, TokenizerError> {
    let bad = |why: String| TokenizerError::File {
        path: path.to_owned(),
        why,
    };
    let text = std::str::from_utf8(text).map_err(|error| bad(error.to_string()))?;
    let lines = text.lines().enumerate();
    let pairs = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with("#version"));
    pairs
        .map(|(number, line)| match line.split_once(' ') {
            Some((left, right)) => Ok((left.to_owned(), right.to_owned())),
            None => Err(bad(format!("line {} is no pair of tokens", number + 1))),
        })
        .collect()
}

/// The JSON in the file at `path`, whose bytes are `json`.
pub(super) fn parse<T: DeserializeOwned>(path: &Path, json: &[u8]) -> Result<T, TokenizerError> {
    json::parse_as(json).map_err(|error| TokenizerError::File {
        path: path.to_owned(),
        why: error.to_string(),
    })
}

/// The bytes of a file that need not exist.
pub(super) fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, TokenizerError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(TokenizerError::Read {
            path: path.to_owned(),
            source,
        }),
    }
}
