//! `qwen3_next` and `qwen3_5`: three of four layers are gated delta nets, the fourth is an attention
//! whose heads are gated; norms of `1 + w`; dense or with experts.
//!
//! Qwen Team 2025, *Qwen3-Next*; Yang, Kautz, Hatamizadeh 2024, <https://arxiv.org/abs/2412.06464>.

use super::start::Start;
use super::{Family, experts, reading, rotary};
use crate::model::ModelError;
use crate::model::config::{Config, Dialect, Key, ModelType, key};
use crate::model::layout::{GGUF, HUGGING_FACE, Layout};
use crate::model::mixer::delta_net::{self, Decay, Inner, Rates};
use crate::model::mixer::{HeadOrder, MixerLayout, MixerSpec};
use crate::model::spec::{Activation, Gate, MixingSpec, Presence, QkNorm, QkNormSpan, Spec};

pub const FAMILY: Family = Family {
    name: "qwen3-next",
    model_types: &[QWEN3_NEXT, QWEN3_5, QWEN3_5_MOE],
    gguf: &["qwen3next", "qwen35", "qwen35moe"],
    spec,
    layout,
};

const QWEN3_NEXT: ModelType = ModelType::new(
    "qwen3_next",
    r#"{
        "hidden_size": 2048, "intermediate_size": 5632, "num_hidden_layers": 48,
        "num_attention_heads": 16, "num_key_value_heads": 2, "head_dim": 256,
        "hidden_act": "silu", "max_position_embeddings": 32768, "rms_norm_eps": 1e-6,
        "tie_word_embeddings": false, "rope_parameters": null, "rope_theta": 10000.0,
        "partial_rotary_factor": 0.25, "attention_bias": false, "linear_conv_kernel_dim": 4,
        "linear_key_head_dim": 128, "linear_value_head_dim": 128, "linear_num_key_heads": 16,
        "linear_num_value_heads": 32, "decoder_sparse_step": 1, "moe_intermediate_size": 512,
        "shared_expert_intermediate_size": 512, "num_experts_per_tok": 10, "num_experts": 512,
        "norm_topk_prob": true, "mlp_only_layers": null, "layer_types": null,
        "full_attention_interval": 4
    }"#,
)
.only(GATED)
.ignoring(FURTHER_TOKENS);

const QWEN3_5: ModelType = ModelType::new(
    "qwen3_5_text",
    r#"{
        "hidden_size": 4096, "intermediate_size": 12288, "num_hidden_layers": 32,
        "num_attention_heads": 16, "num_key_value_heads": 4, "head_dim": 256,
        "hidden_act": "silu", "max_position_embeddings": 32768, "rms_norm_eps": 1e-6,
        "tie_word_embeddings": false, "rope_parameters": null, "rope_theta": 10000.0,
        "partial_rotary_factor": 0.25, "attention_bias": false, "linear_conv_kernel_dim": 4,
        "linear_key_head_dim": 128, "linear_value_head_dim": 128, "linear_num_key_heads": 16,
        "linear_num_value_heads": 32, "layer_types": null, "full_attention_interval": 4
    }"#,
)
.only(GATED)
.ignoring(FURTHER_TOKENS);

const QWEN3_5_MOE: ModelType = ModelType::new(
    "qwen3_5_moe_text",
    r#"{
        "hidden_size": 2048, "num_hidden_layers": 40, "num_attention_heads": 16,
        "num_key_value_heads": 2, "head_dim": 256, "hidden_act": "silu",
        "max_position_embeddings": 32768, "rms_norm_eps": 1e-6, "tie_word_embeddings": false,
        "rope_parameters": null, "rope_theta": 10000.0, "partial_rotary_factor": 0.25,
        "attention_bias": false, "linear_conv_kernel_dim": 4, "linear_key_head_dim": 128,
        "linear_value_head_dim": 128, "linear_num_key_heads": 16, "linear_num_value_heads": 32,
        "moe_intermediate_size": 512, "shared_expert_intermediate_size": 512,
        "num_experts_per_tok": 8, "num_experts": 256, "layer_types": null,
        "full_attention_interval": 4
    }"#,
)
.only(GATED)
.ignoring(ALL_EXPERTS_KEYS);

/// transformers gates the heads whatever a file says.
const GATED: &[(&str, &str)] = &[("attn_output_gate", "[true]")];

const FURTHER_TOKENS: &[(&str, &str)] = &[
    ("mtp_num_hidden_layers", OF_FURTHER_TOKENS),
    ("mtp_use_dedicated_embeddings", OF_FURTHER_TOKENS),
    ("mamba_ssm_dtype", "states are float32 in any case"),
];
/// All layers have experts.
const ALL_EXPERTS_KEYS: &[(&str, &str)] = &[
    FURTHER_TOKENS[0],
    FURTHER_TOKENS[1],
    FURTHER_TOKENS[2],
    ("intermediate_size", "all layers have experts"),
    ("mlp_only_layers", "all layers have experts"),
    ("decoder_sparse_step", "all layers have experts"),
    (
        "norm_topk_prob",
        "the weights of experts have a sum of one in any case",
    ),
];
const OF_FURTHER_TOKENS: &str = "of what predicts tokens behind the next one";

const KERNEL: Key = key(&["linear_conv_kernel_dim"], "ssm.conv_kernel");
const KEY_WIDTH: Key = key(&["linear_key_head_dim"], "ssm.state_size");
const KEY_HEADS: Key = key(&["linear_num_key_heads"], "ssm.group_count");
const VALUE_HEADS: Key = key(&["linear_num_value_heads"], "ssm.time_step_rank");
const VALUE_WIDTH: Key = key(&["linear_value_head_dim"], "");
/// In GGUF files: of all value heads together.
const VALUES: Key = key(&[], "ssm.inner_size");
const ATTENTION_BIAS: Key = key(&["attention_bias"], "");
const LAYER_TYPES: Key = key(&["layer_types"], "attention.recurrent_layers");
const INTERVAL: Key = key(&["full_attention_interval"], "full_attention_interval");

/// What stands for a dense network where all layers have experts.
const ALL_EXPERTS: &str = r#"{"intermediate_size": 1, "feed_forward_length": 1}"#;

fn spec(config: &Config) -> Result<Spec, ModelError> {
    match config.architecture() {
        "qwen3_5_text" | "qwen35" => spec_of_complete(config),
        _ => spec_of_complete(&config.completed(ALL_EXPERTS)?),
    }
}

fn spec_of_complete(config: &Config) -> Result<Spec, ModelError> {
    let mut start = Start::gated(config)?;
    // llama.cpp's converter has added the one already.
    if config.dialect() == Dialect::HuggingFace {
        start.norm.weight_offset = 1.0;
    }
    let norm = start.norm;
    let mut spec = start.decoder(config)?;
    spec.blocks
        .truncate(reading::blocks_for_the_next_token(config)?);
    rotary::apply(config, &mut spec)?;
    let bias = reading::bias_by_flag(config, ATTENTION_BIAS)?;
    let delta_net = delta_net(config)?;
    for (layer, block) in spec.blocks.iter_mut().enumerate() {
        if is_recurrent(config, layer)? {
            block.mixing = MixingSpec::Mixer(MixerSpec::DeltaNet(delta_net.clone()));
        }
        let attention = &mut block.attention;
        attention.gate = Gate::Sigmoid;
        attention.qkv_bias = bias;
        attention.output_bias = bias;
        attention.qk_norm = Some(QkNorm {
            norm,
            span: QkNormSpan::Head,
            presence: Presence::Required,
        });
    }
    experts::replace(config, &mut spec)?;
    Ok(spec)
}

fn delta_net(config: &Config) -> Result<delta_net::Spec, ModelError> {
    let key_heads = config.usize(KEY_HEADS)?;
    let value_heads = config.usize(VALUE_HEADS)?;
    if !value_heads.is_multiple_of(key_heads) {
        let reason = format!("is {value_heads}, no multiple of the {key_heads} heads of keys");
        return Err(config.complain(VALUE_HEADS, &reason));
    }
    let value_width = match config.dialect() {
        Dialect::HuggingFace => config.usize(VALUE_WIDTH)?,
        Dialect::Gguf => {
            let together = config.usize(VALUES)?;
            if !together.is_multiple_of(value_heads) {
                let reason = format!("is {together}, no multiple of the {value_heads} heads");
                return Err(config.complain(VALUES, &reason));
            }
            together / value_heads
        }
    };
    if reading::activation(config, Activation::Silu)? != Activation::Silu {
        let reason = "is not SiLU, which delta nets are computed with only";
        return Err(config.complain(reading::ACTIVATION, reason));
    }
    Ok(delta_net::Spec {
        key_heads,
        value_heads,
        key_width: config.usize(KEY_WIDTH)?,
        value_width,
        kernel: config.usize(KERNEL)?,
        eps: config.f64(reading::RMS_EPS)?,
        order: match config.architecture() {
            "qwen35" | "qwen35moe" => HeadOrder::Tiled { groups: key_heads },
            _ => HeadOrder::Counted,
        },
    })
}

/// Whether a layer is a delta net: those that are listed, or all but each fourth.
fn is_recurrent(config: &Config, layer: usize) -> Result<bool, ModelError> {
    let interval = config.optional_usize(INTERVAL)?.unwrap_or(4).max(1);
    let Some(kinds) = config.get(LAYER_TYPES) else {
        return Ok(!(layer + 1).is_multiple_of(interval));
    };
    let kind = kinds.as_array().and_then(|kinds| kinds.get(layer));
    match (
        kind.and_then(|kind| kind.as_str()),
        kind.and_then(|kind| kind.as_bool()),
    ) {
        (Some("linear_attention"), _) | (_, Some(true)) => Ok(true),
        (Some("full_attention"), _) | (_, Some(false)) => Ok(false),
        _ => {
            let reason = format!(
                "must say `linear_attention` or `full_attention` for each layer; for layer {layer} \
                 it does not"
            );
            Err(config.complain(LAYER_TYPES, &reason))
        }
    }
}

fn layout(config: &Config) -> Layout {
    let (inner, rates) = match config.architecture() {
        "qwen3_next" => (
            Inner::ByKeyHead("layers.{l}.linear_attn.in_proj_qkvz"),
            Rates::ByKeyHead("layers.{l}.linear_attn.in_proj_ba"),
        ),
        "qwen3next" => (GGUF_INNER, Rates::ByKeyHead("blk.{l}.ssm_ba")),
        _ if config.dialect() == Dialect::Gguf => (
            GGUF_INNER,
            Rates::Apart {
                write: "blk.{l}.ssm_beta",
                decay: "blk.{l}.ssm_alpha",
            },
        ),
        _ => (
            Inner::Apart {
                qkv: "layers.{l}.linear_attn.in_proj_qkv",
                gate: "layers.{l}.linear_attn.in_proj_z",
            },
            Rates::Apart {
                write: "layers.{l}.linear_attn.in_proj_b",
                decay: "layers.{l}.linear_attn.in_proj_a",
            },
        ),
    };
    match config.dialect() {
        Dialect::HuggingFace => Layout {
            mixer: MixerLayout::DeltaNet(delta_net::Layout {
                inner,
                rates,
                convolution: "layers.{l}.linear_attn.conv1d",
                decay: Decay::Logarithm("layers.{l}.linear_attn.A_log"),
                step: "layers.{l}.linear_attn.dt_bias",
                norm: "layers.{l}.linear_attn.norm",
                output: "layers.{l}.linear_attn.out_proj",
            }),
            layers_beyond: config.layers(reading::N_LAYERS).ok(),
            ..HUGGING_FACE
        },
        Dialect::Gguf => Layout {
            mixer: MixerLayout::DeltaNet(delta_net::Layout {
                inner,
                rates,
                convolution: "blk.{l}.ssm_conv1d",
                decay: Decay::Negative("blk.{l}.ssm_a"),
                step: "blk.{l}.ssm_dt.bias",
                norm: "blk.{l}.ssm_norm",
                output: "blk.{l}.ssm_out",
            }),
            mlp_norm: "blk.{l}.post_attention_norm",
            layers_beyond: reading::blocks_for_the_next_token(config).ok(),
            ..GGUF
        },
    }
}

const GGUF_INNER: Inner = Inner::Apart {
    qkv: "blk.{l}.attn_qkv",
    gate: "blk.{l}.attn_gate",
};
