//! `opt`: learned positions whose table begins with two unused rows. OPT-350m has its norms
//! behind each sum, and embeddings narrower than its stream.
//!
//! Zhang et al. 2022, <https://arxiv.org/abs/2205.01068>.

use super::Family;
use super::start::Start;
use crate::model::ModelError;
use crate::model::config::{Config, Key, ModelType, key};
use crate::model::layout::{HUGGING_FACE, Layout, MlpLayout, QkvLayout};
use crate::model::spec::{Activation, Bias, NormPlace, Positions, Spec};

pub const FAMILY: Family = Family {
    name: "opt",
    model_types: &[OPT],
    gguf: &[],
    spec,
    layout,
};

const OPT: ModelType = ModelType::new(
    "opt",
    r#"{
        "hidden_size": 768, "num_hidden_layers": 12, "ffn_dim": 3072,
        "max_position_embeddings": 2048, "do_layer_norm_before": true,
        "_remove_final_layer_norm": false, "word_embed_proj_dim": null,
        "num_attention_heads": 12, "activation_function": "relu", "enable_bias": true,
        "tie_word_embeddings": true
    }"#,
)
.only(&[("layer_norm_elementwise_affine", "[true]")]);

const NORM_BEFORE: Key = key(&["do_layer_norm_before"], "");
const NO_FINAL_NORM: Key = key(&["_remove_final_layer_norm"], "");
const EMBEDDING_WIDTH: Key = key(&["word_embed_proj_dim"], "");
const BIAS: Key = key(&["enable_bias"], "");

fn spec(config: &Config) -> Result<Spec, ModelError> {
    let mut start = Start::plain(config, Activation::Relu)?;
    if config.optional_bool(BIAS)? == Some(false) {
        start.bias = Bias::Absent;
    }
    let mut spec = start.decoder(config)?;
    spec.positions = Positions::Learned { offset: 2 };
    if config.get(EMBEDDING_WIDTH).is_some() {
        spec.embedding.width = config.usize(EMBEDDING_WIDTH)?;
    }
    let norm_before = config.optional_bool(NORM_BEFORE)?.unwrap_or(true);
    if !norm_before {
        for block in &mut spec.blocks {
            block.norm_place = NormPlace::Sum;
        }
    }
    if !norm_before || config.optional_bool(NO_FINAL_NORM)?.unwrap_or(false) {
        spec.unembed.norm = None;
    }
    Ok(spec)
}

fn layout(_: &Config) -> Layout {
    Layout {
        prefixes: &["model.decoder.", "decoder.", ""],
        attention_norm: "layers.{l}.self_attn_layer_norm",
        qkv: QkvLayout::Separate {
            q: "layers.{l}.self_attn.q_proj",
            k: "layers.{l}.self_attn.k_proj",
            v: "layers.{l}.self_attn.v_proj",
        },
        output: "layers.{l}.self_attn.out_proj",
        mlp_norm: "layers.{l}.final_layer_norm",
        mlp: MlpLayout::Plain {
            up: "layers.{l}.fc1",
            down: "layers.{l}.fc2",
        },
        final_norm: "final_layer_norm",
        ..HUGGING_FACE
    }
}
