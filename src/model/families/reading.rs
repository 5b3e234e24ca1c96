//! Hyperparameters that several families spell alike.

use crate::model::ModelError;
use crate::model::config::{Config, Dialect, Key, key};
use crate::model::spec::{Activation, Bias, Rope, RopeScaling, Unembedding};

pub const N_LAYERS: Key = key(
    &["num_hidden_layers", "n_layer", "num_layers"],
    "block_count",
);
pub const D_MODEL: Key = key(&["hidden_size", "n_embd"], "embedding_length");
pub const CONTEXT: Key = key(
    &["max_position_embeddings", "n_positions", "n_ctx"],
    "context_length",
);
pub const N_HEADS: Key = key(
    &["num_attention_heads", "n_head", "num_heads"],
    "attention.head_count",
);
pub const N_KV_HEADS: Key = key(&["num_key_value_heads"], "attention.head_count_kv");
pub const HEAD_DIM: Key = key(&["head_dim"], "attention.key_length");
pub const MLP_WIDTH: Key = key(
    &["intermediate_size", "n_inner", "ffn_dim"],
    "feed_forward_length",
);
pub const RMS_EPS: Key = key(&["rms_norm_eps"], "attention.layer_norm_rms_epsilon");
pub const LAYER_EPS: Key = key(
    &["layer_norm_epsilon", "layer_norm_eps"],
    "attention.layer_norm_epsilon",
);
const ACTIVATION: Key = key(&["hidden_act", "activation_function"], "");
const TIED: Key = key(&["tie_word_embeddings"], "");
const THETA: Key = key(
    &["rope_parameters.rope_theta", "rope_theta"],
    "rope.freq_base",
);
const ROPE_TYPE: Key = key(
    &[
        "rope_parameters.rope_type",
        "rope_scaling.rope_type",
        "rope_scaling.type",
    ],
    "rope.scaling.type",
);
const ROPE_FACTOR: Key = key(
    &["rope_parameters.factor", "rope_scaling.factor"],
    "rope.scaling.factor",
);
const ROPE_LOW: Key = key(
    &[
        "rope_parameters.low_freq_factor",
        "rope_scaling.low_freq_factor",
    ],
    "",
);
const ROPE_HIGH: Key = key(
    &[
        "rope_parameters.high_freq_factor",
        "rope_scaling.high_freq_factor",
    ],
    "",
);
const ROPE_ORIGINAL: Key = key(
    &[
        "rope_parameters.original_max_position_embeddings",
        "rope_scaling.original_max_position_embeddings",
    ],
    "rope.scaling.original_context_length",
);

/// The heads of the attention.
pub struct Heads {
    pub n_heads: usize,
    pub n_kv_heads: usize,
    pub head_dim: usize,
}

/// Heads, key-value heads and their width; `d_model` must divide where no width is given.
pub fn heads(config: &Config, d_model: usize) -> Result<Heads, ModelError> {
    let n_heads = config.usize(N_HEADS)?;
    let n_kv_heads = config.optional_usize(N_KV_HEADS)?.unwrap_or(n_heads);
    if n_kv_heads == 0 || !n_heads.is_multiple_of(n_kv_heads) {
        return Err(config.complain(
            N_KV_HEADS,
            &format!("is {n_kv_heads}, which does not divide the {n_heads} heads"),
        ));
    }
    let head_dim = match config.optional_usize(HEAD_DIM)? {
        Some(0) => return Err(config.complain(HEAD_DIM, "must be at least 1, not 0")),
        Some(width) => width,
        None if d_model.is_multiple_of(n_heads) => d_model / n_heads,
        None => {
            return Err(config.complain(
                N_HEADS,
                &format!("is {n_heads}, which does not divide the width {d_model}"),
            ));
        }
    };
    Ok(Heads {
        n_heads,
        n_kv_heads,
        head_dim,
    })
}

/// The activation that the configuration names; GGUF files name none.
pub fn activation(config: &Config, in_gguf: Activation) -> Result<Activation, ModelError> {
    match config.optional_str(ACTIVATION)? {
        Some(name) => Activation::named(name)
            .ok_or_else(|| config.complain(ACTIVATION, &format!("`{name}` is not supported"))),
        None if config.dialect() == Dialect::Gguf => Ok(in_gguf),
        None => Err(config.complain(ACTIVATION, "is missing")),
    }
}

/// A bias that the configuration switches on by `flag`.
pub fn bias_by_flag(config: &Config, flag: Key) -> Result<Bias, ModelError> {
    Ok(match (config.dialect(), config.optional_bool(flag)?) {
        (Dialect::Gguf, _) => Bias::AsStored,
        (Dialect::HuggingFace, Some(true)) => Bias::Present,
        (Dialect::HuggingFace, _) => Bias::Absent,
    })
}

/// Whether embedding and unembedding are one tensor; `by_default` where the configuration
/// leaves it out.
pub fn unembedding(config: &Config, by_default: Unembedding) -> Result<Unembedding, ModelError> {
    Ok(match (config.dialect(), config.optional_bool(TIED)?) {
        (Dialect::Gguf, _) => Unembedding::AsStored,
        (Dialect::HuggingFace, Some(true)) => Unembedding::Tied,
        (Dialect::HuggingFace, Some(false)) => Unembedding::Separate,
        (Dialect::HuggingFace, None) => by_default,
    })
}

/// Rotary embedding of the first `dim` dimensions of a head.
///
/// The base has no default here: files of both dialects name it, and a base that was silently
/// assumed would give plausible, wrong ranks. GGUF's own default of 10,000 is part of that format.
pub fn rope(config: &Config, dim: usize) -> Result<Rope, ModelError> {
    let theta = match (config.optional_f64(THETA)?, config.dialect()) {
        (Some(theta), _) => theta,
        (None, Dialect::Gguf) => 10_000.0,
        (None, Dialect::HuggingFace) => return Err(config.complain(THETA, "is missing")),
    };
    if theta <= 0.0 || !dim.is_multiple_of(2) {
        return Err(config.complain(THETA, "and the head's width make no rotary embedding"));
    }
    let scaling = match config.optional_str(ROPE_TYPE)?.unwrap_or("default") {
        "default" | "none" => RopeScaling::None,
        "linear" => RopeScaling::Linear {
            factor: config.f64(ROPE_FACTOR)?,
        },
        "llama3" => RopeScaling::Llama3 {
            factor: config.f64(ROPE_FACTOR)?,
            low_freq_factor: config.f64(ROPE_LOW)?,
            high_freq_factor: config.f64(ROPE_HIGH)?,
            original_context: config.f64(ROPE_ORIGINAL)?,
        },
        other => {
            return Err(config.complain(ROPE_TYPE, &format!("`{other}` is not supported")));
        }
    };
    Ok(Rope {
        dim,
        theta,
        scaling,
    })
}
