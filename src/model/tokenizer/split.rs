//! How byte-level vocabularies cut a text into words before they merge within each word, by the
//! name that GGUF files give to it (`tokenizer.ggml.pre`).
//!
//! The expressions are those of the models' own `tokenizer.json`. A wrong one gives ids that look
//! right and are not, so a name that is not listed in [`names`] has none.

pub(super) mod expressions;
mod names;

use expressions::{BLOOM, DEEPSEEK3, GPT2, HAN_AND_KANA, QWEN2};
use tokenizers::normalizers::NFC;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::digits::Digits;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::{NormalizerWrapper, PreTokenizerWrapper, SplitDelimiterBehavior};

/// How a byte-level vocabulary reads text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WordSplit {
    /// Each cut is applied within the pieces of the one before it.
    cuts: &'static [Cut],
    normaliser: Normaliser,
    /// A word that is itself a token is not merged from its bytes.
    pub whole_words_first: bool,
    /// Whether the models of this kind begin with BOS where the file does not say.
    pub adds_bos: bool,
    /// Whether no more of it is known than what llama.cpp does, which normalises no text.
    pub is_by_llama_cpp: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    /// Every digit by itself.
    Digits,
    /// Every match by itself, and what lies between.
    Matches(&'static str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Normaliser {
    None,
    Nfc,
}

impl WordSplit {
    /// The split of GPT-2.
    pub(super) const GPT2: Self = Self::plain(&[Cut::Matches(GPT2)]);

    const BLOOM: Self = Self::plain(&[Cut::Matches(BLOOM)]);

    const DEEPSEEK3: Self = Self::plain(&[
        Cut::Matches(r"\p{N}{1,3}"),
        Cut::Matches(HAN_AND_KANA),
        Cut::Matches(DEEPSEEK3),
    ]);

    /// The split of Qwen 2.
    pub(super) const QWEN2: Self = Self::plain(&[Cut::Matches(QWEN2)]).nfc();

    /// What llama.cpp does with a file that is too old to name its split.
    pub(super) const UNNAMED: Self = Self::plain(&[
        Cut::Matches(r"[\p{P}\$\+<=>\^~\|]+"),
        Cut::Matches(GPT2),
        Cut::Matches(r"\p{N}+"),
        Cut::Matches("[0-9][0-9][0-9]"),
    ]);

    const fn plain(cuts: &'static [Cut]) -> Self {
        Self {
            cuts,
            normaliser: Normaliser::None,
            whole_words_first: false,
            adds_bos: false,
            is_by_llama_cpp: false,
        }
    }

    const fn nfc(mut self) -> Self {
        self.normaliser = Normaliser::Nfc;
        self
    }

    const fn whole_words_first(mut self) -> Self {
        self.whole_words_first = true;
        self
    }

    const fn adds_bos(mut self) -> Self {
        self.adds_bos = true;
        self
    }

    const fn by_llama_cpp(mut self) -> Self {
        self.is_by_llama_cpp = true;
        self
    }

    /// What is done to the text before it is cut.
    pub(super) fn normaliser(&self) -> Option<NormalizerWrapper> {
        match self.normaliser {
            Normaliser::None => None,
            Normaliser::Nfc => Some(NFC.into()),
        }
    }

    /// The cuts, and then the spelling of bytes as characters.
    pub(super) fn pre_tokenizer(&self) -> tokenizers::Result<PreTokenizerWrapper> {
        let bytes = ByteLevel::new(false, true, false);
        let mut steps = Vec::with_capacity(self.cuts.len() + 1);
        for cut in self.cuts {
            steps.push(match cut {
                Cut::Digits => Digits::new(true).into(),
                Cut::Matches(expression) => matches(expression)?,
            });
        }
        steps.push(bytes.into());
        Ok(Sequence::new(steps).into())
    }
}

fn matches(expression: &str) -> tokenizers::Result<PreTokenizerWrapper> {
    let pattern = SplitPattern::Regex(expression.to_owned());
    Ok(Split::new(pattern, SplitDelimiterBehavior::Isolated, false)?.into())
}
