//! `olmo2`, `olmo3` and `olmoe`: queries and keys are normed over all heads at once. OLMo 2 norms
//! what its parts give and nothing that they read; OLMo 3 has local layers beside that, whose
//! rotation is not scaled; OLMoE is a mixture of experts with norms before.
//!
//! OLMo Team 2024, <https://arxiv.org/abs/2501.00656>; OLMo Team 2025, *Olmo 3*; Muennighoff et al.
//! 2024, <https://arxiv.org/abs/2409.02060>.

use super::rotary::Layers;
use super::start::Start;
use super::{Family, experts, reading, rotary};
use crate::model::ModelError;
use crate::model::config::{Config, Dialect, Key, ModelType, key};
use crate::model::layout::{GGUF, HUGGING_FACE, Layout};
use crate::model::spec::{HeadPositions, NormPlace, Presence, QkNorm, QkNormSpan, Spec};

pub const FAMILY: Family = Family {
    name: "olmo",
    model_types: &[OLMO2, OLMO3, OLMOE],
    gguf: &["olmo2", "olmoe"],
    spec,
    layout,
};

const OLMO2: ModelType = ModelType::new(
    "olmo2",
    r#"{
        "hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32,
        "num_attention_heads": 32, "num_key_value_heads": null, "head_dim": null,
        "hidden_act": "silu", "max_position_embeddings": 2048, "rms_norm_eps": 1e-5,
        "tie_word_embeddings": false, "rope_parameters": null, "rope_theta": 10000.0,
        "attention_bias": false
    }"#,
);

const OLMO3: ModelType = ModelType::new(
    "olmo3",
    r#"{
        "hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32,
        "num_attention_heads": 32, "num_key_value_heads": null, "head_dim": null,
        "hidden_act": "silu", "max_position_embeddings": 2048, "rms_norm_eps": 1e-5,
        "tie_word_embeddings": false, "rope_parameters": null, "rope_theta": 500000.0,
        "attention_bias": false, "sliding_window": 4096, "layer_types": null
    }"#,
);

const OLMOE: ModelType = ModelType::new(
    "olmoe",
    r#"{
        "hidden_size": 2048, "intermediate_size": 2048, "num_hidden_layers": 16,
        "num_attention_heads": 16, "num_key_value_heads": null, "head_dim": null,
        "hidden_act": "silu", "max_position_embeddings": 4096, "rms_norm_eps": 1e-5,
        "tie_word_embeddings": false, "rope_parameters": null, "rope_theta": 10000.0,
        "attention_bias": false, "clip_qkv": null, "num_experts_per_tok": 8,
        "num_experts | num_local_experts": 64, "norm_topk_prob": false
    }"#,
);

/// Every fourth layer of OLMo 3 is global.
const LOCAL_PERIOD: usize = 4;
const ATTENTION_BIAS: Key = key(&["attention_bias"], "");
const CLIP: Key = key(&["clip_qkv"], "attention.clamp_kqv");

fn spec(config: &Config) -> Result<Spec, ModelError> {
    if config.optional_f64(CLIP)?.is_some_and(|clip| clip > 0.0) {
        return Err(config.complain(CLIP, "is not supported"));
    }
    let start = Start::gated(config)?;
    let norm = start.norm;
    let mut spec = start.decoder(config)?;
    rotary::apply(config, &mut spec)?;
    let bias = reading::bias_by_flag(config, ATTENTION_BIAS)?;
    // Files that llama.cpp's converter made of OLMo 3 say `olmo2` and have a window.
    let window = match config.architecture() {
        "olmo3" | "olmo2" => reading::window(config)?,
        _ => None,
    };
    let has_local = config.architecture() == "olmo3" || window.is_some();
    for (layer, block) in spec.blocks.iter_mut().enumerate() {
        if matches!(config.architecture(), "olmo2" | "olmo3") {
            block.norm_place = NormPlace::Output;
        }
        if has_local && reading::is_local(config, layer, LOCAL_PERIOD)? {
            let rope = rotary::of_layers(config, Layers::Local, block.attention.head_dim)?;
            block.attention.positions = HeadPositions::Rotary(rope);
            block.attention.window = window;
        }
        block.attention.qkv_bias = bias;
        block.attention.output_bias = bias;
        block.attention.qk_norm = Some(QkNorm {
            norm,
            span: QkNormSpan::Projection,
            presence: Presence::Required,
        });
    }
    experts::replace(config, &mut spec)?;
    Ok(spec)
}

fn layout(config: &Config) -> Layout {
    match config.dialect() {
        Dialect::HuggingFace => HUGGING_FACE,
        Dialect::Gguf => GGUF,
    }
}
