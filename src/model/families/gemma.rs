//! `gemma`, `gemma2` and `gemma3`: embeddings times the root of their width and norms of
//! `1 + w`; from the second on norms around each part, soft caps and local layers; in the third
//! norms of queries and keys, and a rotation of their own for the local layers.
//!
//! Gemma Team 2024, 2025, <https://arxiv.org/abs/2403.08295>, <https://arxiv.org/abs/2408.00118>,
//! <https://arxiv.org/abs/2503.19786>.

use super::start::Start;
use super::{Family, reading, rotary};
use crate::model::ModelError;
use crate::model::config::{Config, Dialect, Key, key};
use crate::model::layout::{GGUF, HUGGING_FACE, Layout};
use crate::model::spec::{
    Activation, FeedForwardSpec, HeadPositions, NormPlace, Presence, QkNorm, QkNormSpan,
    RopeScaling, Spec, Unembedding,
};

pub const FAMILY: Family = Family {
    name: "gemma",
    model_types: &["gemma", "gemma2", "gemma3_text"],
    gguf: &["gemma", "gemma2", "gemma3"],
    spec,
    layout,
};

const SCORE_WIDTH: Key = key(&["query_pre_attn_scalar"], "");
const SCORE_CAP: Key = key(&["attn_logit_softcapping"], "attn_logit_softcapping");
const FINAL_CAP: Key = key(&["final_logit_softcapping"], "final_logit_softcapping");
const LOCAL_THETA: Key = key(
    &[
        "rope_parameters.sliding_attention.rope_theta",
        "rope_local_base_freq",
    ],
    "rope.freq_base_swa",
);
const PATTERN: Key = key(
    &["sliding_window_pattern", "_sliding_window_pattern"],
    "attention.sliding_window_pattern",
);

/// What transformers takes where a file of the third is silent, as those of the models that see
/// pictures are.
const THIRD: &str = r#"{
    "num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 256,
    "query_pre_attn_scalar": 256, "rms_norm_eps": 1e-6, "rope_theta": 1000000.0,
    "max_position_embeddings": 131072, "sliding_window": 4096
}"#;

/// What transformers and llama.cpp take where a file of the second is silent, as early GGUF files
/// are.
const SECOND: &str = r#"{
    "attn_logit_softcapping": 50.0, "final_logit_softcapping": 30.0,
    "sliding_window": 4096, "attention.sliding_window": 4096
}"#;

fn spec(config: &Config) -> Result<Spec, ModelError> {
    match config.architecture() {
        "gemma2" => spec_of_complete(&config.completed(SECOND)?),
        "gemma3_text" => spec_of_complete(&config.completed(THIRD)?),
        _ => spec_of_complete(config),
    }
}

fn spec_of_complete(config: &Config) -> Result<Spec, ModelError> {
    let mut start = Start::gated(config)?;
    start.activation = Activation::GeluTanh;
    start.unembedding = Unembedding::Tied;
    // llama.cpp's converter has added the one already.
    if config.dialect() == Dialect::HuggingFace {
        start.norm.weight_offset = 1.0;
    }
    let norm = start.norm;
    let mut spec = start.decoder(config)?;
    rotary::turn(config, &mut spec)?;
    spec.embedding.scale = Some(reading::root_scale(spec.d_model).recip());
    if config.architecture() == "gemma" {
        // The first files say `gelu` for its tanh approximation.
        spec.blocks.iter_mut().for_each(|block| {
            if let FeedForwardSpec::Dense(mlp) = &mut block.feed_forward {
                mlp.activation = Activation::GeluTanh;
            }
        });
        return Ok(spec);
    }
    spec.head.cap = config.optional_f64(FINAL_CAP)?;
    let scale = score_scale(config, &spec)?;
    let cap = config.optional_f64(SCORE_CAP)?;
    let local_theta = config.optional_f64(LOCAL_THETA)?.unwrap_or(10_000.0);
    let is_third = config.architecture().starts_with("gemma3");
    for (layer, block) in spec.blocks.iter_mut().enumerate() {
        block.norm_place = NormPlace::Around;
        let attention = &mut block.attention;
        attention.scale = scale;
        attention.cap = cap;
        let local = is_local(config, layer)?;
        if local {
            attention.window = reading::window(config)?;
        }
        if is_third {
            attention.qk_norm = Some(QkNorm {
                norm,
                span: QkNormSpan::Head,
                presence: Presence::Required,
            });
            if let (true, HeadPositions::Rotary(rope)) = (local, &mut attention.positions) {
                rope.theta = local_theta;
                rope.scaling = RopeScaling::None;
            }
        }
    }
    Ok(spec)
}

/// What scores are multiplied by. GGUF metadata leave it out; the two 27B models, known by their
/// depth, divide by the root of `d_model / n_heads` and not of a head's width.
fn score_scale(config: &Config, spec: &Spec) -> Result<f64, ModelError> {
    let Some(attention) = spec.blocks.first().map(|block| &block.attention) else {
        return Ok(1.0);
    };
    let is_27b = matches!(
        (config.architecture(), spec.blocks.len()),
        ("gemma2", 46) | ("gemma3", 62)
    );
    let width = match (config.optional_usize(SCORE_WIDTH)?, config.dialect()) {
        (Some(width), _) => width,
        (None, Dialect::Gguf) if is_27b => spec.d_model / attention.n_heads,
        (None, Dialect::Gguf) => attention.head_dim,
        (None, Dialect::HuggingFace) => config.usize(SCORE_WIDTH)?,
    };
    Ok(reading::root_scale(width))
}

/// Every second layer of Gemma 2 is local, from the first on; five of six layers of Gemma 3.
fn is_local(config: &Config, layer: usize) -> Result<bool, ModelError> {
    if let Some(local) = reading::listed_as_local(config, layer) {
        return Ok(local);
    }
    let usual = match config.architecture() {
        "gemma2" => 2,
        _ => 6,
    };
    let pattern = config.optional_usize(PATTERN)?.unwrap_or(usual).max(1);
    Ok(!(layer + 1).is_multiple_of(pattern))
}

fn layout(config: &Config) -> Layout {
    match (config.dialect(), config.architecture()) {
        (Dialect::Gguf, _) => GGUF,
        (Dialect::HuggingFace, "gemma") => HUGGING_FACE,
        (Dialect::HuggingFace, _) => Layout {
            prefixes: &[
                "model.",
                "",
                "language_model.model.",
                "model.language_model.",
            ],
            mlp_norm: "layers.{l}.pre_feedforward_layernorm",
            foreign: &[
                "vision_tower.",
                "model.vision_tower.",
                "multi_modal_projector.",
                "model.multi_modal_projector.",
            ],
            ..HUGGING_FACE
        },
    }
}
