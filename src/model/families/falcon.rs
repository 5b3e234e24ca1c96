//! `falcon`: the 7B model has one key head and one norm for both parts of a block, the larger
//! ones have groups of heads and two norms, and Falcon-RW is serial with ALiBi.
//!
//! Almazrouei et al. 2023, <https://arxiv.org/abs/2311.16867>.

use super::start::Start;
use super::{Family, reading, rotary};
use crate::model::ModelError;
use crate::model::config::{Config, Dialect, Key, ModelType, key};
use crate::model::layout::{
    GGUF, GGUF_PLAIN_MLP, GGUF_QKV, HUGGING_FACE, Layout, MlpLayout, QkvLayout,
};
use crate::model::spec::{Activation, AlibiPrecision, HeadPositions, Residual, Spec};

pub const FAMILY: Family = Family {
    name: "falcon",
    model_types: &[FALCON],
    gguf: &["falcon"],
    spec,
    layout,
};

const FALCON: ModelType = ModelType::new(
    "falcon",
    r#"{
        "hidden_size | n_embed": 4544, "num_hidden_layers": 32, "num_attention_heads": 71,
        "num_ln_in_parallel_attn": null, "layer_norm_epsilon": 1e-5, "num_kv_heads": null,
        "alibi": false, "new_decoder_architecture": false, "multi_query": true,
        "parallel_attn": true, "bias": false, "max_position_embeddings": 2048,
        "rope_parameters": null, "rope_theta": 10000.0, "ffn_hidden_size": null,
        "activation": "gelu", "tie_word_embeddings": true
    }"#,
)
.only(&[("apply_residual_connection_post_layernorm", "[false]")]);

const NEW: Key = key(&["new_decoder_architecture"], "");
const ONE_KEY_HEAD: Key = key(&["multi_query"], "");
const PARALLEL: Key = key(&["parallel_attn"], "");
const NORMS: Key = key(&["num_ln_in_parallel_attn"], "");
const BIAS: Key = key(&["bias"], "");
const ALIBI: Key = key(&["alibi"], "");
/// What a file means that names no context length: Falcon's was trained with this many.
const USUAL_CONTEXT: usize = 2048;

fn spec(config: &Config) -> Result<Spec, ModelError> {
    let mut start = Start::plain(config, Activation::Gelu)?;
    start.bias = reading::bias_by_flag(config, BIAS)?;
    start.context_unsaid = Some(USUAL_CONTEXT);
    let mut spec = start.decoder(config)?;
    let alibi = config.optional_bool(ALIBI)?.unwrap_or(false);
    if !alibi {
        rotary::apply(config, &mut spec)?;
    }
    let residual = residual(config)?;
    let n_kv_heads = key_heads(config)?;
    for block in &mut spec.blocks {
        block.residual = residual;
        if let Some(n_kv_heads) = n_kv_heads {
            block.attention.n_kv_heads = n_kv_heads;
        }
        if alibi {
            block.attention.positions = HeadPositions::Alibi {
                scale: block.attention.scale,
                precision: AlibiPrecision::Bfloat16,
            };
        }
    }
    Ok(spec)
}

/// The number of key heads, where `config.json` says it by more than its own key.
fn key_heads(config: &Config) -> Result<Option<usize>, ModelError> {
    if config.dialect() == Dialect::Gguf || is_new(config)? {
        return Ok(None);
    }
    let one = config.optional_bool(ONE_KEY_HEAD)?.unwrap_or(true);
    Ok(Some(if one {
        1
    } else {
        config.usize(reading::N_HEADS)?
    }))
}

fn is_new(config: &Config) -> Result<bool, ModelError> {
    match config.dialect() {
        Dialect::HuggingFace => Ok(config.optional_bool(NEW)?.unwrap_or(false)),
        Dialect::Gguf => Ok(config.optional_usize(reading::N_KV_HEADS)?.unwrap_or(1) > 1),
    }
}

fn residual(config: &Config) -> Result<Residual, ModelError> {
    let parallel = config.optional_bool(PARALLEL)?.unwrap_or(true);
    Ok(match (is_new(config)?, config.optional_usize(NORMS)?) {
        (true, Some(1)) => Residual::ParallelOneNorm,
        (true, _) => Residual::Parallel,
        (false, _) if parallel => Residual::ParallelOneNorm,
        (false, _) => Residual::Serial,
    })
}

fn layout(config: &Config) -> Layout {
    let two_norms = matches!(residual(config), Ok(Residual::Parallel));
    match config.dialect() {
        Dialect::HuggingFace => Layout {
            prefixes: &["transformer.", ""],
            embedding: "word_embeddings",
            attention_norm: if two_norms {
                "h.{l}.ln_attn"
            } else {
                "h.{l}.input_layernorm"
            },
            qkv: QkvLayout::Grouped("h.{l}.self_attention.query_key_value"),
            output: "h.{l}.self_attention.dense",
            mlp_norm: if two_norms {
                "h.{l}.ln_mlp"
            } else {
                "h.{l}.post_attention_layernorm"
            },
            mlp: MlpLayout::Plain {
                up: "h.{l}.mlp.dense_h_to_4h",
                down: "h.{l}.mlp.dense_4h_to_h",
            },
            final_norm: "ln_f",
            ..HUGGING_FACE
        },
        // The first of two norms is the feed-forward part's there.
        Dialect::Gguf => Layout {
            attention_norm: if two_norms {
                "blk.{l}.attn_norm_2"
            } else {
                "blk.{l}.attn_norm"
            },
            mlp_norm: "blk.{l}.attn_norm",
            qkv: GGUF_QKV,
            mlp: GGUF_PLAIN_MLP,
            ..GGUF
        },
    }
}
