//! `mamba`, `falcon_mamba` and `mamba2`: blocks of one part, a state space in the place of attention
//! and feed-forward network; in the second with norms of what is selected.
//!
//! Gu, Dao 2023, <https://arxiv.org/abs/2312.00752>; Dao, Gu 2024,
//! <https://arxiv.org/abs/2405.21060>; Zuo et al. 2024, <https://arxiv.org/abs/2410.05355>.

use serde_json::Value;

use super::start::{self, Start};
use super::state_space::{Keys, ORDER, TRAINING};
use super::{Family, reading, state_space};
use crate::model::ModelError;
use crate::model::config::{Config, Dialect, Key, ModelType, key};
use crate::model::layout::{GGUF, HUGGING_FACE, Layout};
use crate::model::mixer::mamba::Decay;
use crate::model::mixer::{MixerLayout, MixerSpec, mamba};
use crate::model::spec::{
    Activation, Bias, FeedForwardSpec, MixingSpec, MlpKind, NormSpec, Spec, Unembedding,
};

pub const FAMILY: Family = Family {
    name: "mamba",
    model_types: &[MAMBA, FALCON_MAMBA, MAMBA2],
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
.ignoring(OF_MAMBA);

const FALCON_MAMBA: ModelType = ModelType::new(
    "falcon_mamba",
    r#"{
        "hidden_size": 768, "state_size": 16, "num_hidden_layers": 32,
        "layer_norm_epsilon": 1e-5, "expand": 2, "conv_kernel": 4, "use_bias": false,
        "use_conv_bias": true, "time_step_rank": "auto", "tie_word_embeddings": true,
        "mixer_rms_eps": 1e-6
    }"#,
)
.only(SILU)
.ignoring(OF_MAMBA);

const OF_MAMBA: &[(&str, &str)] = &[
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
    ("use_mambapy", ORDER),
    ("use_falcon_mambapy", ORDER),
    ("use_associative_scan", ORDER),
];

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
    ("chunk_size", ORDER),
    ("rms_norm", "all norms are RMSNorm"),
]);

const SILU: &[(&str, &str)] = &[("hidden_act", r#"["silu"]"#)];
const FLOAT32: &str = "sums are float32 in any case";

const EPS: Key = key(&["layer_norm_epsilon"], "attention.layer_norm_rms_epsilon");
const EXPAND: Key = key(&["expand"], "");
const STATE: Key = key(&["state_size"], "ssm.state_size");
const KERNEL: Key = key(&["conv_kernel"], "ssm.conv_kernel");
const RANK: Key = key(&["time_step_rank"], "ssm.time_step_rank");
const BIAS: Key = key(&["use_bias"], "");
const CONVOLUTION_BIAS: Key = key(&["use_conv_bias"], "");
const NORMED: Key = key(&[], "ssm.dt_b_c_rms");
const SELECTED_EPS: Key = key(&["mixer_rms_eps"], "");

/// The names of Mamba-2's own.
const MAMBA2_KEYS: Keys = Keys {
    heads: key(&["num_heads"], "ssm.time_step_rank"),
    head_width: key(&["head_dim"], ""),
    groups: key(&["n_groups"], "ssm.group_count"),
    state: STATE,
    kernel: KERNEL,
    bias: BIAS,
    output_bias: BIAS,
    convolution_bias: CONVOLUTION_BIAS,
    limit: key(&["time_step_limit"], ""),
};

/// What transformers takes where a file leaves [`SELECTED_EPS`] out.
const USUAL_SELECTED_EPS: f64 = 1e-6;

/// No position is added anywhere, so that nothing limits the context but what llama.cpp's converter
/// writes.
const CONTEXT: usize = 1 << 20;

fn spec(config: &Config) -> Result<Spec, ModelError> {
    let start = Start {
        norm: NormSpec::rms(config.f64(EPS)?),
        mlp: MlpKind::Gated,
        activation: Activation::Silu,
        bias: Bias::Absent,
        unembedding: match config.architecture() {
            "mamba2" => Unembedding::Separate,
            _ => Unembedding::Tied,
        },
        context_unsaid: Some(CONTEXT),
    };
    let without_network = config.with(reading::MLP_WIDTH, 1.into());
    let mut spec = start.decoder(&start::without_attention(&without_network))?;
    let channels = state_space::channels(config, EXPAND, spec.d_model)?;
    let mixer = match config.architecture() {
        "mamba2" => MixerSpec::Mamba2(state_space::read(
            config,
            &MAMBA2_KEYS,
            channels,
            config.f64(EPS)?,
        )?),
        _ => MixerSpec::Mamba(mamba::Spec {
            width: channels,
            state: config.usize(STATE)?,
            rank: rank(config, spec.d_model)?,
            kernel: config.usize(KERNEL)?,
            bias: reading::bias_by_flag(config, BIAS)?,
            convolution_bias: reading::bias_by_flag(config, CONVOLUTION_BIAS)?,
            selected_eps: selected_eps(config, &mut spec.notes)?,
        }),
    };
    for block in &mut spec.blocks {
        block.mixing = MixingSpec::Mixer(mixer.clone());
        block.feed_forward = FeedForwardSpec::Nothing;
    }
    Ok(spec)
}

/// Of the norms of what is selected, where there are some.
fn selected_eps(config: &Config, notes: &mut Vec<String>) -> Result<Option<f64>, ModelError> {
    match (config.architecture(), config.optional_bool(NORMED)?) {
        ("falcon_mamba", _) => config.f64(SELECTED_EPS).map(Some),
        (_, Some(true)) => {
            notes.push(format!(
                "llama.cpp's converter leaves out the epsilon of the norms of what is selected; \
                 {USUAL_SELECTED_EPS:e} is taken, as published models have it"
            ));
            Ok(Some(USUAL_SELECTED_EPS))
        }
        _ => Ok(None),
    }
}

fn rank(config: &Config, d_model: usize) -> Result<usize, ModelError> {
    match config.get(RANK) {
        Some(Value::String(auto)) if auto == "auto" => Ok(d_model.div_ceil(16)),
        _ => config.usize(RANK),
    }
}

fn layout(config: &Config) -> Layout {
    let is_first = config.architecture() != "mamba2";
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
                false => MixerLayout::Mamba2(state_space::IN_MIXER),
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
                false => MixerLayout::Mamba2(state_space::IN_GGUF),
            },
            ..GGUF
        },
    }
}
