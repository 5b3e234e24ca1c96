//! `glm4_moe`: experts chosen by corrected sigmoids beside shared ones, behind a few dense layers;
//! half of each head is turned. GLM-4.5 to 4.7 are such models.
//!
//! GLM-4.5 Team 2025, <https://arxiv.org/abs/2508.06471>.

use super::start::Start;
use super::{Family, experts, reading, rotary};
use crate::model::ModelError;
use crate::model::config::{Config, Dialect, Key, ModelType, key};
use crate::model::layout::{ExpertsLayout, GGUF, HUGGING_FACE, Layout, MlpLayout};
use crate::model::spec::{
    Bias, ExpertsSpec, FeedForwardSpec, MlpSpec, QkNorm, QkNormSpan, SharedExpert, SharedGate,
    Spec, Weighs,
};

pub const FAMILY: Family = Family {
    name: "glm4_moe",
    model_types: &[GLM4_MOE],
    gguf: &["glm4moe"],
    spec,
    layout,
};

const GLM4_MOE: ModelType = ModelType::new(
    "glm4_moe",
    r#"{
        "hidden_size": 4096, "intermediate_size": 10944, "num_hidden_layers": 46,
        "num_attention_heads": 96, "num_key_value_heads": 8, "head_dim": null,
        "hidden_act": "silu", "max_position_embeddings": 131072, "rms_norm_eps": 1e-5,
        "tie_word_embeddings": false, "rope_parameters": null, "rope_theta": 10000.0,
        "partial_rotary_factor": 0.5, "attention_bias": false, "moe_intermediate_size": 1408,
        "num_experts_per_tok": 8, "n_shared_experts": 1,
        "n_routed_experts | num_local_experts": 128, "routed_scaling_factor": 1.0, "n_group": 1,
        "topk_group": 1, "first_k_dense_replace": 1, "norm_topk_prob": true, "use_qk_norm": false
    }"#,
)
.ignoring(&[
    ("num_mtp_layers", BEYOND),
    ("num_nextn_predict_layers", BEYOND),
]);
const BEYOND: &str = "the layers that predict tokens behind the next one are not part of the lens";

const QKV_BIAS: Key = key(&["attention_bias"], "");
const QK_NORM: Key = key(&["use_qk_norm"], "");
const SHARED: Key = key(&["n_shared_experts"], "expert_shared_count");
const FIRST_SPARSE: Key = key(&["first_k_dense_replace"], "leading_dense_block_count");
/// How scores are made of logits: 2 stands for the sigmoid.
const SCORE: Key = key(&[], "expert_gating_func");

fn spec(config: &Config) -> Result<Spec, ModelError> {
    let start = Start::gated(config)?;
    let norm = start.norm;
    let mut spec = start.decoder(config)?;
    spec.blocks
        .truncate(reading::blocks_for_the_next_token(config)?);
    rotary::apply(config, &mut spec)?;
    let qkv_bias = reading::bias_by_flag(config, QKV_BIAS)?;
    let has_qk_norm = match config.dialect() {
        Dialect::HuggingFace => config.optional_bool(QK_NORM)?.unwrap_or(false),
        Dialect::Gguf => true,
    };
    let first_sparse = config.optional_usize(FIRST_SPARSE)?.unwrap_or(0);
    for (layer, block) in spec.blocks.iter_mut().enumerate() {
        block.attention.qkv_bias = qkv_bias;
        if has_qk_norm {
            block.attention.qk_norm = Some(QkNorm {
                norm,
                span: QkNormSpan::Head,
                presence: reading::presence(config),
            });
        }
        if let FeedForwardSpec::Dense(mlp) = block.feed_forward {
            let experts = experts_of(config, mlp)?;
            if layer >= first_sparse {
                block.feed_forward = FeedForwardSpec::Experts(experts);
            }
        }
    }
    Ok(spec)
}

fn experts_of(config: &Config, mlp: MlpSpec) -> Result<ExpertsSpec, ModelError> {
    let count = config.usize(experts::COUNT)?;
    let width = config.usize(experts::WIDTH)?;
    let shared = config.optional_usize(SHARED)?.unwrap_or(0);
    if config
        .optional_usize(SCORE)?
        .is_some_and(|score| score != 2)
    {
        return Err(config.complain(SCORE, "must be 2, for the sigmoid"));
    }
    let correction = match config.dialect() {
        Dialect::HuggingFace => Bias::Present,
        Dialect::Gguf => Bias::AsStored,
    };
    Ok(ExpertsSpec {
        expert: MlpSpec { width, ..mlp },
        count,
        used: experts::used(config, experts::USED, count)?,
        router: experts::by_sigmoid(config, count, correction)?,
        weighs: Weighs::Output,
        latent: None,
        shared: (shared > 0).then_some(SharedExpert {
            width: width * shared,
            gate: SharedGate::None,
        }),
    })
}

fn layout(config: &Config) -> Layout {
    let layers_beyond = reading::blocks_for_the_next_token(config).ok();
    match config.dialect() {
        Dialect::HuggingFace => Layout {
            experts: ExpertsLayout {
                shared: MlpLayout::Gated {
                    gate: "layers.{l}.mlp.shared_experts.gate_proj",
                    up: "layers.{l}.mlp.shared_experts.up_proj",
                    down: "layers.{l}.mlp.shared_experts.down_proj",
                },
                ..HUGGING_FACE.experts
            },
            layers_beyond,
            ..HUGGING_FACE
        },
        Dialect::Gguf => Layout {
            mlp_norm: "blk.{l}.post_attention_norm",
            layers_beyond,
            ..GGUF
        },
    }
}
