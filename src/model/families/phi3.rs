//! `phi3`: Llama with queries, keys and values in one tensor, gate and up in another, and
//! LongRoPE in the variants for long contexts. Phi-4-mini is one.
//!
//! Abdin et al. 2024, <https://arxiv.org/abs/2404.14219>.

use super::start::Start;
use super::{Family, reading, rotary};
use crate::model::ModelError;
use crate::model::config::{Config, Dialect, ModelType};
use crate::model::layout::{
    GGUF, GGUF_QKV, GGUF_SEPARATE_QKV, HUGGING_FACE, Layout, MlpLayout, QkvLayout,
};
use crate::model::spec::Spec;

pub const FAMILY: Family = Family {
    name: "phi3",
    model_types: &[PHI3],
    gguf: &["phi3"],
    spec,
    layout,
};

const PHI3: ModelType = ModelType::new(
    "phi3",
    r#"{
        "hidden_size": 3072, "intermediate_size": 8192, "num_hidden_layers": 32,
        "num_attention_heads": 32, "num_key_value_heads": null, "head_dim": null,
        "hidden_act": "silu", "max_position_embeddings": 4096,
        "original_max_position_embeddings": 4096, "rms_norm_eps": 1e-5,
        "tie_word_embeddings": false, "rope_parameters": null, "rope_theta": 10000.0,
        "partial_rotary_factor": 1.0, "sliding_window": null
    }"#,
)
.only(&[
    ("attention_bias", "[false]"),
    ("mlp_bias", "[false]"),
    ("lm_head_bias", "[false]"),
    ("full_attn_mod", "[1]"),
    ("interpolate_factor", "[1]"),
]);

/// The context of the first models, whose window early GGUF files leave out.
const FIRST_CONTEXT: usize = 4096;
const FIRST_WINDOW: usize = 2047;

fn spec(config: &Config) -> Result<Spec, ModelError> {
    let mut spec = Start::gated(config)?.decoder(config)?;
    rotary::apply(config, &mut spec)?;
    let is_first = config.usize(reading::CONTEXT)? == FIRST_CONTEXT;
    let window = match (config.dialect(), reading::window(config)?) {
        (Dialect::Gguf, None) if is_first => Some(FIRST_WINDOW),
        (_, window) => window,
    };
    for block in &mut spec.blocks {
        block.attention.window = window;
    }
    Ok(spec)
}

fn layout(config: &Config) -> Layout {
    match config.dialect() {
        Dialect::HuggingFace => Layout {
            qkv: QkvLayout::Concatenated("layers.{l}.self_attn.qkv_proj"),
            mlp: MlpLayout::Fused {
                gate_up: "layers.{l}.mlp.gate_up_proj",
                down: "layers.{l}.mlp.down_proj",
            },
            ..HUGGING_FACE
        },
        Dialect::Gguf => Layout {
            qkv: GGUF_QKV,
            other_qkv: Some(GGUF_SEPARATE_QKV),
            mlp: MlpLayout::Fused {
                gate_up: "blk.{l}.ffn_up",
                down: "blk.{l}.ffn_down",
            },
            rope_divisors: "rope_factors_short",
            ..GGUF
        },
    }
}
