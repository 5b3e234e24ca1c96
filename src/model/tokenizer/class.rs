//! Which of transformers' tokenizer classes reads a folder. Most take `tokenizer.json` as it is;
//! some take no more of it than the vocabulary, and read text in a way of their own.

use super::ordered_json::Json;

/// A class of tokenizers, by what it does with a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// `TokenizersBackend`: takes `tokenizer.json` as it is. With the name that the files give to
    /// it, if they give one.
    Generic(Option<String>),
    /// Reads text in a way of its own.
    Own(OwnWay),
    /// Has a way of its own that is not known here.
    Unknown(String),
}

/// The classes that read text in a way of their own, and are known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OwnWay {
    CodeGen,
    CodeLlama,
    Cohere,
    Gemma,
    Gpt2,
    GptNeoX,
    Llama,
    Qwen2,
    Qwen35,
    T5,
}

/// Other classes of transformers that read text in a way of their own.
const UNKNOWN: [&str; 47] = [
    "AlbertTokenizer",
    "BartTokenizer",
    "BarthezTokenizer",
    "BertTokenizer",
    "BigBirdTokenizer",
    "BlenderbotTokenizer",
    "CLIPTokenizer",
    "CamembertTokenizer",
    "ConvBertTokenizer",
    "CpmTokenizer",
    "DebertaTokenizer",
    "DebertaV2Tokenizer",
    "DistilBertTokenizer",
    "ElectraTokenizer",
    "FNetTokenizer",
    "FunnelTokenizer",
    "GPTNeoXJapaneseTokenizer",
    "GPTSw3Tokenizer",
    "HerbertTokenizer",
    "LEDTokenizer",
    "LasrTokenizer",
    "LayoutLMv2Tokenizer",
    "LayoutLMv3Tokenizer",
    "LayoutXLMTokenizer",
    "LukeTokenizer",
    "LxmertTokenizer",
    "M2M100Tokenizer",
    "MBart50Tokenizer",
    "MBartTokenizer",
    "MPNetTokenizer",
    "MarianTokenizer",
    "MobileBertTokenizer",
    "MvpTokenizer",
    "NllbTokenizer",
    "NougatTokenizer",
    "OpenAIGPTTokenizer",
    "PegasusTokenizer",
    "PhobertTokenizer",
    "ReformerTokenizer",
    "RemBertTokenizer",
    "RobertaTokenizer",
    "RoFormerTokenizer",
    "SeamlessM4TTokenizer",
    "WhisperTokenizer",
    "XGLMTokenizer",
    "XLMRobertaTokenizer",
    "XLNetTokenizer",
];

/// The class that transformers itself has for a type of models.
enum ClassMapping {
    /// None: what the files name is taken.
    No,
    Generic,
    Own(OwnWay),
}

/// The `model_type`s whose files are known to name a wrong class.
const NAME_A_WRONG_CLASS: [&str; 2] = ["phi3", "qwen2"];

fn mapped(model_type: &str) -> ClassMapping {
    match model_type {
        "cohere" | "cohere2" => ClassMapping::Own(OwnWay::Cohere),
        "gemma" | "gemma2" | "gemma3" | "gemma3_text" => ClassMapping::Own(OwnWay::Gemma),
        "gpt2" | "gpt_neo" | "gptj" | "opt" | "phi" | "starcoder2" => {
            ClassMapping::Own(OwnWay::Gpt2)
        }
        "gpt_neox" | "olmoe" => ClassMapping::Own(OwnWay::GptNeoX),
        "qwen2" | "qwen2_moe" | "qwen3" | "qwen3_moe" => ClassMapping::Own(OwnWay::Qwen2),
        "granite" | "mistral" | "mistral3" | "mixtral" | "olmo2" | "phi3" | "stablelm" => {
            ClassMapping::Generic
        }
        _ => ClassMapping::No,
    }
}

impl Class {
    /// The class for a folder with these files.
    pub(super) fn of(
        tokenizer_config: &Json,
        config: &Json,
        tokenizer_json: Option<&[u8]>,
    ) -> Self {
        let named = |file: &Json| {
            let name = file.get("tokenizer_class").and_then(Json::text);
            name.filter(|name| !name.is_empty()).map(str::to_owned)
        };
        let declared = named(tokenizer_config).or_else(|| named(config));
        let model_type = config
            .get("model_type")
            .and_then(Json::text)
            .unwrap_or_default();
        let is_wrong = NAME_A_WRONG_CLASS.contains(&model_type);
        let has_code = tokenizer_config
            .get("auto_map")
            .is_some_and(|map| !map.is_empty());
        let Some(declared) = declared else {
            return match mapped(model_type) {
                ClassMapping::Own(own) => Self::Own(own),
                ClassMapping::Generic | ClassMapping::No => Self::Generic(None),
            };
        };
        let class = Self::named(&declared);
        if has_code {
            return class;
        }
        // Llama 3 was published as a `LlamaTokenizer`, which it is not.
        let is_byte_level = || tokenizer_json.is_some_and(|json| contains(json, b"\"ByteLevel\""));
        if without_fast(&declared) == "LlamaTokenizer" && !is_wrong && is_byte_level() {
            return Self::Generic(Some(declared));
        }
        match mapped(model_type) {
            ClassMapping::No => class,
            ClassMapping::Generic => Self::Generic(Some(declared)),
            ClassMapping::Own(own) if is_wrong => Self::Own(own),
            ClassMapping::Own(_) => class,
        }
    }

    fn named(name: &str) -> Self {
        let own = match without_fast(name) {
            "CodeGenTokenizer" => OwnWay::CodeGen,
            "CodeLlamaTokenizer" => OwnWay::CodeLlama,
            "CohereTokenizer" => OwnWay::Cohere,
            "GemmaTokenizer" => OwnWay::Gemma,
            "GPT2Tokenizer" => OwnWay::Gpt2,
            "GPTNeoXTokenizer" => OwnWay::GptNeoX,
            "LlamaTokenizer" | "Phi3Tokenizer" => OwnWay::Llama,
            "Qwen2Tokenizer" => OwnWay::Qwen2,
            "Qwen3_5Tokenizer" => OwnWay::Qwen35,
            "T5Tokenizer" => OwnWay::T5,
            other if UNKNOWN.contains(&other) => return Self::Unknown(name.to_owned()),
            _ => return Self::Generic(Some(name.to_owned())),
        };
        Self::Own(own)
    }
}

/// The names of classes were longer once.
fn without_fast(name: &str) -> &str {
    name.strip_suffix("Fast").unwrap_or(name)
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

impl OwnWay {
    /// The tokens of each role where the files do not speak of it.
    pub(super) fn usual_roles(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::CodeGen | Self::Gpt2 => &[
                ("bos_token", "<|endoftext|>"),
                ("eos_token", "<|endoftext|>"),
                ("unk_token", "<|endoftext|>"),
            ],
            Self::GptNeoX => &[
                ("bos_token", "<|endoftext|>"),
                ("eos_token", "<|endoftext|>"),
                ("unk_token", "<|endoftext|>"),
                ("pad_token", "<|padding|>"),
            ],
            Self::Qwen2 | Self::Qwen35 => &[
                ("eos_token", "<|endoftext|>"),
                ("unk_token", "<|endoftext|>"),
                ("pad_token", "<|endoftext|>"),
            ],
            Self::CodeLlama | Self::Llama => &[
                ("bos_token", "<s>"),
                ("eos_token", "</s>"),
                ("unk_token", "<unk>"),
            ],
            Self::Gemma => &[
                ("bos_token", "<bos>"),
                ("eos_token", "<eos>"),
                ("unk_token", "<unk>"),
                ("pad_token", "<pad>"),
                ("mask_token", "<mask>"),
            ],
            Self::Cohere => &[
                ("bos_token", "<BOS_TOKEN>"),
                ("eos_token", "<|END_OF_TURN_TOKEN|>"),
                ("unk_token", "<UNK>"),
                ("sep_token", "<SEP>"),
                ("pad_token", "<PAD>"),
                ("cls_token", "<CLS>"),
                ("mask_token", "<MASK_TOKEN>"),
            ],
            Self::T5 => &[
                ("eos_token", "</s>"),
                ("unk_token", "<unk>"),
                ("pad_token", "<pad>"),
            ],
        }
    }

    /// The same for the roles of the class's own.
    pub(super) fn usual_own_roles(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::CodeLlama => &[
                ("prefix_token", "▁<PRE>"),
                ("middle_token", "▁<MID>"),
                ("suffix_token", "▁<SUF>"),
                ("eot_token", "▁<EOT>"),
                ("fill_token", "<FILL_ME>"),
            ],
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn class(tokenizer_class: &str, model_type: &str, tokenizer_json: &str) -> Class {
        let config = format!(r#"{{"tokenizer_class": {tokenizer_class}}}"#);
        let model = format!(r#"{{"model_type": "{model_type}"}}"#);
        let json = |text: &str| serde_json::from_str::<Json>(text).unwrap();
        Class::of(
            &json(&config),
            &json(&model),
            Some(tokenizer_json.as_bytes()),
        )
    }

    #[test]
    fn the_files_name_the_class_with_or_without_fast() {
        for name in ["\"Qwen2Tokenizer\"", "\"Qwen2TokenizerFast\""] {
            assert_eq!(class(name, "llama", ""), Class::Own(OwnWay::Qwen2));
        }
    }

    #[test]
    fn where_they_name_none_the_type_of_the_model_does() {
        assert_eq!(class("null", "gpt2", ""), Class::Own(OwnWay::Gpt2));
        assert_eq!(class("null", "llama", ""), Class::Generic(None));
    }

    #[test]
    fn some_types_of_models_are_read_as_transformers_knows_them_whatever_the_files_name() {
        assert_eq!(
            class("\"LlamaTokenizer\"", "qwen2", ""),
            Class::Own(OwnWay::Qwen2)
        );
        let generic = Class::Generic(Some("LlamaTokenizer".into()));
        assert_eq!(class("\"LlamaTokenizer\"", "mistral", ""), generic);
        assert_eq!(class("\"LlamaTokenizer\"", "phi3", ""), generic);
    }

    #[test]
    fn a_byte_level_llama_tokenizer_is_none() {
        let llama = |json| class("\"LlamaTokenizer\"", "llama", json);
        assert_eq!(llama("{}"), Class::Own(OwnWay::Llama));
        assert_eq!(
            llama(r#"{"type": "ByteLevel"}"#),
            Class::Generic(Some("LlamaTokenizer".into()))
        );
    }
}
