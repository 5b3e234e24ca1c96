//! GGUF metadata as JSON, so that one way of asking serves both kinds of file.

use candle_core::quantized::gguf_file;
use serde_json::Value;

use super::MOST_LAYERS;

/// Keys behind the architecture's name that change no number, or are read only where others ask
/// for them.
const NOT_ASKED_FOR: [&str; 25] = [
    "vocab_size",
    "rope.scaling.type",
    "rope.scaling.factor",
    "rope.scaling.original_context_length",
    "rope.scaling.attn_factor",
    "rope.scaling.finetuned",
    "rope.scaling.yarn_beta_fast",
    "rope.scaling.yarn_beta_slow",
    "rope.freq_base",
    "rope.freq_base_swa",
    "rope.dimension_count",
    // Which coordinates of a picture turn what; those of text are all alike.
    "rope.dimension_sections",
    "pooling_type",
    "expert_used_count",
    "expert_feed_forward_length",
    "expert_shared_feed_forward_length",
    "tensor_data_layout",
    "rope.scaling.yarn_log_multiplier",
    "rope.scaling.yarn_attn_factor",
    "expert_shared_count",
    // Of Mamba layers, in files of models that have none.
    "ssm.conv_kernel",
    "ssm.state_size",
    "ssm.group_count",
    "ssm.inner_size",
    "ssm.time_step_rank",
];

/// Whether it is no matter that nothing asked for `key`.
pub(super) fn changes_nothing(key: &str) -> bool {
    NOT_ASKED_FOR.contains(&key)
}

/// A GGUF value as JSON; `None` for the long lists that are no hyperparameters.
pub(super) fn json(value: &gguf_file::Value) -> Option<Value> {
    const LONGEST_LIST: usize = MOST_LAYERS;
    use gguf_file::Value as G;
    Some(match value {
        G::U8(n) => (*n).into(),
        G::I8(n) => (*n).into(),
        G::U16(n) => (*n).into(),
        G::I16(n) => (*n).into(),
        G::U32(n) => (*n).into(),
        G::I32(n) => (*n).into(),
        G::U64(n) => (*n).into(),
        G::I64(n) => (*n).into(),
        G::F32(x) => f64::from(*x).into(),
        G::F64(x) => (*x).into(),
        G::Bool(b) => (*b).into(),
        G::String(s) => s.as_str().into(),
        G::Array(list) if list.len() <= LONGEST_LIST => {
            Value::Array(list.iter().filter_map(json).collect())
        }
        G::Array(_) => return None,
    })
}
