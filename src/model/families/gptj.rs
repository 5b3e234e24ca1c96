//! `gptj`: both parts of a block read the same stream through one norm, neighbouring dimensions
//! are rotated together, and the logits have a bias.
//!
//! Wang, Komatsuzaki 2021, <https://github.com/kingoflolz/mesh-transformer-jax>.

use super::start::Start;
use super::{Family, rotary};
use crate::model::ModelError;
use crate::model::config::{Config, ModelType};
use crate::model::layout::{HUGGING_FACE, Layout, MlpLayout, QkvLayout, RopeRows};
use crate::model::spec::{Activation, Bias, Residual, Spec, Unembedding};

pub const FAMILY: Family = Family {
    name: "gptj",
    model_types: &[GPTJ],
    gguf: &[],
    spec,
    layout,
};

const GPTJ: ModelType = model_type("gptj");

/// The keys of GPT-J, which others have too.
pub(super) const fn model_type(name: &'static str) -> ModelType {
    ModelType::new(
        name,
        r#"{
            "n_positions | max_position_embeddings": 2048, "n_embd | hidden_size": 4096,
            "n_layer | num_hidden_layers": 28, "n_head | num_attention_heads": 16, "rotary_dim": 64,
            "n_inner": null, "activation_function": "gelu_new", "layer_norm_epsilon": 1e-5,
            "tie_word_embeddings": false
        }"#,
    )
    .only(&[("rotary", "[true]"), ("scale_attn_weights", "[true]")])
    .ignoring(&[("n_ctx", "`n_positions` stands for it")])
}

pub(super) fn spec(config: &Config) -> Result<Spec, ModelError> {
    let mut start = Start::plain(config, Activation::GeluTanh)?;
    start.unembedding = Unembedding::Separate;
    let mut spec = start.decoder(config)?;
    rotary::apply(config, &mut spec)?;
    spec.unembed.bias = Bias::Present;
    for block in &mut spec.blocks {
        block.residual = Residual::ParallelOneNorm;
        block.attention.qkv_bias = Bias::Absent;
        block.attention.output_bias = Bias::Absent;
    }
    Ok(spec)
}

pub(super) fn layout(_: &Config) -> Layout {
    Layout {
        prefixes: &["transformer.", ""],
        embedding: "wte",
        attention_norm: "h.{l}.ln_1",
        qkv: QkvLayout::Separate {
            q: "h.{l}.attn.q_proj",
            k: "h.{l}.attn.k_proj",
            v: "h.{l}.attn.v_proj",
        },
        output: "h.{l}.attn.out_proj",
        mlp: MlpLayout::Plain {
            up: "h.{l}.mlp.fc_in",
            down: "h.{l}.mlp.fc_out",
        },
        final_norm: "ln_f",
        rope_rows: RopeRows::Interleaved,
        ignored: &[".attn.bias", ".attn.masked_bias"],
        ..HUGGING_FACE
    }
}
