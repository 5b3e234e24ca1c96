//! `stablelm`: Llama with LayerNorm, a part of each head rotated; StableLM 2 12B reads the stream
//! once for both parts of a block and norms each head of queries and keys.
//!
//! Bellagente et al. 2024, <https://arxiv.org/abs/2402.17834>.

use super::start::Start;
use super::{Family, reading, rotary};
use crate::model::ModelError;
use crate::model::config::{Config, Dialect, Key, ModelType, key};
use crate::model::layout::{GGUF, HUGGING_FACE, Layout};
use crate::model::spec::{
    Activation, Bias, MlpKind, NormSpec, QkNorm, QkNormSpan, Residual, Spec, Unembedding,
};

pub const FAMILY: Family = Family {
    name: "stablelm",
    model_types: &[STABLELM],
    gguf: &["stablelm"],
    spec,
    layout,
};

const STABLELM: ModelType = ModelType::new(
    "stablelm",
    r#"{
        "hidden_size": 2560, "intermediate_size": 6912, "num_hidden_layers": 32,
        "num_attention_heads": 32, "num_key_value_heads": 32, "hidden_act": "silu",
        "max_position_embeddings": 4096, "layer_norm_eps": 1e-5, "tie_word_embeddings": false,
        "rope_parameters": null, "rope_theta": 10000.0, "partial_rotary_factor": 0.25,
        "use_qkv_bias": false, "qk_layernorm": false, "use_parallel_residual": false
    }"#,
)
.only(&[("rotary_scaling_factor", "[1]")])
.ignoring(&[
    ("norm_eps", "`layer_norm_eps` stands for it"),
    ("rope_pct", "`partial_rotary_factor` stands for it"),
]);

const QKV_BIAS: Key = key(&["use_qkv_bias"], "");
const PARALLEL: Key = key(&["use_parallel_residual"], "use_parallel_residual");
const QK_NORM: Key = key(&["qk_layernorm"], "");

fn spec(config: &Config) -> Result<Spec, ModelError> {
    let mut start = Start::plain(config, Activation::Silu)?;
    start.mlp = MlpKind::Gated;
    start.bias = Bias::Absent;
    start.unembedding = Unembedding::Separate;
    let norm = start.norm;
    let mut spec = start.decoder(config)?;
    rotary::apply(config, &mut spec)?;
    let parallel = config.optional_bool(PARALLEL)?.unwrap_or(false);
    let qkv_bias = reading::bias_by_flag(config, QKV_BIAS)?;
    let qk_norm = QkNorm {
        norm: NormSpec {
            bias: Bias::Absent,
            ..norm
        },
        span: QkNormSpan::EachHead,
        presence: reading::presence(config),
    };
    let has_qk_norm = match config.dialect() {
        Dialect::HuggingFace => config.optional_bool(QK_NORM)?.unwrap_or(false),
        Dialect::Gguf => true,
    };
    for block in &mut spec.blocks {
        block.attention.qkv_bias = qkv_bias;
        if parallel {
            block.residual = Residual::ParallelOneNorm;
        }
        if has_qk_norm {
            block.attention.qk_norm = Some(qk_norm);
        }
    }
    Ok(spec)
}

fn layout(config: &Config) -> Layout {
    match config.dialect() {
        Dialect::HuggingFace => Layout {
            q_norm: "layers.{l}.self_attn.q_layernorm.norms.{h}",
            k_norm: "layers.{l}.self_attn.k_layernorm.norms.{h}",
            ..HUGGING_FACE
        },
        Dialect::Gguf => GGUF,
    }
}
