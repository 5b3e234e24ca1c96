//! How byte-level vocabularies cut a text into words before they merge within each word, by the
//! name that GGUF files give to it (`tokenizer.ggml.pre`).
//!
//! The expressions are those of the models' own `tokenizer.json`. A wrong one gives ids that look
//! right and are not, so a name that is not listed has none.

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

const GPT2: &str = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

const LLAMA3: &str = concat!(
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}",
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
);

/// Qwen 2's cuts.
pub(super) const QWEN2: &str = concat!(
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}",
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
);

/// Qwen 3.5's, which leave marks with their letters.
pub(super) const QWEN35: &str = concat!(
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}",
    r"| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
);

const TEKKEN: &str = concat!(
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+",
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*",
    r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
);

const GPT_4O: &str = concat!(
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+",
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*",
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
);

/// The letters with a case, as DeepSeek LLM's `tokenizer.json` lists them.
const CASED: &str = concat!(
    r"\s?[",
    "A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕ",
    "ἠ-ὅὈ-Ὅὐ-ὗὙὛὝὟ-ώᾀ-ᾴᾶ-ᾼιῂ-ῄῆ-ῌῐ-ΐῖ-Ίῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤΩℨK-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳ",
    "Ꙁ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃",
    "]+",
);

const HAN_AND_HANGUL: &str = "[一-龥ࠀ-一가-\u{d7ff}]+";

impl WordSplit {
    /// The split of GPT-2.
    pub(super) const GPT2: Self = Self::plain(&[Cut::Matches(GPT2)]);

    /// The split of Qwen 2.
    pub(super) const QWEN2: Self = Self::plain(&[Cut::Matches(QWEN2)]).nfc();

    /// What llama.cpp does with a file that is too old to name its split.
    pub(super) const UNNAMED: Self = Self::plain(&[
        Cut::Matches(r"[\p{P}\$\+<=>\^~\|]+"),
        Cut::Matches(GPT2),
        Cut::Matches(r"\p{N}+"),
        Cut::Matches("[0-9][0-9][0-9]"),
    ]);

    /// The split that GGUF files call `name`.
    pub(super) fn named(name: &str) -> Option<Self> {
        let split = match name {
            "gpt-2" | "phi-2" | "jais" | "exaone4" | "trillion" | "granite-docling"
            | "gigachat" | "a.x-4.0" | "mellum" => Self::GPT2,
            "olmo" | "mpt" => Self::GPT2.nfc(),
            "smollm" | "starcoder" | "refact" | "codeshell" | "exaone" | "minerva-7b" => {
                Self::plain(&[Cut::Digits, Cut::Matches(GPT2)])
            }
            "command-r" => Self::plain(&[Cut::Digits, Cut::Matches(GPT2)]).nfc(),
            "llama3" | "llama-v3" | "llama-bpe" | "falcon3" | "falcon-h1" | "pixtral"
            | "midm-2.0" | "lfm2" => Self::plain(&[Cut::Matches(LLAMA3)])
                .whole_words_first()
                .adds_bos(),
            "dbrx" | "smaug-bpe" | "chatglm-bpe" | "glm4" => Self::plain(&[Cut::Matches(LLAMA3)]),
            "qwen2" | "stablelm2" | "deepseek-r1-qwen" | "hunyuan" | "megrez" | "kormo" => {
                Self::QWEN2
            }
            "qwen35" => Self::plain(&[Cut::Matches(QWEN35)]).nfc(),
            "tekken" => Self::plain(&[Cut::Matches(TEKKEN)])
                .whole_words_first()
                .adds_bos(),
            "gpt-4o" | "llama4" | "kanana2" => Self::plain(&[Cut::Matches(GPT_4O)]),
            "deepseek-coder" => Self::plain(&[
                Cut::Matches(r"[\r\n]"),
                Cut::Matches(r"\s?\p{L}+"),
                Cut::Matches(r"\s?\p{P}+"),
                Cut::Matches(HAN_AND_HANGUL),
                Cut::Digits,
            ]),
            "deepseek-llm" => Self::plain(&[
                Cut::Matches(r"[\r\n]"),
                Cut::Matches(CASED),
                Cut::Matches("\\s?[!-/:-~！-／：-～‘-‟\u{3000}-。]+"),
                Cut::Matches(r"\s+$"),
                Cut::Matches(HAN_AND_HANGUL),
                Cut::Matches(r"\p{N}+"),
            ]),
            "bloom" => Self::plain(&[Cut::Matches(r" ?[^(\s|.,!?…。，、।۔،)]+")]),
            "falcon" => Self::plain(&[
                Cut::Matches(r"[\p{P}\$\+<=>\^~\|`]+"),
                Cut::Matches(GPT2),
                Cut::Matches("[0-9][0-9][0-9]"),
            ]),
            "default" => Self::UNNAMED,
            _ => return None,
        };
        Some(split)
    }

    const fn plain(cuts: &'static [Cut]) -> Self {
        Self {
            cuts,
            normaliser: Normaliser::None,
            whole_words_first: false,
            adds_bos: false,
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use tokenizers::{OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer};

    /// The words that `text` is cut into, spaces as `Ġ` and newlines as `Ċ`.
    fn words(name: &str, text: &str) -> Vec<String> {
        let mut cut = PreTokenizedString::from(text);
        let split = WordSplit::named(name).unwrap();
        split
            .pre_tokenizer()
            .unwrap()
            .pre_tokenize(&mut cut)
            .unwrap();
        cut.get_splits(OffsetReferential::Original, OffsetType::Byte)
            .into_iter()
            .map(|(word, ..)| word.to_owned())
            .collect()
    }

    #[test]
    fn no_split_puts_a_space_in_front() {
        for name in [
            "gpt-2",
            "smollm",
            "llama-bpe",
            "qwen2",
            "tekken",
            "gpt-4o",
            "default",
        ] {
            assert_eq!(words(name, "The keys"), ["The", "Ġkeys"], "{name}");
        }
    }

    #[test]
    fn the_kinds_differ_in_how_they_cut_digits() {
        assert_eq!(words("gpt-2", "in 12345"), ["in", "Ġ12345"]);
        assert_eq!(
            words("smollm", "in 12345"),
            ["in", "Ġ", "1", "2", "3", "4", "5"]
        );
        assert_eq!(words("llama-bpe", "in 12345"), ["in", "Ġ", "123", "45"]);
        assert_eq!(
            words("qwen2", "in 12345"),
            ["in", "Ġ", "1", "2", "3", "4", "5"]
        );
        assert_eq!(words("falcon", "in 12345"), ["in", "Ġ", "123", "45"]);
    }

    #[test]
    fn the_kinds_differ_in_how_they_cut_contractions_and_case() {
        assert_eq!(words("gpt-2", "WE'LL"), ["WE", "'", "LL"]);
        assert_eq!(words("llama-bpe", "WE'LL"), ["WE", "'LL"]);
        assert_eq!(words("gpt-4o", "WE'LL goTo"), ["WE'LL", "Ġgo", "To"]);
        assert_eq!(words("tekken", "goTo 12"), ["go", "To", "Ġ", "1", "2"]);
    }

    #[test]
    fn runs_of_spaces_leave_one_to_the_next_word() {
        assert_eq!(words("gpt-2", "a   b"), ["a", "ĠĠ", "Ġb"]);
        assert_eq!(words("llama-bpe", "a\n\n  b"), ["a", "ĊĊ", "Ġ", "Ġb"]);
    }

    #[test]
    fn bloom_cuts_at_spaces_and_at_some_punctuation() {
        assert_eq!(
            words("bloom", "it's 12, (no)!\n\nyes"),
            ["it's", "Ġ12", ",Ġ(", "no", ")!ĊĊ", "yes"]
        );
    }

    #[test]
    fn deepseek_cuts_lines_letters_punctuation_and_han_from_each_other() {
        for name in ["deepseek-coder", "deepseek-llm"] {
            assert_eq!(
                words(name, "a\n b 你好!!"),
                ["a", "Ċ", "Ġb", "Ġ", "ä½łå¥½", "!!"],
                "{name}"
            );
        }
        assert_eq!(words("deepseek-coder", "in 12"), ["in", "Ġ", "1", "2"]);
        assert_eq!(words("deepseek-llm", "in 12"), ["in", "Ġ", "12"]);
    }

    #[test]
    fn an_unlisted_name_has_no_split() {
        assert_eq!(WordSplit::named("superbpe"), None);
        assert_eq!(WordSplit::named(""), None);
    }
}
