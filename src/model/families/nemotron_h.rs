//! `nemotron_h`: blocks of one part each, which is a Mamba-2 state space, an attention without
//! positions, a network of squared ReLUs, or a mixture of such behind a projection.
//!
//! NVIDIA 2025, *Nemotron-H*, <https://arxiv.org/abs/2504.03624>.

use serde_json::Value;

use super::start::Start;
use super::state_space::{self, Keys, ORDER, TRAINING};
use super::{Family, experts, reading};
use crate::model::ModelError;
use crate::model::config::{Config, Dialect, Key, ModelType, key};
use crate::model::layout::{
    ExpertsLayout, GGUF, GGUF_PLAIN_MLP, HUGGING_FACE, Layout, MlpLayout, QkvLayout,
};
use crate::model::mixer::{MixerLayout, MixerSpec, mamba2};
use crate::model::spec::{
    Activation, Bias, ExpertsSpec, FeedForwardSpec, MixingSpec, MlpKind, MlpSpec, NormSpec,
    SharedExpert, SharedGate, Spec, Unembedding, Weighs,
};

pub const FAMILY: Family = Family {
    name: "nemotron_h",
    model_types: &[NEMOTRON_H],
    gguf: &["nemotron_h", "nemotron_h_moe"],
    spec,
    layout,
};

const NEMOTRON_H: ModelType = ModelType::new(
    "nemotron_h",
    r#"{
        "hidden_size": 4096, "intermediate_size": 21504, "num_hidden_layers": null,
        "layers_block_type | layer_types": null, "hybrid_override_pattern": null,
        "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 128,
        "max_position_embeddings": 4096, "layer_norm_epsilon": 1e-5,
        "tie_word_embeddings": false, "mlp_hidden_act": "relu2", "mlp_bias": false,
        "use_bias": false, "ssm_state_size": 128, "mamba_num_heads": 128, "mamba_head_dim": 64,
        "n_groups | mamba_n_groups": 8, "conv_kernel | mamba_d_conv": 4,
        "use_conv_bias | mamba_conv_bias": true, "time_step_min | mamba_dt_min": 0.001,
        "n_routed_experts | num_local_experts": 8, "num_experts_per_tok": 2,
        "moe_intermediate_size": 7688, "moe_shared_expert_intermediate_size": 7688,
        "moe_latent_size": null, "routed_scaling_factor": 1.0, "n_group": 1, "topk_group": 1,
        "norm_topk_prob": true
    }"#,
)
.only(&[("mamba_hidden_act", r#"["silu"]"#)])
.ignoring(&[
    ("expand", WIDTHS),
    ("mamba_expand", WIDTHS),
    (
        "attention_bias",
        "transformers gives its attention none in any case",
    ),
    ("mamba_proj_bias", "`use_bias` stands for it"),
    ("sliding_window", "transformers does not look at it"),
    (
        "n_shared_experts",
        "`moe_shared_expert_intermediate_size` stands for it",
    ),
    ("moe_shared_expert_overlap", ORDER),
    ("use_mamba_kernels", ORDER),
    ("mamba_ssm_cache_dtype", "states are float32 in any case"),
    ("residual_in_fp32", "sums are float32 in any case"),
    ("chunk_size", ORDER),
    ("mamba_chunk_size", ORDER),
    ("num_logits_to_keep", "of which positions logits are given"),
    ("time_step_limit", LEAST),
    ("time_step_max", TRAINING),
    ("time_step_floor", TRAINING),
    ("mamba_dt_limit", LEAST),
    ("mamba_dt_max", TRAINING),
    ("mamba_dt_init_floor", TRAINING),
    ("rescale_prenorm_residual", TRAINING),
    ("num_nextn_predict_layers", BEYOND),
    ("mtp_layers_block_type", BEYOND),
    ("mtp_hybrid_override_pattern", BEYOND),
]);
const LEAST: &str = "transformers takes `time_step_min` for it, and no upper limit";
const WIDTHS: &str = "`mamba_num_heads` and `mamba_head_dim` stand for it";
const BEYOND: &str = "the layers that predict tokens behind the next one are not part of the lens";

const EPS: Key = key(&["layer_norm_epsilon"], "attention.layer_norm_rms_epsilon");
const OTHER_EPS: Key = key(&[], "attention.layer_norm_epsilon");
const KINDS: Key = key(&["layers_block_type", "layer_types"], "");
const PATTERN: Key = key(&["hybrid_override_pattern"], "");
const ACTIVATION: Key = key(&["mlp_hidden_act"], "");
const MLP_BIAS: Key = key(&["mlp_bias"], "");
const BIAS: Key = key(&["use_bias"], "");
const SHARED: Key = key(
    &["moe_shared_expert_intermediate_size"],
    "expert_shared_feed_forward_length",
);
const LATENT: Key = key(&["moe_latent_size"], "moe_latent_size");

const LEAST_RATE: Key = key(&["time_step_min", "mamba_dt_min"], "");
/// What transformers takes where a file leaves it out, as GGUF files do.
const USUAL_LEAST_RATE: f64 = 0.001;

const SPACE: Keys = Keys {
    heads: key(&["mamba_num_heads"], "ssm.time_step_rank"),
    head_width: key(&["mamba_head_dim"], ""),
    groups: key(&["n_groups", "mamba_n_groups"], "ssm.group_count"),
    state: key(&["ssm_state_size"], "ssm.state_size"),
    kernel: key(&["conv_kernel", "mamba_d_conv"], "ssm.conv_kernel"),
    bias: BIAS,
    output_bias: BIAS,
    convolution_bias: key(&["use_conv_bias", "mamba_conv_bias"], ""),
    limit: key(&[], ""),
};

/// What a block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    StateSpace,
    Attention,
    Network,
    Experts,
}

fn spec(config: &Config) -> Result<Spec, ModelError> {
    let config = &with_layers(config)?;
    let eps = match config.optional_f64(EPS)? {
        Some(eps) => eps,
        None => config.f64(OTHER_EPS)?,
    };
    let start = Start {
        norm: NormSpec::rms(eps),
        mlp: MlpKind::Plain,
        activation: activation(config)?,
        bias: Bias::Absent,
        unembedding: Unembedding::Separate,
        context_unsaid: None,
    };
    let mut spec = start.decoder(&reading::with_key_heads(config))?;
    if config.dialect() == Dialect::Gguf {
        // Those behind predict tokens behind the next one.
        let blocks = reading::blocks_for_the_next_token(config)?;
        spec.blocks.truncate(blocks);
    }
    let parts = (0..spec.blocks.len()).map(|layer| part(config, layer));
    let parts = parts.collect::<Result<Vec<_>, _>>()?;
    let mlp_bias = reading::bias_by_flag(config, MLP_BIAS)?;
    let space = match parts.contains(&Part::StateSpace) {
        true => Some(state_space(config, eps)?),
        false => None,
    };
    if space.is_some() && config.dialect() == Dialect::Gguf {
        spec.notes.push(format!(
            "llama.cpp's converter leaves out the least rate of the state spaces; \
             {USUAL_LEAST_RATE} is taken, as published models have it"
        ));
    }
    for (block, part) in spec.blocks.iter_mut().zip(parts) {
        let FeedForwardSpec::Dense(mlp) = block.feed_forward else {
            continue;
        };
        block.attention.output_bias = match config.dialect() {
            Dialect::HuggingFace => Bias::Absent,
            Dialect::Gguf => Bias::AsStored,
        };
        block.mixing = match (part, &space) {
            (Part::StateSpace, Some(space)) => MixingSpec::Mixer(MixerSpec::Mamba2(space.clone())),
            (Part::Attention, _) => MixingSpec::Attention,
            _ => MixingSpec::Nothing,
        };
        block.feed_forward = match part {
            Part::StateSpace | Part::Attention => FeedForwardSpec::Nothing,
            Part::Network => FeedForwardSpec::Dense(MlpSpec {
                bias: mlp_bias,
                ..mlp
            }),
            Part::Experts if mlp_bias == Bias::Present => {
                let reason = "is true: biases of experts are not supported";
                return Err(config.complain(MLP_BIAS, reason));
            }
            Part::Experts => FeedForwardSpec::Experts(experts_of(config, mlp)?),
        };
    }
    Ok(spec)
}

/// The configuration with the number of layers that are listed, which counts whatever else it says.
fn with_layers(config: &Config) -> Result<Config, ModelError> {
    let listed = match (config.get(KINDS), config.optional_str(PATTERN)?) {
        (Some(kinds), _) => kinds.as_array().map(Vec::len),
        (None, Some(pattern)) => Some(pattern.chars().count()),
        // What transformers takes then.
        (None, None) if config.dialect() == Dialect::HuggingFace => Some(USUAL.len()),
        (None, None) => return Ok(config.clone()),
    };
    match listed {
        Some(layers) => Ok(config.with(reading::N_LAYERS, layers.into())),
        None => Err(config.complain(KINDS, "must be a list")),
    }
}

const USUAL: [Part; 4] = [
    Part::StateSpace,
    Part::Experts,
    Part::Attention,
    Part::Network,
];

/// What block `layer` is. In GGUF files those are attentions that have key heads, and those are
/// networks that have a width.
fn part(config: &Config, layer: usize) -> Result<Part, ModelError> {
    if config.dialect() == Dialect::Gguf {
        let widths = config.get(reading::MLP_WIDTH);
        let width = widths.and_then(|widths| match widths {
            Value::Array(widths) => widths.get(layer)?.as_u64(),
            width => width.as_u64(),
        });
        let has_experts = config.architecture() == "nemotron_h_moe";
        return Ok(match width {
            Some(width) if width > 0 && has_experts => Part::Experts,
            Some(width) if width > 0 => Part::Network,
            _ if reading::has_key_heads(config, layer) => Part::Attention,
            _ => Part::StateSpace,
        });
    }
    let listed = config.get(KINDS);
    let kind = match (listed, config.optional_str(PATTERN)?) {
        (Some(kinds), _) => kinds
            .as_array()
            .and_then(|kinds| kinds.get(layer)?.as_str()),
        (None, Some(pattern)) => pattern.chars().nth(layer).map(|letter| match letter {
            'M' => "mamba",
            '*' => "attention",
            '-' => "mlp",
            'E' => "moe",
            _ => "",
        }),
        (None, None) => return Ok(USUAL.get(layer).copied().unwrap_or(Part::Network)),
    };
    match kind {
        Some("mamba" | "linear_attention") => Ok(Part::StateSpace),
        Some("attention" | "full_attention") => Ok(Part::Attention),
        Some("mlp") => Ok(Part::Network),
        Some("moe") => Ok(Part::Experts),
        _ => {
            let key = if listed.is_some() { KINDS } else { PATTERN };
            let reason = format!(
                "must say `mamba`, `attention`, `mlp` or `moe` (M, *, - or E) for each layer; for \
                 layer {layer} it does not"
            );
            Err(config.complain(key, &reason))
        }
    }
}

fn activation(config: &Config) -> Result<Activation, ModelError> {
    match config.optional_str(ACTIVATION)? {
        None => Ok(Activation::ReluSquared),
        Some(name) => Activation::named(name)
            .ok_or_else(|| config.complain(ACTIVATION, &format!("`{name}` is not supported"))),
    }
}

fn state_space(config: &Config, eps: f64) -> Result<mamba2::Spec, ModelError> {
    let channels = match config.dialect() {
        Dialect::Gguf => state_space::channels(config, SPACE.heads, 0)?,
        Dialect::HuggingFace => config
            .usize(SPACE.heads)?
            .saturating_mul(config.usize(SPACE.head_width)?),
    };
    let least = config.optional_f64(LEAST_RATE)?.unwrap_or(USUAL_LEAST_RATE);
    Ok(mamba2::Spec {
        rates: [least, f64::INFINITY],
        ..state_space::read(config, &SPACE, channels, eps)?
    })
}

fn experts_of(config: &Config, mlp: MlpSpec) -> Result<ExpertsSpec, ModelError> {
    let count = config.usize(experts::COUNT)?;
    Ok(ExpertsSpec {
        expert: MlpSpec {
            width: config.usize(experts::WIDTH)?,
            bias: Bias::Absent,
            ..mlp
        },
        count,
        used: experts::used(config, experts::USED, count)?,
        router: experts::by_sigmoid(config, count, Bias::Present)?,
        weighs: Weighs::Output,
        latent: config.optional_usize(LATENT)?.filter(|width| *width > 0),
        shared: Some(SharedExpert {
            width: config.usize(SHARED)?,
            gate: SharedGate::None,
        }),
    })
}

fn layout(config: &Config) -> Layout {
    match config.dialect() {
        Dialect::HuggingFace => Layout {
            prefixes: &["backbone.", "model.", ""],
            embedding: "embeddings",
            attention_norm: "layers.{l}.norm",
            qkv: QkvLayout::Separate {
                q: "layers.{l}.mixer.q_proj",
                k: "layers.{l}.mixer.k_proj",
                v: "layers.{l}.mixer.v_proj",
            },
            output: "layers.{l}.mixer.o_proj",
            mixer: MixerLayout::Mamba2(state_space::IN_MIXER),
            mlp_norm: "layers.{l}.norm",
            mlp: MlpLayout::Plain {
                up: "layers.{l}.mixer.up_proj",
                down: "layers.{l}.mixer.down_proj",
            },
            experts: ExpertsLayout {
                router: "layers.{l}.mixer.gate",
                correction: "layers.{l}.mixer.gate.e_score_correction_bias",
                up: "layers.{l}.mixer.experts.{e}.up_proj",
                down: "layers.{l}.mixer.experts.{e}.down_proj",
                latent: [
                    "layers.{l}.mixer.fc1_latent_proj",
                    "layers.{l}.mixer.fc2_latent_proj",
                ],
                shared: MlpLayout::Plain {
                    up: "layers.{l}.mixer.shared_experts.up_proj",
                    down: "layers.{l}.mixer.shared_experts.down_proj",
                },
                ..HUGGING_FACE.experts
            },
            final_norm: "norm_f",
            // Those predict tokens behind the next one.
            layers_beyond: Some(usize::MAX),
            ..HUGGING_FACE
        },
        Dialect::Gguf => Layout {
            mixer: MixerLayout::Mamba2(state_space::IN_GGUF),
            mlp_norm: GGUF.attention_norm,
            mlp: GGUF_PLAIN_MLP,
            experts: ExpertsLayout {
                shared: MlpLayout::Plain {
                    up: "blk.{l}.ffn_up_shexp",
                    down: "blk.{l}.ffn_down_shexp",
                },
                ..GGUF.experts
            },
            layers_beyond: reading::blocks_for_the_next_token(config).ok(),
            ..GGUF
        },
    }
}
