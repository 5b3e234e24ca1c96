//! `lfm2` and `lfm2_moe`: gated short convolutions in the place of most attentions, norms of queries
//! and keys; in the second, experts behind a few dense layers.
//!
//! Liquid AI 2025, *LFM2 Technical Report*, <https://arxiv.org/abs/2511.23404>.

use super::start::Start;
use super::{Family, experts, reading, rotary};
use crate::model::ModelError;
use crate::model::config::{Config, Dialect, Key, ModelType, key};
use crate::model::layout::{ExpertsLayout, GGUF, HUGGING_FACE, Layout, MlpLayout};
use crate::model::mixer::{MixerLayout, MixerSpec, short_convolution};
use crate::model::spec::{
    Activation, Bias, ExpertsSpec, FeedForwardSpec, MixingSpec, MlpKind, MlpSpec, NormSpec,
    Presence, QkNorm, QkNormSpan, RouterScore, RouterSpec, Spec, Sum, Unembedding, Weighs,
};

pub const FAMILY: Family = Family {
    name: "lfm2",
    model_types: &[LFM2, LFM2_MOE],
    gguf: &["lfm2", "lfm2moe"],
    spec,
    layout,
};

const LFM2: ModelType = ModelType::new(
    "lfm2",
    r#"{
        "hidden_size": 2560, "block_ff_dim | intermediate_size": 12288, "num_hidden_layers": 32,
        "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": null,
        "max_position_embeddings": 128000, "norm_eps": 1e-5,
        "tie_embedding | tie_word_embeddings": true, "rope_parameters": null,
        "rope_theta": 1000000.0, "conv_bias": false, "conv_L_cache": 3,
        "block_multiple_of": 256, "block_ffn_dim_multiplier": 1.0,
        "block_auto_adjust_ff_dim": true, "full_attn_idxs": null, "layer_types": null
    }"#,
)
.ignoring(&[
    ("block_dim", "`hidden_size` stands for it"),
    ("conv_dim", "`hidden_size` stands for it"),
    ("conv_dim_out", "`hidden_size` stands for it"),
    ("conv_use_xavier_init", "for training only"),
    ("block_mlp_init_scale", "for training only"),
    ("block_out_init_scale", "for training only"),
    ("block_norm_eps", "`norm_eps` stands for it"),
    ("block_use_swiglu", "all networks are gated"),
    ("block_use_xavier_init", "for training only"),
    ("num_heads", "`num_attention_heads` stands for it"),
    (
        "use_pos_enc",
        "attention turns its queries and keys in any case",
    ),
]);

const LFM2_MOE: ModelType = ModelType::new(
    "lfm2_moe",
    r#"{
        "hidden_size": 2048, "intermediate_size": 7168, "num_hidden_layers": 32,
        "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": null,
        "max_position_embeddings": 128000, "norm_eps": 1e-5,
        "tie_embedding | tie_word_embeddings": true, "rope_parameters": null,
        "rope_theta": 1000000.0, "conv_bias": false, "conv_L_cache": 3, "layer_types": null,
        "moe_intermediate_size": 1792, "num_dense_layers": 2, "num_experts_per_tok": 4,
        "num_experts": 32, "use_expert_bias": true, "routed_scaling_factor": 1.0,
        "norm_topk_prob": true
    }"#,
)
.ignoring(&[
    ("conv_use_xavier_init", "for training only"),
    ("block_norm_eps", "`norm_eps` stands for it"),
    (
        "use_pos_enc",
        "attention turns its queries and keys in any case",
    ),
]);

const EPS: Key = key(&["norm_eps"], "attention.layer_norm_rms_epsilon");
const WIDTH: Key = key(
    &["block_ff_dim", "intermediate_size"],
    "feed_forward_length",
);
const TIED: Key = key(&["tie_embedding", "tie_word_embeddings"], "");
const IS_ADJUSTED: Key = key(&["block_auto_adjust_ff_dim"], "");
const MULTIPLIER: Key = key(&["block_ffn_dim_multiplier"], "");
const MULTIPLE: Key = key(&["block_multiple_of"], "");
const FIRST_SPARSE: Key = key(&["num_dense_layers"], "leading_dense_block_count");
const IS_CORRECTED: Key = key(&["use_expert_bias"], "");
const SUM_TO_ONE: Key = key(&["norm_topk_prob"], "expert_weights_norm");
const SCALE: Key = key(&["routed_scaling_factor"], "expert_weights_scale");
/// How scores are made of logits: 2 stands for the sigmoid.
const SCORE: Key = key(&[], "expert_gating_func");
const KERNEL: Key = key(&["conv_L_cache"], "shortconv.l_cache");
const BIAS: Key = key(&["conv_bias"], "");
const LAYER_TYPES: Key = key(&["layer_types"], "");
/// The width is worked out otherwise.
const UNSAID: &str = r#"{"intermediate_size": 1}"#;
const ATTENTIONS: Key = key(&["full_attn_idxs"], "");

fn spec(config: &Config) -> Result<Spec, ModelError> {
    let start = Start {
        norm: NormSpec::rms(config.f64(EPS)?),
        mlp: MlpKind::Gated,
        activation: Activation::Silu,
        bias: Bias::Absent,
        unembedding: Unembedding::Tied,
        context_unsaid: None,
    };
    let norm = start.norm;
    let width = width(config)?;
    let mut spec = start.decoder(&reading::with_key_heads(&config.completed(UNSAID)?))?;
    spec.unembed.unembedding = match (config.dialect(), config.optional_bool(TIED)?) {
        (Dialect::Gguf, _) => Unembedding::AsStored,
        (Dialect::HuggingFace, Some(false)) => Unembedding::Separate,
        (Dialect::HuggingFace, _) => Unembedding::Tied,
    };
    rotary::apply(config, &mut spec)?;
    let convolution = short_convolution::Spec {
        width: spec.d_model,
        kernel: config.usize(KERNEL)?,
        bias: match config.optional_bool(BIAS)? {
            Some(true) => Bias::Present,
            _ => Bias::Absent,
        },
    };
    let has_experts = matches!(config.architecture(), "lfm2_moe" | "lfm2moe");
    let first_sparse = match has_experts {
        true => config.optional_usize(FIRST_SPARSE)?.unwrap_or(0),
        false => usize::MAX,
    };
    for (layer, block) in spec.blocks.iter_mut().enumerate() {
        if !is_attention(config, layer)? {
            block.mixing = MixingSpec::Mixer(MixerSpec::ShortConvolution(convolution.clone()));
        }
        block.attention.qk_norm = Some(QkNorm {
            norm,
            span: QkNormSpan::Head,
            presence: Presence::Required,
        });
        if let FeedForwardSpec::Dense(mlp) = &mut block.feed_forward {
            mlp.width = width;
            let mlp = *mlp;
            if layer >= first_sparse {
                block.feed_forward = FeedForwardSpec::Experts(experts_of(config, mlp)?);
            }
        }
    }
    Ok(spec)
}

/// Experts in the place of the network `mlp`.
fn experts_of(config: &Config, mlp: MlpSpec) -> Result<ExpertsSpec, ModelError> {
    let count = config.usize(experts::COUNT)?;
    let score = config.optional_usize(SCORE)?;
    if score.is_some_and(|score| score != 2) {
        return Err(config.complain(SCORE, "must be 2, for the sigmoid"));
    }
    let correction = match config.optional_bool(IS_CORRECTED)? {
        Some(false) => Bias::Absent,
        Some(true) => Bias::Present,
        None => Bias::AsStored,
    };
    Ok(ExpertsSpec {
        expert: MlpSpec {
            width: config.usize(experts::WIDTH)?,
            ..mlp
        },
        count,
        used: experts::used(config, experts::USED, count)?,
        router: RouterSpec {
            score: RouterScore::Sigmoid,
            correction,
            sum: match config.optional_bool(SUM_TO_ONE)? {
                Some(false) => Sum::AsScored,
                _ => Sum::One {
                    more: 1e-6,
                    least: 0.0,
                },
            },
            scale: config.optional_f64(SCALE)?.unwrap_or(1.0),
            ..RouterSpec::default()
        },
        weighs: Weighs::Output,
        latent: None,
        shared: None,
    })
}

/// The width of the feed-forward networks.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "widths are below 2^52, and what is not whole is cut off, as in transformers"
)]
fn width(config: &Config) -> Result<usize, ModelError> {
    let width = config.usize(WIDTH)?;
    let (adjusted, multiplier) = (
        config.optional_bool(IS_ADJUSTED)?,
        config.optional_f64(MULTIPLIER)?,
    );
    let multiple = config.optional_usize(MULTIPLE)?;
    let is_adjusted = config.architecture() == "lfm2" && adjusted != Some(false);
    if config.dialect() == Dialect::Gguf || !is_adjusted {
        return Ok(width);
    }
    let width = 2 * width / 3;
    let (Some(multiplier), Some(multiple)) = (multiplier, multiple) else {
        return Ok(width);
    };
    if multiple == 0 || multiplier <= 0.0 {
        return Err(config.complain(MULTIPLIER, "and `block_multiple_of` must be above 0"));
    }
    let width = (multiplier * width as f64) as usize;
    Ok(width.div_ceil(multiple).saturating_mul(multiple))
}

/// Whether a layer is an attention and not a convolution. In GGUF files those are that have key
/// heads.
fn is_attention(config: &Config, layer: usize) -> Result<bool, ModelError> {
    if config.dialect() == Dialect::Gguf {
        return Ok(reading::has_key_heads(config, layer));
    }
    if let Some(kinds) = config.get(LAYER_TYPES) {
        let kind = kinds
            .as_array()
            .and_then(|kinds| kinds.get(layer)?.as_str());
        return match kind {
            Some("full_attention") => Ok(true),
            Some("conv") => Ok(false),
            _ => {
                let reason = format!(
                    "must say `conv` or `full_attention` for each layer; for layer {layer} it \
                     does not"
                );
                Err(config.complain(LAYER_TYPES, &reason))
            }
        };
    }
    let listed = config.get(ATTENTIONS).and_then(|list| list.as_array());
    Ok(listed.is_none_or(|list| list.iter().any(|l| l.as_u64() == Some(layer as u64))))
}

fn layout(config: &Config) -> Layout {
    match config.dialect() {
        Dialect::HuggingFace => Layout {
            attention_norm: "layers.{l}.operator_norm",
            q_norm: "layers.{l}.self_attn.q_layernorm",
            k_norm: "layers.{l}.self_attn.k_layernorm",
            output: "layers.{l}.self_attn.out_proj",
            mixer: MixerLayout::ShortConvolution(short_convolution::Layout {
                inner: "layers.{l}.conv.in_proj",
                convolution: "layers.{l}.conv.conv",
                output: "layers.{l}.conv.out_proj",
            }),
            mlp_norm: "layers.{l}.ffn_norm",
            mlp: MlpLayout::Gated {
                gate: "layers.{l}.feed_forward.w1",
                up: "layers.{l}.feed_forward.w3",
                down: "layers.{l}.feed_forward.w2",
            },
            experts: ExpertsLayout {
                router: "layers.{l}.feed_forward.gate",
                correction: "layers.{l}.feed_forward.expert_bias",
                gate: "layers.{l}.feed_forward.experts.{e}.w1",
                up: "layers.{l}.feed_forward.experts.{e}.w3",
                down: "layers.{l}.feed_forward.experts.{e}.w2",
                ..HUGGING_FACE.experts
            },
            final_norm: "embedding_norm",
            ..HUGGING_FACE
        },
        Dialect::Gguf => Layout {
            mixer: MixerLayout::ShortConvolution(short_convolution::Layout {
                inner: "blk.{l}.shortconv.in_proj",
                convolution: "blk.{l}.shortconv.conv",
                output: "blk.{l}.shortconv.out_proj",
            }),
            final_norm: "token_embd_norm",
            ..GGUF
        },
    }
}
