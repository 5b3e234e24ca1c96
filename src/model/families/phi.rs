//! `phi`: both parts of a block read the same stream through one norm, a part of each head is
//! rotated, and the logits have a bias. Phi-1, Phi-1.5 and Phi-2.
//!
//! Li et al. 2023, <https://arxiv.org/abs/2309.05463>.

use super::start::Start;
use super::{Family, rotary};
use crate::model::ModelError;
use crate::model::config::{Config, Dialect, Key, ModelType, key};
use crate::model::layout::{GGUF, GGUF_PLAIN_MLP, GGUF_QKV, HUGGING_FACE, Layout, MlpLayout};
use crate::model::spec::{Activation, Bias, Residual, Spec, Unembedding};

pub const FAMILY: Family = Family {
    name: "phi",
    model_types: &[PHI],
    gguf: &["phi2"],
    spec,
    layout,
};

const PHI: ModelType = ModelType::new(
    "phi",
    r#"{
        "hidden_size": 2048, "intermediate_size": 8192, "num_hidden_layers": 24,
        "num_attention_heads": 32, "num_key_value_heads": null, "head_dim": null,
        "hidden_act": "gelu_new", "max_position_embeddings": 2048, "layer_norm_eps": 1e-5,
        "tie_word_embeddings": false, "rope_parameters": null, "rope_theta": 10000.0,
        "partial_rotary_factor": 0.5, "qk_layernorm": false
    }"#,
);

const QK_NORM: Key = key(&["qk_layernorm"], "");

fn spec(config: &Config) -> Result<Spec, ModelError> {
    if config.optional_bool(QK_NORM)?.unwrap_or(false) {
        return Err(config.complain(QK_NORM, "is not supported"));
    }
    let mut start = Start::plain(config, Activation::GeluTanh)?;
    start.unembedding = Unembedding::Separate;
    let mut spec = start.decoder(config)?;
    rotary::apply(config, &mut spec)?;
    spec.unembed.bias = Bias::Present;
    for block in &mut spec.blocks {
        block.residual = Residual::ParallelOneNorm;
    }
    Ok(spec)
}

fn layout(config: &Config) -> Layout {
    match config.dialect() {
        Dialect::HuggingFace => Layout {
            output: "layers.{l}.self_attn.dense",
            mlp: MlpLayout::Plain {
                up: "layers.{l}.mlp.fc1",
                down: "layers.{l}.mlp.fc2",
            },
            final_norm: "final_layernorm",
            ..HUGGING_FACE
        },
        Dialect::Gguf => Layout {
            mlp: GGUF_PLAIN_MLP,
            // Files made from Microsoft's first code for Phi-2 have it.
            other_qkv: Some(GGUF_QKV),
            ..GGUF
        },
    }
}
