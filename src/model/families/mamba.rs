//! `mamba` and `mamba2`: blocks of one part, a state space in the place of attention and
//! feed-forward network.
//!
//! Gu, Dao 2023, <https://arxiv.org/abs/2312.00752>; Dao, Gu 2024,
//! <https://arxiv.org/abs/2405.21060>.

use serde_json::Value;

use super::start::Start;
use super::{Family, reading};
use crate::model::ModelError;
use crate::model::config::{Config, Dialect, Key, ModelType, key};
use crate::model::layout::{GGUF, HUGGING_FACE, Layout};
use crate::model::mixer::mamba::Decay;
use crate::model::mixer::{MixerLayout, MixerSpec, mamba, mamba2};
use crate::model::spec::{Activation, Bias, FeedForwardSpec, MlpKind, NormSpec, Spec, Unembedding};

pub const FAMILY: Family = Family {
    name: "mamba",
    model_types: &[MAMBA, MAMBA2],
    gguf: &["mamba", "mamba2"],
    spec,
    layout,
};

const MAMBA: ModelType = ModelType::new(
    "mamba",
    r#"{
        "hidden_size": 768, "state_size": 16, "num_hidden_layers": 32,
        "layer_norm_epsilon": 1e-5, "expand": 2, "conv_kernel": 4, "use_bias": false,
        "use_conv_bias": true, "time_step_rank": "auto", "tie_word_embeddings": true
    }"#,
)
.only(SILU)
.ignoring(&[
    ("intermediate_size", "`expand` stands for it"),
    ("d_inner", "`expand` stands for it"),
    ("d_model", "`hidden_size` stands for it"),
    ("n_layer", "`num_hidden_layers` stands for it"),
    ("residual_in_fp32", FLOAT32),
    ("fused_add_norm", FLOAT32),
    ("rms_norm", "all norms are RMSNorm"),
    ("ssm_cfg", "other keys stand for it"),
    ("pad_vocab_size_multiple", "the size is that of the tensor"),
    ("time_step_scale", TRAINING),
    ("time_step_min", TRAINING),
    ("time_step_max", TRAINING),
    ("time_step_floor", TRAINING),
    ("time_step_init_scheme", TRAINING),
    ("rescale_prenorm_residual", TRAINING),
    ("use_mambapy", "another order of the same sums"),
    ("use_associative_scan", "another order of the same sums"),
]);

const MAMBA2: ModelType = ModelType::new(
    "mamba2",
    r#"{
        "num_heads": 128, "head_dim": 64, "hidden_size": 4096, "state_size": 128,
        "num_hidden_layers": 64, "layer_norm_epsilon": 1e-5, "expand": 2, "conv_kernel": 4,
        "n_groups": 8, "use_bias": false, "use_conv_bias": true, "time_step_limit": null,
        "tie_word_embeddings": false
    }"#,
)
.only(&[
    ("hidden_act", r#"["silu"]"#),
    ("norm_before_gate", "[false]"),
])
.ignoring(&[
    ("residual_in_fp32", FLOAT32),
    ("time_step_rank", "rates are those of the heads"),
    ("time_step_min", TRAINING),
    ("time_step_max", TRAINING),
    ("time_step_floor", TRAINING),
    ("rescale_prenorm_residual", TRAINING),
    ("chunk_size", "another order of the same sums"),
    ("rms_norm", "all norms are RMSNorm"),
]);

const SILU: &[(&str, &str)] = &[("hidden_act", r#"["silu"]"#)];
const FLOAT32: &str = "sums are float32 in any case";
const TRAINING: &str = "for training only";

const EPS: Key = key(&["layer_norm_epsilon"], "attention.layer_norm_rms_epsilon");
const EXPAND: Key = key(&["expand"], "");
const CHANNELS: Key = key(&[], "ssm.inner_size");
const STATE: Key = key(&["state_size"], "ssm.state_size");
const KERNEL: Key = key(&["conv_kernel"], "ssm.conv_kernel");
const RANK: Key = key(&["time_step_rank"], "ssm.time_step_rank");
const GROUPS: Key = key(&["n_groups"], "ssm.group_count");
const HEADS: Key = key(&["num_heads"], "ssm.time_step_rank");
const HEAD_WIDTH: Key = key(&["head_dim"], "");
const LIMIT: Key = key(&["time_step_limit"], "");
const BIAS: Key = key(&["use_bias"], "");
const CONVOLUTION_BIAS: Key = key(&["use_conv_bias"], "");
const NORMED: Key = key(&[], "ssm.dt_b_c_rms");

/// No position is added anywhere, so that nothing limits the context but what llama.cpp's converter
/// writes.
const CONTEXT: usize = 1 << 20;

fn spec(config: &Config) -> Result<Spec, ModelError> {
    if config.optional_bool(NORMED)? == Some(true) {
        let reason = "is true: norms of what is selected are not supported";
        return Err(config.complain(NORMED, reason));
    }
    let start = Start {
        norm: NormSpec::rms(config.f64(EPS)?),
        mlp: MlpKind::Gated,
        activation: Activation::Silu,
        bias: Bias::Absent,
        unembedding: match config.architecture() {
            "mamba" => Unembedding::Tied,
            _ => Unembedding::Separate,
        },
        context_unsaid: Some(CONTEXT),
    };
    let mut spec = start.decoder(&without_attention(config))?;
    let channels = channels(config, spec.d_model)?;
    let bias = match config.dialect() {
        Dialect::Gguf => Bias::Absent,
        Dialect::HuggingFace => reading::bias_by_flag(config, BIAS)?,
    };
    let convolution_bias = reading::bias_by_flag(config, CONVOLUTION_BIAS)?;
    let mixer = match config.architecture() {
        "mamba" => MixerSpec::Mamba(mamba::Spec {
            width: channels,
            state: config.usize(STATE)?,
            rank: rank(config, spec.d_model)?,
            kernel: config.usize(KERNEL)?,
            bias,
            convolution_bias,
        }),
        _ => MixerSpec::Mamba2(mamba2::Spec {
            eps: config.f64(EPS)?,
            rates: rates(config)?,
            bias,
            convolution_bias,
            ..heads(config, channels)?
        }),
    };
    for block in &mut spec.blocks {
        block.mixer = Some(mixer.clone());
        block.feed_forward = FeedForwardSpec::Nothing;
    }
    Ok(spec)
}

/// The configuration with the least of what its blocks do not have.
fn without_attention(config: &Config) -> Config {
    let one = |config: &Config, key: Key| config.with(key, 1.into());
    let alone = one(&one(config, reading::N_HEADS), reading::MLP_WIDTH);
    one(&one(&alone, reading::N_KV_HEADS), reading::HEAD_DIM)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "widths are below 2^52, and what is not whole is cut off, as in transformers"
)]
fn channels(config: &Config, d_model: usize) -> Result<usize, ModelError> {
    if config.dialect() == Dialect::Gguf {
        return config.usize(CHANNELS);
    }
    match config.f64(EXPAND)? {
        expand if expand > 0.0 && expand < 1e3 => Ok((expand * d_model as f64) as usize),
        expand => Err(config.complain(EXPAND, &format!("must be above 0, not {expand}"))),
    }
}

fn rank(config: &Config, d_model: usize) -> Result<usize, ModelError> {
    match config.get(RANK) {
        Some(Value::String(auto)) if auto == "auto" => Ok(d_model.div_ceil(16)),
        _ => config.usize(RANK),
    }
}

/// The heads of Mamba-2, all else left open.
fn heads(config: &Config, channels: usize) -> Result<mamba2::Spec, ModelError> {
    let heads = config.usize(HEADS)?;
    let groups = config.usize(GROUPS)?;
    let width = match config.dialect() {
        Dialect::HuggingFace => config.usize(HEAD_WIDTH)?,
        Dialect::Gguf => channels / heads,
    };
    if heads.saturating_mul(width) != channels || !heads.is_multiple_of(groups) {
        let reason = format!(
            "is {heads}: heads of {width} in {groups} groups do not make {channels} channels"
        );
        return Err(config.complain(HEADS, &reason));
    }
    Ok(mamba2::Spec {
        heads,
        width,
        groups,
        state: config.usize(STATE)?,
        kernel: config.usize(KERNEL)?,
        bias: Bias::Absent,
        convolution_bias: Bias::Absent,
        eps: 0.0,
        rates: [0.0, f64::INFINITY],
    })
}

/// What the rates stay within. Where a file has no number there is no bound: JSON has none for
/// infinity.
fn rates(config: &Config) -> Result<[f64; 2], ModelError> {
    match config.get(LIMIT) {
        None => Ok([0.0, f64::INFINITY]),
        Some(Value::Array(both)) if both.len() == 2 => {
            let bound = |which: usize, unsaid: f64| {
                let number = both.get(which).and_then(Value::as_f64);
                number.unwrap_or(unsaid)
            };
            Ok([bound(0, 0.0), bound(1, f64::INFINITY)])
        }
        Some(_) => Err(config.complain(LIMIT, "must be a list of two numbers")),
    }
}

fn layout(config: &Config) -> Layout {
    let is_first = config.architecture() == "mamba";
    match config.dialect() {
        Dialect::HuggingFace => Layout {
            prefixes: &["backbone.", ""],
            embedding: "embeddings",
            attention_norm: "layers.{l}.norm",
            mixer: match is_first {
                true => MixerLayout::Mamba(mamba::Layout {
                    inner: "layers.{l}.mixer.in_proj",
                    convolution: "layers.{l}.mixer.conv1d",
                    selection: "layers.{l}.mixer.x_proj",
                    rates: "layers.{l}.mixer.dt_proj",
                    decay: Decay::Logarithm("layers.{l}.mixer.A_log"),
                    passed: "layers.{l}.mixer.D",
                    output: "layers.{l}.mixer.out_proj",
                }),
                false => MixerLayout::Mamba2(mamba2::Layout {
                    inner: "layers.{l}.mixer.in_proj",
                    convolution: "layers.{l}.mixer.conv1d",
                    decay: Decay::Logarithm("layers.{l}.mixer.A_log"),
                    step: "layers.{l}.mixer.dt_bias",
                    passed: "layers.{l}.mixer.D",
                    norm: "layers.{l}.mixer.norm",
                    output: "layers.{l}.mixer.out_proj",
                }),
            },
            final_norm: "norm_f",
            ..HUGGING_FACE
        },
        Dialect::Gguf => Layout {
            mixer: match is_first {
                true => MixerLayout::Mamba(mamba::Layout {
                    inner: "blk.{l}.ssm_in",
                    convolution: "blk.{l}.ssm_conv1d",
                    selection: "blk.{l}.ssm_x",
                    rates: "blk.{l}.ssm_dt",
                    decay: Decay::Negative("blk.{l}.ssm_a"),
                    passed: "blk.{l}.ssm_d",
                    output: "blk.{l}.ssm_out",
                }),
                false => MixerLayout::Mamba2(mamba2::Layout {
                    inner: "blk.{l}.ssm_in",
                    convolution: "blk.{l}.ssm_conv1d",
                    decay: Decay::Negative("blk.{l}.ssm_a"),
                    step: "blk.{l}.ssm_dt.bias",
                    passed: "blk.{l}.ssm_d",
                    norm: "blk.{l}.ssm_norm",
                    output: "blk.{l}.ssm_out",
                }),
            },
            ..GGUF
        },
    }
}
