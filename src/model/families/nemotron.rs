//! `nemotron`: LayerNorm of `1 + w`, squared ReLU without gates, and a part of each head rotated.
//! Minitron and Nemotron-4 are such models.
//!
//! Parmar et al. 2024, <https://arxiv.org/abs/2402.16819>.

use super::start::Start;
use super::{Family, reading, rotary};
use crate::model::ModelError;
use crate::model::config::{Config, Dialect, Key, ModelType, key};
use crate::model::layout::{GGUF, GGUF_PLAIN_MLP, HUGGING_FACE, Layout, MlpLayout};
use crate::model::spec::{Activation, FeedForwardSpec, Spec, Unembedding};

pub const FAMILY: Family = Family {
    name: "nemotron",
    model_types: &[NEMOTRON],
    gguf: &["nemotron"],
    spec,
    layout,
};

const NEMOTRON: ModelType = ModelType::new(
    "nemotron",
    r#"{
        "hidden_size": 6144, "intermediate_size": 24576, "num_hidden_layers": 32,
        "num_attention_heads": 48, "num_key_value_heads": null, "head_dim": null,
        "hidden_act": "relu2", "max_position_embeddings": 4096, "norm_eps": 1e-5,
        "tie_word_embeddings": false, "rope_parameters": null, "rope_theta": 10000.0,
        "partial_rotary_factor": 0.5, "attention_bias": false, "mlp_bias": false
    }"#,
)
.ignoring(&[
    ("rope_percent", "`partial_rotary_factor` stands for it"),
    ("rope_percentage", "`partial_rotary_factor` stands for it"),
]);

const ATTENTION_BIAS: Key = key(&["attention_bias"], "");
const MLP_BIAS: Key = key(&["mlp_bias"], "");
/// llama.cpp's converter writes it beside the one that counts.
const OTHER_EPS: Key = key(&[], "attention.layer_norm_rms_epsilon");

fn spec(config: &Config) -> Result<Spec, ModelError> {
    let mut start = Start::plain(config, Activation::ReluSquared)?;
    start.unembedding = Unembedding::Separate;
    start.bias = reading::bias_by_flag(config, ATTENTION_BIAS)?;
    config.optional_f64(OTHER_EPS)?;
    // llama.cpp's converter has added the one already.
    if config.dialect() == Dialect::HuggingFace {
        start.norm.weight_offset = 1.0;
    }
    let mut spec = start.decoder(config)?;
    rotary::apply(config, &mut spec)?;
    let mlp_bias = reading::bias_by_flag(config, MLP_BIAS)?;
    for block in &mut spec.blocks {
        if let FeedForwardSpec::Dense(mlp) = &mut block.feed_forward {
            mlp.bias = mlp_bias;
        }
    }
    Ok(spec)
}

fn layout(config: &Config) -> Layout {
    match config.dialect() {
        Dialect::HuggingFace => Layout {
            mlp: MlpLayout::Plain {
                up: "layers.{l}.mlp.up_proj",
                down: "layers.{l}.mlp.down_proj",
            },
            ..HUGGING_FACE
        },
        Dialect::Gguf => Layout {
            mlp: GGUF_PLAIN_MLP,
            ..GGUF
        },
    }
}
