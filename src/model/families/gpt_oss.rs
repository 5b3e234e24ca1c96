//! `gpt_oss`: heads that can attend to nothing, every second layer local, and experts whose gates
//! and ups are clamped.
//!
//! OpenAI 2025, <https://arxiv.org/abs/2508.10925>.

use super::start::Start;
use super::{Family, experts, reading, rotary};
use crate::model::ModelError;
use crate::model::config::{Config, Dialect, Key, ModelType, key};
use crate::model::layout::{
    ExpertsLayout, FusedExperts, GGUF, GateUpRows, HUGGING_FACE, Layout, Orientation,
};
use crate::model::spec::{
    Activation, Bias, ExpertsSpec, FeedForwardSpec, MlpKind, MlpSpec, RouterScore, RouterSpec,
    Sinks, Spec, Weighs,
};

pub const FAMILY: Family = Family {
    name: "gpt_oss",
    model_types: &[GPT_OSS],
    gguf: &["gpt-oss"],
    spec,
    layout,
};

const GPT_OSS: ModelType = ModelType::new(
    "gpt_oss",
    r#"{
        "hidden_size": 2880, "intermediate_size": 2880, "num_hidden_layers": 36,
        "num_attention_heads": 64, "num_key_value_heads": 8, "head_dim": 64,
        "max_position_embeddings": 131072, "rms_norm_eps": 1e-5, "tie_word_embeddings": false,
        "rope_theta": 150000.0, "rope_parameters": {
            "rope_type": "yarn", "factor": 32.0, "beta_fast": 32.0, "beta_slow": 1.0,
            "truncate": false, "original_max_position_embeddings": 4096
        },
        "sliding_window": 128, "layer_types": null, "num_local_experts | num_experts": 128,
        "num_experts_per_tok": 4, "swiglu_alpha": 1.702, "swiglu_limit": 7.0,
        "attention_bias": true
    }"#,
)
.ignoring(&[
    ("hidden_act", "the experts have an activation of their own"),
    ("experts_per_token", "`num_experts_per_tok` stands for it"),
    (
        "initial_context_length",
        "the rotation's `original_max_position_embeddings` stands for it",
    ),
]);

const ATTENTION_BIAS: Key = key(&["attention_bias"], "");
const STEEPNESS: Key = key(&["swiglu_alpha"], "");
const LIMIT: Key = key(&["swiglu_limit"], "");
/// Every second layer is global.
const LOCAL_PERIOD: usize = 2;

fn spec(config: &Config) -> Result<Spec, ModelError> {
    let mut start = Start::gated(config)?;
    start.bias = reading::bias_by_flag(config, ATTENTION_BIAS)?;
    let mut spec = start.decoder(config)?;
    rotary::apply(config, &mut spec)?;
    let window = reading::window(config)?;
    let experts = experts_of(config)?;
    for (layer, block) in spec.blocks.iter_mut().enumerate() {
        block.attention.sinks = Sinks::Learned;
        if reading::is_local(config, layer, LOCAL_PERIOD)? {
            block.attention.window = window;
        }
        block.feed_forward = FeedForwardSpec::Experts(experts);
    }
    Ok(spec)
}

fn experts_of(config: &Config) -> Result<ExpertsSpec, ModelError> {
    let count = config.usize(experts::COUNT)?;
    let width = match config.optional_usize(experts::WIDTH)? {
        Some(width) => width,
        None => config.usize(reading::MLP_WIDTH)?,
    };
    Ok(ExpertsSpec {
        expert: MlpSpec {
            kind: MlpKind::Clamped {
                steepness: config.optional_f64(STEEPNESS)?.unwrap_or(1.702),
                limit: config.optional_f64(LIMIT)?.unwrap_or(7.0),
            },
            activation: Activation::Silu,
            width,
            bias: Bias::Present,
        },
        count,
        used: experts::used(config, experts::USED, count)?,
        router: RouterSpec {
            score: RouterScore::SoftmaxOfChosen,
            bias: Bias::Present,
            ..RouterSpec::default()
        },
        weighs: Weighs::Output,
        latent: None,
        shared: None,
    })
}

fn layout(config: &Config) -> Layout {
    match config.dialect() {
        Dialect::HuggingFace => Layout {
            experts: ExpertsLayout {
                router: "layers.{l}.mlp.router",
                fused: Some(FusedExperts {
                    gate_up: "layers.{l}.mlp.experts.gate_up_proj",
                    gate_up_bias: "layers.{l}.mlp.experts.gate_up_proj_bias",
                    down: "layers.{l}.mlp.experts.down_proj",
                    down_bias: "layers.{l}.mlp.experts.down_proj_bias",
                    orientation: Orientation::InOut,
                    rows: GateUpRows::Interleaved,
                }),
                ..HUGGING_FACE.experts
            },
            ..HUGGING_FACE
        },
        // The converter has parted gates and ups.
        Dialect::Gguf => Layout {
            mlp_norm: "blk.{l}.post_attention_norm",
            ..GGUF
        },
    }
}
