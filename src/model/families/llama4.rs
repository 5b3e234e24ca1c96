//! `llama4_text`: three of four layers turn queries and keys, norm them behind that, and attend within
//! chunks; the others have no positions and sharpen the scores of late ones. Experts read what their
//! weight has scaled, beside a shared one.
//!
//! Meta 2025, *The Llama 4 herd*.

use super::start::Start;
use super::{Family, experts, reading, rotary};
use crate::model::ModelError;
use crate::model::config::{Config, Dialect, Key, ModelType, key};
use crate::model::layout::{
    ExpertsLayout, FusedExperts, GGUF, GateUpRows, HUGGING_FACE, Layout, MlpLayout, Orientation,
    RopeRows,
};
use crate::model::spec::{
    AttentionSpec, ExpertsSpec, FeedForwardSpec, HeadPositions, MlpSpec, NormSpec, NormWeights,
    Presence, QkNorm, QkNormPlace, QkNormSpan, RouterScore, RouterSpec, SharedExpert, SharedGate,
    Spec, Temperature, Weighs,
};

pub const FAMILY: Family = Family {
    name: "llama4",
    model_types: &[LLAMA4],
    gguf: &["llama4"],
    spec,
    layout,
};

const LLAMA4: ModelType = ModelType::new(
    "llama4_text",
    r#"{
        "hidden_size": 5120, "intermediate_size_mlp": 16384, "intermediate_size": 8192,
        "num_hidden_layers": 48, "num_attention_heads": 40, "num_key_value_heads": 8,
        "head_dim": 128, "hidden_act": "silu", "max_position_embeddings": 131072,
        "rms_norm_eps": 1e-5, "tie_word_embeddings": false, "rope_parameters": null,
        "rope_theta": 500000.0, "attention_bias": false, "num_experts_per_tok": 1,
        "num_local_experts": 16, "moe_layers": null, "interleave_moe_layer_step": 1,
        "use_qk_norm": true, "no_rope_layers": null, "no_rope_layer_interval": 4,
        "attention_chunk_size": 8192, "layer_types": null, "attn_temperature_tuning": true,
        "floor_scale": 8192, "attn_scale": 0.1
    }"#,
)
.ignoring(&[(
    "for_llm_compressor",
    "how a run is done, not what it computes",
)]);

const ATTENTION_BIAS: Key = key(&["attention_bias"], "");
const DENSE_WIDTH: Key = key(&["intermediate_size_mlp"], "feed_forward_length");
const EXPERT_WIDTH: Key = key(&["intermediate_size"], "expert_feed_forward_length");
const SPARSE_LAYERS: Key = key(&["moe_layers"], "");
const SPARSE_STEP: Key = key(&["interleave_moe_layer_step"], "interleave_moe_layer_step");
const IS_NORMED: Key = key(&["use_qk_norm"], "");
const TURNED: Key = key(&["no_rope_layers"], "");
const UNTURNED_STEP: Key = key(&["no_rope_layer_interval"], "");
const CHUNK: Key = key(&["attention_chunk_size"], "");
const KINDS: Key = key(&["layer_types"], "");
/// In GGUF files 0 stands for layers that all are turned and see everything.
const WINDOW: Key = key(&[], "attention.sliding_window");
const IS_SHARPER: Key = key(&["attn_temperature_tuning"], "");
const STEP: Key = key(&["floor_scale"], "");
const STRENGTH: Key = key(&["attn_scale"], "");

/// What llama.cpp takes for every GGUF file, which say nothing of it: chunks, positions up to the
/// next sharper scores, how much sharper, and which layers are not turned.
const GGUF_CHUNK: usize = 8192;
const GGUF_TEMPERATURE: Temperature = Temperature {
    strength: 0.1,
    step: 8192.0,
    first: 1,
};
const GGUF_UNTURNED_STEP: usize = 4;
/// The model with so many experts has no norms of queries and keys, and llama.cpp knows it by that.
const EXPERTS_WITHOUT_NORMS: usize = 128;

fn spec(config: &Config) -> Result<Spec, ModelError> {
    let start = Start::gated(config)?;
    let norm = start.norm;
    let mut spec = start.decoder(config)?;
    rotary::apply(config, &mut spec)?;
    let bias = reading::bias_by_flag(config, ATTENTION_BIAS)?;
    let dense_width = config.usize(DENSE_WIDTH)?;
    let temperature = temperature(config)?;
    let count = config.optional_usize(experts::COUNT)?.unwrap_or(0);
    let is_normed = match config.dialect() {
        Dialect::HuggingFace => config.optional_bool(IS_NORMED)?.unwrap_or(true),
        Dialect::Gguf => count != EXPERTS_WITHOUT_NORMS,
    };
    for (layer, block) in spec.blocks.iter_mut().enumerate() {
        let attention = &mut block.attention;
        attention.qkv_bias = bias;
        attention.output_bias = bias;
        match is_turned(config, layer)? {
            true if is_normed => norm_queries_and_keys(attention, norm),
            true => {}
            false => {
                attention.positions = HeadPositions::None;
                attention.temperature = temperature;
            }
        }
        attention.chunk = chunk(config, layer)?;
        if let FeedForwardSpec::Dense(mlp) = &mut block.feed_forward {
            mlp.width = dense_width;
            let mlp = *mlp;
            if is_sparse(config, layer)? {
                block.feed_forward = FeedForwardSpec::Experts(experts_of(config, count, mlp)?);
            }
        }
    }
    Ok(spec)
}

/// Norms without weights, behind the rotation.
fn norm_queries_and_keys(attention: &mut AttentionSpec, norm: NormSpec) {
    attention.qk_norm = Some(QkNorm {
        norm: NormSpec {
            weights: NormWeights::Ones,
            ..norm
        },
        span: QkNormSpan::Head,
        presence: Presence::Required,
    });
    attention.qk_norm_place = QkNormPlace::AfterRotation;
}

/// Whether a GGUF file says that all layers are turned and see everything.
fn sees_everything(config: &Config) -> Result<bool, ModelError> {
    Ok(config.optional_usize(WINDOW)? == Some(0))
}

/// Whether a layer turns its queries and keys.
fn is_turned(config: &Config, layer: usize) -> Result<bool, ModelError> {
    if config.dialect() == Dialect::Gguf {
        let is_turned = !(layer + 1).is_multiple_of(GGUF_UNTURNED_STEP);
        return Ok(is_turned || sees_everything(config)?);
    }
    let step = config.usize(UNTURNED_STEP)?;
    let listed = config.get(TURNED).and_then(|list| list.as_array());
    match listed.filter(|list| !list.is_empty()) {
        None => Ok(!(layer + 1).is_multiple_of(step)),
        Some(list) => match list.get(layer).and_then(|flag| flag.as_u64()) {
            Some(flag) => Ok(flag != 0),
            None => {
                let reason = format!("does not say whether layer {layer} is turned");
                Err(config.complain(TURNED, &reason))
            }
        },
    }
}

/// The chunks within which a layer attends, if it does.
fn chunk(config: &Config, layer: usize) -> Result<Option<usize>, ModelError> {
    if config.dialect() == Dialect::Gguf {
        let is_chunked = is_turned(config, layer)? && !sees_everything(config)?;
        return Ok(is_chunked.then_some(GGUF_CHUNK));
    }
    let chunk = config.optional_usize(CHUNK)?;
    if chunk == Some(0) {
        return Err(config.complain(CHUNK, "is 0, so that no position would see itself"));
    }
    let Some(kinds) = config.get(KINDS) else {
        return Ok(chunk.filter(|_| matches!(is_turned(config, layer), Ok(true))));
    };
    let kind = kinds.as_array().and_then(|kinds| kinds.get(layer));
    match (kind.and_then(|kind| kind.as_str()), chunk) {
        (Some("full_attention"), _) => Ok(None),
        (Some("chunked_attention"), Some(chunk)) => Ok(Some(chunk)),
        (Some("chunked_attention"), None) => {
            let reason = "is null, though `layer_types` names layers with chunks";
            Err(config.complain(CHUNK, reason))
        }
        _ => {
            let reason = format!(
                "must say `chunked_attention` or `full_attention` for each layer; for layer \
                 {layer} it does not"
            );
            Err(config.complain(KINDS, &reason))
        }
    }
}

/// How much sharper the scores of late positions are, in layers that are not turned.
fn temperature(config: &Config) -> Result<Option<Temperature>, ModelError> {
    if config.dialect() == Dialect::Gguf {
        return Ok(Some(GGUF_TEMPERATURE));
    }
    let (strength, step) = (config.f64(STRENGTH)?, config.f64(STEP)?);
    if config.optional_bool(IS_SHARPER)? != Some(true) {
        return Ok(None);
    }
    if step <= 0.0 {
        return Err(config.complain(STEP, &format!("must be above 0, not {step}")));
    }
    Ok(Some(Temperature {
        strength,
        step,
        first: 1,
    }))
}

/// Whether a layer has experts.
fn is_sparse(config: &Config, layer: usize) -> Result<bool, ModelError> {
    let step = config.optional_usize(SPARSE_STEP)?.unwrap_or(1);
    let listed = config.get(SPARSE_LAYERS).and_then(|list| list.as_array());
    Ok(match listed {
        Some(list) => list.iter().any(|l| l.as_u64() == Some(layer as u64)),
        None => step > 0 && (layer + 1).is_multiple_of(step),
    })
}

fn experts_of(config: &Config, count: usize, mlp: MlpSpec) -> Result<ExpertsSpec, ModelError> {
    let width = config.usize(EXPERT_WIDTH)?;
    Ok(ExpertsSpec {
        expert: MlpSpec { width, ..mlp },
        count: match count {
            0 => return Err(config.complain(experts::COUNT, "must be at least 1")),
            count => count,
        },
        used: experts::used(config, experts::USED, count)?,
        router: RouterSpec {
            score: RouterScore::Sigmoid,
            ..RouterSpec::default()
        },
        weighs: Weighs::Input,
        latent: None,
        shared: Some(SharedExpert {
            width,
            gate: SharedGate::None,
        }),
    })
}

fn layout(config: &Config) -> Layout {
    let names = match config.dialect() {
        Dialect::HuggingFace => Layout {
            mlp: MlpLayout::Gated {
                gate: "layers.{l}.feed_forward.gate_proj",
                up: "layers.{l}.feed_forward.up_proj",
                down: "layers.{l}.feed_forward.down_proj",
            },
            experts: ExpertsLayout {
                router: "layers.{l}.feed_forward.router",
                fused: Some(FusedExperts {
                    gate_up: "layers.{l}.feed_forward.experts.gate_up_proj",
                    gate_up_bias: "layers.{l}.feed_forward.experts.gate_up_proj_bias",
                    down: "layers.{l}.feed_forward.experts.down_proj",
                    down_bias: "layers.{l}.feed_forward.experts.down_proj_bias",
                    orientation: Orientation::InOut,
                    rows: GateUpRows::HalfSplit,
                }),
                shared: MlpLayout::Gated {
                    gate: "layers.{l}.feed_forward.shared_expert.gate_proj",
                    up: "layers.{l}.feed_forward.shared_expert.up_proj",
                    down: "layers.{l}.feed_forward.shared_expert.down_proj",
                },
                ..HUGGING_FACE.experts
            },
            ..HUGGING_FACE
        },
        Dialect::Gguf => GGUF,
    };
    Layout {
        rope_rows: RopeRows::Interleaved,
        ..names
    }
}
