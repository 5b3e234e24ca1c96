//! `rwkv7`: RWKV-7 "Goose" as the package flash-linear-attention publishes it. In the place of an
//! attention a time mixing, whose values are mixed with those of the first block; the feed-forward
//! part reads a mix with the position before. A norm of its own stands in front of the first block.
//!
//! Peng et al. 2025, *RWKV-7 "Goose"*, <https://arxiv.org/abs/2503.14456>.

use serde_json::Value;

use super::start::{self, Start};
use super::state_space::ORDER;
use super::{Family, reading};
use crate::model::ModelError;
use crate::model::config::{Config, Dialect, Key, ModelType, key};
use crate::model::layout::{GGUF, HUGGING_FACE, Layout, MlpLayout};
use crate::model::mixer::rwkv7::{self, LowRankLayout, Names, Ranks, SharesLayout, Unit, Values};
use crate::model::mixer::{MixerLayout, MixerSpec};
use crate::model::spec::{
    Activation, Bias, FeedForwardInput, MixingSpec, MlpKind, NormSpec, Spec, Unembedding,
};

pub const FAMILY: Family = Family {
    name: "rwkv7",
    model_types: &[RWKV7],
    gguf: &["rwkv7"],
    spec,
    layout,
};

const RWKV7: ModelType = ModelType::new(
    "rwkv7",
    r#"{
        "hidden_size": 2048, "hidden_ratio": 4, "intermediate_size": null,
        "num_hidden_layers": 24, "head_dim": 64, "num_heads": null, "value_dim": null,
        "decay_low_rank_dim": 64, "gate_low_rank_dim": 128, "a_low_rank_dim": 64,
        "v_low_rank_dim": 16, "norm_first": true, "norm_bias": true, "norm_eps": 1e-5,
        "fuse_norm": true, "tie_word_embeddings": false
    }"#,
)
.only(&[
    ("hidden_act", r#"["sqrelu"]"#),
    // Layers with an attention in the place of the time mixing.
    ("attn", "[null]"),
])
.ignoring(&[
    ("attn_mode", ORDER),
    (
        "max_position_embeddings",
        "no part knows of positions, so that nothing limits the context",
    ),
    ("fuse_cross_entropy", LOSS),
    ("fuse_linear_cross_entropy", LOSS),
    ("use_l2warp", LOSS),
]);

const LOSS: &str = "how the loss is computed in training";

const RATIO: Key = key(&["hidden_ratio"], "");
const WIDTH: Key = key(&["head_dim"], "wkv.head_size");
const HEADS: Key = key(&["num_heads"], "");
const VALUE_WIDTH: Key = key(&["value_dim"], "");
const DECAY_RANK: Key = key(&["decay_low_rank_dim"], "attention.decay_lora_rank");
const RATE_RANK: Key = key(&["a_low_rank_dim"], "attention.iclr_lora_rank");
const VALUE_RANK: Key = key(
    &["v_low_rank_dim"],
    "attention.value_residual_mix_lora_rank",
);
const GATE_RANK: Key = key(&["gate_low_rank_dim"], "attention.gate_lora_rank");
const EPS: Key = key(&["norm_eps"], "attention.layer_norm_epsilon");
const NORM_BIAS: Key = key(&["norm_bias"], "");
const HAS_FIRST_NORM: Key = key(&["norm_first"], "");
const FUSED_NORMS: Key = key(&["fuse_norm"], "");

/// What llama.cpp takes for the epsilon of the heads' norm, whatever a file says.
const LLAMA_CPP_EPS: f64 = 64e-5;

/// What no file tells; llama.cpp's converter writes the same.
const CONTEXT: usize = 1 << 20;

fn spec(config: &Config) -> Result<Spec, ModelError> {
    let is_gguf = config.dialect() == Dialect::Gguf;
    let bias = match config.optional_bool(NORM_BIAS)? {
        Some(false) => Bias::Absent,
        _ => Bias::Present,
    };
    let norm = NormSpec {
        bias,
        ..NormSpec::layer(config.f64(EPS)?)
    };
    let d_model = config.usize(reading::D_MODEL)?;
    let start = Start {
        norm,
        mlp: MlpKind::Plain,
        activation: Activation::ReluSquared,
        bias: Bias::Absent,
        unembedding: Unembedding::Separate,
        context_unsaid: Some(CONTEXT),
    };
    let width = inner_width(config, d_model)?;
    let alone = start::without_attention(config).with(reading::MLP_WIDTH, width.into());
    let mut spec = start.decoder(&alone)?;
    if is_gguf || config.optional_bool(HAS_FIRST_NORM)?.unwrap_or(true) {
        spec.embedding.norm = Some(norm);
    }
    let mixing = time_mixing(config, d_model, norm.eps)?;
    if is_gguf && (mixing.eps - LLAMA_CPP_EPS).abs() > 1e-3 * LLAMA_CPP_EPS {
        spec.notes.push(format!(
            "the epsilon of the heads' norm is {:e}, the heads' width times that of the other \
             norms, as the model's own code has it; llama.cpp takes {LLAMA_CPP_EPS:e} for all models",
            mixing.eps as f32
        ));
    }
    for (l, block) in spec.blocks.iter_mut().enumerate() {
        block.mixing = MixingSpec::Mixer(MixerSpec::Rwkv7(rwkv7::Spec {
            values: match l {
                0 => Values::Own,
                _ => Values::MixedWith(0),
            },
            ..mixing.clone()
        }));
        block.feed_forward_input = FeedForwardInput::Shifted;
    }
    Ok(spec)
}

/// The time mixing of the first block.
#[expect(clippy::cast_precision_loss, reason = "widths are below 2^52")]
fn time_mixing(config: &Config, d_model: usize, eps: f64) -> Result<rwkv7::Spec, ModelError> {
    let width = head_width(config, d_model)?;
    check_value_width(config, d_model)?;
    let is_fused = config.optional_bool(FUSED_NORMS)?.unwrap_or(true);
    // What is taken where a file says null.
    let usual = |times: f64, of_heads: f64| {
        let rank = times * (d_model as f64).sqrt() * of_heads / 32.0;
        (rank.round_ties_even() * 32.0).max(32.0)
    };
    let of_heads = width as f64 / 64.0;
    Ok(rwkv7::Spec {
        heads: d_model / width,
        width,
        ranks: Ranks {
            decay: rank(config, DECAY_RANK, usual(2.5, of_heads))?,
            rate: rank(config, RATE_RANK, usual(2.5, of_heads))?,
            value: rank(config, VALUE_RANK, usual(1.7, of_heads))?,
            gate: rank(config, GATE_RANK, usual(5.0, 1.0))?,
        },
        values: Values::Own,
        unit: match config.dialect() {
            Dialect::HuggingFace if is_fused => Unit::Inside(1e-6),
            Dialect::HuggingFace | Dialect::Gguf => Unit::AtLeast(1e-12),
        },
        eps: eps * width as f64,
    })
}

fn head_width(config: &Config, d_model: usize) -> Result<usize, ModelError> {
    let heads = config.optional_usize(HEADS)?;
    let width = match (config.optional_usize(WIDTH)?, heads) {
        // A file may tell both; then this one counts.
        (Some(_), _) => config.usize(WIDTH)?,
        (None, Some(heads)) if heads > 0 && d_model.is_multiple_of(heads) => d_model / heads,
        (None, Some(heads)) => {
            let reason = format!("is {heads}, which does not divide the width {d_model}");
            return Err(config.complain(HEADS, &reason));
        }
        (None, None) => return Err(config.complain(WIDTH, "is missing")),
    };
    match d_model.is_multiple_of(width) {
        true => Ok(width),
        false => {
            let reason = format!("is {width}, which does not divide the width {d_model}");
            Err(config.complain(WIDTH, &reason))
        }
    }
}

/// Refuses values that are wider than keys: the package has a key for it, but computes nothing that
/// is of use with them.
fn check_value_width(config: &Config, d_model: usize) -> Result<(), ModelError> {
    let is_usual = |value: &Value| value.as_f64() == Some(d_model as f64);
    let all_are = match config.get(VALUE_WIDTH) {
        None => true,
        Some(Value::Array(of_layers)) => of_layers.iter().all(is_usual),
        Some(value) => is_usual(value),
    };
    match all_are {
        true => Ok(()),
        false => {
            let reason = format!("must be {d_model} for each layer: values are as wide as keys");
            Err(config.complain(VALUE_WIDTH, &reason))
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a whole number from 32 on, less than the width times ten"
)]
fn rank(config: &Config, key: Key, usual: f64) -> Result<usize, ModelError> {
    match (config.dialect(), config.optional_usize(key)?) {
        (Dialect::HuggingFace, None) => Ok(usual as usize),
        _ => config.usize(key),
    }
}

/// The width of the feed-forward network: as said, or else so many times the stream's, rounded up to
/// a multiple of 32.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "widths are below 2^52, and what is not whole is cut off"
)]
fn inner_width(config: &Config, d_model: usize) -> Result<usize, ModelError> {
    let ratio = config.optional_f64(RATIO)?.unwrap_or(4.0);
    match (config.dialect(), config.optional_usize(reading::MLP_WIDTH)?) {
        (Dialect::HuggingFace, None) if ratio > 0.0 && ratio < 1e3 => {
            Ok(((d_model as f64 * ratio) as usize).next_multiple_of(32))
        }
        (Dialect::HuggingFace, None) => {
            Err(config.complain(RATIO, &format!("must be above 0, not {ratio}")))
        }
        _ => config.usize(reading::MLP_WIDTH),
    }
}

fn layout(config: &Config) -> Layout {
    match config.dialect() {
        Dialect::HuggingFace => Layout {
            embedding: "embeddings",
            embedding_norm: "layers.0.pre_norm",
            attention_norm: "layers.{l}.attn_norm",
            output: "layers.{l}.attn.o_proj",
            mixer: MixerLayout::Rwkv7(rwkv7::Layout(&IN_FLA)),
            mlp_norm: "layers.{l}.ffn_norm",
            token_shift: "layers.{l}.ffn.x_k",
            mlp: MlpLayout::Plain {
                up: "layers.{l}.ffn.key",
                down: "layers.{l}.ffn.value",
            },
            ..HUGGING_FACE
        },
        Dialect::Gguf => Layout {
            output: "blk.{l}.time_mix_output",
            mixer: MixerLayout::Rwkv7(rwkv7::Layout(&IN_GGUF)),
            mlp_norm: "blk.{l}.attn_norm_2",
            mlp: MlpLayout::Plain {
                up: "blk.{l}.channel_mix_key",
                down: "blk.{l}.channel_mix_value",
            },
            ..GGUF
        },
    }
}

const IN_FLA: Names = Names {
    shares: SharesLayout::Each(
        [
            "layers.{l}.attn.x_r",
            "layers.{l}.attn.x_w",
            "layers.{l}.attn.x_k",
            "layers.{l}.attn.x_v",
            "layers.{l}.attn.x_a",
            "layers.{l}.attn.x_g",
        ],
        "layers.{l}.attn.x_x",
    ),
    receptance: "layers.{l}.attn.r_proj",
    key: "layers.{l}.attn.k_proj",
    value: "layers.{l}.attn.v_proj",
    output: "layers.{l}.attn.o_proj",
    decay: LowRankLayout {
        down: "layers.{l}.attn.w_lora.lora.0",
        up: "layers.{l}.attn.w_lora.lora.2",
        bias: "layers.{l}.attn.w_lora.lora.2.bias",
    },
    rate: LowRankLayout {
        down: "layers.{l}.attn.a_lora.lora.0",
        up: "layers.{l}.attn.a_lora.lora.2",
        bias: "layers.{l}.attn.a_lora.lora.2.bias",
    },
    value_share: LowRankLayout {
        down: "layers.{l}.attn.v_lora.lora.0",
        up: "layers.{l}.attn.v_lora.lora.2",
        bias: "layers.{l}.attn.v_lora.lora.2.bias",
    },
    gate: LowRankLayout {
        down: "layers.{l}.attn.g_lora.lora.0",
        up: "layers.{l}.attn.g_lora.lora.2",
        bias: "layers.{l}.attn.g_lora.lora.2.bias",
    },
    removal: "layers.{l}.attn.k_k",
    replacement: "layers.{l}.attn.k_a",
    bonus: "layers.{l}.attn.r_k",
    norm: "layers.{l}.attn.g_norm",
};

/// The first block holds a copy of the rates' tensors under the names of the values' shares, which
/// llama.cpp wants there and does not use.
const IN_GGUF: Names = Names {
    shares: SharesLayout::Fused("blk.{l}.time_mix_lerp_fused.weight"),
    receptance: "blk.{l}.time_mix_receptance",
    key: "blk.{l}.time_mix_key",
    value: "blk.{l}.time_mix_value",
    output: "blk.{l}.time_mix_output",
    decay: LowRankLayout {
        down: "blk.{l}.time_mix_w1",
        up: "blk.{l}.time_mix_w2",
        bias: "blk.{l}.time_mix_w0.weight",
    },
    rate: LowRankLayout {
        down: "blk.{l}.time_mix_a1",
        up: "blk.{l}.time_mix_a2",
        bias: "blk.{l}.time_mix_a0.weight",
    },
    value_share: LowRankLayout {
        down: "blk.{l}.time_mix_v1",
        up: "blk.{l}.time_mix_v2",
        bias: "blk.{l}.time_mix_v0.weight",
    },
    gate: LowRankLayout {
        down: "blk.{l}.time_mix_g1",
        up: "blk.{l}.time_mix_g2",
        bias: "blk.{l}.time_mix_g0.weight",
    },
    removal: "blk.{l}.time_mix_k_k.weight",
    replacement: "blk.{l}.time_mix_k_a.weight",
    bonus: "blk.{l}.time_mix_r_k.weight",
    norm: "blk.{l}.time_mix_ln",
};

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use std::collections::HashMap;

    use candle_core::quantized::gguf_file;
    use serde_json::json;

    use super::*;
    use crate::model::families;
    use crate::model::spec::FeedForwardSpec;

    fn read(more: &Value) -> families::Architecture {
        let mut file = json!({"model_type": "rwkv7", "hidden_size": 768, "num_hidden_layers": 2});
        let object = file.as_object_mut().unwrap();
        object.extend(more.as_object().unwrap().clone());
        let config = Config::from_json(file.to_string(), "config.json").unwrap();
        families::read(&config).unwrap()
    }

    fn mixing(spec: &Spec, l: usize) -> &rwkv7::Spec {
        match &spec.blocks[l].mixing {
            MixingSpec::Mixer(MixerSpec::Rwkv7(mixing)) => mixing,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_a_file_says_to_be_null_follows_from_the_widths() {
        let null = json!({
            "decay_low_rank_dim": null, "a_low_rank_dim": null, "v_low_rank_dim": null,
            "gate_low_rank_dim": null, "hidden_ratio": 3.5
        });
        let spec = read(&null).spec;
        // 2.5, 2.5, 1.7 and 5 times the root of 768, to the nearest multiple of 32.
        let ranks = Ranks {
            decay: 64,
            rate: 64,
            value: 32,
            gate: 128,
        };
        assert_eq!(mixing(&spec, 0).ranks, ranks);
        let FeedForwardSpec::Dense(mlp) = spec.blocks[0].feed_forward else {
            panic!("a network is expected");
        };
        assert_eq!(mlp.width, 2688);
        let odd = read(&json!({"hidden_size": 72, "head_dim": 8, "hidden_ratio": 1.0})).spec;
        assert_eq!(mixing(&odd, 0).heads, 9);
        let FeedForwardSpec::Dense(mlp) = odd.blocks[0].feed_forward else {
            panic!("a network is expected");
        };
        assert_eq!(mlp.width, 96);
    }

    #[test]
    fn the_first_block_has_values_of_its_own_and_nothing_limits_the_context() {
        let spec = read(&json!({"max_position_embeddings": 2048})).spec;
        assert_eq!(mixing(&spec, 0).values, Values::Own);
        assert_eq!(mixing(&spec, 1).values, Values::MixedWith(0));
        assert_eq!(spec.context_length, CONTEXT);
    }

    fn notes_of_gguf(head_width: u32) -> Vec<String> {
        let number = gguf_file::Value::U32;
        let values = [
            (
                "general.architecture",
                gguf_file::Value::String("rwkv7".into()),
            ),
            ("rwkv7.context_length", number(1 << 20)),
            ("rwkv7.embedding_length", number(256)),
            ("rwkv7.block_count", number(2)),
            ("rwkv7.feed_forward_length", number(512)),
            (
                "rwkv7.attention.layer_norm_epsilon",
                gguf_file::Value::F32(1e-5),
            ),
            ("rwkv7.attention.head_count", number(0)),
            ("rwkv7.wkv.head_size", number(head_width)),
            ("rwkv7.attention.decay_lora_rank", number(8)),
            ("rwkv7.attention.iclr_lora_rank", number(8)),
            ("rwkv7.attention.value_residual_mix_lora_rank", number(8)),
            ("rwkv7.attention.gate_lora_rank", number(8)),
        ];
        let values = values
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value));
        let metadata: HashMap<_, _> = values.collect();
        let config = Config::from_gguf(&metadata, "m.gguf").unwrap();
        families::read(&config).unwrap().notes
    }

    #[test]
    fn where_llama_cpp_takes_another_epsilon_that_is_told() {
        assert_eq!(notes_of_gguf(64), Vec::<String>::new());
        let notes = notes_of_gguf(32);
        assert!(notes.len() == 1 && notes[0].contains("3.2e-4"), "{notes:?}");
    }
}
