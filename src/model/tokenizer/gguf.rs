//! The tokenizer that a GGUF file's metadata describes.
//!
//! The file has the vocabulary and, for byte-level ones, the merges, but only the *name* of the
//! way in which text is cut into words. What we do not know by name is refused.

use std::collections::HashMap;
use std::path::PathBuf;

use candle_core::quantized::gguf_file::Value;
use tokenizers::models::bpe::{Merges, Vocab};

use super::additions::MOST_SPECIAL;
use super::entries::{
    BOS, EOS, Entries, GEMMA4, MODEL, RWKV, SENTENCEPIECE, TOKENS, TokenKind, is_gemma,
};
use super::growth;
use super::guard::guarded;
use super::joining::Joining;
use super::leftmost::Leftmost;
use super::longest::Longest;
use super::metadata::{Metadata, bad_key, check_length, required};
use super::sentencepiece::{self, MOST_WORK, Opening, SentencePiece};
use super::special;
use super::split::WordSplit;
use super::world;
use super::{Tokenizer, TokenizerError, byte_level};
use crate::trace::TokenId;

const ORIGINAL: &str = "tokenizer.huggingface.json";
const PRE: &str = "tokenizer.ggml.pre";
const SCORES: &str = "tokenizer.ggml.scores";
const MERGES: &str = "tokenizer.ggml.merges";
const ADD_SPACE_PREFIX: &str = "tokenizer.ggml.add_space_prefix";
const ADD_BOS: &str = "tokenizer.ggml.add_bos_token";
const ADD_EOS: &str = "tokenizer.ggml.add_eos_token";

/// What [`MODEL`] calls a byte-level vocabulary.
const BYTE_LEVEL: &str = "gpt2";

/// The tokenizer that `metadata` describes.
pub(super) fn build(metadata: &HashMap<String, Value>) -> Result<Tokenizer, TokenizerError> {
    let metadata = Metadata(metadata);
    let mut entries = Entries::read(metadata)?;
    if let Some(json) = metadata.string(ORIGINAL)? {
        return growth::read(json.as_bytes())
            .and_then(|inner| entries.finish(inner))
            .map_err(|why| bad_key(ORIGINAL, format!("cannot be used: {why}")));
    }
    entries.check_unique()?;
    let mut joining = None;
    let built = match required(MODEL, metadata.string(MODEL)?)? {
        BYTE_LEVEL => byte_level_tokenizer(metadata, &mut entries)?,
        SENTENCEPIECE => {
            joining = leftmost_of(metadata, &entries)?.map(Joining::Leftmost);
            sentencepiece_tokenizer(metadata, &mut entries)?
        }
        GEMMA4 => gemma4_tokenizer(metadata, &mut entries)?,
        RWKV => {
            let (built, longest) = world_tokenizer(metadata, &mut entries)?;
            joining = Some(Joining::Longest(longest));
            built
        }
        other => return Err(unknown_kind(MODEL, other)),
    };
    entries
        .compare(&built, |_| true)
        .and_then(|()| entries.finish(built))
        .map(|built| Tokenizer { joining, ..built })
        .map_err(|why| bad_key(TOKENS, why))
}

/// What joins the characters of a SentencePiece vocabulary that has no scores.
fn leftmost_of(
    metadata: Metadata<'_>,
    entries: &Entries,
) -> Result<Option<Leftmost>, TokenizerError> {
    if is_gemma(metadata)? || metadata.numbers(SCORES)?.is_some() {
        return Ok(None);
    }
    let texts = entries.tokens.iter().zip(&entries.kinds);
    let texts = texts.map(|(token, kind)| (*kind == TokenKind::Normal).then(|| token.clone()));
    Ok(Some(Leftmost::new(texts.collect())))
}

/// The tokenizer of the `tokenizer.json` at `path`, read as `original`, for the file that
/// `metadata` is from.
pub(super) fn adopt(
    path: PathBuf,
    original: tokenizers::Tokenizer,
    metadata: &HashMap<String, Value>,
) -> Result<Tokenizer, TokenizerError> {
    let entries = Entries::read(Metadata(metadata))?;
    entries
        .compare(&original, |kind| kind == TokenKind::Normal)
        .and_then(|()| entries.finish(original))
        .map_err(|why| TokenizerError::File { path, why })
}

/// What every text begins and ends with.
struct Affixes {
    before: Option<TokenId>,
    behind: Option<TokenId>,
}

impl Affixes {
    fn read(
        metadata: Metadata<'_>,
        entries: &mut Entries,
        adds_bos_unless_told: bool,
    ) -> Result<Self, TokenizerError> {
        let adds_bos = metadata.flag(ADD_BOS)?.unwrap_or(adds_bos_unless_told);
        let adds_eos = metadata.flag(ADD_EOS)?.unwrap_or(false);
        let (bos, eos) = (entries.bos, entries.eos);
        let mut bound = |adds: bool, key, id| adds.then(|| entries.bound(key, id)).flatten();
        Ok(Self {
            before: bound(adds_bos, BOS, bos),
            behind: bound(adds_eos, EOS, eos),
        })
    }
}

fn byte_level_tokenizer(
    metadata: Metadata<'_>,
    entries: &mut Entries,
) -> Result<tokenizers::Tokenizer, TokenizerError> {
    let split = match metadata.string(PRE)?.filter(|name| !name.is_empty()) {
        Some(name) => WordSplit::named(name).ok_or_else(|| unknown_kind(PRE, name))?,
        None => {
            entries.notes.push(format!(
                "the GGUF metadata has no {PRE}, as in old files: how a text is cut into words is \
                 guessed, and the ids may be wrong; put the model's tokenizer.json beside the file"
            ));
            WordSplit::UNNAMED
        }
    };
    if split.is_by_llama_cpp {
        entries.notes.push(format!(
            "of the GGUF metadata's {PRE} {:?} only what llama.cpp does is known, which normalises \
             no text; the model's own tokenizer.json beside the file would be used instead",
            metadata.string(PRE)?.unwrap_or_default()
        ));
    }
    let vocab: Vocab = entries.tokens.iter().cloned().zip(0..).collect();
    let merges = read_merges(metadata, &vocab, &mut entries.notes)?;
    let around = Affixes::read(metadata, entries, split.adds_bos)?;
    guarded(|| {
        let mut tokenizer = byte_level::build(vocab, merges, split)?;
        add_special(entries, &mut tokenizer, around)?;
        Ok(tokenizer)
    })
    .map_err(|why| bad_key(MERGES, format!("cannot be used: {why}")))
}

/// RWKV's vocabulary, and what joins its bytes.
fn world_tokenizer(
    metadata: Metadata<'_>,
    entries: &mut Entries,
) -> Result<(tokenizers::Tokenizer, Longest), TokenizerError> {
    let tokens = entries.tokens.iter_mut().zip(&entries.kinds).zip(0..);
    let texts = tokens.filter(|((_, kind), _)| **kind == TokenKind::Normal);
    let texts = texts.map(|((token, _), id)| (token, TokenId(id)));
    let longest = world::respelled(texts).map_err(|why| bad_key(TOKENS, why))?;
    let vocab: Vocab = entries.tokens.iter().cloned().zip(0..).collect();
    let around = Affixes::read(metadata, entries, false)?;
    let built = guarded(|| {
        let mut tokenizer = world::of_bytes(vocab)?;
        add_special(entries, &mut tokenizer, around)?;
        Ok(tokenizer)
    });
    let built = built.map_err(|why| bad_key(TOKENS, format!("cannot be used: {why}")))?;
    Ok((built, longest))
}

/// Every text of Gemma 4 begins with BOS: the files that say otherwise were written in error, and
/// llama.cpp does not follow them either.
fn gemma4_tokenizer(
    metadata: Metadata<'_>,
    entries: &mut Entries,
) -> Result<tokenizers::Tokenizer, TokenizerError> {
    let vocab: Vocab = entries.tokens.iter().cloned().zip(0..).collect();
    let merges = read_merges(metadata, &vocab, &mut entries.notes)?;
    if metadata.flag(ADD_BOS)? == Some(false) {
        entries.notes.push(format!(
            "the GGUF metadata's {ADD_BOS} is false, which is an error in some files of Gemma 4: \
             its texts begin with BOS"
        ));
    }
    let adds_eos = metadata.flag(ADD_EOS)?.unwrap_or(false);
    let (bos, eos) = (entries.bos, entries.eos);
    let around = Affixes {
        before: entries.bound(BOS, bos),
        behind: adds_eos.then(|| entries.bound(EOS, eos)).flatten(),
    };
    let unknown = entries.unknown.map(|id| entries.token(id).to_owned());
    guarded(|| {
        let mut tokenizer = sentencepiece::with_merges(vocab, merges, unknown, Opening::Nothing)?;
        add_special(entries, &mut tokenizer, around)?;
        Ok(tokenizer)
    })
    .map_err(|why| bad_key(MERGES, format!("cannot be used: {why}")))
}

fn sentencepiece_tokenizer(
    metadata: Metadata<'_>,
    entries: &mut Entries,
) -> Result<tokenizers::Tokenizer, TokenizerError> {
    let squares = entries
        .tokens
        .iter()
        .map(|token| token.len().saturating_pow(2));
    if squares.fold(0, usize::saturating_add) > MOST_WORK {
        return Err(bad_key(TOKENS, "has tokens that are far too long".into()));
    }
    let opening = match metadata.flag(ADD_SPACE_PREFIX)? {
        Some(false) => Opening::Nothing,
        Some(true) | None => Opening::Space,
    };
    let mergeable = |kind: &TokenKind| matches!(kind, TokenKind::Normal | TokenKind::UserDefined);
    let vocabulary = SentencePiece {
        tokens: entries.tokens.clone(),
        priorities: read_priorities(metadata, entries.tokens.len())?,
        merges: entries.kinds.iter().map(mergeable).collect(),
        unknown: entries.unknown.map(|id| entries.token(id).to_owned()),
        opening,
    };
    let around = Affixes::read(metadata, entries, true)?;
    guarded(|| {
        let mut tokenizer = vocabulary.build()?;
        add_special(entries, &mut tokenizer, around)?;
        Ok(tokenizer)
    })
    .map_err(|why| bad_key(TOKENS, format!("cannot be used: {why}")))
}

/// Give `tokenizer` the tokens that are matched as a whole, and those around every text.
fn add_special(
    entries: &Entries,
    tokenizer: &mut tokenizers::Tokenizer,
    around: Affixes,
) -> tokenizers::Result<()> {
    let control = [TokenKind::Control, TokenKind::Unknown];
    let control = control.into_iter().flat_map(|kind| entries.with_kind(kind));
    let user_defined = entries.with_kind(TokenKind::UserDefined);
    let added: Vec<_> = control
        .map(special::control)
        .chain(user_defined.map(special::user_defined))
        .collect();
    if added.len() > MOST_SPECIAL {
        return Err("there are more control tokens than any model has".into());
    }
    tokenizer.add_tokens(added)?;
    special::put_around(tokenizer, around.before, around.behind)
}

/// Which merges come first. Gemma's scores do not follow the order of its merges; the order of
/// its tokens does.
fn read_priorities(
    metadata: Metadata<'_>,
    n_tokens: usize,
) -> Result<Option<Vec<f32>>, TokenizerError> {
    if is_gemma(metadata)? {
        return Ok(Some((0..n_tokens).map(|id| -(id as f32)).collect()));
    }
    let Some(scores) = metadata.numbers(SCORES)? else {
        return Ok(None);
    };
    check_length(SCORES, scores.len(), n_tokens)?;
    // Adding zero makes one zero of the two, which are no different priorities.
    let scores = scores.into_iter().take(n_tokens);
    Ok(Some(scores.map(|score| score + 0.0).collect()))
}

/// The merges; without those that cannot be done because one of their tokens, or the one that they
/// make, is not in the vocabulary.
fn read_merges(
    metadata: Metadata<'_>,
    vocab: &Vocab,
    notes: &mut Vec<String>,
) -> Result<Merges, TokenizerError> {
    let lines = required(MERGES, metadata.strings(MERGES)?)?;
    let n_lines = lines.len();
    let pairs = lines.into_iter().filter_map(pair);
    let known = pairs.filter(|(left, right)| {
        let made = format!("{left}{right}");
        [left, right, made.as_str()]
            .iter()
            .all(|token| vocab.contains_key(*token))
    });
    let merges: Merges = known
        .map(|(left, right)| (left.to_owned(), right.to_owned()))
        .collect();
    let left_out = n_lines - merges.len();
    if left_out > 0 {
        notes.push(format!(
            "{left_out} of the {n_lines} merges in the GGUF metadata's {MERGES} are left out: they \
             are no pairs of tokens, or make no token; ids of texts that they apply to may be wrong"
        ));
    }
    Ok(merges)
}

/// The two tokens of a merge. The first may begin with the space that is between them.
fn pair(line: &str) -> Option<(&str, &str)> {
    let first = line.chars().next()?.len_utf8();
    let space = line[first..].find(' ')? + first;
    Some((&line[..space], &line[space + 1..]))
}

fn unknown_kind(key: &'static str, name: &str) -> TokenizerError {
    TokenizerError::UnknownKind {
        key,
        name: name.to_owned(),
    }
}
