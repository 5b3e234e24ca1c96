//! `apertus`: Llama without gates, with xIELU, whose numbers each layer has its own, and norms of
//! queries and keys.
//!
//! Apertus Team 2025, <https://arxiv.org/abs/2509.14233>.

use super::start::Start;
use super::{Family, reading, rotary};
use crate::model::ModelError;
use crate::model::config::{Config, Dialect, Key, ModelType, key};
use crate::model::layout::{GGUF, GGUF_PLAIN_MLP, HUGGING_FACE, Layout, MlpLayout};
use crate::model::spec::{
    Activation, Bias, FeedForwardSpec, MlpKind, Presence, QkNorm, QkNormSpan, Spec, Xielu,
};

pub const FAMILY: Family = Family {
    name: "apertus",
    model_types: &[APERTUS],
    gguf: &["apertus"],
    spec,
    layout,
};

const APERTUS: ModelType = ModelType::new(
    "apertus",
    r#"{
        "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32,
        "num_attention_heads": 32, "num_key_value_heads": null, "head_dim": null,
        "hidden_act": "xielu", "max_position_embeddings": 65536, "rms_norm_eps": 1e-5,
        "tie_word_embeddings": false, "rope_theta": 12000000.0, "rope_parameters": {
            "rope_type": "llama3", "rope_theta": 12000000.0, "factor": 8.0,
            "original_max_position_embeddings": 8192, "low_freq_factor": 1.0,
            "high_freq_factor": 4.0
        },
        "attention_bias": false
    }"#,
)
.only(&[
    ("post_norm", "[false]"),
    ("qk_norm", "[true]"),
    ("mlp_bias", "[false]"),
]);

const ATTENTION_BIAS: Key = key(&["attention_bias"], "");
const ALPHA_P: Key = key(&[], "xielu.alpha_p");
const ALPHA_N: Key = key(&[], "xielu.alpha_n");
const BETA: Key = key(&[], "xielu.beta");
const EPS: Key = key(&[], "xielu.eps");

fn spec(config: &Config) -> Result<Spec, ModelError> {
    let mut start = Start::gated(config)?;
    start.mlp = MlpKind::Plain;
    start.activation = Activation::Xielu(None);
    start.bias = reading::bias_by_flag(config, ATTENTION_BIAS)?;
    let norm = start.norm;
    let mut spec = start.decoder(config)?;
    rotary::apply(config, &mut spec)?;
    for (layer, block) in spec.blocks.iter_mut().enumerate() {
        block.attention.qk_norm = Some(QkNorm {
            norm,
            span: QkNormSpan::Head,
            presence: Presence::Required,
        });
        if let FeedForwardSpec::Dense(mlp) = &mut block.feed_forward {
            mlp.bias = Bias::Absent;
            if config.dialect() == Dialect::Gguf {
                mlp.activation = Activation::Xielu(Some(numbers(config, layer)?));
            }
        }
    }
    Ok(spec)
}

/// The activation's numbers, which GGUF files hold in their metadata, outside of the
/// architecture's own.
fn numbers(config: &Config, layer: usize) -> Result<Xielu, ModelError> {
    let number = |key: Key| {
        let value = config.get(key).and_then(|value| match value.as_array() {
            Some(list) => list.get(layer)?.as_f64(),
            None => value.as_f64(),
        });
        let name = key.gguf;
        value.ok_or_else(|| config.about(name, &format!("has no number for layer {layer}")))
    };
    Ok(Xielu {
        alpha_p: number(ALPHA_P)?,
        alpha_n: number(ALPHA_N)?,
        beta: number(BETA)?,
        eps: number(EPS)?,
    })
}

fn layout(config: &Config) -> Layout {
    match config.dialect() {
        Dialect::HuggingFace => Layout {
            attention_norm: "layers.{l}.attention_layernorm",
            mlp_norm: "layers.{l}.feedforward_layernorm",
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
