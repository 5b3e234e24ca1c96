//! `starcoder2`: LayerNorm, biases and no gates as GPT-2, with rotation, groups of heads and a
//! sliding window.
//!
//! Lozhkov et al. 2024, <https://arxiv.org/abs/2402.19173>.

use super::start::Start;
use super::{Family, reading, rotary};
use crate::model::ModelError;
use crate::model::config::{Config, Dialect, Key, key};
use crate::model::layout::{GGUF, GGUF_PLAIN_MLP, HUGGING_FACE, Layout, MlpLayout};
use crate::model::spec::{Activation, Bias, Spec};

pub const FAMILY: Family = Family {
    name: "starcoder2",
    model_types: &["starcoder2"],
    gguf: &["starcoder2"],
    spec,
    layout,
};

const BIAS: Key = key(&["use_bias"], "");

fn spec(config: &Config) -> Result<Spec, ModelError> {
    let mut start = Start::plain(config, Activation::GeluTanh)?;
    start.bias = match (config.dialect(), config.optional_bool(BIAS)?) {
        (Dialect::Gguf, _) => Bias::AsStored,
        (Dialect::HuggingFace, Some(false)) => Bias::Absent,
        (Dialect::HuggingFace, _) => Bias::Present,
    };
    let mut spec = start.decoder(config)?;
    rotary::turn(config, &mut spec)?;
    let window = reading::window(config)?;
    for block in &mut spec.blocks {
        block.attention.window = window;
    }
    Ok(spec)
}

fn layout(config: &Config) -> Layout {
    match config.dialect() {
        Dialect::HuggingFace => Layout {
            mlp: MlpLayout::Plain {
                up: "layers.{l}.mlp.c_fc",
                down: "layers.{l}.mlp.c_proj",
            },
            ..HUGGING_FACE
        },
        Dialect::Gguf => Layout {
            mlp: GGUF_PLAIN_MLP,
            ..GGUF
        },
    }
}
