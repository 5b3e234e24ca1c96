//! `arcee`: Llama without gates, with squared ReLU. AFM-4.5B is one.
//!
//! Arcee AI 2025, <https://huggingface.co/arcee-ai/AFM-4.5B>.

use super::start::Start;
use super::{Family, reading, rotary};
use crate::model::ModelError;
use crate::model::config::{Config, Dialect, Key, ModelType, key};
use crate::model::layout::{GGUF, GGUF_PLAIN_MLP, HUGGING_FACE, Layout, MlpLayout, RopeRows};
use crate::model::spec::{Activation, FeedForwardSpec, MlpKind, Spec};

pub const FAMILY: Family = Family {
    name: "arcee",
    model_types: &[ARCEE],
    gguf: &["arcee"],
    spec,
    layout,
};

const ARCEE: ModelType = ModelType::new(
    "arcee",
    r#"{
        "hidden_size": 2560, "intermediate_size": 18432, "num_hidden_layers": 32,
        "num_attention_heads": 32, "num_key_value_heads": null, "head_dim": null,
        "hidden_act": "relu2", "max_position_embeddings": 4096, "rms_norm_eps": 1e-5,
        "tie_word_embeddings": false, "rope_parameters": null, "rope_theta": 10000.0,
        "attention_bias": false, "mlp_bias": false
    }"#,
);

const ATTENTION_BIAS: Key = key(&["attention_bias"], "");
const MLP_BIAS: Key = key(&["mlp_bias"], "");

fn spec(config: &Config) -> Result<Spec, ModelError> {
    let mut start = Start::gated(config)?;
    start.mlp = MlpKind::Plain;
    start.activation = Activation::ReluSquared;
    start.bias = reading::bias_by_flag(config, ATTENTION_BIAS)?;
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
            rope_rows: RopeRows::Interleaved,
            ..GGUF
        },
    }
}
