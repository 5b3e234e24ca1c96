//! `gpt_neo`: GPT-2 with plain linear weights, every second layer local, and attention scores
//! that are not scaled. TinyStories is one.
//!
//! Black et al. 2021, <https://doi.org/10.5281/zenodo.5297715>.

use super::Family;
use super::start::Start;
use crate::model::ModelError;
use crate::model::config::{Config, Key, ModelType, key};
use crate::model::layout::{HUGGING_FACE, Layout, MlpLayout, QkvLayout};
use crate::model::spec::{Activation, Bias, Positions, Spec};

pub const FAMILY: Family = Family {
    name: "gpt_neo",
    model_types: &[GPT_NEO],
    gguf: &[],
    spec,
    layout,
};

const GPT_NEO: ModelType = ModelType::new(
    "gpt_neo",
    r#"{
        "max_position_embeddings": 2048, "hidden_size": 2048,
        "num_layers | num_hidden_layers": 24, "num_heads | num_attention_heads": 16,
        "attention_types": [[["global", "local"], 12]], "attention_layers": null,
        "intermediate_size": null, "window_size": 256, "activation_function": "gelu_new",
        "layer_norm_epsilon": 1e-5, "tie_word_embeddings": true
    }"#,
);

const LAYERS: Key = key(&["attention_layers"], "");
const TYPES: Key = key(&["attention_types"], "");
const WINDOW: Key = key(&["window_size"], "");
/// The window of files that name none.
const USUAL_WINDOW: usize = 256;

fn spec(config: &Config) -> Result<Spec, ModelError> {
    let mut spec = Start::plain(config, Activation::GeluTanh)?.decoder(config)?;
    spec.positions = Positions::Learned { offset: 0 };
    let kinds = kinds(config, spec.blocks.len())?;
    let window = match config.get(WINDOW) {
        Some(_) => config.usize(WINDOW)?,
        None => USUAL_WINDOW,
    };
    if kinds.len() != spec.blocks.len() {
        let reason = format!("does not name the kinds of {} layers", spec.blocks.len());
        return Err(config.complain(TYPES, &reason));
    }
    for (block, kind) in spec.blocks.iter_mut().zip(&kinds) {
        block.attention.scale = 1.0;
        block.attention.qkv_bias = Bias::Absent;
        block.attention.window = match kind.as_str() {
            "global" => None,
            "local" => Some(window),
            other => {
                return Err(config.complain(TYPES, &format!("`{other}` is not supported")));
            }
        };
    }
    Ok(spec)
}

/// What each layer attends to: listed one by one, or as `[[kinds, times], …]`, of which no more
/// than one more than there are layers is read.
fn kinds(config: &Config, layers: usize) -> Result<Vec<String>, ModelError> {
    if let Some(list) = config.get(LAYERS) {
        return serde_json::from_value(list.clone())
            .map_err(|_| config.complain(LAYERS, "must be a list of texts"));
    }
    let wrong = || config.complain(TYPES, "must be a list of kinds and how often they repeat");
    let groups = config.get(TYPES).ok_or_else(wrong)?;
    let groups: Vec<(Vec<String>, u16)> =
        serde_json::from_value(groups.clone()).map_err(|_| wrong())?;
    Ok(groups
        .into_iter()
        .flat_map(|(kinds, times)| std::iter::repeat_n(kinds, usize::from(times)))
        .flatten()
        .take(layers + 1)
        .collect())
}

fn layout(_: &Config) -> Layout {
    Layout {
        prefixes: &["transformer.", ""],
        embedding: "wte",
        positions: "wpe",
        attention_norm: "h.{l}.ln_1",
        qkv: QkvLayout::Separate {
            q: "h.{l}.attn.attention.q_proj",
            k: "h.{l}.attn.attention.k_proj",
            v: "h.{l}.attn.attention.v_proj",
        },
        output: "h.{l}.attn.attention.out_proj",
        mlp_norm: "h.{l}.ln_2",
        mlp: MlpLayout::Plain {
            up: "h.{l}.mlp.c_fc",
            down: "h.{l}.mlp.c_proj",
        },
        final_norm: "ln_f",
        ignored: &[".attn.attention.bias", ".attn.attention.masked_bias"],
        ..HUGGING_FACE
    }
}
