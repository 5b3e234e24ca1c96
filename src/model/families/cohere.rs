//! `cohere` and `cohere2`: both parts of a block read the same stream through one LayerNorm
//! without bias, neighbouring dimensions are rotated together, and the logits are scaled. In the
//! second, three of four layers are local, and the others do not rotate at all.
//!
//! Cohere 2024, 2025: Command R, <https://arxiv.org/abs/2504.00698>.

use super::start::Start;
use super::{Family, reading, rotary};
use crate::model::ModelError;
use crate::model::config::{Config, Dialect, Key, ModelType, key};
use crate::model::layout::{GGUF, HUGGING_FACE, Layout, RopeRows};
use crate::model::spec::{
    Activation, Bias, HeadPositions, MlpKind, QkNorm, QkNormSpan, Residual, Spec,
};

pub const FAMILY: Family = Family {
    name: "cohere",
    model_types: &[COHERE, COHERE2],
    gguf: &["command-r", "cohere2"],
    spec,
    layout,
};

const COHERE: ModelType = ModelType::new(
    "cohere",
    r#"{
        "hidden_size": 8192, "intermediate_size": 22528, "num_hidden_layers": 40,
        "num_attention_heads": 64, "num_key_value_heads": null, "head_dim": null,
        "hidden_act": "silu", "max_position_embeddings": 8192, "layer_norm_eps": 1e-5,
        "tie_word_embeddings": true, "rope_parameters": null, "rope_theta": 500000.0,
        "attention_bias": false, "use_qk_norm": false, "logit_scale": 0.0625
    }"#,
)
.ignoring(&[("model_max_length", "the tokenizer's")]);

const COHERE2: ModelType = ModelType::new(
    "cohere2",
    r#"{
        "hidden_size": 8192, "intermediate_size": 22528, "num_hidden_layers": 40,
        "num_attention_heads": 64, "num_key_value_heads": null, "head_dim": null,
        "hidden_act": "silu", "max_position_embeddings": 8192, "layer_norm_eps": 1e-5,
        "tie_word_embeddings": true, "rope_parameters": null, "rope_theta": 10000.0, "attention_bias": false,
        "logit_scale": 0.0625, "sliding_window": 4096, "layer_types": null,
        "sliding_window_pattern": 4
    }"#,
)
.only(&[
    ("use_qk_norm", "[false]"),
    ("use_parallel_block", "[true]"),
    ("use_gated_activation", "[true]"),
    ("position_embedding_type", r#"["rope_gptj"]"#),
    ("rotary_pct", "[1]"),
])
.ignoring(&[
    (
        "use_parallel_embedding",
        "how a run is done, not what it computes",
    ),
    (
        "use_embedding_sharing",
        "`tie_word_embeddings` stands for it",
    ),
    (
        "_sliding_window_pattern",
        "`layer_types` or `sliding_window_pattern` stand for it",
    ),
    (
        "order_of_interleaved_layers",
        "`layer_types` or `sliding_window_pattern` stand for it",
    ),
    (
        "layer_switch",
        "`layer_types` or `sliding_window_pattern` stand for it",
    ),
]);

const LOGIT_SCALE: Key = key(&["logit_scale"], "logit_scale");
const ATTENTION_BIAS: Key = key(&["attention_bias"], "");
const QK_NORM: Key = key(&["use_qk_norm"], "");
const PATTERN: Key = key(
    &["sliding_window_pattern"],
    "attention.sliding_window_pattern",
);

fn spec(config: &Config) -> Result<Spec, ModelError> {
    let mut start = Start::plain(config, Activation::Silu)?;
    start.mlp = MlpKind::Gated;
    start.bias = Bias::Absent;
    start.norm.bias = Bias::Absent;
    let norm = start.norm;
    let mut spec = start.decoder(config)?;
    rotary::apply(config, &mut spec)?;
    spec.unembed.scale = Some(config.f64(LOGIT_SCALE)?);
    let bias = reading::bias_by_flag(config, ATTENTION_BIAS)?;
    let has_qk_norm = match config.dialect() {
        Dialect::HuggingFace => config.optional_bool(QK_NORM)?.unwrap_or(false),
        Dialect::Gguf => true,
    };
    for (layer, block) in spec.blocks.iter_mut().enumerate() {
        block.residual = Residual::ParallelOneNorm;
        let attention = &mut block.attention;
        attention.qkv_bias = bias;
        attention.output_bias = bias;
        if config.architecture() == "cohere2" {
            if is_local(config, layer)? {
                attention.window = reading::window(config)?;
            } else {
                attention.positions = HeadPositions::None;
            }
        } else if has_qk_norm {
            attention.qk_norm = Some(QkNorm {
                norm,
                span: QkNormSpan::EachHead,
                presence: reading::presence(config),
            });
        }
    }
    Ok(spec)
}

fn is_local(config: &Config, layer: usize) -> Result<bool, ModelError> {
    if let Some(local) = reading::listed_as_local(config, layer) {
        return Ok(local);
    }
    let pattern = config.optional_usize(PATTERN)?.unwrap_or(4).max(1);
    Ok(!(layer + 1).is_multiple_of(pattern))
}

fn layout(config: &Config) -> Layout {
    let names = match config.dialect() {
        Dialect::HuggingFace => HUGGING_FACE,
        Dialect::Gguf => GGUF,
    };
    Layout {
        rope_rows: RopeRows::Interleaved,
        ..names
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;
    use crate::model::families;

    #[test]
    fn heads_are_as_wide_as_the_file_says_or_share_the_width() {
        for model_type in ["cohere", "cohere2"] {
            for (said, width) in [(json!(20), 20), (json!(null), 12)] {
                let file = json!({
                    "model_type": model_type, "hidden_size": 48, "num_attention_heads": 4,
                    "num_hidden_layers": 1, "vocab_size": 100, "head_dim": said
                });
                let config = Config::from_json(file.to_string(), "config.json").unwrap();
                let spec = families::read(&config).unwrap().spec;
                assert_eq!(spec.blocks[0].attention.head_dim, width, "{model_type}");
            }
        }
    }
}
