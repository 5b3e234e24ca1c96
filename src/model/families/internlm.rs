//! `internlm2` and `internlm3`: Llama; the second has names of its own, with queries, keys and
//! values in one tensor, and is what its own code computes, which transformers does not hold.
//!
//! Cai et al. 2024, <https://arxiv.org/abs/2403.17297>. GGUF files of the third say `llama`.

use super::start::Start;
use super::{Family, reading, rotary};
use crate::model::ModelError;
use crate::model::config::{Config, Dialect, Key, ModelType, key};
use crate::model::layout::{GGUF, HUGGING_FACE, Layout, MlpLayout, QkvLayout, RopeRows};
use crate::model::spec::{Bias, FeedForwardSpec, Spec};

pub const FAMILY: Family = Family {
    name: "internlm",
    model_types: &[INTERNLM2, INTERNLM3],
    gguf: &["internlm2"],
    spec,
    layout,
};

const INTERNLM2: ModelType = ModelType::new(
    "internlm2",
    r#"{
        "hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32,
        "num_attention_heads": 32, "num_key_value_heads": null, "hidden_act": "silu",
        "max_position_embeddings": 2048, "rms_norm_eps": 1e-6, "tie_word_embeddings": false,
        "rope_parameters": null, "rope_theta": 10000.0, "bias": true
    }"#,
);

const INTERNLM3: ModelType = ModelType::new(
    "internlm3",
    r#"{
        "hidden_size": 4096, "intermediate_size": 10240, "num_hidden_layers": 48,
        "num_attention_heads": 32, "num_key_value_heads": 2, "head_dim": 128,
        "hidden_act": "silu", "max_position_embeddings": 32768, "rms_norm_eps": 1e-5,
        "tie_word_embeddings": false, "rope_parameters": null, "rope_theta": 10000.0,
        "attention_bias | qkv_bias": false, "mlp_bias | bias": false
    }"#,
);

const ATTENTION_BIAS: Key = key(&["attention_bias", "qkv_bias"], "");
const BIAS: Key = key(&["mlp_bias", "bias"], "");

fn spec(config: &Config) -> Result<Spec, ModelError> {
    let mut start = Start::gated(config)?;
    start.bias = reading::bias_by_flag(config, BIAS)?;
    let is_third = config.architecture() == "internlm3";
    if is_third && reading::bias_by_flag(config, ATTENTION_BIAS)? != start.bias {
        let reason = "must be the same as that of the feed-forward part";
        return Err(config.complain(ATTENTION_BIAS, reason));
    }
    let mut spec = start.decoder(config)?;
    rotary::apply(config, &mut spec)?;
    for block in &mut spec.blocks {
        if let FeedForwardSpec::Dense(mlp) = &mut block.feed_forward
            && !is_third
        {
            mlp.bias = Bias::Absent;
        }
    }
    Ok(spec)
}

fn layout(config: &Config) -> Layout {
    match (config.dialect(), config.architecture()) {
        (Dialect::HuggingFace, "internlm2") => Layout {
            embedding: "tok_embeddings",
            attention_norm: "layers.{l}.attention_norm",
            qkv: QkvLayout::Grouped("layers.{l}.attention.wqkv"),
            output: "layers.{l}.attention.wo",
            mlp_norm: "layers.{l}.ffn_norm",
            mlp: MlpLayout::Gated {
                gate: "layers.{l}.feed_forward.w1",
                up: "layers.{l}.feed_forward.w3",
                down: "layers.{l}.feed_forward.w2",
            },
            unembedding: "output",
            ..HUGGING_FACE
        },
        (Dialect::HuggingFace, _) => HUGGING_FACE,
        (Dialect::Gguf, _) => Layout {
            rope_rows: RopeRows::Interleaved,
            ..GGUF
        },
    }
}
