//! `glm` and `glm4`: Llama with neighbouring dimensions of half of each head turned, gate and up in
//! one tensor, and biases of queries, keys and values. GLM-4-0414 norms what its parts give, too.
//!
//! Team GLM 2024, <https://arxiv.org/abs/2406.12793>.

use super::start::Start;
use super::{Family, reading, rotary};
use crate::model::ModelError;
use crate::model::config::{Config, Dialect, Key, ModelType, key};
use crate::model::layout::{GGUF, GGUF_QKV, HUGGING_FACE, Layout, MlpLayout, RopeRows};
use crate::model::spec::{NormPlace, Spec};

pub const FAMILY: Family = Family {
    name: "glm",
    model_types: &[GLM, GLM4],
    gguf: &["chatglm", "glm4"],
    spec,
    layout,
};

const GLM: ModelType = ModelType::new(
    "glm",
    r#"{
        "hidden_size": 4096, "intermediate_size": 13696, "num_hidden_layers": 40,
        "num_attention_heads": 32, "num_key_value_heads": 2, "head_dim": 128,
        "hidden_act": "silu", "max_position_embeddings": 131072, "rms_norm_eps": 0.00000015625,
        "tie_word_embeddings": false, "rope_parameters": null, "rope_theta": 10000.0,
        "partial_rotary_factor": 0.5, "attention_bias": true
    }"#,
);

const GLM4: ModelType = ModelType {
    name: "glm4",
    ..GLM
};

const QKV_BIAS: Key = key(&["attention_bias"], "");

fn spec(config: &Config) -> Result<Spec, ModelError> {
    let mut spec = Start::gated(config)?.decoder(config)?;
    rotary::apply(config, &mut spec)?;
    let qkv_bias = reading::bias_by_flag(config, QKV_BIAS)?;
    for block in &mut spec.blocks {
        block.attention.qkv_bias = qkv_bias;
        if config.architecture() == "glm4" {
            block.norm_place = NormPlace::Around;
        }
    }
    Ok(spec)
}

fn layout(config: &Config) -> Layout {
    let names = match config.dialect() {
        Dialect::HuggingFace => Layout {
            attention_output_norm: "layers.{l}.post_self_attn_layernorm",
            mlp_output_norm: "layers.{l}.post_mlp_layernorm",
            mlp: MlpLayout::Fused {
                gate_up: "layers.{l}.mlp.gate_up_proj",
                down: "layers.{l}.mlp.down_proj",
            },
            ..HUGGING_FACE
        },
        // Files of the first ones have queries, keys and values in one tensor.
        Dialect::Gguf => Layout {
            other_qkv: Some(GGUF_QKV),
            mlp: MlpLayout::Fused {
                gate_up: "blk.{l}.ffn_up",
                down: "blk.{l}.ffn_down",
            },
            ..GGUF
        },
    };
    Layout {
        rope_rows: RopeRows::Interleaved,
        ..names
    }
}
