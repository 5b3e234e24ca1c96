//! `llama` and the architectures that differ from it in hyperparameters only: Mistral (sliding
//! window), Qwen2 (biases on queries, keys and values), Qwen3 (norms of queries and keys),
//! SmolLM3 (layers without rotation), Mixtral (experts). SmolLM2 and TinyLlama are `llama`.
//!
//! Touvron et al. 2023, <https://arxiv.org/abs/2302.13971>.

use super::start::Start;
use super::{Family, experts, reading, rotary};
use crate::model::ModelError;
use crate::model::config::{Config, Dialect, Key, key};
use crate::model::layout::{
    ExpertsLayout, GGUF, GGUF_SINGLE_EXPERTS, HUGGING_FACE, Layout, RopeRows,
};
use crate::model::spec::{
    Bias, FeedForwardSpec, HeadPositions, Presence, QkNorm, QkNormSpan, Spec, Unembedding,
};

pub const FAMILY: Family = Family {
    name: "llama",
    model_types: &[
        "llama",
        "mistral",
        "mixtral",
        "qwen2",
        "qwen2_moe",
        "qwen3",
        "qwen3_moe",
        "smollm3",
    ],
    gguf: &["llama", "qwen2", "qwen2moe", "qwen3", "qwen3moe", "smollm3"],
    spec,
    layout,
};

const ATTENTION_BIAS: Key = key(&["attention_bias"], "");
const QKV_BIAS: Key = key(&["qkv_bias"], "");
const MLP_BIAS: Key = key(&["mlp_bias"], "");
const USES_WINDOW: Key = key(&["use_sliding_window"], "");
const FIRST_WITH_WINDOW: Key = key(&["max_window_layers"], "");
const TURNED_LAYERS: Key = key(&["no_rope_layers"], "");
const UNTURNED_INTERVAL: Key = key(&["no_rope_layer_interval"], "");

fn spec(config: &Config) -> Result<Spec, ModelError> {
    let kind = config.architecture();
    let mut start = Start::gated(config)?;
    if kind == "smollm3" {
        start.unembedding = Unembedding::Tied;
    }
    let norm = start.norm;
    let mut spec = start.decoder(config)?;
    rotary::turn(config, &mut spec)?;
    let (qkv_bias, output_bias) = match kind {
        "qwen2" => (Bias::Present, Bias::Absent),
        "qwen2_moe" if config.optional_bool(QKV_BIAS)? == Some(false) => {
            (Bias::Absent, Bias::Absent)
        }
        "qwen2_moe" | "qwen2moe" => (Bias::Present, Bias::Absent),
        _ => {
            let bias = reading::bias_by_flag(config, ATTENTION_BIAS)?;
            (bias, bias)
        }
    };
    let mlp_bias = reading::bias_by_flag(config, MLP_BIAS)?;
    for (layer, block) in spec.blocks.iter_mut().enumerate() {
        block.attention.window = window(config, layer)?;
        block.attention.qkv_bias = qkv_bias;
        block.attention.output_bias = output_bias;
        if kind.starts_with("qwen3") {
            block.attention.qk_norm = Some(QkNorm {
                norm,
                span: QkNormSpan::Head,
                presence: Presence::Required,
            });
        }
        if kind == "smollm3" && !is_turned(config, layer)? {
            block.attention.positions = HeadPositions::None;
        }
        if let FeedForwardSpec::Dense(mlp) = &mut block.feed_forward {
            mlp.bias = mlp_bias;
        }
    }
    experts::replace(config, &mut spec)?;
    Ok(spec)
}

/// The sliding window of a layer. The Qwen models have one from layer `max_window_layers` on and
/// only where `use_sliding_window` says so; newer files list the layers' types.
fn window(config: &Config, layer: usize) -> Result<Option<usize>, ModelError> {
    let window = reading::window(config)?;
    let optional = config.architecture().starts_with("qwen") || config.architecture() == "smollm3";
    let local = match reading::listed_as_local(config, layer) {
        Some(local) => local,
        None if optional => {
            config.optional_bool(USES_WINDOW)?.unwrap_or(false)
                && layer >= config.optional_usize(FIRST_WITH_WINDOW)?.unwrap_or(0)
        }
        None => true,
    };
    Ok(window.filter(|_| local))
}

/// Whether a layer of SmolLM3 turns its queries and keys: three of four do.
fn is_turned(config: &Config, layer: usize) -> Result<bool, ModelError> {
    let listed = config.get(TURNED_LAYERS).and_then(|list| list.as_array());
    if let Some(turned) = listed.and_then(|list| list.get(layer)?.as_u64()) {
        return Ok(turned != 0);
    }
    let interval = config.optional_usize(UNTURNED_INTERVAL)?.unwrap_or(4);
    Ok(interval == 0 || !(layer + 1).is_multiple_of(interval))
}

fn layout(config: &Config) -> Layout {
    match (config.dialect(), config.architecture()) {
        (Dialect::HuggingFace, "mixtral") => Layout {
            experts: ExpertsLayout {
                router: "layers.{l}.block_sparse_moe.gate",
                gate: "layers.{l}.block_sparse_moe.experts.{e}.w1",
                up: "layers.{l}.block_sparse_moe.experts.{e}.w3",
                down: "layers.{l}.block_sparse_moe.experts.{e}.w2",
                ..HUGGING_FACE.experts
            },
            ..HUGGING_FACE
        },
        (Dialect::HuggingFace, _) => HUGGING_FACE,
        // llama.cpp's converter permutes the rows of these two only.
        (Dialect::Gguf, "llama" | "smollm3") => Layout {
            rope_rows: RopeRows::Neighbours,
            experts: ExpertsLayout {
                older: Some(&GGUF_SINGLE_EXPERTS),
                ..GGUF.experts
            },
            ..GGUF
        },
        (Dialect::Gguf, _) => GGUF,
    }
}
