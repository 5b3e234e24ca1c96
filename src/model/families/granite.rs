//! `granite` and `granitemoehybrid`: Llama with a multiplier at the embedding, the scores, each part
//! of a block, and the logits. Granite 4 is dense or has experts beside a shared one, and some or
//! most of its layers are Mamba-2's state spaces in the attention's place.
//!
//! Granite Team 2024, *Granite 3.0 Language Models*.

use super::start::Start;
use super::state_space::{self, BESIDE_ATTENTION, EXPAND, ORDER, TRAINING};
use super::{Family, experts, reading, rotary};
use crate::model::ModelError;
use crate::model::config::{Config, Dialect, Key, ModelType, key};
use crate::model::layout::{
    ExpertsLayout, FusedExperts, GGUF, GateUpRows, HUGGING_FACE, Layout, MlpLayout, Orientation,
    RopeRows,
};
use crate::model::mixer::{MixerLayout, MixerSpec};
use crate::model::spec::{
    Activation, ExpertsSpec, FeedForwardSpec, MixingSpec, MlpSpec, RouterScore, RouterSpec,
    SharedExpert, SharedGate, Spec, Weighs,
};

pub const FAMILY: Family = Family {
    name: "granite",
    model_types: &[GRANITE, HYBRID],
    gguf: &["granite", "granitehybrid"],
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
        "position_embedding_type": null, "layer_types | layers_block_type": null,
        "mamba_n_heads": 128, "mamba_n_groups": 1, "mamba_d_state": 256, "mamba_d_head": "auto",
        "mamba_d_conv": 4, "mamba_expand": 2, "mamba_conv_bias": true, "mamba_proj_bias": false,
        "time_step_limit": null
    }"#,
)
.ignoring(&[
    ("mamba_chunk_size", ORDER),
    ("normalization_function", "transformers has RMSNorm only"),
    ("init_method", TRAINING),
]);

const SHARED_WIDTH: Key = key(
    &["shared_intermediate_size"],
    "expert_shared_feed_forward_length",
);
const POSITIONS: Key = key(&["position_embedding_type"], "");
/// llama.cpp's word for whether queries and keys are turned.
const IS_TURNED: Key = key(&[], "rope.scaling.finetuned");
const KINDS: Key = key(&["layer_types", "layers_block_type"], "");
const EMBEDDING: Key = key(&["embedding_multiplier"], "embedding_scale");
const PARTS: Key = key(&["residual_multiplier"], "residual_scale");
const SCORES: Key = key(&["attention_multiplier"], "attention.scale");
const LOGIT_DIVISOR: Key = key(&["logits_scaling"], "logit_scale");
const ATTENTION_BIAS: Key = key(&["attention_bias"], "");
const MLP_BIAS: Key = key(&["mlp_bias"], "");

fn spec(config: &Config) -> Result<Spec, ModelError> {
    let mut spec = Start::gated(config)?.decoder(&reading::with_key_heads(config))?;
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
    replace_attention(config, &mut spec)?;
    Ok(spec)
}

/// Whether queries and keys are turned.
fn is_turned(config: &Config) -> Result<bool, ModelError> {
    match (config.architecture(), config.optional_str(POSITIONS)?) {
        ("granitehybrid", _) => Ok(config.optional_bool(IS_TURNED)?.unwrap_or(true)),
        ("granitemoehybrid", None | Some("nope")) => Ok(false),
        ("granitemoehybrid", Some(other)) if other != "rope" => Err(config.complain(
            POSITIONS,
            &format!("`{other}` is not supported; `rope` and `nope` are"),
        )),
        _ => Ok(true),
    }
}

/// The feed-forward parts of Granite 4: a network that every token goes through, and experts beside
/// it in some models.
fn replace_feed_forward(config: &Config, spec: &mut Spec) -> Result<(), ModelError> {
    let count = config.optional_usize(experts::COUNT)?.unwrap_or(0);
    if config.architecture() == "granite" && count > 0 {
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
                weighs: Weighs::Output,
                latent: None,
                shared: Some(SharedExpert {
                    width: shared_width,
                    gate: SharedGate::None,
                }),
            }),
        };
    }
    Ok(())
}

/// Puts state spaces in the place of the attentions that Granite 4 does not have.
fn replace_attention(config: &Config, spec: &mut Spec) -> Result<(), ModelError> {
    let kinds = (0..spec.blocks.len()).map(|layer| is_attention(config, layer));
    let kinds = kinds.collect::<Result<Vec<_>, _>>()?;
    if kinds.iter().all(|is_attention| *is_attention) {
        return Ok(());
    }
    if reading::activation(config, Activation::Silu)? != Activation::Silu {
        let reason = "is not `silu`, with which Mamba layers are computed only";
        return Err(config.complain(reading::ACTIVATION, reason));
    }
    let channels = state_space::channels(config, EXPAND, spec.d_model)?;
    for (block, is_attention) in spec.blocks.iter_mut().zip(kinds) {
        if !is_attention {
            let eps = block.norm.eps;
            let space = state_space::read(config, &BESIDE_ATTENTION, channels, eps)?;
            block.mixing = MixingSpec::Mixer(MixerSpec::Mamba2(space));
        }
    }
    Ok(())
}

/// Whether a layer is an attention: in a file that does not say, none is.
fn is_attention(config: &Config, layer: usize) -> Result<bool, ModelError> {
    match (config.dialect(), config.architecture()) {
        (Dialect::Gguf, "granitehybrid") => return Ok(reading::has_key_heads(config, layer)),
        (_, "granitemoehybrid") => {}
        _ => return Ok(true),
    }
    let Some(kinds) = config.get(KINDS) else {
        return Ok(false);
    };
    let kind = kinds.as_array().and_then(|kinds| kinds.get(layer));
    match kind.and_then(|kind| kind.as_str()) {
        Some("full_attention" | "attention") => Ok(true),
        Some("linear_attention" | "mamba") => Ok(false),
        _ => {
            let reason = format!(
                "must say `attention` or `mamba` for each layer; for layer {layer} it does not"
            );
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
            mixer: MixerLayout::Mamba2(state_space::IN_MAMBA),
            ..HUGGING_FACE
        },
        Dialect::HuggingFace => HUGGING_FACE,
        Dialect::Gguf => Layout {
            mixer: MixerLayout::Mamba2(state_space::IN_GGUF),
            rope_rows: RopeRows::Interleaved,
            ..GGUF
        },
    }
}
