//! `deepseek_v2` and `deepseek_v3`: latent attention, and experts of which a few are chosen from the
//! best groups, beside some that every token goes through.
//!
//! DeepSeek-AI 2024, <https://arxiv.org/abs/2405.04434>, <https://arxiv.org/abs/2412.19437>.

use super::start::Start;
use super::{Family, experts, reading, rotary};
use crate::model::ModelError;
use crate::model::config::{Config, Dialect, Key, ModelType, key};
use crate::model::layout::{ExpertsLayout, GGUF, HUGGING_FACE, Layout, MlpLayout, RopeRows};
use crate::model::mixer::latent_attention::{self, FromLatent};
use crate::model::mixer::{MixerLayout, MixerSpec};
use crate::model::spec::{
    Bias, ExpertsSpec, FeedForwardSpec, Groups, MixingSpec, MlpSpec, NormSpec, RouterScore,
    RouterSpec, SharedExpert, SharedGate, Spec, Sum, Weighs,
};

pub const FAMILY: Family = Family {
    name: "deepseek",
    model_types: &[DEEPSEEK_V2, DEEPSEEK_V3],
    gguf: &["deepseek2"],
    spec,
    layout,
};

const DEEPSEEK_V2: ModelType = ModelType::new(
    "deepseek_v2",
    r#"{
        "hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32,
        "num_attention_heads": 32, "hidden_act": "silu", "max_position_embeddings": 2048,
        "rms_norm_eps": 1e-6, "tie_word_embeddings": false, "rope_parameters": null,
        "attention_bias": false, "mlp_bias": false, "first_k_dense_replace": 0,
        "kv_lora_rank": 512, "q_lora_rank": 1536, "n_group": null,
        "n_routed_experts | num_experts": 64, "n_shared_experts": 2, "qk_nope_head_dim": 128,
        "qk_rope_head_dim": 64, "routed_scaling_factor": 1.0, "topk_group": null,
        "topk_method": "greedy", "v_head_dim": 128, "num_experts_per_tok": null,
        "moe_intermediate_size": 1407
    }"#,
)
.only(&[
    ("scoring_func", r#"["softmax"]"#),
    ("moe_layer_freq", "[1]"),
    ("norm_topk_prob", "[false]"),
])
.ignoring(HEADS);

const DEEPSEEK_V3: ModelType = ModelType::new(
    "deepseek_v3",
    r#"{
        "hidden_size": 7168, "intermediate_size": 18432, "num_hidden_layers": 61,
        "num_attention_heads": 128, "hidden_act": "silu", "max_position_embeddings": 4096,
        "rms_norm_eps": 1e-6, "tie_word_embeddings": false, "rope_parameters": null,
        "attention_bias": false, "first_k_dense_replace": 3, "kv_lora_rank": 512,
        "q_lora_rank": 1536, "n_group": 8, "n_routed_experts | num_local_experts": 256,
        "n_shared_experts": 1, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64,
        "routed_scaling_factor": 2.5, "topk_group": 4, "norm_topk_prob": true, "v_head_dim": 128,
        "num_experts_per_tok": 8, "moe_intermediate_size": 2048, "rope_interleave": true
    }"#,
)
.only(&[
    ("scoring_func", r#"["sigmoid"]"#),
    ("topk_method", r#"["noaux_tc"]"#),
    ("moe_layer_freq", "[1]"),
])
.ignoring(HEADS);

const HEADS: &[(&str, &str)] = &[
    ("num_key_value_heads", "each head has keys of its own"),
    ("head_dim", "`qk_rope_head_dim` stands for it"),
    (
        "qk_head_dim",
        "`qk_nope_head_dim` and `qk_rope_head_dim` stand for it",
    ),
    (
        "num_nextn_predict_layers",
        "of what predicts tokens behind the next one",
    ),
    (
        "num_mtp_layers",
        "of what predicts tokens behind the next one",
    ),
    ("ep_size", "how a run is done, not what it computes"),
    ("aux_loss_alpha", "for training only"),
    ("seq_aux", "for training only"),
];

const LATENT: Key = key(&["kv_lora_rank"], "attention.kv_lora_rank");
const QUERY_LATENT: Key = key(&["q_lora_rank"], "attention.q_lora_rank");
const UNTURNED: Key = key(&["qk_nope_head_dim"], "");
const TURNED: Key = key(&["qk_rope_head_dim"], "rope.dimension_count");
const VALUE: Key = key(&["v_head_dim"], "attention.value_length_mla");
/// In files of before latent attention was written in two tensors.
const OLD_VALUE: Key = key(&[], "attention.value_length");
/// In GGUF files: both parts of a key.
const KEY: Key = key(&[], "attention.key_length_mla");
const OLD_KEY: Key = key(&[], "attention.key_length");
const ATTENTION_BIAS: Key = key(&["attention_bias"], "");
const MLP_BIAS: Key = key(&["mlp_bias"], "");
const INTERLEAVED: Key = key(&["rope_interleave"], "");
const LOG_MULTIPLIER: Key = key(&[], "rope.scaling.yarn_log_multiplier");
const DENSE: Key = key(&["first_k_dense_replace"], "leading_dense_block_count");
const SHARED: Key = key(&["n_shared_experts"], "expert_shared_count");
const GROUPS: Key = key(&["n_group"], "expert_group_count");
const GROUPS_USED: Key = key(&["topk_group"], "expert_group_used_count");
const METHOD: Key = key(&["topk_method"], "");
const SCALE: Key = key(&["routed_scaling_factor"], "expert_weights_scale");
const NORMED: Key = key(&["norm_topk_prob"], "expert_weights_norm");
/// In GGUF files: 1 for a softmax, 2 for sigmoids.
const GATING: Key = key(&[], "expert_gating_func");
const TEMPERATURE: Key = key(&[], "attention.temperature_scale");

/// The norms of the latents have transformers' default, whatever a file says.
const LATENT_EPS: f64 = 1e-6;

fn spec(config: &Config) -> Result<Spec, ModelError> {
    if config
        .optional_f64(TEMPERATURE)?
        .is_some_and(|scale| scale != 0.0)
    {
        let reason = "is not 0: scores that grow with the position are not supported";
        return Err(config.complain(TEMPERATURE, reason));
    }
    let mut spec = Start::gated(config)?.decoder(&one_head(config))?;
    spec.blocks
        .truncate(reading::blocks_for_the_next_token(config)?);
    let latent = MixerSpec::LatentAttention(attention(config)?);
    let mlp_bias = reading::bias_by_flag(config, MLP_BIAS)?;
    let dense = config.optional_usize(DENSE)?.unwrap_or(0);
    for (layer, block) in spec.blocks.iter_mut().enumerate() {
        block.mixing = MixingSpec::Mixer(latent.clone());
        let FeedForwardSpec::Dense(mlp) = &mut block.feed_forward else {
            continue;
        };
        mlp.bias = match config.dialect() {
            Dialect::HuggingFace => mlp_bias,
            Dialect::Gguf => Bias::Absent,
        };
        if layer >= dense
            && config
                .optional_usize(experts::COUNT)?
                .is_some_and(|n| n > 0)
        {
            block.feed_forward = FeedForwardSpec::Experts(mixture(config, *mlp)?);
        }
    }
    Ok(spec)
}

/// The configuration with no heads of keys: latent attention has none.
fn one_head(config: &Config) -> Config {
    let width = key(&["head_dim"], "attention.key_length");
    let values = key(&["value_dim"], "attention.value_length");
    let heads = config.with(reading::N_KV_HEADS, 1.into());
    heads.with(width, 1.into()).with(values, 1.into())
}

fn attention(config: &Config) -> Result<latent_attention::Spec, ModelError> {
    let turned = config.usize(TURNED)?;
    let either = |key: Key, old: Key| match config.optional_usize(key)? {
        Some(width) => Ok(width),
        None => config.usize(old),
    };
    let (unturned, value) = match config.dialect() {
        Dialect::HuggingFace => (config.usize(UNTURNED)?, config.usize(VALUE)?),
        Dialect::Gguf => {
            let key = either(KEY, OLD_KEY)?;
            let unturned = key.checked_sub(turned).filter(|width| *width > 0);
            let reason = format!("is {key}, of which {turned} are turned");
            let unturned = unturned.ok_or_else(|| config.complain(KEY, &reason))?;
            (unturned, either(VALUE, OLD_VALUE)?)
        }
    };
    let mut rope = rotary::of_layers(config, rotary::Layers::Global, turned)?;
    let is_halves = config.optional_bool(INTERLEAVED)? == Some(false);
    // llama.cpp's converter writes a tenth of the weight.
    let weight = config
        .optional_f64(LOG_MULTIPLIER)?
        .map(|tenth| tenth * 10.0);
    let sharper = rotary::sharper(config, weight)?;
    if weight.is_some_and(|weight| weight != 0.0) {
        // Of the values' weight GGUF says nothing; it is the same in all that were published.
        rope.magnitude = 1.0;
    }
    Ok(latent_attention::Spec {
        heads: config.usize(reading::N_HEADS)?,
        query_latent: config
            .optional_usize(QUERY_LATENT)?
            .filter(|width| *width > 0),
        latent: config.usize(LATENT)?,
        unturned,
        rope,
        rope_rows: match is_halves {
            true => RopeRows::HalfSplit,
            false => RopeRows::Interleaved,
        },
        value,
        scale: reading::root_scale(unturned + turned) * sharper,
        norm: NormSpec::rms(match config.dialect() {
            Dialect::HuggingFace => LATENT_EPS,
            Dialect::Gguf => config.f64(reading::RMS_EPS)?,
        }),
        bias: match config.dialect() {
            Dialect::Gguf => Bias::Absent,
            Dialect::HuggingFace => reading::bias_by_flag(config, ATTENTION_BIAS)?,
        },
    })
}

fn mixture(config: &Config, mlp: MlpSpec) -> Result<ExpertsSpec, ModelError> {
    let scale = match config.optional_f64(SCALE)? {
        Some(scale) if scale != 0.0 || config.dialect() == Dialect::HuggingFace => scale,
        _ => 1.0,
    };
    let count = config.usize(experts::COUNT)?;
    let width = config.usize(experts::WIDTH)?;
    let score = match (config.architecture(), config.optional_usize(GATING)?) {
        ("deepseek_v3", _) | (_, Some(2)) => RouterScore::Sigmoid,
        ("deepseek_v2", _) | (_, None | Some(0 | 1)) => RouterScore::Softmax,
        (_, Some(other)) => {
            let reason = format!("is {other}, which is not supported");
            return Err(config.complain(GATING, &reason));
        }
    };
    let is_third = score == RouterScore::Sigmoid;
    let told = [
        config.optional_usize(GROUPS)?,
        config.optional_usize(GROUPS_USED)?,
    ];
    let groups = match config.optional_str(METHOD)? {
        Some("greedy") => None,
        Some("group_limited_greedy" | "noaux_tc") | None => groups(config, told, count, is_third)?,
        Some(other) => {
            return Err(config.complain(METHOD, &format!("`{other}` is not supported")));
        }
    };
    let is_normed = config.optional_bool(NORMED)? == Some(true);
    let shared = config.optional_usize(SHARED)?.unwrap_or(0);
    Ok(ExpertsSpec {
        expert: MlpSpec {
            width,
            bias: Bias::Absent,
            ..mlp
        },
        count,
        used: experts::used(config, experts::USED, count)?,
        router: RouterSpec {
            score,
            correction: match (is_third, config.dialect()) {
                (true, Dialect::HuggingFace) => Bias::Present,
                (_, Dialect::Gguf) => Bias::AsStored,
                _ => Bias::Absent,
            },
            groups,
            sum: match is_normed {
                true => Sum::One {
                    more: 1e-20,
                    least: 0.0,
                },
                false => Sum::AsScored,
            },
            scale,
            ..RouterSpec::default()
        },
        weighs: Weighs::Output,
        latent: None,
        shared: (shared > 0).then_some(SharedExpert {
            width: width.saturating_mul(shared),
            gate: SharedGate::None,
        }),
    })
}

/// Groups of which only some are used.
fn groups(
    config: &Config,
    told: [Option<usize>; 2],
    count: usize,
    is_third: bool,
) -> Result<Option<Groups>, ModelError> {
    let [groups, used] = told.map(|told| told.unwrap_or(1));
    if groups <= 1 || used >= groups {
        return Ok(None);
    }
    let least = experts::used(config, experts::USED, count)?;
    if used == 0 || !count.is_multiple_of(groups) || used * (count / groups) < least {
        let reason = format!(
            "is {groups}, of which {used} are used: too few of {count} experts for the {least} that \
             a token uses"
        );
        return Err(config.complain(GROUPS, &reason));
    }
    Ok(Some(Groups {
        count: groups,
        used,
        best: match is_third {
            true => 2,
            false => 1,
        },
    }))
}

fn layout(config: &Config) -> Layout {
    match config.dialect() {
        Dialect::HuggingFace => Layout {
            mixer: MixerLayout::LatentAttention(latent_attention::Layout {
                queries: "layers.{l}.self_attn.q_proj",
                to_query_latent: "layers.{l}.self_attn.q_a_proj",
                query_norm: "layers.{l}.self_attn.q_a_layernorm",
                from_query_latent: "layers.{l}.self_attn.q_b_proj",
                to_latent: "layers.{l}.self_attn.kv_a_proj_with_mqa",
                norm: "layers.{l}.self_attn.kv_a_layernorm",
                from_latent: FromLatent::Together("layers.{l}.self_attn.kv_b_proj"),
                output: "layers.{l}.self_attn.o_proj",
            }),
            experts: ExpertsLayout {
                shared: MlpLayout::Gated {
                    gate: "layers.{l}.mlp.shared_experts.gate_proj",
                    up: "layers.{l}.mlp.shared_experts.up_proj",
                    down: "layers.{l}.mlp.shared_experts.down_proj",
                },
                ..HUGGING_FACE.experts
            },
            layers_beyond: config.layers(reading::N_LAYERS).ok(),
            ..HUGGING_FACE
        },
        Dialect::Gguf => Layout {
            mixer: MixerLayout::LatentAttention(latent_attention::Layout {
                queries: "blk.{l}.attn_q",
                to_query_latent: "blk.{l}.attn_q_a",
                query_norm: "blk.{l}.attn_q_a_norm",
                from_query_latent: "blk.{l}.attn_q_b",
                to_latent: "blk.{l}.attn_kv_a_mqa",
                norm: "blk.{l}.attn_kv_a_norm",
                from_latent: FromLatent::Apart {
                    keys: "blk.{l}.attn_k_b",
                    values: "blk.{l}.attn_v_b",
                    together: "blk.{l}.attn_kv_b",
                },
                output: "blk.{l}.attn_output",
            }),
            layers_beyond: reading::blocks_for_the_next_token(config).ok(),
            ..GGUF
        },
    }
}
