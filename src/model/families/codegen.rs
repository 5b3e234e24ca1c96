//! `codegen`: GPT-J with queries, values and keys in one tensor of four blocks, as they were spread
//! over four machines.
//!
//! Nijkamp et al. 2022, <https://arxiv.org/abs/2203.13474>.

use super::start::Start;
use super::{Family, reading, rotary};
use crate::model::ModelError;
use crate::model::config::{Config, ModelType};
use crate::model::layout::{HUGGING_FACE, Layout, MlpLayout, QkvLayout, RopeRows};
use crate::model::spec::{Activation, Bias, Residual, Spec, Unembedding};

pub const FAMILY: Family = Family {
    name: "codegen",
    model_types: &[CODEGEN],
    gguf: &[],
    spec,
    layout,
};

const CODEGEN: ModelType = ModelType::new(
    "codegen",
    r#"{
        "n_positions | max_position_embeddings": 2048, "n_embd | hidden_size": 4096,
        "n_layer | num_hidden_layers": 28, "n_head | num_attention_heads": 16, "rotary_dim": 64,
        "n_inner": null, "activation_function": "gelu_new", "layer_norm_epsilon": 1e-5,
        "tie_word_embeddings": false
    }"#,
)
.only(&[("rotary", "[true]"), ("scale_attn_weights", "[true]")])
.ignoring(&[("n_ctx", "`n_positions` stands for it")]);

/// The machines that the first models were trained on.
const BLOCKS: usize = 4;

fn spec(config: &Config) -> Result<Spec, ModelError> {
    let mut start = Start::plain(config, Activation::GeluTanh)?;
    start.unembedding = Unembedding::Separate;
    let mut spec = start.decoder(config)?;
    rotary::apply(config, &mut spec)?;
    spec.unembed.bias = Bias::Present;
    for block in &mut spec.blocks {
        if !block.attention.n_heads.is_multiple_of(BLOCKS) {
            let reason = format!("must be a multiple of {BLOCKS}");
            return Err(config.complain(reading::N_HEADS, &reason));
        }
        block.residual = Residual::ParallelOneNorm;
        block.attention.qkv_bias = Bias::Absent;
        block.attention.output_bias = Bias::Absent;
    }
    Ok(spec)
}

fn layout(_: &Config) -> Layout {
    Layout {
        prefixes: &["transformer.", ""],
        embedding: "wte",
        attention_norm: "h.{l}.ln_1",
        qkv: QkvLayout::Blocks {
            name: "h.{l}.attn.qkv_proj",
            count: BLOCKS,
        },
        output: "h.{l}.attn.out_proj",
        mlp: MlpLayout::Plain {
            up: "h.{l}.mlp.fc_in",
            down: "h.{l}.mlp.fc_out",
        },
        final_norm: "ln_f",
        rope_rows: RopeRows::Interleaved,
        ignored: &[".attn.causal_mask", ".attn.bias", ".attn.masked_bias"],
        ..HUGGING_FACE
    }
}
