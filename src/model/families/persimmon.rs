//! `persimmon`: GPT-NeoX one part behind the other, with squared ReLU and LayerNorm of each head's
//! queries and keys.
//!
//! Elsen et al. 2023, <https://huggingface.co/adept/persimmon-8b-base>.

use super::start::Start;
use super::{Family, rotary};
use crate::model::ModelError;
use crate::model::config::{Config, Key, ModelType, key};
use crate::model::layout::{HUGGING_FACE, Layout, MlpLayout, QkvLayout};
use crate::model::spec::{Activation, Presence, QkNorm, QkNormSpan, Spec, Unembedding};

pub const FAMILY: Family = Family {
    name: "persimmon",
    model_types: &[PERSIMMON],
    gguf: &[],
    spec,
    layout,
};

const PERSIMMON: ModelType = ModelType::new(
    "persimmon",
    r#"{
        "hidden_size": 4096, "intermediate_size": 16384, "num_hidden_layers": 36,
        "num_attention_heads": 64, "hidden_act": "relu2", "max_position_embeddings": 16384,
        "layer_norm_eps": 1e-5, "tie_word_embeddings": false, "rope_parameters": null,
        "rope_theta": 10000.0, "partial_rotary_factor": 0.5, "qk_layernorm": true
    }"#,
)
.ignoring(&[("num_key_value_heads", "all heads have their own")]);

const QK_NORM: Key = key(&["qk_layernorm"], "");

fn spec(config: &Config) -> Result<Spec, ModelError> {
    let mut start = Start::plain(config, Activation::ReluSquared)?;
    start.unembedding = Unembedding::Separate;
    let norm = start.norm;
    let mut spec = start.decoder(config)?;
    rotary::apply(config, &mut spec)?;
    if config.optional_bool(QK_NORM)?.unwrap_or(true) {
        for block in &mut spec.blocks {
            block.attention.qk_norm = Some(QkNorm {
                norm,
                span: QkNormSpan::Head,
                presence: Presence::Required,
            });
        }
    }
    Ok(spec)
}

fn layout(_: &Config) -> Layout {
    Layout {
        qkv: QkvLayout::Grouped("layers.{l}.self_attn.query_key_value"),
        q_norm: "layers.{l}.self_attn.q_layernorm",
        k_norm: "layers.{l}.self_attn.k_layernorm",
        output: "layers.{l}.self_attn.dense",
        mlp: MlpLayout::Plain {
            up: "layers.{l}.mlp.dense_h_to_4h",
            down: "layers.{l}.mlp.dense_4h_to_h",
        },
        final_norm: "final_layernorm",
        ..HUGGING_FACE
    }
}
