//! `olmo2` and `olmoe`: queries and keys are normed over all heads at once. OLMo 2 norms what its
//! parts give and nothing that they read; OLMoE is a mixture of experts with norms before.
//!
//! OLMo Team 2024, <https://arxiv.org/abs/2501.00656>; Muennighoff et al. 2024,
//! <https://arxiv.org/abs/2409.02060>.

use super::start::Start;
use super::{Family, experts, reading, rotary};
use crate::model::ModelError;
use crate::model::config::{Config, Dialect, Key, key};
use crate::model::layout::{GGUF, HUGGING_FACE, Layout};
use crate::model::spec::{NormPlace, Presence, QkNorm, QkNormSpan, Spec};

pub const FAMILY: Family = Family {
    name: "olmo",
    model_types: &["olmo2", "olmoe"],
    gguf: &["olmo2", "olmoe"],
    spec,
    layout,
};

const ATTENTION_BIAS: Key = key(&["attention_bias"], "");
const CLIP: Key = key(&["clip_qkv"], "attention.clamp_kqv");

fn spec(config: &Config) -> Result<Spec, ModelError> {
    if config.optional_f64(CLIP)?.is_some_and(|clip| clip > 0.0) {
        return Err(config.complain(CLIP, "is not supported"));
    }
    let start = Start::gated(config)?;
    let norm = start.norm;
    let mut spec = start.decoder(config)?;
    rotary::turn(config, &mut spec)?;
    let bias = reading::bias_by_flag(config, ATTENTION_BIAS)?;
    for block in &mut spec.blocks {
        if config.architecture() == "olmo2" {
            block.norm_place = NormPlace::Output;
        }
        block.attention.qkv_bias = bias;
        block.attention.output_bias = bias;
        block.attention.qk_norm = Some(QkNorm {
            norm,
            span: QkNormSpan::Projection,
            presence: Presence::Required,
        });
    }
    experts::replace(config, &mut spec)?;
    Ok(spec)
}

fn layout(config: &Config) -> Layout {
    match config.dialect() {
        Dialect::HuggingFace => HUGGING_FACE,
        Dialect::Gguf => GGUF,
    }
}
