//! `nanochat`: norms without weights, of the embedding and behind the rotation of queries and keys
//! too; the rotation is the other way round; squared ReLU without gates, and a soft cap.
//!
//! Karpathy 2025, <https://github.com/karpathy/nanochat>.

use super::start::Start;
use super::{Family, reading, rotary};
use crate::model::ModelError;
use crate::model::config::{Config, Key, ModelType, key};
use crate::model::layout::{HUGGING_FACE, Layout, MlpLayout, RopeRows};
use crate::model::spec::{
    Activation, Bias, FeedForwardSpec, MlpKind, NormWeights, Presence, QkNorm, QkNormPlace,
    QkNormSpan, Spec,
};

pub const FAMILY: Family = Family {
    name: "nanochat",
    model_types: &[NANOCHAT],
    gguf: &[],
    spec,
    layout,
};

const NANOCHAT: ModelType = ModelType::new(
    "nanochat",
    r#"{
        "hidden_size": 768, "intermediate_size": 8192, "num_hidden_layers": 12,
        "num_attention_heads": 6, "num_key_value_heads": null, "head_dim": null,
        "hidden_act": "relu2", "max_position_embeddings": 2048, "rms_norm_eps": 1e-6,
        "tie_word_embeddings": false, "rope_parameters": null, "rope_theta": 10000.0,
        "attention_bias": false, "final_logit_softcapping": 15.0
    }"#,
);

const ATTENTION_BIAS: Key = key(&["attention_bias"], "");
const CAP: Key = key(&["final_logit_softcapping"], "");

fn spec(config: &Config) -> Result<Spec, ModelError> {
    let mut start = Start::gated(config)?;
    start.mlp = MlpKind::Plain;
    start.activation = Activation::ReluSquared;
    start.bias = reading::bias_by_flag(config, ATTENTION_BIAS)?;
    start.norm.weights = NormWeights::Ones;
    let norm = start.norm;
    let mut spec = start.decoder(config)?;
    rotary::apply(config, &mut spec)?;
    spec.embedding.norm = Some(norm);
    spec.unembed.cap = config.optional_f64(CAP)?;
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

fn layout(_: &Config) -> Layout {
    Layout {
        mlp: MlpLayout::Plain {
            up: "layers.{l}.mlp.fc1",
            down: "layers.{l}.mlp.fc2",
        },
        rope_rows: RopeRows::Exchanged,
        ..HUGGING_FACE
    }
}
