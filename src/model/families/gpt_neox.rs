//! `gpt_neox`: both parts of a block read the same stream, queries, keys and values stand in one
//! tensor head by head, and a part of each head is rotated. Pythia is one.
//!
//! Black et al. 2022, <https://arxiv.org/abs/2204.06745>.

use super::start::Start;
use super::{Family, reading, rotary};
use crate::model::ModelError;
use crate::model::config::{Config, Dialect, Key, ModelType, key};
use crate::model::layout::{
    GGUF, GGUF_PLAIN_MLP, GGUF_QKV, HUGGING_FACE, Layout, MlpLayout, QkvLayout,
};
use crate::model::spec::{Activation, Residual, Spec, Unembedding};

pub const FAMILY: Family = Family {
    name: "gpt_neox",
    model_types: &[GPT_NEOX],
    gguf: &["gptneox"],
    spec,
    layout,
};

const GPT_NEOX: ModelType = ModelType::new(
    "gpt_neox",
    r#"{
        "hidden_size": 6144, "intermediate_size": 24576, "num_hidden_layers": 44,
        "num_attention_heads": 64, "hidden_act": "gelu", "max_position_embeddings": 2048,
        "layer_norm_eps": 1e-5, "tie_word_embeddings": false, "use_parallel_residual": true,
        "rope_parameters": null, "rotary_emb_base": 10000.0, "rotary_pct": 0.25,
        "attention_bias": true
    }"#,
)
.ignoring(&[
    ("rope_theta", "`rotary_emb_base` stands for it"),
    ("partial_rotary_factor", "`rotary_pct` stands for it"),
]);

const PARALLEL: Key = key(&["use_parallel_residual"], "use_parallel_residual");
const ATTENTION_BIAS: Key = key(&["attention_bias"], "");

fn spec(config: &Config) -> Result<Spec, ModelError> {
    let mut start = Start::plain(config, Activation::Gelu)?;
    start.unembedding = Unembedding::Separate;
    let mut spec = start.decoder(config)?;
    rotary::apply(config, &mut spec)?;
    let parallel = config.optional_bool(PARALLEL)?.unwrap_or(true);
    for block in &mut spec.blocks {
        if parallel {
            block.residual = Residual::Parallel;
        }
        if config.get(ATTENTION_BIAS).is_some() {
            block.attention.qkv_bias = reading::bias_by_flag(config, ATTENTION_BIAS)?;
            block.attention.output_bias = block.attention.qkv_bias;
        }
    }
    Ok(spec)
}

fn layout(config: &Config) -> Layout {
    match config.dialect() {
        Dialect::HuggingFace => Layout {
            prefixes: &["gpt_neox.", ""],
            embedding: "embed_in",
            qkv: QkvLayout::Grouped("layers.{l}.attention.query_key_value"),
            output: "layers.{l}.attention.dense",
            mlp: MlpLayout::Plain {
                up: "layers.{l}.mlp.dense_h_to_4h",
                down: "layers.{l}.mlp.dense_4h_to_h",
            },
            final_norm: "final_layer_norm",
            unembedding: "embed_out",
            ignored: &[
                ".attention.bias",
                ".attention.masked_bias",
                ".rotary_emb.inv_freq",
            ],
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
