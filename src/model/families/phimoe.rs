//! `phimoe`: Mixtral with LayerNorm, biases, and experts that SparseMixer chooses. Phi-3.5-MoE is
//! one.
//!
//! Abdin et al. 2024, <https://arxiv.org/abs/2404.14219>; the router: Liu et al. 2024,
//! <https://arxiv.org/abs/2409.12136>.

use super::start::Start;
use super::{Family, experts, reading, rotary};
use crate::model::ModelError;
use crate::model::config::{Config, Dialect, Key, ModelType, key};
use crate::model::layout::{ExpertsLayout, GGUF, HUGGING_FACE, Layout};
use crate::model::spec::{
    Bias, ExpertsSpec, FeedForwardSpec, MlpSpec, NormSpec, RouterScore, RouterSpec, Spec, Weighs,
};

pub const FAMILY: Family = Family {
    name: "phimoe",
    model_types: &[PHIMOE],
    gguf: &["phimoe"],
    spec,
    layout,
};

const PHIMOE: ModelType = ModelType::new(
    "phimoe",
    r#"{
        "hidden_size": 4096, "intermediate_size": 6400, "num_hidden_layers": 32,
        "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": null,
        "hidden_act": "silu", "max_position_embeddings": 131072, "rms_norm_eps": 1e-5,
        "tie_word_embeddings": false, "rope_parameters": null, "rope_theta": 1000000.0,
        "sliding_window": null, "num_experts_per_tok": 2, "num_local_experts": 16,
        "router_jitter_noise": 0.01, "attention_bias": false, "lm_head_bias": false
    }"#,
)
.ignoring(&[("input_jitter_noise", "for training only")]);

const ATTENTION_BIAS: Key = key(&["attention_bias"], "");
const LOGIT_BIAS: Key = key(&["lm_head_bias"], "");
const JITTER: Key = key(&["router_jitter_noise"], "");
/// What GGUF files do not say.
const USUAL_JITTER: f64 = 0.01;
/// SparseMixer chooses as many experts, whatever a file says.
const CHOSEN: usize = 2;

fn spec(config: &Config) -> Result<Spec, ModelError> {
    let mut start = Start::gated(config)?;
    start.norm = NormSpec::layer(start.norm.eps);
    start.bias = reading::bias_by_flag(config, ATTENTION_BIAS)?;
    let mut spec = start.decoder(config)?;
    rotary::apply(config, &mut spec)?;
    spec.unembed.bias = reading::bias_by_flag(config, LOGIT_BIAS)?;
    let window = reading::window(config)?;
    let count = config.usize(experts::COUNT)?;
    let used = experts::used(config, experts::USED, count)?;
    if used != CHOSEN {
        let reason = format!("is {used}, which is not supported: SparseMixer chooses {CHOSEN}");
        return Err(config.complain(experts::USED, &reason));
    }
    let jitter = config.optional_f64(JITTER)?.unwrap_or(USUAL_JITTER);
    for block in &mut spec.blocks {
        block.attention.window = window;
        if let FeedForwardSpec::Dense(mlp) = block.feed_forward {
            block.feed_forward = FeedForwardSpec::Experts(ExpertsSpec {
                expert: MlpSpec {
                    bias: Bias::Absent,
                    ..mlp
                },
                count,
                used,
                router: RouterSpec {
                    score: RouterScore::SparseMixer { jitter },
                    ..RouterSpec::default()
                },
                weighs: Weighs::Output,
                latent: None,
                shared: None,
            });
        }
    }
    Ok(spec)
}

fn layout(config: &Config) -> Layout {
    match config.dialect() {
        Dialect::HuggingFace => Layout {
            experts: ExpertsLayout {
                router: "layers.{l}.block_sparse_moe.gate",
                gate: "layers.{l}.block_sparse_moe.experts.{e}.w1",
                up: "layers.{l}.block_sparse_moe.experts.{e}.w3",
                down: "layers.{l}.block_sparse_moe.experts.{e}.w2",
                ..HUGGING_FACE.experts
            },
            ..HUGGING_FACE
        },
        Dialect::Gguf => Layout {
            rope_divisors: "rope_factors_short",
            ..GGUF
        },
    }
}
