//! Hyperparameters that several families spell alike.

use crate::model::ModelError;
use crate::model::config::{Config, Dialect, Key, key};
use crate::model::spec::{Activation, Bias, Presence, Unembedding};

pub const N_LAYERS: Key = key(
    &["num_hidden_layers", "n_layer", "num_layers"],
    "block_count",
);
/// In GGUF files, which count all blocks together: those that predict tokens behind the next one.
const FURTHER_BLOCKS: Key = key(&[], "nextn_predict_layers");
pub const D_MODEL: Key = key(
    &["hidden_size", "n_embd", "n_embed", "d_model"],
    "embedding_length",
);
pub const CONTEXT: Key = key(
    &["max_position_embeddings", "n_positions", "n_ctx"],
    "context_length",
);
pub const N_HEADS: Key = key(
    &[
        "num_attention_heads",
        "n_head",
        "num_heads",
        "attention_heads",
    ],
    "attention.head_count",
);
pub const N_KV_HEADS: Key = key(
    &["num_key_value_heads", "num_kv_heads"],
    "attention.head_count_kv",
);
pub const HEAD_DIM: Key = key(&["head_dim"], "attention.key_length");
const VALUE_DIM: Key = key(&[], "attention.value_length");
pub const MLP_WIDTH: Key = key(
    &["intermediate_size", "n_inner", "ffn_dim", "ffn_hidden_size"],
    "feed_forward_length",
);
pub const RMS_EPS: Key = key(&["rms_norm_eps"], "attention.layer_norm_rms_epsilon");
pub const LAYER_EPS: Key = key(
    &[
        "layer_norm_epsilon",
        "layer_norm_eps",
        "norm_epsilon",
        "norm_eps",
    ],
    "attention.layer_norm_epsilon",
);
pub const ACTIVATION: Key = key(
    &[
        "hidden_activation",
        "hidden_act",
        "activation_function",
        "activation",
    ],
    "",
);
const TIED: Key = key(&["tie_word_embeddings"], "");
const LAYER_TYPES: Key = key(&["layer_types"], "");
/// In GGUF files a list of which layers are local.
const KINDS: Key = key(&["layer_types"], "attention.sliding_window_pattern");
const WINDOW: Key = key(&["sliding_window"], "attention.sliding_window");

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
    if let Some(width) = config.optional_usize(VALUE_DIM)?
        && width != head_dim
    {
        let reason = format!("is {width}: values as wide as keys ({head_dim}) are supported only");
        return Err(config.complain(VALUE_DIM, &reason));
    }
    Ok(Heads {
        n_heads,
        n_kv_heads,
        head_dim,
    })
}

/// The configuration with one number of key heads for all blocks, where a GGUF file has none for
/// those without an attention.
pub fn with_key_heads(config: &Config) -> Config {
    let heads = config.get(N_KV_HEADS).and_then(|heads| heads.as_array());
    let heads = heads.into_iter().flatten();
    match heads.filter_map(serde_json::Value::as_u64).max() {
        Some(most) => config.with(N_KV_HEADS, most.into()),
        None => config.clone(),
    }
}

/// Whether a layer is an attention, in GGUF files whose other layers have no key heads.
pub fn has_key_heads(config: &Config, layer: usize) -> bool {
    let heads = config.get(N_KV_HEADS);
    let of_layer = heads.and_then(|heads| heads.as_array()?.get(layer)?.as_u64());
    of_layer != Some(0)
}

/// The activation that the configuration names; `unsaid` where it names none, as GGUF files.
pub fn activation(config: &Config, unsaid: Activation) -> Result<Activation, ModelError> {
    match config.optional_str(ACTIVATION)? {
        Some(name) => Activation::named(name)
            .ok_or_else(|| config.complain(ACTIVATION, &format!("`{name}` is not supported"))),
        None => Ok(unsaid),
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

/// Whether a part that the configuration speaks of must be there: GGUF metadata never do.
pub fn presence(config: &Config) -> Presence {
    match config.dialect() {
        Dialect::HuggingFace => Presence::Required,
        Dialect::Gguf => Presence::AsStored,
    }
}

/// The sliding window of the layers that have one; some GGUF files say 0 for none.
pub fn window(config: &Config) -> Result<Option<usize>, ModelError> {
    match (config.optional_usize(WINDOW)?, config.dialect()) {
        (Some(0), Dialect::HuggingFace) => {
            let reason =
                "is 0, with which a position would attend to nothing; null stands for none";
            Err(config.complain(WINDOW, reason))
        }
        (window, _) => Ok(window.filter(|window| *window > 0)),
    }
}

/// Whether a layer attends to a sliding window only, where the configuration lists it.
pub fn listed_as_local(config: &Config, layer: usize) -> Option<bool> {
    let kinds = config.get(LAYER_TYPES)?.as_array()?;
    Some(kinds.get(layer)?.as_str()? == "sliding_attention")
}

/// What a layer attends to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayerKind {
    /// A sliding window.
    Local,
    /// All that came before.
    Global,
}

/// What a layer attends to, where the configuration lists it.
///
/// # Errors
/// When it lists another kind of layer, or fewer layers than there are.
pub fn kind_of_layer(config: &Config, layer: usize) -> Result<Option<LayerKind>, ModelError> {
    let Some(kinds) = config.get(KINDS) else {
        return Ok(None);
    };
    let Some(kind) = kinds.as_array().and_then(|kinds| kinds.get(layer)) else {
        let reason = format!("does not say what layer {layer} is");
        return Err(config.complain(KINDS, &reason));
    };
    match (kind.as_str(), kind.as_bool()) {
        (Some("sliding_attention"), _) | (_, Some(true)) => Ok(Some(LayerKind::Local)),
        (Some("full_attention" | "attention"), _) | (_, Some(false)) => Ok(Some(LayerKind::Global)),
        _ => {
            let reason = format!("lists {kind} for layer {layer}, which is not supported");
            Err(config.complain(KINDS, &reason))
        }
    }
}

/// Whether a layer attends to a sliding window only: as listed, else all but each `period`th.
pub fn is_local(config: &Config, layer: usize, period: usize) -> Result<bool, ModelError> {
    let listed = kind_of_layer(config, layer)?;
    let usual = || period != 0 && !(layer + 1).is_multiple_of(period);
    Ok(listed.map_or_else(usual, |kind| kind == LayerKind::Local))
}

/// `1 / sqrt(width)`.
#[expect(clippy::cast_precision_loss, reason = "widths are below 2^52")]
pub fn root_scale(width: usize) -> f64 {
    (width as f64).sqrt().recip()
}

/// How many blocks there are for the next token: the last ones may predict tokens behind it.
pub fn blocks_for_the_next_token(config: &Config) -> Result<usize, ModelError> {
    let all = config.layers(N_LAYERS)?;
    let further = config.optional_usize(FURTHER_BLOCKS)?.unwrap_or(0);
    match all.checked_sub(further) {
        Some(blocks) if blocks > 0 => Ok(blocks),
        _ => {
            let reason = format!("is {further}, of {all} blocks");
            Err(config.complain(FURTHER_BLOCKS, &reason))
        }
    }
}

/// The number under `key` where it is there and changes what it multiplies.
pub fn factor(config: &Config, key: Key) -> Result<Option<f64>, ModelError> {
    Ok(config.optional_f64(key)?.filter(|factor| *factor != 1.0))
}
