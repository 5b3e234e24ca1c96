//! `gpt2`: learned positions, LayerNorm, Conv1D weights stored `[in, out]`. DistilGPT-2 too.
//!
//! Radford et al. 2019, *Language Models are Unsupervised Multitask Learners*.

use super::{Family, reading};
use crate::model::ModelError;
use crate::model::config::{Config, Dialect, Key, key};
use crate::model::layout::{GGUF, Layout, MlpLayout, Orientation, QkvLayout, RopeRows};
use crate::model::spec::{
    Activation, AttentionSpec, Bias, BlockSpec, HeadSpec, MlpKind, MlpSpec, NormKind, NormSpec,
    Positions, Spec, Unembedding,
};

pub const FAMILY: Family = Family {
    name: "gpt2",
    model_types: &["gpt2"],
    gguf: &["gpt2"],
    spec,
    layout,
};

const SCALES: Key = key(&["scale_attn_weights"], "");
const SCALES_BY_LAYER: Key = key(&["scale_attn_by_inverse_layer_idx"], "");

fn spec(config: &Config) -> Result<Spec, ModelError> {
    let d_model = config.usize(reading::D_MODEL)?;
    let heads = reading::heads(config, d_model)?;
    let norm = NormSpec {
        kind: NormKind::Layer,
        eps: config.f64(reading::LAYER_EPS)?,
        weight_offset: 0.0,
    };
    let width = config
        .optional_usize(reading::MLP_WIDTH)?
        .unwrap_or(d_model.saturating_mul(4));
    let activation = reading::activation(config, Activation::GeluTanh)?;
    let blocks = (0..config.layers(reading::N_LAYERS)?)
        .map(|layer| {
            Ok(BlockSpec {
                norm,
                attention: AttentionSpec {
                    n_heads: heads.n_heads,
                    n_kv_heads: heads.n_kv_heads,
                    head_dim: heads.head_dim,
                    scale: scale(config, heads.head_dim, layer)?,
                    window: None,
                    rope: None,
                    qkv_bias: Bias::Present,
                    output_bias: Bias::Present,
                },
                mlp: MlpSpec {
                    kind: MlpKind::Plain,
                    activation,
                    width,
                    bias: Bias::Present,
                },
            })
        })
        .collect::<Result<_, ModelError>>()?;
    Ok(Spec {
        d_model,
        context_length: config.usize(reading::CONTEXT)?,
        positions: Positions::Learned { offset: 0 },
        blocks,
        head: HeadSpec {
            norm,
            unembedding: reading::unembedding(config, Unembedding::Tied)?,
        },
    })
}

/// `1 / sqrt(head_dim)`, and `1 / (layer + 1)` where the configuration asks for it.
#[expect(
    clippy::cast_precision_loss,
    reason = "widths and layers are below 2^52"
)]
fn scale(config: &Config, head_dim: usize, layer: usize) -> Result<f64, ModelError> {
    let mut scale = 1.0;
    if config.optional_bool(SCALES)?.unwrap_or(true) {
        scale /= (head_dim as f64).sqrt();
    }
    if config.optional_bool(SCALES_BY_LAYER)?.unwrap_or(false) {
        scale /= (layer + 1) as f64;
    }
    Ok(scale)
}

fn layout(config: &Config) -> Layout {
    match config.dialect() {
        Dialect::HuggingFace => Layout {
            prefixes: &["transformer.", ""],
            embedding: "wte",
            positions: Some("wpe"),
            attention_norm: "h.{l}.ln_1",
            qkv: QkvLayout::Concatenated("h.{l}.attn.c_attn"),
            output: "h.{l}.attn.c_proj",
            mlp_norm: "h.{l}.ln_2",
            mlp: MlpLayout::Plain {
                up: "h.{l}.mlp.c_fc",
                down: "h.{l}.mlp.c_proj",
            },
            final_norm: "ln_f",
            unembedding: "lm_head",
            orientation: Orientation::InOut,
            rope_rows: RopeRows::Halves,
            rope_divisors: None,
            ignored: &[".attn.bias", ".attn.masked_bias"],
        },
        // The converter has turned the Conv1D weights already.
        Dialect::Gguf => Layout {
            positions: Some("position_embd"),
            qkv: QkvLayout::Concatenated("blk.{l}.attn_qkv"),
            mlp: MlpLayout::Plain {
                up: "blk.{l}.ffn_up",
                down: "blk.{l}.ffn_down",
            },
            ..GGUF
        },
    }
}
