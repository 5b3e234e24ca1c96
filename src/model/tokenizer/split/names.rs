//! The names that GGUF files have for splits (`tokenizer.ggml.pre`): one more is a line here, with
//! its expression in [`expressions`] where it has one of its own.

use super::expressions::{
    BLOOM, CASED, GPT_4O, GPT2, HAN_AND_HANGUL, KIMI, LLAMA3, MINICPM5, QWEN2, QWEN35, SEED,
    TEKKEN, THREES_FROM_THE_END, YOUTU, YOUTU_SCRIPTS,
};
use super::{Cut, WordSplit};

impl WordSplit {
    /// The split that GGUF files call `name`.
    pub(in super::super) fn named(name: &str) -> Option<Self> {
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
            "dbrx" | "smaug-bpe" => Self::plain(&[Cut::Matches(LLAMA3)]),
            // Made of tiktoken vocabularies, which look a word up before they merge.
            "chatglm-bpe" | "glm4" => Self::plain(&[Cut::Matches(LLAMA3)]).whole_words_first(),
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
            "deepseek-v3" | "joyai-llm" => Self::DEEPSEEK3,
            "hunyuan-dense" | "hy_v4" => Self::DEEPSEEK3.by_llama_cpp(),
            "kimi-k2" => Self::plain(&[Cut::Matches(KIMI)]).whole_words_first(),
            "bloom" => Self::BLOOM,
            "poro-chat" | "gpt3-finnish" => Self::BLOOM.by_llama_cpp(),
            "viking" => Self::plain(&[Cut::Matches(BLOOM), Cut::Digits]).by_llama_cpp(),
            "seed-coder" => Self::plain(&[Cut::Matches(SEED)]).by_llama_cpp(),
            "solar-open" => Self::plain(&[Cut::Matches(QWEN2)]).by_llama_cpp(),
            "minicpm5" => Self::plain(&[Cut::Matches(r"\p{N}{1,3}"), Cut::Matches(MINICPM5)])
                .whole_words_first()
                .by_llama_cpp(),
            "youtu" => Self::plain(&[Cut::Matches(YOUTU_SCRIPTS), Cut::Matches(YOUTU)])
                .whole_words_first()
                .by_llama_cpp(),
            "tiny_aya" | "cohere2moe" => {
                Self::plain(&[Cut::Matches(THREES_FROM_THE_END), Cut::Matches(GPT_4O)])
                    .by_llama_cpp()
            }
            "superbpe" => {
                Self::plain(&[Cut::Matches(r"\p{N}+"), Cut::Matches(r"(?=(\d{3})+(?!\d))")])
                    .by_llama_cpp()
            }
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
            "deepseek-v3",
            "kimi-k2",
            "seed-coder",
            "minicpm5",
            "youtu",
            "tiny_aya",
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
        assert_eq!(WordSplit::named("whitespace"), None);
        assert_eq!(WordSplit::named(""), None);
    }
}
