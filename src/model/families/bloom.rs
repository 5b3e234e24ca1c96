//! `bloom`: ALiBi, and a norm of the embedding.
//!
//! BigScience 2022, <https://arxiv.org/abs/2211.05100>.

use super::Family;
use super::start::Start;
use crate::model::ModelError;
use crate::model::config::{Config, Dialect, ModelType};
use crate::model::layout::{
    GGUF, GGUF_PLAIN_MLP, GGUF_QKV, HUGGING_FACE, Layout, MlpLayout, QkvLayout,
};
use crate::model::spec::{Activation, AlibiPrecision, HeadPositions, Spec};

pub const FAMILY: Family = Family {
    name: "bloom",
    model_types: &[BLOOM],
    gguf: &["bloom"],
    spec,
    layout,
};

const BLOOM: ModelType = ModelType::new(
    "bloom",
    r#"{
        "hidden_size | n_embed": 64, "n_layer | num_hidden_layers": 2,
        "n_head | num_attention_heads": 8, "layer_norm_epsilon": 1e-5,
        "tie_word_embeddings": true
    }"#,
)
.only(&[
    ("apply_residual_connection_post_layernorm", "[false]"),
    // transformers leaves a bias out then.
    ("slow_but_exact", "[false]"),
])
.ignoring(&[
    (
        "seq_length",
        "the length that it was trained with; ALiBi sets no limit",
    ),
    ("attention_softmax_in_fp32", "all is float32"),
    ("masked_softmax_fusion", HOW),
    ("bias_dropout_fusion", HOW),
    ("skip_bias_add", HOW),
    ("skip_bias_add_qkv", HOW),
    (
        "offset_alibi",
        "the same for all that a position attends to",
    ),
    ("n_inner", "always four times the width"),
]);

const HOW: &str = "how a run is done, not what it computes";

/// ALiBi sets no limit; BLOOM was trained with this many positions.
const TRAINED_CONTEXT: usize = 2048;

fn spec(config: &Config) -> Result<Spec, ModelError> {
    let mut start = Start::plain(config, Activation::GeluTanh)?;
    start.context_unsaid = Some(TRAINED_CONTEXT);
    let norm = start.norm;
    let mut spec = start.decoder(config)?;
    spec.embedding.norm = Some(norm);
    for block in &mut spec.blocks {
        block.attention.positions = HeadPositions::Alibi {
            scale: 1.0,
            precision: AlibiPrecision::Float32,
        };
    }
    Ok(spec)
}

fn layout(config: &Config) -> Layout {
    match config.dialect() {
        Dialect::HuggingFace => Layout {
            prefixes: &["transformer.", ""],
            embedding: "word_embeddings",
            embedding_norm: "word_embeddings_layernorm",
            attention_norm: "h.{l}.input_layernorm",
            qkv: QkvLayout::Grouped("h.{l}.self_attention.query_key_value"),
            output: "h.{l}.self_attention.dense",
            mlp_norm: "h.{l}.post_attention_layernorm",
            mlp: MlpLayout::Plain {
                up: "h.{l}.mlp.dense_h_to_4h",
                down: "h.{l}.mlp.dense_4h_to_h",
            },
            final_norm: "ln_f",
            ..HUGGING_FACE
        },
        // The converter has put all queries first, then all keys, then all values.
        Dialect::Gguf => Layout {
            qkv: GGUF_QKV,
            mlp: GGUF_PLAIN_MLP,
            ..GGUF
        },
    }
}
