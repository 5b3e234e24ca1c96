//! `starcoder2`: LayerNorm, biases and no gates as GPT-2, with rotation, groups of heads and a
//! sliding window.
//!
//! Lozhkov et al. 2024, <https://arxiv.org/abs/2402.19173>.

use super::start::Start;
use super::{Family, reading, rotary};
use crate::model::ModelError;
use crate::model::config::{Config, Dialect, Key, ModelType, key};
use crate::model::layout::{GGUF, GGUF_PLAIN_MLP, HUGGING_FACE, Layout, MlpLayout};
use crate::model::spec::{Activation, Bias, Spec};

pub const FAMILY: Family = Family {
    name: "starcoder2",
    model_types: &[STARCODER2],
    gguf: &["starcoder2"],
    spec,
    layout,
};

const STARCODER2: ModelType = ModelType::new(
    "starcoder2",
    r#"{
        "hidden_size": 3072, "intermediate_size": 12288, "num_hidden_layers": 30,
        "num_attention_heads": 24, "num_key_value_heads": 2, "head_dim": null,
        "hidden_act": "gelu_pytorch_tanh", "max_position_embeddings": 4096, "norm_epsilon": 1e-5,
        "tie_word_embeddings": true, "rope_parameters": null, "rope_theta": 10000.0,
        "sliding_window": null, "use_bias": true
    }"#,
)
.only(&[
    ("mlp_type", r#"["default"]"#),
    ("norm_type", r#"["layer_norm"]"#),
    ("scale_attn_weights", "[true]"),
])
.ignoring(&[
    ("activation_function", "`hidden_act` stands for it"),
    ("layer_norm_epsilon", "`norm_epsilon` stands for it"),
    ("attention_softmax_in_fp32", "all is float32"),
    ("scale_attention_softmax_in_fp32", "all is float32"),
]);

const BIAS: Key = key(&["use_bias"], "");

fn spec(config: &Config) -> Result<Spec, ModelError> {
    let mut start = Start::plain(config, Activation::GeluTanh)?;
    start.bias = match (config.dialect(), config.optional_bool(BIAS)?) {
        (Dialect::Gguf, _) => Bias::AsStored,
        (Dialect::HuggingFace, Some(false)) => Bias::Absent,
        (Dialect::HuggingFace, _) => Bias::Present,
    };
    let mut spec = start.decoder(config)?;
    rotary::apply(config, &mut spec)?;
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
