//! Mixtures of experts, as the configurations that have them spell them.

use super::reading;
use crate::model::ModelError;
use crate::model::config::{Config, Key, key};
use crate::model::spec::{
    Bias, ExpertsSpec, FeedForwardSpec, Groups, MlpSpec, RouterScore, RouterSpec, SharedExpert,
    SharedGate, Spec, Sum, Weighs,
};

pub const COUNT: Key = key(
    &[
        "num_local_experts",
        "num_experts",
        "n_routed_experts",
        "moe_num_experts",
    ],
    "expert_count",
);
pub const USED: Key = key(&["num_experts_per_tok", "moe_k"], "expert_used_count");
pub const WIDTH: Key = key(&["moe_intermediate_size"], "expert_feed_forward_length");
const SHARED_WIDTH: Key = key(
    &["shared_expert_intermediate_size"],
    "expert_shared_feed_forward_length",
);
const GROUPS: Key = key(&["n_group"], "expert_group_count");
const GROUPS_USED: Key = key(&["topk_group"], "expert_group_used_count");
const SCALE: Key = key(&["routed_scaling_factor"], "expert_weights_scale");
const SUM_TO_ONE: Key = key(&["norm_topk_prob"], "expert_weights_norm");
const RENORMALISED: Key = key(&["norm_topk_prob"], "");
const DENSE_LAYERS: Key = key(&["mlp_only_layers"], "");
const SPARSE_STEP: Key = key(&["decoder_sparse_step"], "");

/// The architectures with one expert more for every token.
const SHARED: [&str; 6] = [
    "qwen2_moe",
    "qwen2moe",
    "qwen3_next",
    "qwen3next",
    "qwen3_5_moe_text",
    "qwen35moe",
];

/// Puts a mixture in place of each feed-forward network that the configuration says is one.
pub fn replace(config: &Config, spec: &mut Spec) -> Result<(), ModelError> {
    let Some(count) = config.optional_usize(COUNT)?.filter(|count| *count > 0) else {
        return Ok(());
    };
    let used = used(config, USED, count)?;
    let width = config.optional_usize(WIDTH)?;
    // Early GGUF files of these say how wide the experts of one token are together.
    let shares_width = matches!(config.architecture(), "qwen2moe" | "qwen3moe");
    let shared = match config.architecture() {
        kind if SHARED.contains(&kind) => Some(SharedExpert {
            width: match config.optional_usize(SHARED_WIDTH)? {
                Some(width) => width,
                None => config.usize(reading::MLP_WIDTH)?,
            },
            gate: SharedGate::Sigmoid,
        }),
        _ => None,
    };
    let renormalised = match config.optional_bool(RENORMALISED)? {
        Some(renormalised) => renormalised,
        // These always do, and GGUF metadata do not say.
        None => matches!(
            config.architecture(),
            "mixtral" | "llama" | "qwen3moe" | "qwen3_5_moe_text" | "qwen3next" | "qwen35moe"
        ),
    };
    for (layer, block) in spec.blocks.iter_mut().enumerate() {
        let FeedForwardSpec::Dense(mlp) = block.feed_forward else {
            continue;
        };
        if is_sparse(config, layer)? {
            block.feed_forward = FeedForwardSpec::Experts(ExpertsSpec {
                expert: MlpSpec {
                    width: width.unwrap_or(if shares_width {
                        mlp.width / used.max(1)
                    } else {
                        mlp.width
                    }),
                    ..mlp
                },
                count,
                used,
                router: RouterSpec {
                    sum: match renormalised {
                        true => Sum::ONE,
                        false => Sum::AsScored,
                    },
                    ..RouterSpec::default()
                },
                weighs: Weighs::Output,
                latent: None,
                shared,
            });
        }
    }
    Ok(())
}

/// The router of DeepSeek V3's kind: the sigmoid of each score, the best groups, weights that come to
/// one unless the configuration says otherwise, and a factor on all.
pub fn by_sigmoid(
    config: &Config,
    count: usize,
    correction: Bias,
) -> Result<RouterSpec, ModelError> {
    Ok(RouterSpec {
        score: RouterScore::Sigmoid,
        correction,
        groups: Some(groups(config, count)?),
        sum: match config.optional_bool(SUM_TO_ONE)?.unwrap_or(true) {
            true => Sum::One {
                more: 1e-20,
                least: 0.0,
            },
            false => Sum::AsScored,
        },
        scale: config.optional_f64(SCALE)?.unwrap_or(1.0),
        ..RouterSpec::default()
    })
}

/// How many of `count` experts a token uses, as `key` says.
pub fn used(config: &Config, key: Key, count: usize) -> Result<usize, ModelError> {
    match config.usize(key)? {
        used if used > count => {
            let reason = format!("is {used}, more than the {count} experts there are");
            Err(config.complain(key, &reason))
        }
        used => Ok(used),
    }
}

/// The groups of `experts`, of which those are used whose best two experts score most together.
pub fn groups(config: &Config, experts: usize) -> Result<Groups, ModelError> {
    let count = config.optional_usize(GROUPS)?.unwrap_or(1);
    let used = config.optional_usize(GROUPS_USED)?.unwrap_or(1);
    if count == 0 || !experts.is_multiple_of(count) || (count > 1 && experts / count < 2) {
        let reason = format!("is {count}, which does not part the {experts} experts into groups");
        return Err(config.complain(GROUPS, &reason));
    }
    if used == 0 || used > count {
        let reason = format!("is {used}, but there are {count} groups");
        return Err(config.complain(GROUPS_USED, &reason));
    }
    Ok(Groups {
        count,
        used,
        best: 2,
    })
}

fn is_sparse(config: &Config, layer: usize) -> Result<bool, ModelError> {
    let dense = config.get(DENSE_LAYERS).and_then(|list| list.as_array());
    let listed = |list: &Vec<serde_json::Value>| {
        list.iter()
            .any(|entry| entry.as_u64() == Some(layer as u64))
    };
    let step = config.optional_usize(SPARSE_STEP)?.unwrap_or(1).max(1);
    Ok(!dense.is_some_and(listed) && (layer + 1).is_multiple_of(step))
}
