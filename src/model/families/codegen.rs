//! `codegen`: GPT-J with queries, values and keys in one tensor of four blocks, as they were spread
//! over four machines.
//!
//! Nijkamp et al. 2022, <https://arxiv.org/abs/2203.13474>.

use super::{Family, gptj, reading};
use crate::model::ModelError;
use crate::model::config::{Config, ModelType};
use crate::model::layout::{Layout, QkvLayout};
use crate::model::spec::Spec;

pub const FAMILY: Family = Family {
    name: "codegen",
    model_types: &[CODEGEN],
    gguf: &[],
    spec,
    layout,
};

const CODEGEN: ModelType = gptj::model_type("codegen");

/// The machines that the first models were trained on.
const BLOCKS: usize = 4;

fn spec(config: &Config) -> Result<Spec, ModelError> {
    let spec = gptj::spec(config)?;
    let heads = spec.blocks.iter().map(|block| block.attention.n_heads);
    match heads.into_iter().all(|heads| heads.is_multiple_of(BLOCKS)) {
        true => Ok(spec),
        false => {
            let reason = format!("must be a multiple of {BLOCKS}");
            Err(config.complain(reading::N_HEADS, &reason))
        }
    }
}

fn layout(config: &Config) -> Layout {
    Layout {
        qkv: QkvLayout::Blocks {
            name: "h.{l}.attn.qkv_proj",
            count: BLOCKS,
        },
        ignored: &[".attn.causal_mask", ".attn.bias", ".attn.masked_bias"],
        ..gptj::layout(config)
    }
}
