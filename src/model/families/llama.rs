//! `llama` and the architectures that differ from it in hyperparameters only: Mistral (sliding
//! window) and Qwen2 (biases on queries, keys and values). SmolLM2 and TinyLlama are `llama`.
//!
//! Touvron et al. 2023, <https://arxiv.org/abs/2302.13971>.

use super::{Family, reading};
use crate::model::ModelError;
use crate::model::config::{Config, Dialect, Key, key};
use crate::model::layout::{GGUF, Layout, MlpLayout, Orientation, QkvLayout, RopeRows};
use crate::model::spec::{
    Activation, AttentionSpec, Bias, BlockSpec, HeadSpec, MlpKind, MlpSpec, NormKind, NormSpec,
    Positions, Spec, Unembedding,
};

pub const FAMILY: Family = Family {
    name: "llama",
    model_types: &["llama", "mistral", "qwen2"],
    gguf: &["llama", "qwen2"],
    spec,
    layout,
};

const ROTATED: Key = key(&[], "rope.dimension_count");
const ATTENTION_BIAS: Key = key(&["attention_bias"], "");
const MLP_BIAS: Key = key(&["mlp_bias"], "");
const WINDOW: Key = key(&["sliding_window"], "attention.sliding_window");
const USES_WINDOW: Key = key(&["use_sliding_window"], "");
const FIRST_WITH_WINDOW: Key = key(&["max_window_layers"], "");
const LAYER_TYPES: Key = key(&["layer_types"], "");

fn spec(config: &Config) -> Result<Spec, ModelError> {
    let d_model = config.usize(reading::D_MODEL)?;
    let heads = reading::heads(config, d_model)?;
    let norm = NormSpec {
        kind: NormKind::Rms,
        eps: config.f64(reading::RMS_EPS)?,
        weight_offset: 0.0,
    };
    let rotated = config.optional_usize(ROTATED)?.unwrap_or(heads.head_dim);
    let block = BlockSpec {
        norm,
        attention: AttentionSpec {
            n_heads: heads.n_heads,
            n_kv_heads: heads.n_kv_heads,
            head_dim: heads.head_dim,
            #[expect(clippy::cast_precision_loss, reason = "a head is narrower than 2^52")]
            scale: (heads.head_dim as f64).sqrt().recip(),
            window: None,
            rope: Some(reading::rope(config, rotated.min(heads.head_dim))?),
            qkv_bias: match config.architecture() {
                "qwen2" => Bias::Present,
                _ => reading::bias_by_flag(config, ATTENTION_BIAS)?,
            },
            output_bias: match config.architecture() {
                "qwen2" => Bias::Absent,
                _ => reading::bias_by_flag(config, ATTENTION_BIAS)?,
            },
        },
        mlp: MlpSpec {
            kind: MlpKind::Gated,
            activation: reading::activation(config, Activation::Silu)?,
            width: config.usize(reading::MLP_WIDTH)?,
            bias: reading::bias_by_flag(config, MLP_BIAS)?,
        },
    };
    let blocks = (0..config.layers(reading::N_LAYERS)?)
        .map(|layer| {
            let mut block = block.clone();
            block.attention.window = window(config, layer)?;
            Ok(block)
        })
        .collect::<Result<_, ModelError>>()?;
    Ok(Spec {
        d_model,
        context_length: config.usize(reading::CONTEXT)?,
        positions: Positions::Rotary,
        blocks,
        head: HeadSpec {
            norm,
            unembedding: reading::unembedding(config, Unembedding::Separate)?,
        },
    })
}

/// The sliding window of a layer. Qwen2 has one from layer `max_window_layers` on and only where
/// `use_sliding_window` says so; newer files list the layers' types.
fn window(config: &Config, layer: usize) -> Result<Option<usize>, ModelError> {
    let window = config.optional_usize(WINDOW)?;
    let kinds = config.get(LAYER_TYPES).and_then(|kinds| kinds.as_array());
    let local = match (config.architecture(), kinds) {
        (_, Some(kinds)) => {
            kinds.get(layer).and_then(|kind| kind.as_str()) == Some("sliding_attention")
        }
        ("qwen2", None) => {
            config.optional_bool(USES_WINDOW)?.unwrap_or(false)
                && layer >= config.optional_usize(FIRST_WITH_WINDOW)?.unwrap_or(0)
        }
        (_, None) => true,
    };
    Ok(window.filter(|_| local))
}

fn layout(config: &Config) -> Layout {
    match config.dialect() {
        Dialect::HuggingFace => Layout {
            prefixes: &["model.", ""],
            embedding: "embed_tokens",
            positions: None,
            attention_norm: "layers.{l}.input_layernorm",
            qkv: QkvLayout::Separate {
                q: "layers.{l}.self_attn.q_proj",
                k: "layers.{l}.self_attn.k_proj",
                v: "layers.{l}.self_attn.v_proj",
            },
            output: "layers.{l}.self_attn.o_proj",
            mlp_norm: "layers.{l}.post_attention_layernorm",
            mlp: MlpLayout::Gated {
                gate: "layers.{l}.mlp.gate_proj",
                up: "layers.{l}.mlp.up_proj",
                down: "layers.{l}.mlp.down_proj",
            },
            final_norm: "norm",
            unembedding: "lm_head",
            orientation: Orientation::OutIn,
            rope_rows: RopeRows::Halves,
            rope_divisors: None,
            ignored: &[".rotary_emb.inv_freq"],
        },
        // llama.cpp's converter permutes the rows of the llama architecture only.
        Dialect::Gguf => Layout {
            rope_rows: match config.architecture() {
                "llama" => RopeRows::Neighbours,
                _ => RopeRows::Halves,
            },
            ..GGUF
        },
    }
}
