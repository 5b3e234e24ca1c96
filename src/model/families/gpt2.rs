//! `gpt2`: learned positions, LayerNorm, Conv1D weights stored `[in, out]`. DistilGPT-2 too.
//!
//! Radford et al. 2019, *Language Models are Unsupervised Multitask Learners*.

use super::start::Start;
use super::{Family, reading};
use crate::model::ModelError;
use crate::model::config::{Config, Dialect, Key, ModelType, key};
use crate::model::layout::{
    GGUF, GGUF_PLAIN_MLP, GGUF_QKV, HUGGING_FACE, Layout, MlpLayout, Orientation, QkvLayout,
};
use crate::model::spec::{Activation, Positions, Spec};

pub const FAMILY: Family = Family {
    name: "gpt2",
    model_types: &[GPT2],
    gguf: &["gpt2"],
    spec,
    layout,
};

const GPT2: ModelType = ModelType::new(
    "gpt2",
    r#"{
        "n_positions | max_position_embeddings": 1024, "n_embd | hidden_size": 768,
        "n_layer | num_hidden_layers": 12, "n_head | num_attention_heads": 12, "n_inner": null,
        "activation_function": "gelu_new", "layer_norm_epsilon": 1e-5,
        "scale_attn_weights": true, "scale_attn_by_inverse_layer_idx": false,
        "tie_word_embeddings": true
    }"#,
)
.ignoring(&[("n_ctx", "`n_positions` stands for it")]);

const SCALES: Key = key(&["scale_attn_weights"], "");
const SCALES_BY_LAYER: Key = key(&["scale_attn_by_inverse_layer_idx"], "");

fn spec(config: &Config) -> Result<Spec, ModelError> {
    let mut spec = Start::plain(config, Activation::GeluTanh)?.decoder(config)?;
    spec.positions = Positions::Learned { offset: 0 };
    for (layer, block) in spec.blocks.iter_mut().enumerate() {
        block.attention.scale = scale(config, block.attention.head_dim, layer)?;
    }
    Ok(spec)
}

/// `1 / sqrt(head_dim)`, and `1 / (layer + 1)` where the configuration asks for it.
#[expect(clippy::cast_precision_loss, reason = "layers are below 2^52")]
fn scale(config: &Config, head_dim: usize, layer: usize) -> Result<f64, ModelError> {
    let mut scale = 1.0;
    if config.optional_bool(SCALES)?.unwrap_or(true) {
        scale = reading::root_scale(head_dim);
    }
    if config.optional_bool(SCALES_BY_LAYER)?.unwrap_or(false) {
        scale /= (layer + 1) as f64;
    }
    Ok(scale)
}

fn layout(config: &Config) -> Layout {
    match config.dialect() {
        Dialect::HuggingFace => Layout {
            prefixes: &["transformer.", ""],
            embedding: "wte",
            positions: "wpe",
            attention_norm: "h.{l}.ln_1",
            qkv: QkvLayout::Concatenated("h.{l}.attn.c_attn"),
            output: "h.{l}.attn.c_proj",
            mlp_norm: "h.{l}.ln_2",
            mlp: MlpLayout::Plain {
                up: "h.{l}.mlp.c_fc",
                down: "h.{l}.mlp.c_proj",
            },
            final_norm: "ln_f",
            orientation: Orientation::InOut,
            ignored: &[".attn.bias", ".attn.masked_bias"],
            ..HUGGING_FACE
        },
        // The converter has turned the Conv1D weights already.
        Dialect::Gguf => Layout {
            qkv: GGUF_QKV,
            mlp: GGUF_PLAIN_MLP,
            ..GGUF
        },
    }
}
