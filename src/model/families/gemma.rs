//! `gemma`, `gemma2` and `gemma3`: embeddings times the root of their width and norms of
//! `1 + w`; from the second on norms around each part, soft caps and local layers; in the third
//! norms of queries and keys, and a rotation of their own for the local layers.
//!
//! Gemma Team 2024, 2025, <https://arxiv.org/abs/2403.08295>, <https://arxiv.org/abs/2408.00118>,
//! <https://arxiv.org/abs/2503.19786>.

use super::rotary::Layers;
use super::start::Start;
use super::{Family, reading, rotary};
use crate::model::ModelError;
use crate::model::config::{Config, Dialect, Key, ModelType, key};
use crate::model::layout::{GGUF, HUGGING_FACE, Layout};
use crate::model::spec::{
    Activation, Bias, FeedForwardSpec, HeadPositions, NormPlace, Presence, QkNorm, QkNormSpan,
    Spec, Unembedding,
};

pub const FAMILY: Family = Family {
    name: "gemma",
    model_types: &[GEMMA, GEMMA2, GEMMA3],
    gguf: &["gemma", "gemma2", "gemma3"],
    spec,
    layout,
};

const GEMMA: ModelType = ModelType::new(
    "gemma",
    r#"{
        "hidden_size": 3072, "intermediate_size": 24576, "num_hidden_layers": 28,
        "num_attention_heads": 16, "num_key_value_heads": 16, "head_dim": 256,
        "hidden_act": "gelu_pytorch_tanh", "max_position_embeddings": 8192, "rms_norm_eps": 1e-6,
        "tie_word_embeddings": true, "rope_parameters": null, "rope_theta": 10000.0,
        "attention_bias": false
    }"#,
)
.only(CAUSAL)
.ignoring(&[
    ("hidden_activation", "`hidden_act` stands for it"),
    ("num_image_tokens", "of the larger model's pictures"),
]);

const GEMMA2: ModelType = ModelType::new(
    "gemma2",
    r#"{
        "hidden_size": 2304, "intermediate_size": 9216, "num_hidden_layers": 26,
        "num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 256,
        "hidden_activation": "gelu_pytorch_tanh", "max_position_embeddings": 8192,
        "rms_norm_eps": 1e-6, "tie_word_embeddings": true, "rope_parameters": null,
        "rope_theta": 10000.0, "attention_bias": false, "query_pre_attn_scalar": 256,
        "sliding_window": 4096, "layer_types": null, "final_logit_softcapping": 30.0,
        "attn_logit_softcapping": 50.0
    }"#,
)
.only(CAUSAL)
.ignoring(&[
    ("hidden_act", IN_PLACE_OF_ACT),
    ("sliding_window_size", "`sliding_window` stands for it"),
    ("num_image_tokens", "of the larger model's pictures"),
]);

const GEMMA3: ModelType = ModelType::new(
    "gemma3_text",
    r#"{
        "hidden_size": 2304, "intermediate_size": 9216, "num_hidden_layers": 26,
        "num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 256,
        "hidden_activation": "gelu_pytorch_tanh", "max_position_embeddings": 131072,
        "rms_norm_eps": 1e-6, "tie_word_embeddings": true, "rope_parameters": null,
        "rope_theta": 1000000.0, "rope_local_base_freq": 10000.0, "attention_bias": false,
        "query_pre_attn_scalar": 256, "sliding_window": 4096, "layer_types": null,
        "sliding_window_pattern": 6, "final_logit_softcapping": null
    }"#,
)
.only(CAUSAL)
.ignoring(&[
    ("hidden_act", IN_PLACE_OF_ACT),
    (
        "attn_logit_softcapping",
        "transformers does not apply it in Gemma 3",
    ),
    (
        "_sliding_window_pattern",
        "`layer_types` or `sliding_window_pattern` stand for it",
    ),
]);

/// Attention to later tokens, as embedding models have it, is not computed here.
const CAUSAL: &[(&str, &str)] = &[("use_bidirectional_attention", "[false]")];
const IN_PLACE_OF_ACT: &str = "`hidden_activation` stands for it";

const ATTENTION_BIAS: Key = key(&["attention_bias"], "");
const SCORE_WIDTH: Key = key(&["query_pre_attn_scalar"], "");
const SCORE_CAP: Key = key(&["attn_logit_softcapping"], "attn_logit_softcapping");
const FINAL_CAP: Key = key(&["final_logit_softcapping"], "final_logit_softcapping");
const PATTERN: Key = key(
    &["sliding_window_pattern"],
    "attention.sliding_window_pattern",
);

/// What llama.cpp takes where an early GGUF file of the second is silent.
const SECOND: &str = r#"{
    "attn_logit_softcapping": 50.0, "final_logit_softcapping": 30.0,
    "attention.sliding_window": 4096
}"#;

fn spec(config: &Config) -> Result<Spec, ModelError> {
    match (config.dialect(), config.architecture()) {
        (Dialect::Gguf, "gemma2") => spec_of_complete(&config.completed(SECOND)?),
        _ => spec_of_complete(config),
    }
}

fn spec_of_complete(config: &Config) -> Result<Spec, ModelError> {
    let mut start = Start::gated(config)?;
    start.activation = Activation::GeluTanh;
    start.bias = reading::bias_by_flag(config, ATTENTION_BIAS)?;
    start.unembedding = Unembedding::Tied;
    // llama.cpp's converter has added the one already.
    if config.dialect() == Dialect::HuggingFace {
        start.norm.weight_offset = 1.0;
    }
    let norm = start.norm;
    let mut spec = start.decoder(config)?;
    for block in &mut spec.blocks {
        if let FeedForwardSpec::Dense(mlp) = &mut block.feed_forward {
            mlp.bias = Bias::Absent;
        }
    }
    rotary::apply(config, &mut spec)?;
    spec.embedding.scale = Some(reading::root_scale(spec.d_model).recip());
    if config.architecture() == "gemma" {
        // The first files say `gelu` for its tanh approximation.
        spec.blocks.iter_mut().for_each(|block| {
            if let FeedForwardSpec::Dense(mlp) = &mut block.feed_forward
                && mlp.activation == Activation::Gelu
            {
                mlp.activation = Activation::GeluTanh;
            }
        });
        return Ok(spec);
    }
    spec.unembed.cap = config.optional_f64(FINAL_CAP)?;
    let scale = score_scale(config, &spec)?;
    let is_third = config.architecture().starts_with("gemma3");
    let cap = match is_third {
        true => None,
        false => config.optional_f64(SCORE_CAP)?,
    };
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
            if local {
                let rope = rotary::of_layers(config, Layers::Local, attention.head_dim)?;
                attention.positions = HeadPositions::Rotary(rope);
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
            mlp_norm: "layers.{l}.pre_feedforward_layernorm",
            ..HUGGING_FACE
        },
    }
}
