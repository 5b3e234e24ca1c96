//! `granite` and `granitemoehybrid`: Llama with a multiplier at the embedding, the scores, each part
//! of a block, and the logits. Of Granite 4 those are read that are all attention: dense, or with
//! experts beside a shared one.
//!
//! Granite Team 2024, *Granite 3.0 Language Models*.

use super::start::Start;
use super::{Family, experts, reading, rotary};
use crate::model::ModelError;
use crate::model::config::{Config, Dialect, Key, ModelType, key};
use crate::model::layout::{
    ExpertsLayout, FusedExperts, GGUF, GateUpRows, HUGGING_FACE, Layout, MlpLayout, Orientation,
    RopeRows,
};
use crate::model::spec::{
    ExpertsSpec, FeedForwardSpec, MlpSpec, RouterScore, RouterSpec, SharedExpert, SharedGate, Spec,
};

pub const FAMILY: Family = Family {
    name: "granite",
    model_types: &[GRANITE, HYBRID],
    gguf: &["granite"],
    spec,
    layout,
};

const GRANITE: ModelType = ModelType::new(
    "granite",
    r#"{
        "hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32,
        "num_attention_heads": 32, "num_key_value_heads": null, "head_dim": null,
        "hidden_act": "silu", "max_position_embeddings": 2048, "rms_norm_eps": 1e-6,
        "tie_word_embeddings": false, "rope_parameters": null, "rope_theta": 10000.0,
        "attention_bias": false, "mlp_bias": false, "embedding_multiplier": 1.0,
        "logits_scaling": 1.0, "residual_multiplier": 1.0, "attention_multiplier": 1.0
    }"#,
);

const HYBRID: ModelType = ModelType::new(
    "granitemoehybrid",
    r#"{
        "hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32,
        "num_attention_heads": 32, "num_key_value_heads": null, "head_dim": null,
        "hidden_act": "silu", "max_position_embeddings": 2048, "rms_norm_eps": 1e-6,
        "tie_word_embeddings": false, "rope_parameters": null, "rope_theta": 10000.0,
        "attention_bias": false, "embedding_multiplier": 1.0, "logits_scaling": 1.0,
        "residual_multiplier": 1.0, "attention_multiplier": 1.0, "num_local_experts": 8,
        "num_experts_per_tok": 2, "shared_intermediate_size": 1024,
        "position_embedding_type": null, "layer_types | layers_block_type": null
    }"#,
)
.ignoring(&[
    ("mamba_n_heads", OF_MAMBA),
    ("mamba_n_groups", OF_MAMBA),
    ("mamba_d_state", OF_MAMBA),
    ("mamba_d_head", OF_MAMBA),
    ("mamba_d_conv", OF_MAMBA),
    ("mamba_expand", OF_MAMBA),
    ("mamba_chunk_size", OF_MAMBA),
    ("mamba_conv_bias", OF_MAMBA),
    ("mamba_proj_bias", OF_MAMBA),
    ("time_step_limit", OF_MAMBA),
    ("normalization_function", "transformers has RMSNorm only"),
    ("init_method", "for training only"),
]);
const OF_MAMBA: &str = "of Mamba layers, with which a model is refused";

const SHARED_WIDTH: Key = key(
    &["shared_intermediate_size"],
    "expert_shared_feed_forward_length",
);
const POSITIONS: Key = key(&["position_embedding_type"], "");
const KINDS: Key = key(&["layer_types", "layers_block_type"], "");
const EMBEDDING: Key = key(&["embedding_multiplier"], "embedding_scale");
const PARTS: Key = key(&["residual_multiplier"], "residual_scale");
const SCORES: Key = key(&["attention_multiplier"], "attention.scale");
const LOGIT_DIVISOR: Key = key(&["logits_scaling"], "logit_scale");
const ATTENTION_BIAS: Key = key(&["attention_bias"], "");
const MLP_BIAS: Key = key(&["mlp_bias"], "");

fn spec(config: &Config) -> Result<Spec, ModelError> {
    let mut spec = Start::gated(config)?.decoder(config)?;
    if is_turned(config)? {
        rotary::apply(config, &mut spec)?;
    }
    spec.embedding.scale = reading::factor(config, EMBEDDING)?;
    spec.unembed.scale = reading::factor(config, LOGIT_DIVISOR)?.map(f64::recip);
    let part_scale = reading::factor(config, PARTS)?;
    let score_scale = config.optional_f64(SCORES)?;
    let attention_bias = reading::bias_by_flag(config, ATTENTION_BIAS)?;
    let mlp_bias = reading::bias_by_flag(config, MLP_BIAS)?;
    for block in &mut spec.blocks {
        block.part_scale = part_scale;
        block.attention.scale = score_scale.unwrap_or(block.attention.scale);
        block.attention.qkv_bias = attention_bias;
        block.attention.output_bias = attention_bias;
        if let FeedForwardSpec::Dense(mlp) = &mut block.feed_forward {
            mlp.bias = mlp_bias;
        }
    }
    replace_feed_forward(config, &mut spec)?;
    only_attention(config, spec.blocks.len())?;
    Ok(spec)
}

/// Whether queries and keys are turned.
fn is_turned(config: &Config) -> Result<bool, ModelError> {
    match (config.architecture(), config.optional_str(POSITIONS)?) {
        ("granitemoehybrid", None) => Ok(false),
        ("granitemoehybrid", Some(other)) if other != "rope" => {
            Err(config.complain(POSITIONS, &format!("`{other}` is not supported; `rope` is")))
        }
        _ => Ok(true),
    }
}

/// The feed-forward parts of Granite 4: a network that every token goes through, and experts beside
/// it in some models.
fn replace_feed_forward(config: &Config, spec: &mut Spec) -> Result<(), ModelError> {
    let count = config.optional_usize(experts::COUNT)?.unwrap_or(0);
    if config.dialect() == Dialect::Gguf && count > 0 {
        let reason = "is above 0: experts are not supported for this architecture";
        return Err(config.complain(experts::COUNT, reason));
    }
    let used = match count {
        0 => 0,
        count => experts::used(config, experts::USED, count)?,
    };
    let Some(shared_width) = config
        .optional_usize(SHARED_WIDTH)?
        .filter(|width| *width > 0)
    else {
        return Ok(());
    };
    for block in &mut spec.blocks {
        let FeedForwardSpec::Dense(mlp) = block.feed_forward else {
            continue;
        };
        block.feed_forward = match count {
            0 => FeedForwardSpec::Dense(MlpSpec {
                width: shared_width,
                ..mlp
            }),
            _ => FeedForwardSpec::Experts(ExpertsSpec {
                expert: mlp,
                count,
                used,
                router: RouterSpec {
                    score: RouterScore::SoftmaxOfChosen,
                    ..RouterSpec::default()
                },
                shared: Some(SharedExpert {
                    width: shared_width,
                    gate: SharedGate::None,
                }),
            }),
        };
    }
    Ok(())
}

/// Refuses models with other layers than attention.
fn only_attention(config: &Config, layers: usize) -> Result<(), ModelError> {
    if config.architecture() != "granitemoehybrid" {
        return Ok(());
    }
    let Some(kinds) = config.get(KINDS) else {
        let reason = "is missing, which stands for Mamba layers only: those are not supported";
        return Err(config.complain(KINDS, reason));
    };
    let kinds = kinds.as_array().map(Vec::as_slice).unwrap_or_default();
    let is_attention =
        |kind: &serde_json::Value| matches!(kind.as_str(), Some("full_attention" | "attention"));
    match kinds.iter().position(|kind| !is_attention(kind)) {
        Some(layer) => {
            let kind = kinds.get(layer).map(ToString::to_string);
            let kind = kind.unwrap_or_default();
            let reason = format!("lists {kind} for layer {layer}; only attention is supported");
            Err(config.complain(KINDS, &reason))
        }
        None if kinds.len() == layers => Ok(()),
        None => {
            let reason = format!("lists {} layers, but there are {layers}", kinds.len());
            Err(config.complain(KINDS, &reason))
        }
    }
}

/// Gate and up of Granite 4 stand in one tensor, of its experts too.
const SHARED_MLP: MlpLayout = MlpLayout::Fused {
    gate_up: "layers.{l}.shared_mlp.input_linear",
    down: "layers.{l}.shared_mlp.output_linear",
};
const EXPERTS: FusedExperts = FusedExperts {
    gate_up: "layers.{l}.block_sparse_moe.input_linear.weight",
    gate_up_bias: "layers.{l}.block_sparse_moe.input_linear.bias",
    down: "layers.{l}.block_sparse_moe.output_linear.weight",
    down_bias: "layers.{l}.block_sparse_moe.output_linear.bias",
    orientation: Orientation::OutIn,
    rows: GateUpRows::HalfSplit,
};

fn layout(config: &Config) -> Layout {
    match config.dialect() {
        Dialect::HuggingFace if config.architecture() == "granitemoehybrid" => Layout {
            mlp: SHARED_MLP,
            experts: ExpertsLayout {
                router: "layers.{l}.block_sparse_moe.router.layer",
                fused: Some(EXPERTS),
                shared: SHARED_MLP,
                ..HUGGING_FACE.experts
            },
            ..HUGGING_FACE
        },
        Dialect::HuggingFace => HUGGING_FACE,
        Dialect::Gguf => Layout {
            rope_rows: RopeRows::Interleaved,
            ..GGUF
        },
    }
}
