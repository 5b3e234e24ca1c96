//! How each class with a way of its own reads text: its vocabulary comes from the files, the rest
//! is what transformers 5 builds around it.

use tokenizers::decoders::byte_level::ByteLevel as ByteLevelDecoder;
use tokenizers::models::bpe::BPE;
use tokenizers::models::unigram::Unigram;
use tokenizers::normalizers::{NFC, Precompiled, Replace};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::digits::Digits;
use tokenizers::pre_tokenizers::metaspace::{Metaspace, PrependScheme};
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::pre_tokenizers::whitespace::WhitespaceSplit;
use tokenizers::{
    DecoderWrapper, ModelWrapper, NormalizerWrapper, PreTokenizerWrapper, SplitDelimiterBehavior,
    Tokenizer,
};

use super::class::OwnWay;
use super::declared::Declarations;
use super::sentencepiece::{self, Opening, SPACE};
use super::{growth, split};

/// Whether a space is put in front of a text, and where.
#[derive(Clone, Copy)]
struct Prefix {
    /// As the files say.
    told: Option<bool>,
    /// In front of every piece between added tokens, rather than of the first one only.
    everywhere: bool,
}

impl Prefix {
    fn scheme(self) -> PrependScheme {
        match (self.told.unwrap_or(true), self.everywhere) {
            (false, _) => PrependScheme::Never,
            (true, true) => PrependScheme::Always,
            (true, false) => PrependScheme::First,
        }
    }
}

/// The tokenizer of a class for `model`; without special tokens yet. `rules` are those by which
/// SentencePiece normalises a text, if the files have any.
pub(super) fn build(
    own: OwnWay,
    model: ModelWrapper,
    rules: Option<NormalizerWrapper>,
    unknown: Option<&str>,
    declared: &Declarations,
) -> tokenizers::Result<Tokenizer> {
    let mut tokenizer = Tokenizer::new(own.model(model, unknown)?);
    let prefix = Prefix {
        told: declared.add_prefix_space,
        everywhere: declared.legacy.unwrap_or(false),
    };
    tokenizer.with_normalizer(own.normaliser(rules)?)?;
    tokenizer.with_pre_tokenizer(Some(own.pre_tokenizer(prefix)?));
    tokenizer.with_decoder(Some(own.decoder(prefix)?));
    Ok(tokenizer)
}

impl OwnWay {
    /// Whether its vocabulary is one of Unigram rather than of BPE.
    pub(super) fn is_unigram(self) -> bool {
        self == Self::T5
    }

    fn model(self, model: ModelWrapper, unknown: Option<&str>) -> tokenizers::Result<ModelWrapper> {
        match model {
            ModelWrapper::BPE(bpe) if !self.is_unigram() => Ok(self.bpe(bpe, unknown).into()),
            ModelWrapper::Unigram(unigram) if self.is_unigram() => {
                let vocabulary = unigram.iter().cloned().collect();
                Ok(Unigram::from(vocabulary, Some(2), false)?.into())
            }
            _ => Err(format!("has a vocabulary that no {self:?} tokenizer reads").into()),
        }
    }

    fn bpe(self, mut bpe: BPE, unknown: Option<&str>) -> BPE {
        bpe.dropout = None;
        bpe.ignore_merges = false;
        let spells_bytes = matches!(self, Self::CodeLlama | Self::Gemma | Self::Llama);
        bpe.fuse_unk = spells_bytes;
        bpe.byte_fallback = spells_bytes;
        let names_unknown = matches!(self, Self::CodeLlama | Self::Gemma);
        bpe.unk_token = unknown.filter(|_| names_unknown).map(str::to_owned);
        bpe
    }

    fn normaliser(
        self,
        rules: Option<NormalizerWrapper>,
    ) -> tokenizers::Result<Option<NormalizerWrapper>> {
        Ok(match self {
            Self::Cohere | Self::GptNeoX | Self::Qwen2 | Self::Qwen35 => Some(NFC.into()),
            Self::Gemma => Some(Replace::new(" ", SPACE)?.into()),
            Self::T5 => rules,
            Self::CodeGen | Self::CodeLlama | Self::Gpt2 | Self::Llama => None,
        })
    }

    fn pre_tokenizer(self, prefix: Prefix) -> tokenizers::Result<PreTokenizerWrapper> {
        let opens = prefix.told.unwrap_or(false);
        Ok(match self {
            Self::CodeGen | Self::Gpt2 | Self::GptNeoX => ByteLevel::new(opens, true, true).into(),
            Self::Cohere => sequence([
                Digits::new(true).into(),
                ByteLevel::new(opens, true, true).into(),
            ]),
            Self::Qwen2 => words(split::expressions::QWEN2, opens)?,
            Self::Qwen35 => words(split::expressions::QWEN35, opens)?,
            Self::Llama => Metaspace::new(SPACE, prefix.scheme(), false).into(),
            Self::CodeLlama => {
                let first = Prefix {
                    everywhere: false,
                    ..prefix
                };
                Metaspace::new(SPACE, first.scheme(), false).into()
            }
            Self::Gemma => {
                Split::new(" ", SplitDelimiterBehavior::MergedWithPrevious, false)?.into()
            }
            Self::T5 => sequence([
                WhitespaceSplit.into(),
                Metaspace::new(SPACE, PrependScheme::Always, true).into(),
            ]),
        })
    }

    fn decoder(self, prefix: Prefix) -> tokenizers::Result<DecoderWrapper> {
        let opening = match prefix.told {
            Some(false) => Opening::Nothing,
            Some(true) | None => Opening::Space,
        };
        Ok(match self {
            Self::CodeLlama | Self::Llama => sentencepiece::decoder(opening)?.into(),
            Self::Gemma => sentencepiece::decoder(Opening::Nothing)?.into(),
            Self::T5 => Metaspace::new(SPACE, PrependScheme::Always, true).into(),
            Self::CodeGen
            | Self::Cohere
            | Self::Gpt2
            | Self::GptNeoX
            | Self::Qwen2
            | Self::Qwen35 => ByteLevelDecoder::default().into(),
        })
    }
}

/// The normaliser of rules that SentencePiece wrote.
pub(super) fn precompiled(charsmap: &[u8]) -> tokenizers::Result<NormalizerWrapper> {
    if !growth::holds_its_rules(charsmap, charsmap.len()) {
        return Err("its precompiled_charsmap is damaged".into());
    }
    let rules = Precompiled::from(charsmap);
    let rules = rules.map_err(|error| format!("its precompiled_charsmap: {error}"))?;
    Ok(rules.into())
}

/// The rules that SentencePiece wrote among the steps of a normaliser.
pub(super) fn rules_of(normaliser: &NormalizerWrapper) -> Option<NormalizerWrapper> {
    match normaliser {
        NormalizerWrapper::Precompiled(_) => Some(normaliser.clone()),
        NormalizerWrapper::Sequence(steps) => steps.as_ref().iter().find_map(rules_of),
        _ => None,
    }
}

/// Text cut by an expression, its bytes spelled as characters.
pub(super) fn words(expression: &str, opens: bool) -> tokenizers::Result<PreTokenizerWrapper> {
    let pattern = SplitPattern::Regex(expression.to_owned());
    let cut = Split::new(pattern, SplitDelimiterBehavior::Isolated, false)?;
    Ok(sequence([
        cut.into(),
        ByteLevel::new(opens, true, false).into(),
    ]))
}

fn sequence<const N: usize>(steps: [PreTokenizerWrapper; N]) -> PreTokenizerWrapper {
    Sequence::new(steps.into()).into()
}
