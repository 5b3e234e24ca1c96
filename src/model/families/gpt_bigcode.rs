//! `gpt_bigcode`: GPT-2 with plain linear weights and one head of keys and values for all queries.
//! SantaCoder and StarCoder are such models.
//!
//! Li et al. 2023, <https://arxiv.org/abs/2305.06161>.

use super::start::Start;
use super::{Family, reading};
use crate::model::ModelError;
use crate::model::config::{Config, Dialect, Key, ModelType, key};
use crate::model::layout::{
    GGUF, GGUF_PLAIN_MLP, GGUF_QKV, HUGGING_FACE, Layout, MlpLayout, QkvLayout,
};
use crate::model::spec::{Activation, Positions, Spec};

pub const FAMILY: Family = Family {
    name: "gpt_bigcode",
    model_types: &[GPT_BIGCODE],
    gguf: &["starcoder"],
    spec,
    layout,
};

const GPT_BIGCODE: ModelType = ModelType::new(
    "gpt_bigcode",
    r#"{
        "n_positions | max_position_embeddings": 1024, "n_embd | hidden_size": 768,
        "n_layer | num_hidden_layers": 12, "n_head | num_attention_heads": 12, "n_inner": null,
        "activation_function": "gelu_pytorch_tanh", "layer_norm_epsilon": 1e-5,
        "scale_attn_weights": true, "multi_query": true, "tie_word_embeddings": true
    }"#,
)
.ignoring(&[
    ("n_ctx", "`n_positions` stands for it"),
    ("num_key_value_heads", "`multi_query` stands for it"),
    ("attention_softmax_in_fp32", "all is float32"),
    ("scale_attention_softmax_in_fp32", "all is float32"),
    (
        "inference_runner",
        "how a run is done, not what it computes",
    ),
    ("max_batch_size", "how a run is done, not what it computes"),
    ("max_sequence_length", "`n_positions` stands for it"),
    ("pad_key_length", "how a run is done, not what it computes"),
    (
        "pre_allocate_kv_cache",
        "how a run is done, not what it computes",
    ),
    (
        "validate_runner_input",
        "how a run is done, not what it computes",
    ),
    ("attention_type", "`multi_query` stands for it"),
]);

const ONE_KEY_HEAD: Key = key(&["multi_query"], "");
const SCALES: Key = key(&["scale_attn_weights"], "");

fn spec(config: &Config) -> Result<Spec, ModelError> {
    let mut spec = Start::plain(config, Activation::GeluTanh)?.decoder(config)?;
    spec.positions = Positions::Learned { offset: 0 };
    let scales = config.optional_bool(SCALES)?.unwrap_or(true);
    let one_key_head = has_one_key_head(config)?;
    for block in &mut spec.blocks {
        if !scales {
            block.attention.scale = 1.0;
        }
        if one_key_head {
            block.attention.n_kv_heads = 1;
        }
    }
    Ok(spec)
}

fn has_one_key_head(config: &Config) -> Result<bool, ModelError> {
    match config.dialect() {
        Dialect::HuggingFace => Ok(config.optional_bool(ONE_KEY_HEAD)?.unwrap_or(true)),
        Dialect::Gguf => Ok(config.optional_usize(reading::N_KV_HEADS)? == Some(1)),
    }
}

fn layout(config: &Config) -> Layout {
    match config.dialect() {
        Dialect::HuggingFace => Layout {
            prefixes: &["transformer.", ""],
            embedding: "wte",
            positions: "wpe",
            attention_norm: "h.{l}.ln_1",
            qkv: match has_one_key_head(config) {
                Ok(false) => QkvLayout::Grouped("h.{l}.attn.c_attn"),
                _ => QkvLayout::Concatenated("h.{l}.attn.c_attn"),
            },
            output: "h.{l}.attn.c_proj",
            mlp_norm: "h.{l}.ln_2",
            mlp: MlpLayout::Plain {
                up: "h.{l}.mlp.c_fc",
                down: "h.{l}.mlp.c_proj",
            },
            final_norm: "ln_f",
            ignored: &[".attn.bias", ".attn.masked_bias"],
            ..HUGGING_FACE
        },
        Dialect::Gguf => Layout {
            qkv: GGUF_QKV,
            mlp: GGUF_PLAIN_MLP,
            ..GGUF
        },
    }
}
