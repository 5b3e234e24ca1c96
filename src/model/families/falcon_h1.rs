//! `falcon_h1`: in each block an attention and a Mamba-2 state space beside it, and numbers by which
//! what goes into the parts and comes out of them is multiplied.
//!
//! Zuo et al. 2025, *Falcon-H1*, <https://arxiv.org/abs/2507.22448>.

use serde_json::Value;

use super::start::Start;
use super::state_space::{self, BESIDE_ATTENTION, EXPAND, Keys, ORDER};
use super::{Family, reading, rotary};
use crate::model::ModelError;
use crate::model::config::{Config, Dialect, Key, ModelType, key};
use crate::model::layout::{GGUF, HUGGING_FACE, Layout, MlpLayout};
use crate::model::mixer::mamba2::Normed;
use crate::model::mixer::{MixerLayout, MixerSpec, mamba2};
use crate::model::spec::{BesideSpec, FeedForwardSpec, MixingSpec, MlpKind, Spec, Unembedding};

pub const FAMILY: Family = Family {
    name: "falcon_h1",
    model_types: &[FALCON_H1],
    gguf: &["falcon-h1"],
    spec,
    layout,
};

const FALCON_H1: ModelType = ModelType::new(
    "falcon_h1",
    r#"{
        "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32,
        "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": null,
        "max_position_embeddings": 8192, "rms_norm_eps": 1e-5,
        "tie_word_embeddings": false, "rope_parameters": null, "rope_theta": 10000.0,
        "attention_bias": false, "mlp_bias": false, "projectors_bias": false,
        "mamba_d_ssm": 1024, "mamba_n_heads": 128, "mamba_d_head": "auto", "mamba_n_groups": 1,
        "mamba_d_state": 256, "mamba_d_conv": 4, "mamba_expand": 2, "mamba_conv_bias": true,
        "mamba_proj_bias": false, "mamba_norm_before_gate": true, "mamba_rms_norm": false,
        "time_step_limit": null, "lm_head_multiplier": 1.0, "embedding_multiplier": 1.0,
        "mlp_multipliers": null, "key_multiplier": 1.0, "attention_out_multiplier": 1.0,
        "attention_in_multiplier": 1.0, "ssm_multipliers": null, "ssm_in_multiplier": 1.0,
        "ssm_out_multiplier": 1.0
    }"#,
)
.only(&[
    ("hidden_act", r#"["silu"]"#),
    ("mamba_use_mlp", "[true]"),
    ("attn_layer_indices", "[]"),
])
.ignoring(&[
    ("mamba_chunk_size", ORDER),
    ("num_logits_to_keep", "of which positions logits are given"),
    ("mlp_expansion_factor", "`intermediate_size` stands for it"),
    ("layers_block_type", "all layers are alike"),
    ("layer_types", "all layers are alike"),
]);

const CHANNELS: Key = key(&["mamba_d_ssm"], "");
const IS_NORMED: Key = key(&["mamba_rms_norm"], "");
const NORM_COMES_FIRST: Key = key(&["mamba_norm_before_gate"], "");
const ATTENTION_BIAS: Key = key(&["attention_bias"], "");
const MLP_BIAS: Key = key(&["mlp_bias"], "");
const OUTPUT_BIAS: Key = key(&["projectors_bias"], "");
const EMBEDDING: Key = key(&["embedding_multiplier"], "");
const LOGITS: Key = key(&["lm_head_multiplier"], "");
const MLP: Key = key(&["mlp_multipliers"], "");
const KEYS: Key = key(&["key_multiplier"], "");
const ATTENTION_INPUT: Key = key(&["attention_in_multiplier"], "");
const ATTENTION_OUTPUT: Key = key(&["attention_out_multiplier"], "");
const SPACE: Key = key(&["ssm_multipliers"], "");
const SPACE_INPUT: Key = key(&["ssm_in_multiplier"], "");
const SPACE_OUTPUT: Key = key(&["ssm_out_multiplier"], "");

/// The biases of the projection out of the state space are switched on by another key.
const SPACE_KEYS: Keys = Keys {
    output_bias: OUTPUT_BIAS,
    ..BESIDE_ATTENTION
};

fn spec(config: &Config) -> Result<Spec, ModelError> {
    let mut spec = Start::gated(config)?.decoder(config)?;
    rotary::apply(config, &mut spec)?;
    spec.embedding.scale = reading::factor(config, EMBEDDING)?;
    spec.unembed.scale = reading::factor(config, LOGITS)?;
    if config.dialect() == Dialect::Gguf {
        // llama.cpp's converter multiplies the weights instead, so that an embedding that is the
        // unembedding too would be multiplied by what is meant for one of them.
        spec.unembed.unembedding = Unembedding::Separate;
    }
    let attention_bias = reading::bias_by_flag(config, ATTENTION_BIAS)?;
    let mlp_bias = reading::bias_by_flag(config, MLP_BIAS)?;
    let keys = multiplier(config, KEYS)?;
    let of_mlp = multipliers::<2>(config, MLP)?;
    let beside = BesideSpec {
        mixer: MixerSpec::Mamba2(state_space(config, &spec)?),
        attention_input: multiplier(config, ATTENTION_INPUT)?,
        attention_output: multiplier(config, ATTENTION_OUTPUT)?,
        mixer_output: multiplier(config, SPACE_OUTPUT)?,
    };
    for block in &mut spec.blocks {
        block.attention.scale *= keys;
        block.attention.qkv_bias = attention_bias;
        block.attention.output_bias = attention_bias;
        block.mixing = MixingSpec::Both(beside.clone());
        if let FeedForwardSpec::Dense(mlp) = &mut block.feed_forward {
            mlp.bias = mlp_bias;
            if let Some([gate, down]) = of_mlp {
                mlp.kind = MlpKind::Scaled { gate, down };
            }
        }
    }
    Ok(spec)
}

/// The state space of every block.
fn state_space(config: &Config, spec: &Spec) -> Result<mamba2::Spec, ModelError> {
    // Asked for whether or not it counts.
    config.optional_f64(EXPAND)?;
    let channels = match config.optional_usize(CHANNELS)? {
        Some(channels) => channels,
        None => state_space::channels(config, EXPAND, spec.d_model)?,
    };
    let eps = config.f64(reading::RMS_EPS)?;
    let space = state_space::read(config, &SPACE_KEYS, channels, eps)?;
    let input = multiplier(config, SPACE_INPUT)?;
    let parts = multipliers::<5>(config, SPACE)?;
    let flags = (
        config.optional_bool(IS_NORMED)?,
        config.optional_bool(NORM_COMES_FIRST)?,
    );
    Ok(mamba2::Spec {
        normed: match (config.dialect(), flags) {
            (Dialect::Gguf, _) => Normed::AsStored,
            (_, (Some(true), Some(true))) => Normed::Ungated,
            (_, (Some(true), _)) => Normed::Gated,
            _ => Normed::Nowhere,
        },
        scales: match parts {
            None if (input - 1.0).abs() < f64::EPSILON => None,
            parts => Some((input, parts.unwrap_or([1.0; 5]))),
        },
        ..space
    })
}

fn multiplier(config: &Config, key: Key) -> Result<f64, ModelError> {
    Ok(config.optional_f64(key)?.unwrap_or(1.0))
}

/// So many numbers in a list, where it is there.
fn multipliers<const N: usize>(config: &Config, key: Key) -> Result<Option<[f64; N]>, ModelError> {
    let Some(value) = config.get(key) else {
        return Ok(None);
    };
    let numbers = value.as_array().into_iter().flatten();
    let numbers: Option<Vec<f64>> = numbers.map(Value::as_f64).collect();
    let numbers = numbers.and_then(|numbers| <[f64; N]>::try_from(numbers).ok());
    match numbers {
        Some(numbers) => Ok(Some(numbers)),
        None => Err(config.complain(key, &format!("must be a list of {N} numbers"))),
    }
}

fn layout(config: &Config) -> Layout {
    match config.dialect() {
        Dialect::HuggingFace => Layout {
            mixer: MixerLayout::Mamba2(state_space::IN_MAMBA),
            mlp_norm: "layers.{l}.pre_ff_layernorm",
            mlp: MlpLayout::Gated {
                gate: "layers.{l}.feed_forward.gate_proj",
                up: "layers.{l}.feed_forward.up_proj",
                down: "layers.{l}.feed_forward.down_proj",
            },
            final_norm: "final_layernorm",
            // What the multipliers make of each number that goes in.
            ignored: &[".mamba.mup_vector", ".rotary_emb.inv_freq"],
            ..HUGGING_FACE
        },
        Dialect::Gguf => Layout {
            mixer: MixerLayout::Mamba2(state_space::IN_GGUF),
            ..GGUF
        },
    }
}
