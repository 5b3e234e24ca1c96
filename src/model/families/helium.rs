//! `helium`: Llama with neighbouring dimensions turned.
//!
//! Kyutai 2025, <https://huggingface.co/kyutai/helium-1-preview-2b>.

use super::start::Start;
use super::{Family, reading, rotary};
use crate::model::ModelError;
use crate::model::config::{Config, Key, ModelType, key};
use crate::model::layout::{HUGGING_FACE, Layout, RopeRows};
use crate::model::spec::{FeedForwardSpec, Spec};

pub const FAMILY: Family = Family {
    name: "helium",
    model_types: &[HELIUM],
    gguf: &[],
    spec,
    layout,
};

const HELIUM: ModelType = ModelType::new(
    "helium",
    r#"{
        "hidden_size": 2560, "intermediate_size": 7040, "num_hidden_layers": 24,
        "num_attention_heads": 20, "num_key_value_heads": 20, "head_dim": 128,
        "hidden_act": "silu", "max_position_embeddings": 4096, "rms_norm_eps": 1e-8,
        "tie_word_embeddings": false, "rope_parameters": null, "rope_theta": 100000.0,
        "attention_bias": false, "mlp_bias": false
    }"#,
);

const QKV_BIAS: Key = key(&["attention_bias"], "");
const MLP_BIAS: Key = key(&["mlp_bias"], "");

fn spec(config: &Config) -> Result<Spec, ModelError> {
    let mut spec = Start::gated(config)?.decoder(config)?;
    rotary::apply(config, &mut spec)?;
    let qkv_bias = reading::bias_by_flag(config, QKV_BIAS)?;
    let mlp_bias = reading::bias_by_flag(config, MLP_BIAS)?;
    for block in &mut spec.blocks {
        block.attention.qkv_bias = qkv_bias;
        if let FeedForwardSpec::Dense(mlp) = &mut block.feed_forward {
            mlp.bias = mlp_bias;
        }
    }
    Ok(spec)
}

fn layout(_: &Config) -> Layout {
    Layout {
        rope_rows: RopeRows::Interleaved,
        ..HUGGING_FACE
    }
}
