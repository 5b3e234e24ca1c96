//! A tokenizer from `tokenizer.model`, as transformers 5 converts it: for the classes that read
//! text in a way of their own its vocabulary only, for all others with what the model says of
//! spaces and of the forms of characters.

use std::collections::{BTreeMap, HashMap, HashSet};

use tokenizers::decoders::byte_fallback::ByteFallback;
use tokenizers::decoders::fuse::Fuse;
use tokenizers::decoders::sequence::Sequence as Decoders;
use tokenizers::decoders::strip::Strip;
use tokenizers::models::bpe::{BPE, Merges, Vocab};
use tokenizers::models::unigram::Unigram;
use tokenizers::normalizers::replace::ReplacePattern;
use tokenizers::normalizers::{self, Replace};
use tokenizers::pre_tokenizers::metaspace::{Metaspace, PrependScheme};
use tokenizers::pre_tokenizers::sequence::Sequence as PreTokenizers;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::{
    DecoderWrapper, ModelWrapper, NormalizerWrapper, PreTokenizerWrapper, SplitDelimiterBehavior,
    Tokenizer,
};

use super::added_token::{Token, TokenDeclaration};
use super::class::OwnWay;
use super::own_way::precompiled;
use super::sentencepiece::{MOST_WORK, SPACE, cuts};
use super::sentencepiece_file::{Algorithm, ModelPiece, PieceKind, SentencePieceModel};

/// Takes away the spaces around a text, and nothing else: SentencePiece leaves newlines alone.
const TRIM: (&str, &str) = (r"\A +| +\z", "");

/// The space that is put in front is left out where there is one already; SentencePiece puts it
/// there all the same.
const KEEP_OPENING_SPACE: (&str, &str) = (r"\A▁", "▁▁");

/// Whether a step of a normaliser is there for the spaces around a text.
pub(super) fn is_about_ends(step: &Replace) -> bool {
    let is = |(expression, content): (&str, &str)| {
        let pattern = ReplacePattern::Regex(expression.to_owned());
        Replace::new(pattern, content).is_ok_and(|other| other == *step)
    };
    is(TRIM) || is(KEEP_OPENING_SPACE)
}

/// How many tokens `T5Tokenizer` adds that stand for gaps in a text.
const T5_GAPS: usize = 100;

impl SentencePieceModel {
    /// The pieces that are matched as a whole: those that control the model are special, those
    /// that a user defined are not.
    pub(super) fn whole_pieces(&self) -> Vec<TokenDeclaration> {
        let token = |piece: &ModelPiece| match piece.kind {
            PieceKind::Control => Some(Token::verbatim(&piece.text, true)),
            PieceKind::UserDefined => Some(Token::verbatim(&piece.text, false)),
            _ => None,
        };
        let tokens = self.pieces.iter().filter_map(token);
        tokens.map(TokenDeclaration::Token).collect()
    }

    /// The vocabulary for a class with a way of its own, which takes no more of the model.
    pub(super) fn vocabulary_for(&self, own: OwnWay) -> tokenizers::Result<ModelWrapper> {
        if own.is_unigram() {
            let gaps = (0..T5_GAPS).rev();
            let gaps = gaps.map(|gap| (format!("<extra_id_{gap}>"), 0.0));
            let vocabulary = self.scored().chain(gaps).collect();
            return Ok(Unigram::from(vocabulary, Some(2), false)?.into());
        }
        self.check_work()?;
        let ids: HashMap<&str, u32> = self.texts().zip(0..).collect();
        let mut ranked: Vec<(u32, &str, &str)> = ids
            .iter()
            .flat_map(|(&token, &id)| cuts(token).map(move |(left, right)| (id, left, right)))
            .filter(|(_, left, right)| ids.contains_key(left) && ids.contains_key(right))
            .collect();
        // Of the ways to make one token, that with the shorter left part comes first.
        ranked.sort_unstable_by_key(|&(id, left, _)| (id, left.len()));
        let merges = pairs(ranked.into_iter().map(|(_, left, right)| (left, right)));
        let vocab = ids.iter().map(|(&token, &id)| (token.to_owned(), id));
        let model = BPE::builder().vocab_and_merges::<Vocab>(vocab.collect(), merges);
        Ok(model.build()?.into())
    }

    /// The tokenizer that encodes as the model says; without special tokens yet. The tokens of
    /// `names` are what the files call the pieces with these ids.
    pub(super) fn tokenizer(
        &self,
        names: &BTreeMap<u64, Token>,
        legacy: bool,
    ) -> tokenizers::Result<Tokenizer> {
        let (model, user_defined) = match self.algorithm {
            Algorithm::Unigram => {
                let unknown = usize::try_from(self.unknown.id).ok();
                let model = Unigram::from(self.scored().collect(), unknown, self.byte_fallback)?;
                (model.into(), self.user_defined(self.texts()))
            }
            Algorithm::Bpe => self.named_bpe(names)?,
        };
        let mut tokenizer = Tokenizer::new(model);
        tokenizer.with_normalizer(self.normaliser(legacy)?)?;
        tokenizer.with_pre_tokenizer(self.pre_tokenizer(&user_defined, legacy)?);
        tokenizer.with_decoder(Some(self.decoder()?));
        Ok(tokenizer)
    }

    /// The vocabulary, and those of its tokens that a user defined.
    fn named_bpe(
        &self,
        names: &BTreeMap<u64, Token>,
    ) -> tokenizers::Result<(ModelWrapper, Vec<String>)> {
        self.check_work()?;
        let ids: HashMap<&str, u32> = self.texts().zip(0..).collect();
        // A piece keeps its text where the new one is that of another piece.
        let is_named = |id: u32| names.contains_key(&u64::from(id));
        let kept: HashSet<&str> = ids
            .iter()
            .filter_map(|(&text, &id)| (!is_named(id)).then_some(text))
            .collect();
        let name = |text, id: u32| match names.get(&u64::from(id)) {
            Some(token) if !kept.contains(token.content.as_str()) => token.content.as_str(),
            _ => text,
        };
        let mut order: Vec<(&str, u32)> = ids.into_iter().collect();
        order.sort_unstable_by_key(|&(_, id)| id);
        let ids: HashMap<&str, u32> = order
            .into_iter()
            .map(|(text, id)| (name(text, id), id))
            .collect();
        let texts: HashMap<u32, &str> = ids.iter().map(|(&text, &id)| (id, text)).collect();
        let named = (0..).zip(&self.pieces).filter_map(|(id, piece)| {
            let text = *texts.get(&id)?;
            Some((text, (id, piece)))
        });
        let named: Vec<_> = named.collect();
        let normal: HashMap<&str, (u32, &ModelPiece)> = named
            .iter()
            .filter(|(_, (_, piece))| piece.kind == PieceKind::Normal)
            .copied()
            .collect();
        let mut ranked: Vec<(f32, u32, &str, &str)> = normal
            .iter()
            .flat_map(|(&text, &(id, piece))| {
                cuts(text).map(move |(left, right)| (-piece.score, id, left, right))
            })
            .filter(|(_, _, left, right)| normal.contains_key(left) && normal.contains_key(right))
            .collect();
        ranked.sort_unstable_by(|one, other| {
            // Adding zero makes one zero of the two, which are no different scores.
            let by_score = (one.0 + 0.0).total_cmp(&(other.0 + 0.0));
            by_score.then((one.1, one.2, one.3).cmp(&(other.1, other.2, other.3)))
        });
        let merges = pairs(ranked.into_iter().map(|(_, _, left, right)| (left, right)));
        let user_defined = named
            .iter()
            .filter(|(_, (_, piece))| piece.kind == PieceKind::UserDefined)
            .map(|(text, _)| (*text).to_owned());
        let user_defined: Vec<String> = user_defined.collect();
        let vocab = ids.iter().map(|(&text, &id)| (text.to_owned(), id));
        let model = BPE::builder()
            .vocab_and_merges::<Vocab>(vocab.collect(), merges)
            .unk_token(self.unknown.text.clone())
            .fuse_unk(true)
            .byte_fallback(self.byte_fallback)
            .ignore_merges(!user_defined.is_empty());
        Ok((model.build()?.into(), user_defined))
    }

    fn normaliser(&self, legacy: bool) -> tokenizers::Result<Option<NormalizerWrapper>> {
        let mut steps: Vec<NormalizerWrapper> = Vec::new();
        if !self.charsmap.is_empty() {
            steps.push(precompiled(&self.charsmap)?);
        }
        if self.remove_extra_whitespaces {
            steps.push(replace(TRIM)?);
            steps.push(replace((" {2,}", " "))?);
        }
        if self.escape_whitespaces {
            steps.push(Replace::new(" ", SPACE)?.into());
        }
        if self.add_dummy_prefix && legacy {
            steps.push(replace(KEEP_OPENING_SPACE)?);
        }
        Ok(Some(normalizers::Sequence::new(steps).into()))
    }

    fn pre_tokenizer(
        &self,
        user_defined: &[String],
        legacy: bool,
    ) -> tokenizers::Result<Option<PreTokenizerWrapper>> {
        let mut steps: Vec<PreTokenizerWrapper> = Vec::new();
        if self.add_dummy_prefix {
            let scheme = match legacy {
                true => PrependScheme::Always,
                false => PrependScheme::First,
            };
            steps.push(Metaspace::new(SPACE, scheme, false).into());
        }
        if !user_defined.is_empty() {
            // They are never cut and never merged; the longest that fits is taken.
            let mut longest_first: Vec<&String> = user_defined.iter().collect();
            longest_first.sort_by_key(|text| std::cmp::Reverse(text.chars().count()));
            let escaped: Vec<String> = longest_first.into_iter().map(|text| escape(text)).collect();
            let pattern = SplitPattern::Regex(escaped.join("|"));
            steps.push(Split::new(pattern, SplitDelimiterBehavior::Isolated, false)?.into());
        }
        Ok((!steps.is_empty()).then(|| PreTokenizers::new(steps).into()))
    }

    fn decoder(&self) -> tokenizers::Result<DecoderWrapper> {
        let mut steps: Vec<DecoderWrapper> = vec![Replace::new(SPACE.to_string(), " ")?.into()];
        if self.byte_fallback {
            steps.push(ByteFallback::new().into());
        }
        if self.add_dummy_prefix {
            steps.push(Fuse::new().into());
            steps.push(Strip::new(' ', 1, 0).into());
        } else if self.byte_fallback {
            steps.push(Fuse::new().into());
        }
        Ok(Decoders::new(steps).into())
    }

    fn user_defined<'a>(&self, texts: impl Iterator<Item = &'a str>) -> Vec<String> {
        let kinds = self.pieces.iter().map(|piece| piece.kind);
        texts
            .zip(kinds)
            .filter(|&(_, kind)| kind == PieceKind::UserDefined)
            .map(|(text, _)| text.to_owned())
            .collect()
    }

    fn texts(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().map(|piece| piece.text.as_str())
    }

    fn scored(&self) -> impl Iterator<Item = (String, f64)> {
        let pieces = self.pieces.iter();
        pieces.map(|piece| (piece.text.clone(), f64::from(piece.score)))
    }

    /// Finding the merges takes time with the squares of the lengths of the pieces.
    fn check_work(&self) -> tokenizers::Result<()> {
        let squares = self.texts().map(|text| text.len().saturating_pow(2));
        if squares.fold(0, usize::saturating_add) > MOST_WORK {
            return Err("has pieces that are far too long".into());
        }
        Ok(())
    }
}

fn pairs<'a>(merges: impl Iterator<Item = (&'a str, &'a str)>) -> Merges {
    merges
        .map(|(left, right)| (left.to_owned(), right.to_owned()))
        .collect()
}

fn replace((expression, content): (&str, &str)) -> tokenizers::Result<NormalizerWrapper> {
    let pattern = ReplacePattern::Regex(expression.to_owned());
    Ok(Replace::new(pattern, content)?.into())
}

/// `text` as an expression that matches it and nothing else.
fn escape(text: &str) -> String {
    const SPECIAL: &str = "()[]{}?*+-|^$\\.&~# \t\n\r\u{b}\u{c}";
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if SPECIAL.contains(c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}
