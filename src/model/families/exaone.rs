//! `exaone4`: norms of what its parts give, norms of queries and keys, and local layers, which alone
//! are turned. Where a model has no window all its layers are.
//!
//! LG AI Research 2025, <https://arxiv.org/abs/2507.11407>.

use super::start::Start;
use super::{Family, reading, rotary};
use crate::model::ModelError;
use crate::model::config::{Config, Dialect, Key, ModelType, key};
use crate::model::layout::{GGUF, HUGGING_FACE, Layout};
use crate::model::spec::{HeadPositions, NormPlace, Presence, QkNorm, QkNormSpan, Spec};

pub const FAMILY: Family = Family {
    name: "exaone4",
    model_types: &[EXAONE4],
    gguf: &["exaone4"],
    spec,
    layout,
};

const EXAONE4: ModelType = ModelType::new(
    "exaone4",
    r#"{
        "hidden_size": 4096, "intermediate_size": 16384, "num_hidden_layers": 32,
        "num_attention_heads": 32, "num_key_value_heads": 32, "head_dim": null,
        "hidden_act": "silu", "max_position_embeddings": 2048, "rms_norm_eps": 1e-5,
        "tie_word_embeddings": false, "rope_parameters": null, "rope_theta": 10000.0,
        "sliding_window": 4096, "sliding_window_pattern": 4, "layer_types": null
    }"#,
);

const PERIOD: Key = key(&["sliding_window_pattern"], "");

fn spec(config: &Config) -> Result<Spec, ModelError> {
    let start = Start::gated(config)?;
    let norm = start.norm;
    let mut spec = start.decoder(config)?;
    rotary::apply(config, &mut spec)?;
    let window = reading::window(config)?;
    for (layer, block) in spec.blocks.iter_mut().enumerate() {
        block.norm_place = NormPlace::Output;
        let attention = &mut block.attention;
        attention.qk_norm = Some(QkNorm {
            norm,
            span: QkNormSpan::Head,
            presence: Presence::Required,
        });
        if window.is_none() {
            continue;
        }
        match is_local(config, layer)? {
            true => attention.window = window,
            false => attention.positions = HeadPositions::None,
        }
    }
    Ok(spec)
}

/// Whether a layer is local. The pattern may also be a text, which only stands beside a list.
fn is_local(config: &Config, layer: usize) -> Result<bool, ModelError> {
    const USUAL: usize = 4;
    let is_text = config.get(PERIOD).is_some_and(serde_json::Value::is_string);
    if is_text && reading::kind_of_layer(config, layer)?.is_none() {
        let reason = "is a text, beside which `layer_types` must list the layers";
        return Err(config.complain(PERIOD, reason));
    }
    let period = match is_text {
        true => USUAL,
        false => config.optional_usize(PERIOD)?.unwrap_or(USUAL),
    };
    reading::is_local(config, layer, period)
}

fn layout(config: &Config) -> Layout {
    match config.dialect() {
        Dialect::HuggingFace => HUGGING_FACE,
        Dialect::Gguf => GGUF,
    }
}
