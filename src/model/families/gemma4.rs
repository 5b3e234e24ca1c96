//! `gemma4`: Gemma 3 with norms of `w`, wider heads in the global layers, keys and values that the
//! last layers share, in the small ones a vector of each token for each layer, and in some of the
//! large ones experts beside the network.
//!
//! Google DeepMind 2026, *Gemma 4*.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::start::Start;
use super::{Family, experts, reading};
use crate::model::ModelError;
use crate::model::config::{Config, Dialect, Key, ModelType, key};
use crate::model::layout::{
    ExpertsLayout, FusedExperts, GGUF, GateUpRows, HUGGING_FACE, Layout, Orientation,
};
use crate::model::mixer::layered_attention::{self, Source};
use crate::model::mixer::{MixerLayout, MixerSpec};
use crate::model::spec::{
    Activation, AfterSpec, BesideExperts, BeyondTable, ExpertsSpec, FeedForwardSpec, MixingSpec,
    MlpSpec, NormPlace, NormSpec, OwnNorm, PerLayerSpec, Rope, RopeScaling, RouterSpec, Spec, Sum,
    Unembedding, Weighs,
};

pub const FAMILY: Family = Family {
    name: "gemma4",
    model_types: &[GEMMA4, UNIFIED],
    gguf: &["gemma4"],
    spec,
    layout,
};

const GEMMA4: ModelType = ModelType::new(
    "gemma4_text",
    r#"{
        "hidden_size": 2304, "intermediate_size": 9216, "num_hidden_layers": 30,
        "num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 256,
        "hidden_activation": "gelu_pytorch_tanh", "max_position_embeddings": 131072,
        "rms_norm_eps": 1e-6, "tie_word_embeddings": true, "rope_parameters": null,
        "partial_rotary_factor": null, "attention_bias": false, "sliding_window": 512,
        "layer_types": null, "final_logit_softcapping": null, "hidden_size_per_layer_input": 256,
        "attention_k_eq_v": false, "num_kv_shared_layers": 0, "use_double_wide_mlp": false,
        "global_head_dim": 512, "num_global_key_value_heads": null, "per_layer_config": null,
        "enable_moe_block": false, "num_experts": null, "top_k_experts": null,
        "moe_intermediate_size": null
    }"#,
)
.only(&[
    // Within a text tokens see those before them only.
    ("use_bidirectional_attention", r#"["vision"]"#),
])
.ignoring(&[(
    "vocab_size_per_layer_input",
    "the size of that vocabulary is that of its tensor",
)]);

/// Without vectors for each layer and without experts.
const UNIFIED: ModelType = ModelType::new(
    "gemma4_unified_text",
    r#"{
        "hidden_size": 2304, "intermediate_size": 9216, "num_hidden_layers": 30,
        "num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 256,
        "hidden_activation": "gelu_pytorch_tanh", "max_position_embeddings": 262144,
        "rms_norm_eps": 1e-6, "tie_word_embeddings": true, "rope_parameters": null,
        "partial_rotary_factor": null, "attention_bias": false, "sliding_window": 1024,
        "layer_types": null, "final_logit_softcapping": null, "attention_k_eq_v": false,
        "num_kv_shared_layers": 0, "use_double_wide_mlp": false, "global_head_dim": 512,
        "num_global_key_value_heads": null, "per_layer_config": null
    }"#,
)
.only(&[("use_bidirectional_attention", r#"["vision"]"#)]);

const ATTENTION_BIAS: Key = key(&["attention_bias"], "");
const FINAL_CAP: Key = key(&["final_logit_softcapping"], "final_logit_softcapping");
const LAYER_TYPES: Key = key(&["layer_types"], "attention.sliding_window_pattern");
const SHARED: Key = key(&["num_kv_shared_layers"], "attention.shared_kv_layers");
const KEYS_ARE_VALUES: Key = key(&["attention_k_eq_v"], "");
const DOUBLE_WIDE: Key = key(&["use_double_wide_mlp"], "");
const PER_LAYER: Key = key(
    &["hidden_size_per_layer_input"],
    "embedding_length_per_layer_input",
);
const GLOBAL_WIDTH: Key = key(&["global_head_dim"], "attention.key_length");
const LOCAL_WIDTH: Key = key(&["head_dim"], "attention.key_length_swa");
const LOCAL_VALUE_WIDTH: Key = key(&[], "attention.value_length_swa");
const GLOBAL_KV_HEADS: Key = key(&["num_global_key_value_heads"], "");
const BY_LAYER: Key = key(&["per_layer_config"], "");
const HAS_EXPERTS: Key = key(&["enable_moe_block"], "");
const EXPERTS: Key = key(&["num_experts"], "expert_count");
const EXPERTS_USED: Key = key(&["top_k_experts"], "expert_used_count");
const ROPE: Key = key(&["rope_parameters"], "");
const GLOBAL_THETA: Key = key(&[], "rope.freq_base");
const LOCAL_THETA: Key = key(&[], "rope.freq_base_swa");
const LOCAL_TURNED: Key = key(&[], "rope.dimension_count_swa");
/// What stands beside `rope_parameters` in other architectures.
const BESIDE: [Key; 4] = [
    key(&["rope_scaling"], ""),
    key(&["rope_theta"], ""),
    key(&["original_max_position_embeddings"], ""),
    key(&["partial_rotary_factor"], ""),
];

/// Which positions a layer attends to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    Local,
    Global,
}

/// What Gemma 3n begins with too.
pub(super) fn start(config: &Config) -> Result<Start, ModelError> {
    let mut start = Start::gated(config)?;
    start.activation = Activation::GeluTanh;
    start.unembedding = Unembedding::Tied;
    if reading::activation(config, Activation::GeluTanh)? != Activation::GeluTanh {
        let reason = "is not `gelu_pytorch_tanh`, which this architecture is computed with only";
        return Err(config.complain(reading::ACTIVATION, reason));
    }
    Ok(start)
}

fn spec(config: &Config) -> Result<Spec, ModelError> {
    let start = start(config)?;
    let norm = start.norm;
    let mut spec = start.decoder(config)?;
    let d_model = spec.d_model;
    let bias = reading::bias_by_flag(config, ATTENTION_BIAS)?;
    let sights = sights(config, spec.blocks.len())?;
    let first_shared = first_shared(config, spec.blocks.len())?;
    let width = config.optional_usize(PER_LAYER)?.filter(|width| *width > 0);
    let is_double = config.optional_bool(DOUBLE_WIDE)? == Some(true);
    let window = reading::window(config)?;
    spec.embedding.scale = Some(reading::root_scale(spec.d_model).recip());
    spec.embedding.per_layer = width.map(|width| PerLayerSpec {
        width,
        norm,
        beyond: BeyondTable::Nothing,
    });
    spec.unembed.cap = config.optional_f64(FINAL_CAP)?;
    for (layer, block) in spec.blocks.iter_mut().enumerate() {
        let sight = sights.get(layer).copied().unwrap_or(Sight::Global);
        let heads = Heads::of(config, layer, sight, block.attention.n_kv_heads)?;
        let n_heads = block.attention.n_heads;
        if heads.kv == 0 || !n_heads.is_multiple_of(heads.kv) {
            let reason = format!(
                "has {} heads of keys, which do not divide {n_heads}",
                heads.kv
            );
            return Err(config.complain(BY_LAYER, &reason));
        }
        block.norm_place = NormPlace::Around;
        block.mixing = MixingSpec::Mixer(MixerSpec::LayeredAttention(layered_attention::Spec {
            n_heads,
            n_kv_heads: heads.kv,
            head_dim: heads.width,
            window: window.filter(|_| sight == Sight::Local),
            rope: rope(config, sight, heads.width)?,
            norm,
            bias,
            source: source(config, &sights, layer, first_shared)?,
        }));
        let FeedForwardSpec::Dense(mlp) = &mut block.feed_forward else {
            continue;
        };
        if is_double && layer >= first_shared {
            mlp.width = mlp.width.saturating_mul(2);
        }
        let mlp = *mlp;
        if let Some(experts) = experts_of(config, mlp, norm, d_model)? {
            block.feed_forward = FeedForwardSpec::Both(BesideExperts { mlp, experts, norm });
        }
        block.after = Some(AfterSpec {
            per_layer: width,
            norm,
            scale: reading::presence(config),
        });
    }
    if spec.embedding.per_layer.is_some() && config.dialect() == Dialect::HuggingFace {
        spec.notes.push(
            "what a layer takes in of the token's own vector for it counts as part of its \
             feed-forward part"
                .into(),
        );
    }
    Ok(spec)
}

/// The experts beside a network `mlp`, where there are some.
fn experts_of(
    config: &Config,
    mlp: MlpSpec,
    norm: NormSpec,
    d_model: usize,
) -> Result<Option<ExpertsSpec>, ModelError> {
    let count = config.optional_usize(EXPERTS)?.unwrap_or(0);
    let are_there = match config.dialect() {
        Dialect::HuggingFace => config.optional_bool(HAS_EXPERTS)? == Some(true),
        Dialect::Gguf => count > 0,
    };
    // They are asked for whether or not they count.
    let (used, width) = (
        config.optional_usize(EXPERTS_USED)?,
        config.optional_usize(experts::WIDTH)?,
    );
    if !are_there {
        return Ok(None);
    }
    let Some(width) = width.filter(|width| *width > 0) else {
        return Err(config.complain(experts::WIDTH, "must be at least 1"));
    };
    if count == 0 || used.is_none_or(|used| used == 0) {
        let key = if count == 0 { EXPERTS } else { EXPERTS_USED };
        return Err(config.complain(key, "must be at least 1"));
    }
    Ok(Some(ExpertsSpec {
        expert: MlpSpec { width, ..mlp },
        count,
        used: experts::used(config, EXPERTS_USED, count)?,
        router: RouterSpec {
            sum: Sum::ONE,
            own_norm: Some(OwnNorm {
                eps: norm.eps,
                scale: reading::root_scale(d_model),
            }),
            ..RouterSpec::default()
        },
        weighs: Weighs::Output,
        latent: None,
        shared: None,
    }))
}

/// Which positions each layer attends to. The last one attends to all, whatever a file says.
fn sights(config: &Config, layers: usize) -> Result<Vec<Sight>, ModelError> {
    let mut sights = listed_sights(config, layers, 6)?;
    if let (Some(last), Dialect::HuggingFace) = (sights.last_mut(), config.dialect()) {
        *last = Sight::Global;
    }
    Ok(sights)
}

/// Which positions each layer attends to, as it is listed; else every `period`th to all.
pub fn listed_sights(
    config: &Config,
    layers: usize,
    period: usize,
) -> Result<Vec<Sight>, ModelError> {
    let listed = config.get(LAYER_TYPES);
    let of_layer = |layer: usize| -> Result<Sight, ModelError> {
        let Some(listed) = listed else {
            return Ok(match (layer + 1).is_multiple_of(period) {
                true => Sight::Global,
                false => Sight::Local,
            });
        };
        let kind = listed.as_array().and_then(|kinds| kinds.get(layer));
        match (kind.and_then(Value::as_str), kind.and_then(Value::as_bool)) {
            (Some("sliding_attention"), _) | (_, Some(true)) => Ok(Sight::Local),
            (Some("full_attention"), _) | (_, Some(false)) => Ok(Sight::Global),
            _ => {
                let reason = format!(
                    "must say `sliding_attention` or `full_attention` for each layer; for layer \
                     {layer} it does not"
                );
                Err(config.complain(LAYER_TYPES, &reason))
            }
        }
    };
    (0..layers).map(of_layer).collect()
}

/// The first layer that has no keys and values of its own.
pub fn first_shared(config: &Config, layers: usize) -> Result<usize, ModelError> {
    let shared = config.optional_usize(SHARED)?.unwrap_or(0);
    match layers.checked_sub(shared) {
        Some(first) if first > 0 => Ok(first),
        _ => {
            let reason = format!("is {shared}, of {layers} layers");
            Err(config.complain(SHARED, &reason))
        }
    }
}

/// Where a layer has its keys and values from: those that share them, from the last layer of their
/// kind that has its own.
pub fn source(
    config: &Config,
    sights: &[Sight],
    layer: usize,
    first_shared: usize,
) -> Result<Source, ModelError> {
    let sight = sights.get(layer);
    if layer >= first_shared {
        let own = sights.iter().take(first_shared);
        return match own.rev().position(|of_own| Some(of_own) == sight) {
            Some(back) => Ok(Source::Block(first_shared - 1 - back)),
            None => {
                let reason = format!("leaves layer {layer} without one whose keys it could share");
                Err(config.complain(SHARED, &reason))
            }
        };
    }
    Ok(
        match (config.dialect(), config.optional_bool(KEYS_ARE_VALUES)?) {
            (Dialect::Gguf, _) => Source::AsStored,
            (_, Some(true)) if sight == Some(&Sight::Global) => Source::OneProjection,
            _ => Source::Projections,
        },
    )
}

/// The heads of one layer.
struct Heads {
    kv: usize,
    width: usize,
}

impl Heads {
    /// Those of a layer with that sight; `kv` is what others have.
    fn of(config: &Config, layer: usize, sight: Sight, kv: usize) -> Result<Self, ModelError> {
        if config.dialect() == Dialect::Gguf {
            let key = match sight {
                Sight::Local => LOCAL_WIDTH,
                Sight::Global => GLOBAL_WIDTH,
            };
            let width = config.usize(key)?;
            let values = config.optional_usize(LOCAL_VALUE_WIDTH)?;
            if sight == Sight::Local && values.is_some_and(|values| values != width) {
                let reason = format!("differs from the {width} of the keys");
                return Err(config.complain(LOCAL_VALUE_WIDTH, &reason));
            }
            return Ok(Self { kv, width });
        }
        let (usual, global) = (config.usize(LOCAL_WIDTH)?, config.usize(GLOBAL_WIDTH)?);
        let global_kv = config.optional_usize(GLOBAL_KV_HEADS)?;
        let keys_are_values = config.optional_bool(KEYS_ARE_VALUES)? == Some(true);
        let mut heads = Self { kv, width: usual };
        match config.get(BY_LAYER) {
            Some(Value::Object(layers)) => heads.change(config, layers, layer)?,
            Some(_) => return Err(config.complain(BY_LAYER, "must be an object")),
            None if sight == Sight::Global => {
                heads.width = global;
                heads.kv = global_kv.filter(|_| keys_are_values).unwrap_or(kv);
            }
            None => {}
        }
        Ok(heads)
    }

    /// As `per_layer_config` says for a layer.
    fn change(
        &mut self,
        config: &Config,
        layers: &Map<String, Value>,
        layer: usize,
    ) -> Result<(), ModelError> {
        for (number, keys) in layers {
            let Ok(number) = number.parse::<usize>() else {
                let reason = format!("has `{number}`, which is no number of a layer");
                return Err(config.complain(BY_LAYER, &reason));
            };
            if number != layer {
                continue;
            }
            for (name, value) in keys.as_object().into_iter().flatten() {
                let value = value.as_u64().and_then(|value| usize::try_from(value).ok());
                let value = value.filter(|value| (1..1 << 20).contains(value));
                match (name.as_str(), value) {
                    ("head_dim", Some(width)) => self.width = width,
                    ("num_key_value_heads", Some(heads)) => self.kv = heads,
                    _ => {
                        let reason = format!("changes `{name}` of layer {layer}, unsupported so");
                        return Err(config.complain(BY_LAYER, &reason));
                    }
                }
            }
        }
        Ok(())
    }
}

/// The rotation of the layers with that sight.
fn rope(config: &Config, sight: Sight, width: usize) -> Result<Rope, ModelError> {
    let unscaled = |theta: f64, dim: usize| Rope {
        dim,
        theta,
        scaling: RopeScaling::None,
        magnitude: 1.0,
    };
    if !width.is_multiple_of(2) {
        let reason = format!("is {width}, which does not make pairs");
        return Err(config.complain(LOCAL_WIDTH, &reason));
    }
    if config.dialect() == Dialect::Gguf {
        return Ok(match sight {
            // Which dimensions are not turned a tensor says.
            Sight::Global => unscaled(above_one(config, GLOBAL_THETA, 1e6)?, width),
            Sight::Local => {
                let turned = config.optional_usize(LOCAL_TURNED)?.unwrap_or(width);
                unscaled(above_one(config, LOCAL_THETA, 1e4)?, turned.min(width))
            }
        });
    }
    for beside in BESIDE {
        if config.get(beside).is_some() {
            let reason = "stands beside `rope_parameters`, where transformers does not look";
            return Err(config.complain(beside, reason));
        }
    }
    let (kind, usual) = match sight {
        Sight::Local => ("sliding_attention", unscaled(1e4, width)),
        Sight::Global => ("full_attention", proportional(1e6, width, 0.25, 1.0)),
    };
    let Some(parameters) = config.get(ROPE) else {
        return Ok(usual);
    };
    let complain =
        |name: &str, reason: &str| config.about(&format!("rope_parameters.{kind}.{name}"), reason);
    let Some(parameters) = parameters.get(kind).and_then(Value::as_object) else {
        return Err(complain("rope_theta", "is missing"));
    };
    let number = |name: &str, usual: f64| match parameters.get(name) {
        None | Some(Value::Null) => Ok(usual),
        Some(value) => match value.as_f64() {
            Some(number) if number > 0.0 && number.is_finite() => Ok(number),
            _ => Err(complain(
                name,
                &format!("must be a number above 0, not {value}"),
            )),
        },
    };
    let theta = number("rope_theta", 1e4)?;
    if theta <= 1.0 {
        return Err(complain("rope_theta", "must be above 1"));
    }
    let part = number("partial_rotary_factor", 1.0)?;
    match parameters.get("rope_type").and_then(Value::as_str) {
        // transformers does not look at the part then.
        Some("default") | None => Ok(unscaled(theta, width)),
        Some("proportional") => Ok(proportional(theta, width, part, number("factor", 1.0)?)),
        Some(other) => Err(complain(
            "rope_type",
            &format!("`{other}` is not supported"),
        )),
    }
}

fn above_one(config: &Config, key: Key, usual: f64) -> Result<f64, ModelError> {
    match config.optional_f64(key)?.unwrap_or(usual) {
        theta if theta > 1.0 => Ok(theta),
        theta => Err(config.complain(key, &format!("must be above 1, not {theta}"))),
    }
}

/// A rotation of the first `part` of the pairs of a head, whose frequencies are those of the whole
/// head, divided by `factor`; the other pairs stand still.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "widths are below 2^52; what is not whole is cut off, as in transformers"
)]
fn proportional(theta: f64, width: usize, part: f64, factor: f64) -> Rope {
    let turned = (part * width as f64 / 2.0).floor() as usize;
    let divisors = (0..width / 2).map(|pair| match pair < turned {
        true => factor,
        false => f64::INFINITY,
    });
    Rope {
        dim: width,
        theta,
        scaling: RopeScaling::Divided(divisors.collect::<Arc<[f64]>>()),
        magnitude: 1.0,
    }
}

fn layout(config: &Config) -> Layout {
    let mixer = MixerLayout::LayeredAttention(layered_attention::Layout);
    match config.dialect() {
        Dialect::HuggingFace => Layout {
            mixer,
            mlp_norm: "layers.{l}.pre_feedforward_layernorm",
            experts: ExpertsLayout {
                router: "layers.{l}.router.proj",
                fused: Some(FusedExperts {
                    gate_up: "layers.{l}.experts.gate_up_proj",
                    gate_up_bias: "layers.{l}.experts.gate_up_proj_bias",
                    down: "layers.{l}.experts.down_proj",
                    down_bias: "layers.{l}.experts.down_proj_bias",
                    orientation: Orientation::OutIn,
                    rows: GateUpRows::HalfSplit,
                }),
                ..HUGGING_FACE.experts
            },
            ..HUGGING_FACE
        },
        Dialect::Gguf => Layout {
            mixer,
            experts: ExpertsLayout {
                fused: Some(FusedExperts {
                    gate_up: "blk.{l}.ffn_gate_up_exps.weight",
                    gate_up_bias: "blk.{l}.ffn_gate_up_exps.bias",
                    down: "blk.{l}.ffn_down_exps.weight",
                    down_bias: "blk.{l}.ffn_down_exps.bias",
                    orientation: Orientation::OutIn,
                    rows: GateUpRows::HalfSplit,
                }),
                ..GGUF.experts
            },
            ..GGUF
        },
    }
}
