//! `gemma3n`: Gemma 3 with a trunk of four streams, of which blocks change one, a projection of low
//! rank beside each attention, a vector of each token for each block, keys and values that the last
//! layers share, and in the first layers networks of which few gates are open.
//!
//! Google DeepMind 2025, *Gemma 3n*.

use serde_json::Value;

use super::gemma4::{self, Sight};
use super::rotary::Layers;
use super::{Family, reading, rotary};
use crate::model::ModelError;
use crate::model::config::{Config, Dialect, Key, ModelType, key};
use crate::model::layout::{GGUF, HUGGING_FACE, Layout};
use crate::model::mixer::layered_attention::{self, Source};
use crate::model::mixer::{MixerLayout, MixerSpec};
use crate::model::spec::{
    BeyondTable, FeedForwardSpec, MixingSpec, MlpKind, NormPlace, NormSpec, PerLayerSpec, Spec,
    StreamsSpec,
};

pub const FAMILY: Family = Family {
    name: "gemma3n",
    model_types: &[GEMMA3N],
    gguf: &["gemma3n"],
    spec,
    layout,
};

const GEMMA3N: ModelType = ModelType::new(
    "gemma3n_text",
    r#"{
        "hidden_size": 2048, "intermediate_size": 16384, "num_hidden_layers": 35,
        "num_attention_heads": 8, "num_key_value_heads": 2, "head_dim": 256,
        "hidden_activation": "gelu_pytorch_tanh", "max_position_embeddings": 32768,
        "rms_norm_eps": 1e-6, "tie_word_embeddings": true, "rope_parameters": null,
        "rope_theta": 1000000.0, "rope_local_base_freq": 10000.0, "attention_bias": false,
        "sliding_window": 512, "layer_types": null, "final_logit_softcapping": 30.0,
        "hidden_size_per_layer_input": 256, "altup_active_idx": 0, "altup_correct_scale": true,
        "altup_num_inputs": 4, "num_kv_shared_layers": 15, "activation_sparsity_pattern": null
    }"#,
)
.ignoring(&[
    (
        "vocab_size_per_layer_input",
        "the size of that vocabulary is that of its tensor",
    ),
    ("laurel_rank", "the rank is that of the tensors"),
    ("altup_coef_clip", "for training only"),
    ("altup_lr_multiplier", "for training only"),
]);

const ATTENTION_BIAS: Key = key(&["attention_bias"], "");
const FINAL_CAP: Key = key(&["final_logit_softcapping"], "final_logit_softcapping");
const PER_LAYER: Key = key(
    &["hidden_size_per_layer_input"],
    "embedding_length_per_layer_input",
);
const ACTIVE: Key = key(&["altup_active_idx"], "altup.active_idx");
const STREAMS: Key = key(&["altup_num_inputs"], "altup.num_inputs");
const IS_SCALED: Key = key(&["altup_correct_scale"], "");
/// The share of gates that are shut, in GGUF files as standard deviations above the mean.
const SPARSITY: Key = key(
    &["activation_sparsity_pattern"],
    "activation_sparsity_scale",
);
/// Every so many layers one attends to all that came before.
const PERIOD: usize = 5;
/// llama.cpp takes this for all files, which do not say.
const GGUF_CAP: f64 = 30.0;

fn spec(config: &Config) -> Result<Spec, ModelError> {
    let start = gemma4::start(config)?;
    let norm = start.norm;
    let mut spec = start.decoder(&with_one_width(config))?;
    let layers = spec.blocks.len();
    let bias = reading::bias_by_flag(config, ATTENTION_BIAS)?;
    let sights = gemma4::listed_sights(config, layers, PERIOD)?;
    let first_shared = gemma4::first_shared(config, layers)?;
    let window = reading::window(config)?;
    let per_layer = config.usize(PER_LAYER)?;
    spec.embedding.scale = Some(reading::root_scale(spec.d_model).recip());
    spec.embedding.per_layer = Some(PerLayerSpec {
        width: per_layer,
        norm,
        beyond: BeyondTable::OfFirst,
    });
    spec.streams = Some(StreamsSpec {
        norm,
        per_layer,
        ..streams(config)?
    });
    spec.unembed.cap = match config.dialect() {
        Dialect::HuggingFace => config.optional_f64(FINAL_CAP)?,
        Dialect::Gguf => Some(config.optional_f64(FINAL_CAP)?.unwrap_or(GGUF_CAP)),
    };
    for (layer, block) in spec.blocks.iter_mut().enumerate() {
        let sight = sights.get(layer).copied().unwrap_or(Sight::Global);
        let kind = match sight {
            Sight::Local => Layers::Local,
            Sight::Global => Layers::Global,
        };
        let head_dim = block.attention.head_dim;
        block.norm_place = NormPlace::Around;
        block.laurel = Some(norm);
        block.mixing = MixingSpec::Mixer(MixerSpec::LayeredAttention(layered_attention::Spec {
            n_heads: block.attention.n_heads,
            n_kv_heads: block.attention.n_kv_heads,
            head_dim,
            window: window.filter(|_| sight == Sight::Local),
            rope: rotary::of_layers(config, kind, head_dim)?,
            norm,
            bias,
            source: match gemma4::source(config, &sights, layer, first_shared)? {
                Source::AsStored => Source::Projections,
                source => source,
            },
        }));
        if let FeedForwardSpec::Dense(mlp) = &mut block.feed_forward {
            if let Some(width) = width(config, layer)? {
                mlp.width = width;
            }
            if let Some(deviations) = deviations(config, layer, layers)? {
                mlp.kind = MlpKind::Sparse { deviations };
            }
        }
    }
    spec.notes.push(format!(
        "the trunk is of {} streams; a row is what the model's own head makes of them: the mean of \
         all, each projected and made as large as the first",
        spec.streams.map_or(1, |streams| streams.count)
    ));
    Ok(spec)
}

/// The configuration with one width for all networks, where a `config.json` lists one for each.
fn with_one_width(config: &Config) -> Config {
    let listed = config.get(reading::MLP_WIDTH).and_then(Value::as_array);
    match (config.dialect(), listed.and_then(|listed| listed.first())) {
        (Dialect::HuggingFace, Some(first)) => config.with(reading::MLP_WIDTH, first.clone()),
        _ => config.clone(),
    }
}

/// The width of a layer's network, where a `config.json` lists one for each.
fn width(config: &Config, layer: usize) -> Result<Option<usize>, ModelError> {
    let listed = config.get(reading::MLP_WIDTH).and_then(Value::as_array);
    let (Some(listed), Dialect::HuggingFace) = (listed, config.dialect()) else {
        return Ok(None);
    };
    match listed.get(layer).cloned() {
        Some(width) => {
            let of_layer = config.with(reading::MLP_WIDTH, width);
            of_layer.usize(reading::MLP_WIDTH).map(Some)
        }
        None => {
            let reason = format!("does not say how wide layer {layer} is");
            Err(config.complain(reading::MLP_WIDTH, &reason))
        }
    }
}

/// The streams, what is not asked for here left open.
fn streams(config: &Config) -> Result<StreamsSpec, ModelError> {
    let count = config.usize(STREAMS)?;
    let active = config.optional_usize(ACTIVE)?.unwrap_or(0);
    if !(2..=64).contains(&count) {
        return Err(config.complain(STREAMS, &format!("is {count}: 2 to 64 are supported")));
    }
    if active >= count {
        let reason = format!("is {active}, of {count} streams counted from 0");
        return Err(config.complain(ACTIVE, &reason));
    }
    Ok(StreamsSpec {
        count,
        active,
        norm: NormSpec::rms(0.0),
        per_layer: 0,
        is_scaled: config.optional_bool(IS_SCALED)?.unwrap_or(true),
    })
}

/// How many standard deviations a gate of a layer has to be above the mean of all to be open, where
/// not all are.
fn deviations(config: &Config, layer: usize, layers: usize) -> Result<Option<f64>, ModelError> {
    let given = config.get(SPARSITY);
    if config.dialect() == Dialect::Gguf {
        let of_layer = match given {
            Some(Value::Array(listed)) => listed.get(layer).and_then(Value::as_f64),
            value => value.and_then(Value::as_f64),
        };
        return Ok(of_layer.filter(|deviations| *deviations > 0.0));
    }
    let share = match given {
        // What transformers takes then.
        None => Some(if layers > 10 && layer < 10 { 0.95 } else { 0.0 }),
        Some(Value::Array(listed)) => listed.get(layer).and_then(Value::as_f64),
        Some(_) => None,
    };
    match share {
        Some(share) if share > 0.0 && share < 1.0 => Ok(Some(quantile(share))),
        Some(share) if share <= 0.0 => Ok(None),
        _ => {
            let reason = format!("must list a share below 1 for each layer; for layer {layer} not");
            Err(config.complain(SPARSITY, &reason))
        }
    }
}

/// How many standard deviations above the mean so large a share of a normal distribution ends, in
/// float32 as in torch.
#[expect(clippy::cast_possible_truncation, reason = "the model computes in f32")]
fn quantile(share: f64) -> f64 {
    let argument = 2.0 * share as f32 - 1.0;
    let inverse = candle_core::cpu::erf::erf_inv(f64::from(argument)) as f32;
    f64::from(inverse * std::f32::consts::SQRT_2)
}

fn layout(config: &Config) -> Layout {
    let mixer = MixerLayout::LayeredAttention(layered_attention::Layout);
    match config.dialect() {
        Dialect::HuggingFace => Layout {
            mixer,
            mlp_norm: "layers.{l}.pre_feedforward_layernorm",
            ..HUGGING_FACE
        },
        Dialect::Gguf => Layout { mixer, ..GGUF },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_normal_distribution_95_of_100_lie_below_1_64_deviations() {
        assert!((quantile(0.95) - 1.644_853_6).abs() < 1e-6);
        assert!(quantile(0.5).abs() < 1e-7);
        assert!(quantile(0.25) < 0.0);
    }
}
