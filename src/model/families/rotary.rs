//! The rotary embedding that a configuration describes. `config.json` spells it in two ways:
//! `rope_parameters` since transformers 5, `rope_theta` and `rope_scaling` before.

use crate::model::ModelError;
use crate::model::config::{Config, Dialect, Key, key};
use crate::model::spec::{HeadPositions, Rope, RopeScaling, Spec};

use super::reading;

/// The base that models use whose configuration is older than the key for it.
const OLD_THETA: f64 = 10_000.0;

const PARAMETERS: Key = key(&["rope_parameters"], "");
const THETA: Key = key(
    &[
        "rope_parameters.rope_theta",
        "rope_parameters.full_attention.rope_theta",
        "rope_theta",
        "rotary_emb_base",
    ],
    "rope.freq_base",
);
const TYPE: Key = key(
    &[
        "rope_parameters.rope_type",
        "rope_parameters.full_attention.rope_type",
        "rope_scaling.rope_type",
        "rope_scaling.type",
    ],
    "rope.scaling.type",
);
const FACTOR: Key = key(
    &[
        "rope_parameters.factor",
        "rope_parameters.full_attention.factor",
        "rope_scaling.factor",
    ],
    "rope.scaling.factor",
);
/// Its name in GGUF files of before October 2023.
const OLD_FACTOR: Key = key(&[], "rope.scale_linear");
const LOW: Key = key(
    &[
        "rope_parameters.low_freq_factor",
        "rope_scaling.low_freq_factor",
    ],
    "",
);
const HIGH: Key = key(
    &[
        "rope_parameters.high_freq_factor",
        "rope_scaling.high_freq_factor",
    ],
    "",
);
const ORIGINAL: Key = key(
    &[
        "rope_parameters.original_max_position_embeddings",
        "rope_scaling.original_max_position_embeddings",
        "original_max_position_embeddings",
    ],
    "rope.scaling.original_context_length",
);
const BETA_FAST: Key = key(
    &["rope_parameters.beta_fast", "rope_scaling.beta_fast"],
    "rope.scaling.yarn_beta_fast",
);
const BETA_SLOW: Key = key(
    &["rope_parameters.beta_slow", "rope_scaling.beta_slow"],
    "rope.scaling.yarn_beta_slow",
);
const MAGNITUDE: Key = key(
    &[
        "rope_parameters.attention_factor",
        "rope_scaling.attention_factor",
    ],
    "rope.scaling.attn_factor",
);
const SHORT: Key = key(
    &["rope_parameters.short_factor", "rope_scaling.short_factor"],
    "",
);
const PART: Key = key(
    &[
        "rope_parameters.partial_rotary_factor",
        "partial_rotary_factor",
        "rotary_pct",
    ],
    "",
);
const ROTATED: Key = key(&["rotary_dim"], "rope.dimension_count");

/// Gives every block's attention the rotation that the configuration describes, and the context
/// the length that the rotation is good for.
pub fn turn(config: &Config, spec: &mut Spec) -> Result<(), ModelError> {
    let Some(head_dim) = spec.blocks.first().map(|block| block.attention.head_dim) else {
        return Ok(());
    };
    let rope = read(config, turned(config, head_dim)?)?;
    for block in &mut spec.blocks {
        block.attention.positions = HeadPositions::Rotary(rope.clone());
    }
    // Beyond its original context a LongRoPE model turns by other factors, so that every
    // position already seen would have to be computed anew.
    if kind(config)? == Kind::LongRope {
        let original = config.usize(ORIGINAL)?;
        if original < spec.context_length {
            tracing::warn!(
                "{}: the context is limited to the original {original} of its {} tokens; beyond, \
                 LongRoPE turns every token by other factors",
                config.place(),
                spec.context_length
            );
            spec.context_length = original;
        }
    }
    Ok(())
}

/// How many of a head's dimensions are turned.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a part between 0 and 1 of a head's width"
)]
fn turned(config: &Config, head_dim: usize) -> Result<usize, ModelError> {
    if let Some(dim) = config.optional_usize(ROTATED)? {
        return Ok(dim.min(head_dim));
    }
    let part = config.optional_f64(PART)?.unwrap_or(1.0).clamp(0.0, 1.0);
    Ok((head_dim as f64 * part) as usize)
}

/// The kinds of scaling that configurations name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    None,
    Linear,
    Llama3,
    Yarn,
    LongRope,
}

fn kind(config: &Config) -> Result<Kind, ModelError> {
    // llama.cpp takes a factor without a type to be linear, as it was in the first files.
    let unsaid = match (config.dialect(), factor(config)?) {
        (Dialect::Gguf, Some(_)) => "linear",
        _ => "default",
    };
    let named = match config.optional_str(TYPE)?.unwrap_or(unsaid) {
        // A dynamic one changes nothing up to `max_position_embeddings`, the original context.
        "default" | "none" | "dynamic" => Kind::None,
        "linear" => Kind::Linear,
        "llama3" => Kind::Llama3,
        "yarn" => Kind::Yarn,
        "longrope" | "su" => Kind::LongRope,
        other => {
            return Err(config.complain(TYPE, &format!("`{other}` is not supported")));
        }
    };
    // Files of the phi3 architecture name no type: their tensors hold the factors.
    let unnamed = named == Kind::None && config.dialect() == Dialect::Gguf;
    Ok(match config.optional_usize(ORIGINAL)? {
        Some(_) if unnamed && config.architecture() == "phi3" => Kind::LongRope,
        _ => named,
    })
}

/// Rotary embedding of the first `dim` dimensions of a head.
///
/// A configuration that has `rope_parameters` names the base; one that was silently assumed
/// would give plausible, wrong ranks.
fn read(config: &Config, dim: usize) -> Result<Rope, ModelError> {
    let theta = match (config.optional_f64(THETA)?, config.get(PARAMETERS)) {
        (Some(theta), _) => theta,
        (None, None) => OLD_THETA,
        (None, Some(_)) => return Err(config.complain(THETA, "is missing")),
    };
    if theta <= 1.0 || dim == 0 || !dim.is_multiple_of(2) {
        return Err(config.complain(THETA, "and the head's width make no rotary embedding"));
    }
    let (scaling, magnitude) = scaling(config, dim)?;
    Ok(Rope {
        dim,
        theta,
        scaling,
        magnitude,
    })
}

fn scaling(config: &Config, dim: usize) -> Result<(RopeScaling, f64), ModelError> {
    let told = config.optional_f64(MAGNITUDE)?;
    Ok(match kind(config)? {
        Kind::None => (RopeScaling::None, 1.0),
        Kind::Linear => {
            let factor = divisor(config)?;
            (RopeScaling::Linear { factor }, 1.0)
        }
        Kind::Llama3 => {
            let scaling = RopeScaling::Llama3 {
                factor: divisor(config)?,
                low_freq_factor: config.f64(LOW)?,
                high_freq_factor: config.f64(HIGH)?,
                original_context: config.f64(ORIGINAL)?,
            };
            (scaling, 1.0)
        }
        Kind::Yarn => {
            let factor = divisor(config)?;
            let scaling = RopeScaling::Yarn {
                factor,
                beta_fast: config.optional_f64(BETA_FAST)?.unwrap_or(32.0),
                beta_slow: config.optional_f64(BETA_SLOW)?.unwrap_or(1.0),
                original_context: match config.optional_f64(ORIGINAL)? {
                    Some(original) => original,
                    None => config.f64(reading::CONTEXT)?,
                },
            };
            let usual = 1.0 + 0.1 * factor.max(1.0).ln();
            let magnitude = match (told, config.dialect()) {
                (None, _) => usual,
                (Some(magnitude), Dialect::HuggingFace) => magnitude,
                // There it comes on top.
                (Some(more), Dialect::Gguf) => more * usual,
            };
            (scaling, magnitude)
        }
        Kind::LongRope => {
            let original = config.f64(ORIGINAL)?;
            let stretch = match config.optional_f64(FACTOR)? {
                Some(factor) => factor,
                None => config.f64(reading::CONTEXT)? / original,
            };
            let magnitude = (1.0 + stretch.max(1.0).ln() / original.ln()).sqrt();
            (short_factors(config, dim)?, told.unwrap_or(magnitude))
        }
    })
}

/// What the context was stretched by. GGUF files may say 0 for nothing.
fn factor(config: &Config) -> Result<Option<f64>, ModelError> {
    let factor = match config.optional_f64(FACTOR)? {
        None => config.optional_f64(OLD_FACTOR)?,
        factor => factor,
    };
    Ok(factor.filter(|factor| *factor != 0.0 || config.dialect() == Dialect::HuggingFace))
}

fn divisor(config: &Config) -> Result<f64, ModelError> {
    match factor(config)? {
        None => Err(config.complain(FACTOR, "is missing")),
        Some(factor) if factor > 0.0 => Ok(factor),
        Some(factor) => Err(config.complain(FACTOR, &format!("must be above 0, not {factor}"))),
    }
}

/// LongRoPE's divisors within the original context; in GGUF files they are a tensor.
fn short_factors(config: &Config, dim: usize) -> Result<RopeScaling, ModelError> {
    let Some(list) = config.get(SHORT) else {
        return match config.dialect() {
            Dialect::Gguf => Ok(RopeScaling::None),
            Dialect::HuggingFace => Err(config.complain(SHORT, "is missing")),
        };
    };
    let divisors: Vec<f64> = list
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(serde_json::Value::as_f64)
        .filter(|divisor| *divisor > 0.0)
        .collect();
    if divisors.len() != dim / 2 {
        let reason = format!("must be {} numbers above 0", dim / 2);
        return Err(config.complain(SHORT, &reason));
    }
    Ok(RopeScaling::Divided(divisors.into()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use crate::model::config::Config;
    use crate::model::families;

    fn context_length(rope: &str) -> usize {
        let text = format!(
            r#"{{
                "model_type": "phi3", "hidden_size": 8, "num_attention_heads": 2,
                "num_hidden_layers": 1, "intermediate_size": 8, "rms_norm_eps": 1e-5,
                "max_position_embeddings": 512, {rope}
            }}"#
        );
        let config = Config::from_json(&text, "config.json").unwrap();
        let family = families::of(&config).unwrap();
        (family.spec)(&config).unwrap().context_length
    }

    #[test]
    fn longrope_is_limited_to_the_context_for_which_one_set_of_factors_holds() {
        let longrope = r#""original_max_position_embeddings": 128, "rope_scaling": {
            "type": "longrope", "short_factor": [1.0, 2.0], "long_factor": [3.0, 4.0]
        }"#;
        assert_eq!(context_length(longrope), 128);
    }

    #[test]
    fn dynamic_scaling_is_limited_to_the_context_within_which_it_does_nothing() {
        let dynamic = r#""rope_scaling": {"type": "dynamic", "factor": 4.0}"#;
        assert_eq!(context_length(dynamic), 512);
    }
}
