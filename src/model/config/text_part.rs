//! The text model within a larger one, that sees pictures or hears sounds: which part of a
//! `config.json` describes it, and of what type it is.

use serde_json::{Map, Value};

/// Where larger models keep the text model's values.
const PARTS: [&str; 3] = ["text_config", "llm_config", "language_config"];

/// The types of larger models whose text model has a type that files may leave out: that which
/// transformers takes.
const TYPES: &[(&str, &str)] = &[
    ("aya_vision", "cohere2"),
    ("blip-2", "opt"),
    ("cohere2_vision", "cohere2"),
    ("deepseek_vl", "llama"),
    ("deepseek_vl_hybrid", "llama"),
    ("fast_vlm", "qwen2"),
    ("gemma3", "gemma3_text"),
    ("got_ocr2", "qwen2"),
    ("granite_speech", "granite"),
    ("idefics2", "mistral"),
    ("idefics3", "llama"),
    ("instructblip", "opt"),
    ("instructblipvideo", "opt"),
    ("internvl", "qwen2"),
    ("janus", "llama"),
    ("lighton_ocr", "qwen3"),
    ("llava", "llama"),
    ("llava_next", "llama"),
    ("llava_next_video", "llama"),
    ("llava_onevision", "qwen2"),
    ("mistral3", "mistral"),
    ("ovis2", "qwen2"),
    ("paligemma", "gemma"),
    ("perception_lm", "llama"),
    ("qwen2_audio", "qwen2"),
    ("qwen2_vl", "qwen2_vl_text"),
    ("qwen2_5_vl", "qwen2_5_vl_text"),
    ("qwen3_vl", "qwen3_vl_text"),
    ("shieldgemma2", "gemma3_text"),
    ("smolvlm", "llama"),
    ("video_llama_3", "qwen2"),
    ("video_llava", "llama"),
    ("vipllava", "llama"),
    ("voxtral", "llama"),
];

/// The larger models whose text model's values may stand beside their own, as transformers 4 wrote
/// them.
const FLAT: [&str; 2] = ["qwen2_vl", "qwen2_5_vl"];

/// Says of the larger model, where its own text model's values leave it out.
const TIED: &str = "tie_word_embeddings";

/// The values of the text model, and the type of the larger model that it is a part of.
pub(super) struct TextPart {
    pub values: Map<String, Value>,
    pub whole: Option<String>,
}

/// Takes the text model's values out of those of a `config.json`.
pub(super) fn of(mut values: Map<String, Value>) -> TextPart {
    let whole = values.get("model_type").and_then(Value::as_str);
    let whole = whole.map(str::to_owned);
    let usual = whole.as_deref().and_then(text_type);
    let inner = PARTS.iter().find_map(|part| match values.remove(*part) {
        Some(Value::Object(inner)) => Some(inner),
        _ => None,
    });
    match (inner, usual) {
        (Some(mut inner), usual) => {
            if let Some(usual) = usual {
                inner.entry("model_type").or_insert_with(|| usual.into());
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
        (None, Some(usual)) if whole.as_deref().is_some_and(|whole| FLAT.contains(&whole)) => {
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

fn text_type(whole: &str) -> Option<&'static str> {
    let mut types = TYPES.iter();
    types.find_map(|(name, text)| (*name == whole).then_some(*text))
}

/// Whether a key says how the weights of the whole model are stored.
fn is_of_weights(key: &str) -> bool {
    matches!(
        key,
        "quantization_config" | "compression_config" | "quantization" | "transformers_weights"
    )
}
