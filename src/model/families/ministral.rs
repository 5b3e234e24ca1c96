//! `ministral3`: Mistral with YaRN and queries that grow with their position. Ministral 3 and
//! Mistral Small 3 are published within `mistral3`, which also sees; GGUF files of both say so.
//!
//! Mistral AI 2025, <https://huggingface.co/mistralai/Ministral-3-8B-Base-2512>.

use super::start::Start;
use super::{Family, reading, rotary};
use crate::model::ModelError;
use crate::model::config::{Config, Dialect, ModelType};
use crate::model::layout::{GGUF, HUGGING_FACE, Layout, RopeRows};
use crate::model::spec::Spec;

pub const FAMILY: Family = Family {
    name: "ministral",
    model_types: &[MINISTRAL3],
    gguf: &["mistral3"],
    spec,
    layout,
};

const MINISTRAL3: ModelType = ModelType::new(
    "ministral3",
    r#"{
        "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 34,
        "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 128,
        "hidden_act": "silu", "max_position_embeddings": 262144, "rms_norm_eps": 1e-5,
        "tie_word_embeddings": false, "rope_theta": 10000.0, "rope_parameters": {
            "type": "yarn", "rope_theta": 1000000.0, "factor": 16.0, "beta_fast": 32.0,
            "beta_slow": 1.0, "mscale": 1.0, "mscale_all_dim": 1.0,
            "original_max_position_embeddings": 16384, "llama_4_scaling_beta": 0.1
        },
        "sliding_window": null
    }"#,
)
.only(&[("attention_bias", "[false]"), ("mlp_bias", "[false]")]);

fn spec(config: &Config) -> Result<Spec, ModelError> {
    let mut spec = Start::gated(config)?.decoder(config)?;
    rotary::apply(config, &mut spec)?;
    let window = reading::window(config)?;
    let temperature = rotary::temperature(config)?;
    for block in &mut spec.blocks {
        block.attention.window = window;
        block.attention.temperature = temperature;
    }
    Ok(spec)
}

fn layout(config: &Config) -> Layout {
    match config.dialect() {
        Dialect::HuggingFace => HUGGING_FACE,
        Dialect::Gguf => Layout {
            rope_rows: RopeRows::Interleaved,
            ..GGUF
        },
    }
}
