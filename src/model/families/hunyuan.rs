//! `hunyuan_v1_dense`: Llama with norms of queries and keys behind their rotation, whose base may be
//! stretched for long contexts.
//!
//! Tencent Hunyuan Team 2025, <https://huggingface.co/tencent/Hunyuan-7B-Instruct>.

use super::start::Start;
use super::{Family, reading, rotary};
use crate::model::ModelError;
use crate::model::config::{Config, Dialect, Key, ModelType, key};
use crate::model::layout::{GGUF, HUGGING_FACE, Layout};
use crate::model::spec::{Bias, FeedForwardSpec, Presence, QkNorm, QkNormPlace, QkNormSpan, Spec};

pub const FAMILY: Family = Family {
    name: "hunyuan",
    model_types: &[HUNYUAN],
    gguf: &["hunyuan-dense"],
    spec,
    layout,
};

const HUNYUAN: ModelType = ModelType::new(
    "hunyuan_v1_dense",
    r#"{
        "hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32,
        "num_attention_heads": 32, "num_key_value_heads": null, "head_dim": null,
        "hidden_act": "silu", "max_position_embeddings": 2048, "rms_norm_eps": 1e-5,
        "tie_word_embeddings": false, "rope_parameters": null, "rope_theta": 10000.0,
        "attention_bias": false
    }"#,
)
.only(&[
    ("use_qk_norm", "[true]"),
    ("use_cla", "[false]"),
    ("mlp_bias", "[false]"),
    ("norm_type", r#"["rms"]"#),
])
.ignoring(&[
    ("eod_token_id", "the tokenizer's, which reads it"),
    ("attention_head_dim", "`head_dim` stands for it"),
    (
        "org_vocab_size",
        "the size of the vocabulary is that of the embedding's tensor",
    ),
]);

const ATTENTION_BIAS: Key = key(&["attention_bias"], "");

fn spec(config: &Config) -> Result<Spec, ModelError> {
    let mut start = Start::gated(config)?;
    start.bias = reading::bias_by_flag(config, ATTENTION_BIAS)?;
    let norm = start.norm;
    let mut spec = start.decoder(config)?;
    rotary::apply(config, &mut spec)?;
    for block in &mut spec.blocks {
        block.attention.qk_norm = Some(QkNorm {
            norm,
            span: QkNormSpan::Head,
            presence: Presence::Required,
        });
        block.attention.qk_norm_place = QkNormPlace::AfterRotation;
        if let FeedForwardSpec::Dense(mlp) = &mut block.feed_forward {
            mlp.bias = Bias::Absent;
        }
    }
    Ok(spec)
}

fn layout(config: &Config) -> Layout {
    match config.dialect() {
        Dialect::HuggingFace => Layout {
            q_norm: "layers.{l}.self_attn.query_layernorm",
            k_norm: "layers.{l}.self_attn.key_layernorm",
            ..HUGGING_FACE
        },
        Dialect::Gguf => GGUF,
    }
}
