//! `llama` and the architectures that differ from it in hyperparameters only: Mistral (sliding
//! window), Qwen2 (biases on queries, keys and values), Qwen3 (norms of queries and keys),
//! SmolLM3 (layers without rotation), Mixtral (experts). SmolLM2 and TinyLlama are `llama`.
//!
//! Touvron et al. 2023, <https://arxiv.org/abs/2302.13971>.

use super::start::Start;
use super::{Family, experts, reading, rotary};
use crate::model::ModelError;
use crate::model::config::{Config, Dialect, Key, ModelType, key};
use crate::model::layout::{
    ExpertsLayout, GGUF, GGUF_SINGLE_EXPERTS, HUGGING_FACE, Layout, RopeRows,
};
use crate::model::spec::{
    Bias, FeedForwardSpec, HeadPositions, Presence, QkNorm, QkNormSpan, Spec,
};

pub const FAMILY: Family = Family {
    name: "llama",
    model_types: &[
        LLAMA, MISTRAL, MIXTRAL, QWEN2, QWEN2_MOE, QWEN2_VL, QWEN2_5_VL, QWEN3, QWEN3_MOE,
        QWEN3_VL, SMOLLM3,
    ],
    gguf: &["llama", "qwen2", "qwen2moe", "qwen3", "qwen3moe", "smollm3"],
    spec,
    layout,
};

const LLAMA: ModelType = ModelType::new(
    "llama",
    r#"{
        "hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32,
        "num_attention_heads": 32, "num_key_value_heads": null, "head_dim": null,
        "hidden_act": "silu", "max_position_embeddings": 2048, "rms_norm_eps": 1e-6,
        "tie_word_embeddings": false, "rope_parameters": null, "rope_theta": 10000.0,
        "attention_bias": false, "mlp_bias": false
    }"#,
)
.only(&[("rope_interleaved", "[false]")])
.ignoring(&[
    ("is_llama_config", "says what the type says"),
    (
        "max_sequence_length",
        "`max_position_embeddings` stands for it",
    ),
    ("activation", "`hidden_act` stands for it"),
    ("layer_norm_eps", "`rms_norm_eps` stands for it"),
]);

const MISTRAL: ModelType = ModelType::new(
    "mistral",
    r#"{
        "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32,
        "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": null,
        "hidden_act": "silu", "max_position_embeddings": 131072, "rms_norm_eps": 1e-6,
        "tie_word_embeddings": false, "rope_parameters": null, "rope_theta": 10000.0,
        "sliding_window": 4096, "layer_types": null
    }"#,
)
.only(&[("attention_bias", "[false]"), ("mlp_bias", "[false]")]);

const MIXTRAL: ModelType = ModelType::new(
    "mixtral",
    r#"{
        "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32,
        "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": null,
        "hidden_act": "silu", "max_position_embeddings": 131072, "rms_norm_eps": 1e-5,
        "tie_word_embeddings": false, "rope_parameters": null, "rope_theta": 1000000.0,
        "sliding_window": null, "num_experts_per_tok": 2, "num_local_experts | num_experts": 8
    }"#,
);

const QWEN2: ModelType = ModelType::new(
    "qwen2",
    r#"{
        "hidden_size": 4096, "intermediate_size": 22016, "num_hidden_layers": 32,
        "num_attention_heads": 32, "num_key_value_heads": 32, "head_dim": null,
        "hidden_act": "silu", "max_position_embeddings": 32768, "rms_norm_eps": 1e-6,
        "tie_word_embeddings": false, "rope_parameters": null, "rope_theta": 10000.0,
        "use_sliding_window": false, "sliding_window": 4096, "max_window_layers": 28,
        "layer_types": null
    }"#,
)
.only(&[("use_mrope", "[false]")]);

const QWEN2_MOE: ModelType = ModelType::new(
    "qwen2_moe",
    r#"{
        "hidden_size": 2048, "intermediate_size": 5632, "num_hidden_layers": 24,
        "num_attention_heads": 16, "num_key_value_heads": 16, "head_dim": null,
        "hidden_act": "silu", "max_position_embeddings": 32768, "rms_norm_eps": 1e-6,
        "tie_word_embeddings": false, "rope_parameters": null, "rope_theta": 10000.0,
        "use_sliding_window": false, "sliding_window": 4096, "max_window_layers": 28,
        "layer_types": null, "qkv_bias": true, "decoder_sparse_step": 1,
        "moe_intermediate_size": 1408, "shared_expert_intermediate_size": 5632,
        "num_experts_per_tok": 4, "num_experts": 60, "norm_topk_prob": false,
        "mlp_only_layers": null
    }"#,
);

/// The text model of Qwen2-VL. Its rotation by three coordinates is the usual one for text, where
/// all three are alike.
const QWEN2_VL: ModelType = ModelType {
    name: "qwen2_vl_text",
    ..QWEN2_5_VL
};

/// That of Qwen2.5-VL.
const QWEN2_5_VL: ModelType = ModelType::new(
    "qwen2_5_vl_text",
    r#"{
        "hidden_size": 8192, "intermediate_size": 29568, "num_hidden_layers": 80,
        "num_attention_heads": 64, "num_key_value_heads": 8, "hidden_act": "silu",
        "max_position_embeddings": 32768, "rms_norm_eps": 1e-5, "tie_word_embeddings": false,
        "rope_parameters": null, "rope_theta": 1000000.0, "use_sliding_window": false,
        "sliding_window": 4096, "max_window_layers": 80, "layer_types": null
    }"#,
)
.ignoring(VISION_TOKENS);

const QWEN3: ModelType = ModelType::new(
    "qwen3",
    r#"{
        "hidden_size": 4096, "intermediate_size": 22016, "num_hidden_layers": 32,
        "num_attention_heads": 32, "num_key_value_heads": 32, "head_dim": 128,
        "hidden_act": "silu", "max_position_embeddings": 32768, "rms_norm_eps": 1e-6,
        "tie_word_embeddings": false, "rope_parameters": null, "rope_theta": 10000.0,
        "attention_bias": false, "use_sliding_window": false, "sliding_window": 4096,
        "max_window_layers": 28, "layer_types": null
    }"#,
);

const QWEN3_MOE: ModelType = ModelType::new(
    "qwen3_moe",
    r#"{
        "hidden_size": 2048, "intermediate_size": 6144, "num_hidden_layers": 24,
        "num_attention_heads": 32, "num_key_value_heads": 4, "head_dim": null,
        "hidden_act": "silu", "max_position_embeddings": 32768, "rms_norm_eps": 1e-6,
        "tie_word_embeddings": false, "rope_parameters": null, "rope_theta": 10000.0,
        "attention_bias": false, "use_sliding_window": false, "sliding_window": 4096,
        "decoder_sparse_step": 1, "moe_intermediate_size": 768, "num_experts_per_tok": 8,
        "num_experts | num_local_experts": 128, "norm_topk_prob": false, "mlp_only_layers": null
    }"#,
)
.ignoring(&[("max_window_layers", "all layers have the window or none")]);

/// The text model of Qwen3-VL; what deeper layers get of pictures is nothing for text.
const QWEN3_VL: ModelType = ModelType::new(
    "qwen3_vl_text",
    r#"{
        "hidden_size": 4096, "intermediate_size": 22016, "num_hidden_layers": 32,
        "num_attention_heads": 32, "num_key_value_heads": 32, "head_dim": 128,
        "hidden_act": "silu", "max_position_embeddings": 128000, "rms_norm_eps": 1e-6,
        "tie_word_embeddings": false, "rope_parameters": null, "rope_theta": 500000.0,
        "attention_bias": false
    }"#,
)
.ignoring(VISION_TOKENS);

/// What marks pictures in a text is nothing to the text model.
const VISION_TOKENS: &[(&str, &str)] = &[
    ("image_token_id", MARKS_PICTURES),
    ("video_token_id", MARKS_PICTURES),
    ("vision_start_token_id", MARKS_PICTURES),
    ("vision_end_token_id", MARKS_PICTURES),
    ("vision_token_id", MARKS_PICTURES),
];
const MARKS_PICTURES: &str = "marks pictures in the text";

const SMOLLM3: ModelType = ModelType::new(
    "smollm3",
    r#"{
        "hidden_size": 2048, "intermediate_size": 11008, "num_hidden_layers": 36,
        "num_attention_heads": 16, "num_key_value_heads": 4, "head_dim": null,
        "hidden_act": "silu", "max_position_embeddings": 32768, "rms_norm_eps": 1e-6,
        "tie_word_embeddings": true, "rope_parameters": null, "rope_theta": 2000000.0,
        "attention_bias": false, "mlp_bias": false, "use_sliding_window": false,
        "sliding_window": null, "no_rope_layers": null, "no_rope_layer_interval": 4,
        "layer_types": null
    }"#,
)
.ignoring(&[(
    "max_window_layers",
    "the layers with a window are those without a rotation",
)]);

const ATTENTION_BIAS: Key = key(&["attention_bias"], "");
const QKV_BIAS: Key = key(&["qkv_bias"], "");
const MLP_BIAS: Key = key(&["mlp_bias"], "");
const USES_WINDOW: Key = key(&["use_sliding_window"], "");
const FIRST_WITH_WINDOW: Key = key(&["max_window_layers"], "");
const TURNED_LAYERS: Key = key(&["no_rope_layers"], "");
const UNTURNED_INTERVAL: Key = key(&["no_rope_layer_interval"], "");

fn spec(config: &Config) -> Result<Spec, ModelError> {
    let kind = config.architecture();
    let start = Start::gated(config)?;
    let norm = start.norm;
    let mut spec = start.decoder(config)?;
    rotary::apply(config, &mut spec)?;
    let (qkv_bias, output_bias) = match kind {
        "qwen2" | "qwen2_vl_text" | "qwen2_5_vl_text" => (Bias::Present, Bias::Absent),
        "qwen2_moe" if config.optional_bool(QKV_BIAS)? == Some(false) => {
            (Bias::Absent, Bias::Absent)
        }
        "qwen2_moe" | "qwen2moe" => (Bias::Present, Bias::Absent),
        _ => {
            let bias = reading::bias_by_flag(config, ATTENTION_BIAS)?;
            (bias, bias)
        }
    };
    let mlp_bias = reading::bias_by_flag(config, MLP_BIAS)?;
    for (layer, block) in spec.blocks.iter_mut().enumerate() {
        block.attention.window = window(config, layer)?;
        block.attention.qkv_bias = qkv_bias;
        block.attention.output_bias = output_bias;
        if kind.starts_with("qwen3") {
            block.attention.qk_norm = Some(QkNorm {
                norm,
                span: QkNormSpan::Head,
                presence: Presence::Required,
            });
        }
        if kind == "smollm3" && !is_turned(config, layer)? {
            block.attention.positions = HeadPositions::None;
        }
        if let FeedForwardSpec::Dense(mlp) = &mut block.feed_forward {
            mlp.bias = mlp_bias;
        }
    }
    experts::replace(config, &mut spec)?;
    Ok(spec)
}

/// The sliding window of a layer. GGUF files of these architectures have none: llama.cpp's
/// converter leaves it out.
fn window(config: &Config, layer: usize) -> Result<Option<usize>, ModelError> {
    if config.dialect() == Dialect::Gguf {
        return Ok(None);
    }
    let listed = reading::listed_as_local(config, layer);
    // The others have one only where they are told to use it.
    let is_used = match config.architecture() {
        "mistral" | "mixtral" => true,
        _ => config.optional_bool(USES_WINDOW)?.unwrap_or(false),
    };
    if !is_used && listed == Some(true) {
        let reason = "is not true, though `layer_types` names layers with a window";
        return Err(config.complain(USES_WINDOW, reason));
    }
    if !is_used {
        return Ok(None);
    }
    let window = reading::window(config)?;
    let first = || config.optional_usize(FIRST_WITH_WINDOW);
    let is_local = match listed {
        Some(listed) => listed,
        None => match config.architecture() {
            "qwen2_moe" => layer.is_multiple_of(2) && layer < first()?.unwrap_or(0),
            "qwen2" | "qwen3" | "qwen2_vl_text" | "qwen2_5_vl_text" => {
                layer >= first()?.unwrap_or(0)
            }
            "smollm3" => !is_turned(config, layer)?,
            _ => true,
        },
    };
    Ok(window.filter(|_| is_local))
}

/// Whether a layer of SmolLM3 rotates its queries and keys: three of four do.
fn is_turned(config: &Config, layer: usize) -> Result<bool, ModelError> {
    let listed = config.get(TURNED_LAYERS).and_then(|list| list.as_array());
    if let Some(turned) = listed.and_then(|list| list.get(layer)?.as_u64()) {
        return Ok(turned != 0);
    }
    let interval = config.optional_usize(UNTURNED_INTERVAL)?.unwrap_or(4);
    Ok(interval == 0 || !(layer + 1).is_multiple_of(interval))
}

fn layout(config: &Config) -> Layout {
    match (config.dialect(), config.architecture()) {
        (Dialect::HuggingFace, "mixtral") => Layout {
            experts: ExpertsLayout {
                router: "layers.{l}.block_sparse_moe.gate",
                gate: "layers.{l}.block_sparse_moe.experts.{e}.w1",
                up: "layers.{l}.block_sparse_moe.experts.{e}.w3",
                down: "layers.{l}.block_sparse_moe.experts.{e}.w2",
                ..HUGGING_FACE.experts
            },
            ..HUGGING_FACE
        },
        (Dialect::HuggingFace, _) => HUGGING_FACE,
        // llama.cpp's converter permutes the rows of these two only.
        (Dialect::Gguf, "llama" | "smollm3") => Layout {
            rope_rows: RopeRows::Interleaved,
            experts: ExpertsLayout {
                older: Some(&GGUF_SINGLE_EXPERTS),
                ..GGUF.experts
            },
            ..GGUF
        },
        (Dialect::Gguf, _) => GGUF,
    }
}
