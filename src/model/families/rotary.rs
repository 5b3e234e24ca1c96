//! The rotary embedding that a configuration describes, as transformers' `modeling_rope_utils`
//! understands it.

mod parameters;

use crate::model::ModelError;
use crate::model::config::{Config, Dialect, Key, key};
use crate::model::spec::{HeadPositions, Rope, RopeScaling, Spec, Temperature};

use super::reading;
pub use parameters::Layers;
use parameters::Parameters;

/// The base that files mean that name none.
const OLD_THETA: f64 = 10_000.0;

/// How many dimensions are rotated, where that is said as a number and not as a part.
const ROTATED: Key = key(&["rotary_dim"], "rope.dimension_count");

/// Gives every block's attention the rotation that the configuration describes, and the context
/// the length that the rotation is good for.
pub fn apply(config: &Config, spec: &mut Spec) -> Result<(), ModelError> {
    let Some(head_dim) = spec.blocks.first().map(|block| block.attention.head_dim) else {
        return Ok(());
    };
    let parameters = Parameters::of(config, Layers::Global)?;
    let rope = read(&parameters, head_dim)?;
    for block in &mut spec.blocks {
        block.attention.positions = HeadPositions::Rotary(rope.clone());
    }
    // Beyond its original context a LongRoPE model rotates by other factors, so that every
    // position already seen would have to be computed anew.
    if kind(&parameters)? == Kind::LongRope {
        let original = whole(parameters.f64(ORIGINAL)?);
        if original == 0 {
            return Err(parameters.complain(ORIGINAL, "must be at least 1"));
        }
        if original < spec.context_length {
            spec.notes.push(format!(
                "the context is limited to the original {original} of its {} tokens; beyond, \
                 LongRoPE turns every token by other factors",
                spec.context_length
            ));
            spec.context_length = original;
        }
    }
    Ok(())
}

/// The rotation of the layers of one kind, where a model has several.
pub fn of_layers(config: &Config, layers: Layers, head_dim: usize) -> Result<Rope, ModelError> {
    read(&Parameters::of(config, layers)?, head_dim)
}

/// What scores are multiplied by for a context that was stretched, as DeepSeek's are: the square of
/// the temperature of all, whose `weight` the configuration says where it is not given.
pub fn sharper(config: &Config, weight: Option<f64>) -> Result<f64, ModelError> {
    let parameters = Parameters::of(config, Layers::Global)?;
    let weight = match weight {
        Some(weight) => Some(weight),
        None => parameters.optional_f64("mscale_all_dim")?,
    };
    match weight.filter(|weight| *weight != 0.0) {
        Some(weight) if parameters.kind()? != "default" => {
            Ok(yarn_magnitude(parameters.f64("factor")?, weight).powi(2))
        }
        _ => Ok(1.0),
    }
}

/// How much sharper the scores of late positions are, where the configuration says it.
pub fn temperature(config: &Config) -> Result<Option<Temperature>, ModelError> {
    const STRENGTH: Key = key(&[], "attention.temperature_scale");
    const STRENGTH_INSIDE: &str = "llama_4_scaling_beta";
    let parameters = Parameters::of(config, Layers::Global)?;
    let strength = match config.dialect() {
        Dialect::HuggingFace => Some(parameters.f64(STRENGTH_INSIDE)?),
        Dialect::Gguf => config.optional_f64(STRENGTH)?,
    };
    let Some(strength) = strength.filter(|strength| *strength != 0.0) else {
        return Ok(None);
    };
    match parameters.f64(ORIGINAL)? {
        step if step > 0.0 => Ok(Some(Temperature {
            strength,
            step,
            first: 0,
        })),
        step => Err(parameters.complain(ORIGINAL, &format!("must be above 0, not {step}"))),
    }
}

const ORIGINAL: &str = "original_max_position_embeddings";
const PART: &str = "partial_rotary_factor";

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "lengths are whole and not negative; what is not is cut off"
)]
fn whole(length: f64) -> usize {
    length as usize
}

/// How many of a head's dimensions are rotated.
#[expect(clippy::cast_precision_loss, reason = "a head is narrower than 2^52")]
fn rotary_dim(parameters: &Parameters<'_>, head_dim: usize) -> Result<usize, ModelError> {
    let config = parameters.config();
    if let Some(dim) = config.optional_usize(ROTATED)? {
        return Ok(dim.min(head_dim));
    }
    let part = parameters.optional_f64(PART)?.unwrap_or(1.0);
    let obeys = config.lists(PART) || config.lists("rotary_pct");
    match (obeys, kind(parameters)?) {
        (true, _) => Ok(whole(head_dim as f64 * part.clamp(0.0, 1.0))),
        // transformers does not look at it then.
        (false, Kind::None) => Ok(head_dim),
        (false, _) if part == 1.0 => Ok(head_dim),
        (false, _) => {
            let reason = format!("is {part}, which is not supported for this architecture");
            Err(parameters.complain(PART, &reason))
        }
    }
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

fn kind(parameters: &Parameters<'_>) -> Result<Kind, ModelError> {
    let config = parameters.config();
    let is_phi3 = config.architecture() == "phi3";
    let named = match parameters.kind()? {
        // A dynamic one changes nothing up to `max_position_embeddings`, the original context.
        "default" | "none" | "dynamic" => Kind::None,
        // Positions of text are the same in all its parts.
        "mrope" if config.architecture().ends_with("vl_text") => Kind::None,
        "linear" => Kind::Linear,
        "llama3" => Kind::Llama3,
        // Early files of phi3 mean LongRoPE by it.
        "yarn" if is_phi3 && config.dialect() == Dialect::HuggingFace => Kind::LongRope,
        "yarn" => Kind::Yarn,
        "longrope" | "su" => Kind::LongRope,
        other => {
            let reason = format!("`{other}` is not supported");
            return Err(parameters.complain("rope_type", &reason));
        }
    };
    let is_phimoe = config.architecture() == "phimoe";
    if is_phimoe && !matches!(named, Kind::None | Kind::LongRope) {
        let reason = "is not supported for this architecture; `longrope` is";
        return Err(parameters.complain("rope_type", reason));
    }
    // GGUF files of these architectures name no type: their tensors hold the factors.
    let unnamed =
        named == Kind::None && (is_phi3 || is_phimoe) && config.dialect() == Dialect::Gguf;
    Ok(match unnamed && parameters.has(ORIGINAL) {
        true => Kind::LongRope,
        false => named,
    })
}

/// Rotary embedding of a head of `head_dim` dimensions.
fn read(parameters: &Parameters<'_>, head_dim: usize) -> Result<Rope, ModelError> {
    let dim = rotary_dim(parameters, head_dim)?;
    let theta = parameters.optional_f64("rope_theta")?.unwrap_or(OLD_THETA);
    let theta = theta * stretch(parameters, head_dim)?;
    if !theta.is_finite() || theta <= 1.0 || dim == 0 || !dim.is_multiple_of(2) {
        let reason = "and the head's width make no rotary embedding";
        return Err(parameters.complain("rope_theta", reason));
    }
    let (scaling, magnitude) = scaling(parameters, dim)?;
    Ok(Rope {
        dim,
        theta,
        scaling,
        magnitude,
    })
}

/// What the base is multiplied by in Hunyuan, which calls it dynamic though it is not.
#[expect(clippy::cast_precision_loss, reason = "a head is narrower than 2^52")]
fn stretch(parameters: &Parameters<'_>, head_dim: usize) -> Result<f64, ModelError> {
    let is_hunyuan = parameters.config().architecture() == "hunyuan_v1_dense";
    if !is_hunyuan || parameters.kind()? != "dynamic" {
        return Ok(1.0);
    }
    let alpha = parameters.optional_f64("alpha")?;
    let width = head_dim as f64;
    Ok(match alpha.filter(|alpha| *alpha != 0.0) {
        Some(alpha) => alpha.powf(width / (width - 2.0)),
        None => 1.0,
    })
}

fn scaling(parameters: &Parameters<'_>, dim: usize) -> Result<(RopeScaling, f64), ModelError> {
    Ok(match kind(parameters)? {
        Kind::None => (RopeScaling::None, 1.0),
        Kind::Linear => {
            let factor = divisor(parameters)?;
            (RopeScaling::Linear { factor }, 1.0)
        }
        Kind::Llama3 => {
            let scaling = RopeScaling::Llama3 {
                factor: divisor(parameters)?,
                low_freq_factor: parameters.f64("low_freq_factor")?,
                high_freq_factor: parameters.f64("high_freq_factor")?,
                original_context: parameters.f64(ORIGINAL)?,
            };
            (scaling, 1.0)
        }
        Kind::Yarn => yarn(parameters)?,
        Kind::LongRope => {
            let original = parameters.f64(ORIGINAL)?;
            let stretch = match parameters.optional_f64("factor")? {
                Some(factor) => factor,
                None => context(parameters)? / original,
            };
            // The first of Phi-3.5-MoE's two counts within the original context.
            let is_phimoe = parameters.config().architecture() == "phimoe";
            let told = match (is_phimoe, parameters.config().dialect()) {
                (true, Dialect::HuggingFace) => Some(parameters.f64("short_mscale")?),
                _ => parameters.optional_f64("attention_factor")?,
            };
            let magnitude = (1.0 + stretch.max(1.0).ln() / original.ln()).sqrt();
            (short_factors(parameters, dim)?, told.unwrap_or(magnitude))
        }
    })
}

fn yarn(parameters: &Parameters<'_>) -> Result<(RopeScaling, f64), ModelError> {
    let original_context = match parameters.optional_f64(ORIGINAL)? {
        Some(original) => original,
        None => context(parameters)?,
    };
    // `null` stands for how far the context was stretched.
    let factor = match parameters.config().dialect() {
        Dialect::HuggingFace if parameters.is_null("factor") => {
            context(parameters)? / original_context
        }
        _ => divisor(parameters)?,
    };
    // 0 counts as not said.
    let or_usual = |name: &str, usual: f64| -> Result<f64, ModelError> {
        let told = parameters.optional_f64(name)?;
        Ok(told.filter(|told| *told != 0.0).unwrap_or(usual))
    };
    let scaling = RopeScaling::Yarn {
        factor,
        beta_fast: or_usual("beta_fast", 32.0)?,
        beta_slow: or_usual("beta_slow", 1.0)?,
        original_context,
        whole_pairs: match parameters.optional_bool("truncate")? {
            Some(whole) => whole,
            // GGUF metadata do not say; GPT-OSS's own configuration says false.
            None => parameters.config().architecture() != "gpt-oss",
        },
    };
    let usual = yarn_magnitude(factor, 1.0);
    let told = parameters.optional_f64("attention_factor")?;
    let of_values = or_usual("mscale", 0.0)?;
    let of_all = or_usual("mscale_all_dim", 0.0)?;
    let computed = match of_values != 0.0 && of_all != 0.0 {
        true => yarn_magnitude(factor, of_values) / yarn_magnitude(factor, of_all),
        false => usual,
    };
    let whole = parameters.optional_f64("whole_attention_factor")?;
    let magnitude = match (told, whole, parameters.config().dialect()) {
        (Some(told), _, Dialect::HuggingFace) | (None, Some(told), _) => told,
        // There it comes on top.
        (Some(more), _, Dialect::Gguf) => more * computed,
        (None, None, _) => computed,
    };
    Ok((scaling, magnitude))
}

/// `get_mscale` of transformers: the temperature of Peng et al. 2023, equation 22, weighed.
fn yarn_magnitude(factor: f64, weight: f64) -> f64 {
    match factor <= 1.0 {
        true => 1.0,
        false => 0.1 * weight * factor.ln() + 1.0,
    }
}

fn context(parameters: &Parameters<'_>) -> Result<f64, ModelError> {
    parameters.config().f64(reading::CONTEXT)
}

fn divisor(parameters: &Parameters<'_>) -> Result<f64, ModelError> {
    match parameters.f64("factor")? {
        factor if factor > 0.0 => Ok(factor),
        factor => {
            let reason = format!("must be above 0, not {factor}");
            Err(parameters.complain("factor", &reason))
        }
    }
}

/// LongRoPE's divisors within the original context; in GGUF files they are a tensor.
fn short_factors(parameters: &Parameters<'_>, dim: usize) -> Result<RopeScaling, ModelError> {
    const SHORT: &str = "short_factor";
    let Some(list) = parameters.value(SHORT) else {
        return match parameters.config().dialect() {
            Dialect::Gguf => Ok(RopeScaling::None),
            Dialect::HuggingFace => Err(parameters.complain(SHORT, "is missing")),
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
        return Err(parameters.complain(SHORT, &reason));
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
        families::read(&config).unwrap().spec.context_length
    }

    #[test]
    fn longrope_is_limited_to_the_context_for_which_one_set_of_factors_holds() {
        let longrope = r#""original_max_position_embeddings": 128, "rope_scaling": {
            "type": "longrope", "short_factor": [1.0, 2.0], "long_factor": [3.0, 4.0]
        }"#;
        assert_eq!(context_length(longrope), 128);
    }

    #[test]
    fn a_complaint_names_the_key_where_the_file_has_it() {
        let message = |rope: &str| {
            let text = format!(r#"{{"model_type": "gpt_neox", {rope}}}"#);
            let config = Config::from_json(&text, "config.json").unwrap();
            families::read(&config).unwrap_err().to_string()
        };
        for (rope, key) in [
            (r#""rotary_emb_base": "x""#, "`rotary_emb_base`"),
            (
                r#""rope_scaling": {"rope_theta": "x"}"#,
                "`rope_scaling.rope_theta`",
            ),
            (
                r#""rope_parameters": {"rope_theta": "x"}"#,
                "`rope_parameters.rope_theta`",
            ),
        ] {
            let message = message(rope);
            assert!(message.contains(key), "{message}");
        }
    }

    #[test]
    fn dynamic_scaling_is_limited_to_the_context_within_which_it_does_nothing() {
        let dynamic = r#""rope_scaling": {"type": "dynamic", "factor": 4.0}"#;
        assert_eq!(context_length(dynamic), 512);
    }
}
