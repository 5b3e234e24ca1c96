//! Mamba-2's state spaces, as the configurations that have them spell them.

use serde_json::Value;

use super::reading;
use crate::model::ModelError;
use crate::model::config::{Config, Dialect, Key, key};
use crate::model::mixer::mamba::Decay;
use crate::model::mixer::mamba2::{Layout, Normed, Spec};

/// How wide all channels are together, in GGUF files.
const CHANNELS: Key = key(&[], "ssm.inner_size");

/// Why keys that stand beside those of a state space change nothing.
pub const TRAINING: &str = "for training only";
pub const ORDER: &str = "another order of the same sums";

/// The names of what makes a state space.
pub struct Keys {
    pub heads: Key,
    pub head_width: Key,
    pub groups: Key,
    pub state: Key,
    pub kernel: Key,
    /// Of the projection into it.
    pub bias: Key,
    /// Of the projection out of it.
    pub output_bias: Key,
    pub convolution_bias: Key,
    /// What the rates stay within.
    pub limit: Key,
}

/// Those that models have whose other layers are attention.
pub const BESIDE_ATTENTION: Keys = Keys {
    heads: key(&["mamba_n_heads"], "ssm.time_step_rank"),
    head_width: key(&["mamba_d_head"], ""),
    groups: key(&["mamba_n_groups"], "ssm.group_count"),
    state: key(&["mamba_d_state"], "ssm.state_size"),
    kernel: key(&["mamba_d_conv"], "ssm.conv_kernel"),
    bias: key(&["mamba_proj_bias"], ""),
    output_bias: key(&["mamba_proj_bias"], ""),
    convolution_bias: key(&["mamba_conv_bias"], ""),
    limit: key(&["time_step_limit"], ""),
};

/// How many times as wide as the stream all channels are together.
pub const EXPAND: Key = key(&["mamba_expand"], "");

/// How wide all channels are together: `key` times the stream in a `config.json`.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "widths are below 2^52, and what is not whole is cut off, as in transformers"
)]
pub fn channels(config: &Config, key: Key, d_model: usize) -> Result<usize, ModelError> {
    if config.dialect() == Dialect::Gguf {
        return config.usize(CHANNELS);
    }
    match config.f64(key)? {
        expand if expand > 0.0 && expand < 1e3 => Ok((expand * d_model as f64) as usize),
        expand => Err(config.complain(key, &format!("must be above 0, not {expand}"))),
    }
}

/// A state space of so many channels under these names, whose norm has this `eps`.
pub fn read(config: &Config, keys: &Keys, channels: usize, eps: f64) -> Result<Spec, ModelError> {
    let heads = config.usize(keys.heads)?;
    let groups = config.usize(keys.groups)?;
    let width = match (config.dialect(), config.get(keys.head_width)) {
        (Dialect::Gguf, _) => channels / heads,
        (_, Some(Value::String(auto))) if auto == "auto" => channels / heads,
        _ => config.usize(keys.head_width)?,
    };
    if width == 0 || heads.saturating_mul(width) != channels {
        let reason = format!("is {heads}: heads of {width} do not make {channels} channels");
        return Err(config.complain(keys.heads, &reason));
    }
    if !heads.is_multiple_of(groups) {
        let reason = format!("is {groups}, which does not part the {heads} heads into groups");
        return Err(config.complain(keys.groups, &reason));
    }
    Ok(Spec {
        heads,
        width,
        groups,
        state: config.usize(keys.state)?,
        kernel: config.usize(keys.kernel)?,
        bias: reading::bias_by_flag(config, keys.bias)?,
        output_bias: reading::bias_by_flag(config, keys.output_bias)?,
        convolution_bias: reading::bias_by_flag(config, keys.convolution_bias)?,
        normed: Normed::Gated,
        eps,
        rates: rates(config, keys.limit)?,
        scales: None,
    })
}

/// What the rates stay within. Where a file has no number there is no bound: JSON has none for
/// infinity.
fn rates(config: &Config, limit: Key) -> Result<[f64; 2], ModelError> {
    match config.get(limit) {
        None => Ok([0.0, f64::INFINITY]),
        Some(Value::Array(both)) if both.len() == 2 => {
            let bound = |which: usize, unsaid: f64| {
                let number = both.get(which).and_then(Value::as_f64);
                number.unwrap_or(unsaid)
            };
            Ok([bound(0, 0.0), bound(1, f64::INFINITY)])
        }
        Some(_) => Err(config.complain(limit, "must be a list of two numbers")),
    }
}

/// Its tensors where each block has one part.
pub const IN_MIXER: Layout = Layout {
    inner: "layers.{l}.mixer.in_proj",
    convolution: "layers.{l}.mixer.conv1d",
    decay: Decay::Logarithm("layers.{l}.mixer.A_log"),
    step: "layers.{l}.mixer.dt_bias",
    passed: "layers.{l}.mixer.D",
    norm: "layers.{l}.mixer.norm",
    output: "layers.{l}.mixer.out_proj",
};

/// Its tensors in models whose other layers are attention.
pub const IN_MAMBA: Layout = Layout {
    inner: "layers.{l}.mamba.in_proj",
    convolution: "layers.{l}.mamba.conv1d",
    decay: Decay::Logarithm("layers.{l}.mamba.A_log"),
    step: "layers.{l}.mamba.dt_bias",
    passed: "layers.{l}.mamba.D",
    norm: "layers.{l}.mamba.norm",
    output: "layers.{l}.mamba.out_proj",
};

/// Its tensors in GGUF files.
pub const IN_GGUF: Layout = Layout {
    inner: "blk.{l}.ssm_in",
    convolution: "blk.{l}.ssm_conv1d",
    decay: Decay::Negative("blk.{l}.ssm_a"),
    step: "blk.{l}.ssm_dt.bias",
    passed: "blk.{l}.ssm_d",
    norm: "blk.{l}.ssm_norm",
    output: "blk.{l}.ssm_out",
};
