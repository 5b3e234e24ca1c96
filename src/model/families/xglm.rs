//! `xglm`: the embedding times the root of its width, with sines and cosines of the position added.
//!
//! Lin et al. 2021, <https://arxiv.org/abs/2112.10668>.

use super::start::Start;
use super::{Family, reading};
use crate::model::ModelError;
use crate::model::config::{Config, Key, ModelType, key};
use crate::model::layout::{HUGGING_FACE, Layout, MlpLayout};
use crate::model::spec::{Activation, Positions, Spec};

pub const FAMILY: Family = Family {
    name: "xglm",
    model_types: &[XGLM],
    gguf: &[],
    spec,
    layout,
};

const XGLM: ModelType = ModelType::new(
    "xglm",
    r#"{
        "max_position_embeddings": 2048, "d_model | hidden_size": 1024, "ffn_dim": 4096,
        "num_layers | num_hidden_layers": 24, "attention_heads | num_attention_heads": 16,
        "activation_function": "gelu", "scale_embedding": true, "pad_token_id": 1,
        "tie_word_embeddings": true
    }"#,
);

const SCALES: Key = key(&["scale_embedding"], "");
const PADDING: Key = key(&["pad_token_id"], "");
/// Places at the start of the table that no position has.
const OFFSET: usize = 2;

fn spec(config: &Config) -> Result<Spec, ModelError> {
    let mut spec = Start::plain(config, Activation::Gelu)?.decoder(config)?;
    if config.optional_bool(SCALES)?.unwrap_or(true) {
        spec.embedding.scale = Some(reading::root_scale(spec.d_model).recip());
    }
    if spec.d_model < 4 {
        let reason = "is too narrow for the sines of positions";
        return Err(config.complain(reading::D_MODEL, reason));
    }
    spec.positions = Positions::Sinusoidal {
        offset: OFFSET,
        without: config.optional_usize(PADDING)?,
    };
    Ok(spec)
}

fn layout(_: &Config) -> Layout {
    Layout {
        attention_norm: "layers.{l}.self_attn_layer_norm",
        output: "layers.{l}.self_attn.out_proj",
        mlp_norm: "layers.{l}.final_layer_norm",
        mlp: MlpLayout::Plain {
            up: "layers.{l}.fc1",
            down: "layers.{l}.fc2",
        },
        final_norm: "layer_norm",
        ignored: &[".embed_positions.weights"],
        ..HUGGING_FACE
    }
}
