//! `granite`: Llama with a multiplier at the embedding, the scores, each part of a block, and the
//! logits.
//!
//! Granite Team 2024, *Granite 3.0 Language Models*.

use super::start::Start;
use super::{Family, reading, rotary};
use crate::model::ModelError;
use crate::model::config::{Config, Dialect, Key, ModelType, key};
use crate::model::layout::{GGUF, HUGGING_FACE, Layout, RopeRows};
use crate::model::spec::{FeedForwardSpec, Spec};

pub const FAMILY: Family = Family {
    name: "granite",
    model_types: &[GRANITE],
    gguf: &["granite"],
    spec,
    layout,
};

const GRANITE: ModelType = ModelType::new(
    "granite",
    r#"{
        "hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32,
        "num_attention_heads": 32, "num_key_value_heads": null, "head_dim": null,
        "hidden_act": "silu", "max_position_embeddings": 2048, "rms_norm_eps": 1e-6,
        "tie_word_embeddings": false, "rope_parameters": null, "rope_theta": 10000.0,
        "attention_bias": false, "mlp_bias": false, "embedding_multiplier": 1.0,
        "logits_scaling": 1.0, "residual_multiplier": 1.0, "attention_multiplier": 1.0
    }"#,
);

const EMBEDDING: Key = key(&["embedding_multiplier"], "embedding_scale");
const PARTS: Key = key(&["residual_multiplier"], "residual_scale");
const SCORES: Key = key(&["attention_multiplier"], "attention.scale");
const LOGIT_DIVISOR: Key = key(&["logits_scaling"], "logit_scale");
const ATTENTION_BIAS: Key = key(&["attention_bias"], "");
const MLP_BIAS: Key = key(&["mlp_bias"], "");

fn spec(config: &Config) -> Result<Spec, ModelError> {
    let mut spec = Start::gated(config)?.decoder(config)?;
    rotary::apply(config, &mut spec)?;
    spec.embedding.scale = reading::factor(config, EMBEDDING)?;
    spec.unembed.scale = reading::factor(config, LOGIT_DIVISOR)?.map(f64::recip);
    let part_scale = reading::factor(config, PARTS)?;
    let score_scale = config.optional_f64(SCORES)?;
    let attention_bias = reading::bias_by_flag(config, ATTENTION_BIAS)?;
    let mlp_bias = reading::bias_by_flag(config, MLP_BIAS)?;
    for block in &mut spec.blocks {
        block.part_scale = part_scale;
        block.attention.scale = score_scale.unwrap_or(block.attention.scale);
        block.attention.qkv_bias = attention_bias;
        block.attention.output_bias = attention_bias;
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
            rope_rows: RopeRows::Interleaved,
            ..GGUF
        },
    }
}
