//! `seed_oss`: Llama with biases of queries, keys and values.
//!
//! ByteDance Seed Team 2025, <https://huggingface.co/ByteDance-Seed/Seed-OSS-36B-Instruct>.

use super::start::Start;
use super::{Family, reading, rotary};
use crate::model::ModelError;
use crate::model::config::{Config, Dialect, Key, ModelType, key};
use crate::model::layout::{GGUF, HUGGING_FACE, Layout};
use crate::model::spec::{FeedForwardSpec, Spec};

pub const FAMILY: Family = Family {
    name: "seed_oss",
    model_types: &[SEED_OSS],
    gguf: &["seed_oss"],
    spec,
    layout,
};

const SEED_OSS: ModelType = ModelType::new(
    "seed_oss",
    r#"{
        "hidden_size": 4096, "intermediate_size": 27648, "num_hidden_layers": 64,
        "num_attention_heads": 80, "num_key_value_heads": 8, "head_dim": 128,
        "hidden_act": "silu", "max_position_embeddings": 524288, "rms_norm_eps": 1e-6,
        "tie_word_embeddings": false, "rope_parameters": null, "rope_theta": 10000.0,
        "attention_bias": true, "attention_out_bias": false, "mlp_bias": false
    }"#,
);

const QKV_BIAS: Key = key(&["attention_bias"], "");
const OUTPUT_BIAS: Key = key(&["attention_out_bias"], "");
const MLP_BIAS: Key = key(&["mlp_bias"], "");

fn spec(config: &Config) -> Result<Spec, ModelError> {
    let mut spec = Start::gated(config)?.decoder(config)?;
    rotary::apply(config, &mut spec)?;
    let qkv_bias = reading::bias_by_flag(config, QKV_BIAS)?;
    let output_bias = reading::bias_by_flag(config, OUTPUT_BIAS)?;
    let mlp_bias = reading::bias_by_flag(config, MLP_BIAS)?;
    for block in &mut spec.blocks {
        block.attention.qkv_bias = qkv_bias;
        block.attention.output_bias = output_bias;
        if let FeedForwardSpec::Dense(mlp) = &mut block.feed_forward {
            mlp.bias = mlp_bias;
        }
    }
    Ok(spec)
}

fn layout(config: &Config) -> Layout {
    match config.dialect() {
        Dialect::HuggingFace => HUGGING_FACE,
        Dialect::Gguf => Layout {
            mlp_norm: "blk.{l}.post_attention_norm",
            ..GGUF
        },
    }
}
