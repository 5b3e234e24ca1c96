//! The text model within a larger one, that sees pictures or hears sounds: which part of a
//! `config.json` describes it, and of what type it is.

use serde_json::{Map, Value};

/// Larger models that attend to a whole prompt at once where their files say nothing of it.
const SEE_WHOLE_PROMPTS: [&str; 1] = ["paligemma"];

/// Where larger models keep the text model's values.
const PARTS: [&str; 3] = ["text_config", "llm_config", "language_config"];

/// The types of larger models that transformers knows; the type of the text model that it takes
/// where a file leaves it out, and whether embedding and unembedding are then one (in those on
/// OPT, OPT itself ties them).
const TYPES: &[(&str, &str, bool)] = &[
    ("aya_vision", "cohere2", true),
    ("blip-2", "opt", true),
    ("cohere2_vision", "cohere2", true),
    ("deepseek_vl", "llama", true),
    ("deepseek_vl_hybrid", "llama", true),
    ("fast_vlm", "qwen2", false),
    ("gemma3", "gemma3_text", true),
    ("gemma3n", "gemma3n_text", true),
    ("gemma4", "gemma4_text", true),
    ("gemma4_unified", "gemma4_unified_text", true),
    ("got_ocr2", "qwen2", true),
    ("granite_speech", "granite", true),
    ("idefics2", "mistral", false),
    ("idefics3", "llama", false),
    ("instructblip", "opt", true),
    ("instructblipvideo", "opt", true),
    ("internvl", "qwen2", true),
    ("janus", "llama", true),
    ("lighton_ocr", "qwen3", true),
    ("llama4", "llama4_text", false),
    ("llava", "llama", false),
    ("llava_next", "llama", false),
    ("llava_next_video", "llama", false),
    ("llava_onevision", "qwen2", false),
    ("mistral3", "mistral", true),
    ("ovis2", "qwen2", true),
    ("paligemma", "gemma", true),
    ("perception_lm", "llama", false),
    ("qwen2_audio", "qwen2", false),
    ("qwen2_vl", "qwen2_vl_text", false),
    ("qwen2_5_vl", "qwen2_5_vl_text", false),
    ("qwen3_5", "qwen3_5_text", false),
    ("qwen3_5_moe", "qwen3_5_moe_text", false),
    ("qwen3_vl", "qwen3_vl_text", false),
    ("shieldgemma2", "gemma3_text", true),
    ("smolvlm", "llama", false),
    ("video_llama_3", "qwen2", false),
    ("video_llava", "llama", false),
    ("vipllava", "llama", false),
    ("voxtral", "llama", false),
];

/// The larger models whose text model's values may stand beside their own, as transformers 4 wrote
/// them.
const FLAT: [&str; 2] = ["qwen2_vl", "qwen2_5_vl"];

/// In a larger model it is the larger model's own value that counts.
const TIED: &str = "tie_word_embeddings";

/// The values of the text model, and the type of the larger model that it is a part of.
pub(super) struct TextPart {
    pub values: Map<String, Value>,
    pub whole: Option<String>,
}

impl TextPart {
    /// What a user should know of it, one line each.
    pub(super) fn notes(&self) -> Vec<String> {
        let Some(whole) = &self.whole else {
            return Vec::new();
        };
        let kind = self.values.get("model_type").and_then(Value::as_str);
        let kind = kind.unwrap_or("unknown");
        let mut notes = vec![format!(
            "the text model (`{kind}`) of a larger model (`{whole}`); its other parts are left out"
        )];
        let says_how = self.values.contains_key("use_bidirectional_attention");
        if SEE_WHOLE_PROMPTS.contains(&whole.as_str()) && !says_how {
            notes.push(format!(
                "`{whole}` lets the tokens of a prompt attend to later ones; here each token sees \
                 those before it only, so that the numbers are those of its text model by itself"
            ));
        }
        notes
    }
}

/// Takes the text model's values out of those of a `config.json`.
pub(super) fn of(mut values: Map<String, Value>) -> TextPart {
    let whole = values.get("model_type").and_then(Value::as_str);
    let whole = whole.map(str::to_owned);
    let known = whole.as_deref().and_then(known);
    let inner = PARTS.iter().find_map(|part| match values.remove(*part) {
        Some(Value::Object(inner)) => Some(inner),
        _ => None,
    });
    match (inner, known) {
        (Some(mut inner), known) => {
            if let Some((usual, tied)) = known {
                inner.entry("model_type").or_insert_with(|| usual.into());
                inner.insert(TIED.into(), tied.into());
            }
            // What is said of the whole holds for its text model, too, unless that has its own.
            for (key, value) in values {
                if key == TIED || is_of_weights(&key) {
                    inner.insert(key, value);
                }
            }
            TextPart {
                values: inner,
                whole: Some(whole.unwrap_or_else(|| "a larger model".to_owned())),
            }
        }
        (None, Some((usual, _))) if whole.as_deref().is_some_and(|whole| FLAT.contains(&whole)) => {
            values.insert("model_type".into(), usual.into());
            values.retain(|key, _| !key.starts_with("vision") && !key.starts_with("image"));
            TextPart { values, whole }
        }
        _ => TextPart {
            values,
            whole: None,
        },
    }
}

/// The type of the text model of a larger model of the type `whole`, and whether its unembedding is
/// its embedding.
fn known(whole: &str) -> Option<(&'static str, bool)> {
    let mut types = TYPES.iter();
    types.find_map(|(name, text, tied)| (*name == whole).then_some((*text, *tied)))
}

/// Whether a key says how the weights of the whole model are stored.
fn is_of_weights(key: &str) -> bool {
    matches!(
        key,
        "quantization_config" | "compression_config" | "quantization" | "transformers_weights"
    )
}
