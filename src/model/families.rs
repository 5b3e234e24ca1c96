//! The architectures that can be read. Each is one file that says how the hyperparameters become
//! a [`Spec`] and where the tensors stand; it is found from `model_type` in `config.json` or
//! `general.architecture` in a GGUF file, never from a model's name.

mod apertus;
mod arcee;
mod bloom;
mod codegen;
mod cohere;
mod deepseek;
mod ernie;
mod exaone;
mod experts;
mod falcon;
mod falcon_h1;
mod gemma;
mod gemma3n;
mod gemma4;
mod glm;
mod glm_moe;
mod gpt2;
mod gpt_bigcode;
mod gpt_neo;
mod gpt_neox;
mod gpt_oss;
mod gptj;
mod granite;
mod helium;
mod hunyuan;
mod internlm;
mod lfm2;
mod llama;
mod llama4;
mod mamba;
mod ministral;
mod nanochat;
mod nemotron;
mod nemotron_h;
mod olmo;
mod opt;
mod persimmon;
mod phi;
mod phi3;
mod phimoe;
mod qwen3_next;
mod reading;
mod rotary;
mod seed_oss;
mod stablelm;
mod starcoder2;
mod start;
mod state_space;
mod xglm;

use super::ModelError;
use super::config::{Config, Dialect, ModelType};
use super::layout::Layout;
use super::spec::Spec;

/// An architecture, or several that differ in their hyperparameters only.
#[derive(Debug)]
pub struct Family {
    /// Its name on the screen.
    pub name: &'static str,
    /// The `model_type`s of `config.json` that it reads, and what becomes of their keys.
    pub model_types: &'static [ModelType],
    /// The `general.architecture`s of GGUF files that it reads.
    pub gguf: &'static [&'static str],
    /// The hyperparameters as a description of the decoder.
    pub spec: fn(&Config) -> Result<Spec, ModelError>,
    /// Where the tensors stand.
    pub layout: fn(&Config) -> Layout,
}

/// All families.
pub const ALL: &[Family] = &[
    llama::FAMILY,
    llama4::FAMILY,
    qwen3_next::FAMILY,
    lfm2::FAMILY,
    mamba::FAMILY,
    deepseek::FAMILY,
    gemma::FAMILY,
    gemma3n::FAMILY,
    gemma4::FAMILY,
    olmo::FAMILY,
    phi3::FAMILY,
    granite::FAMILY,
    cohere::FAMILY,
    ministral::FAMILY,
    glm::FAMILY,
    glm_moe::FAMILY,
    gpt_oss::FAMILY,
    exaone::FAMILY,
    ernie::FAMILY,
    hunyuan::FAMILY,
    seed_oss::FAMILY,
    apertus::FAMILY,
    arcee::FAMILY,
    nanochat::FAMILY,
    helium::FAMILY,
    internlm::FAMILY,
    stablelm::FAMILY,
    starcoder2::FAMILY,
    phi::FAMILY,
    phimoe::FAMILY,
    nemotron::FAMILY,
    nemotron_h::FAMILY,
    persimmon::FAMILY,
    falcon::FAMILY,
    falcon_h1::FAMILY,
    bloom::FAMILY,
    gptj::FAMILY,
    codegen::FAMILY,
    gpt_neox::FAMILY,
    gpt_neo::FAMILY,
    opt::FAMILY,
    gpt2::FAMILY,
    gpt_bigcode::FAMILY,
    xglm::FAMILY,
];

impl Family {
    /// What it calls itself in files of one kind.
    #[must_use]
    pub fn names(&self, dialect: Dialect) -> Vec<&'static str> {
        match dialect {
            Dialect::HuggingFace => self.model_types.iter().map(|kind| kind.name).collect(),
            Dialect::Gguf => self.gguf.to_vec(),
        }
    }
}

/// Architectures whose blocks pass on several streams side by side, of which no reduction to one is
/// named.
const SEVERAL_STREAMS: [&str; 2] = ["deepseek_v4", "deepseek4"];

/// The family of a checkpoint.
pub fn of(config: &Config) -> Result<&'static Family, ModelError> {
    if SEVERAL_STREAMS.contains(&config.architecture()) {
        return Err(ModelError::SeveralStreams {
            place: config.place().to_owned(),
            name: config.architecture().to_owned(),
        });
    }
    let names = |family: &'static Family| family.names(config.dialect());
    ALL.iter()
        .find(|family| names(family).contains(&config.architecture()))
        .ok_or_else(|| ModelError::UnknownArchitecture {
            place: config.place().to_owned(),
            name: config.architecture().to_owned(),
            supported: ALL.iter().flat_map(names).collect::<Vec<_>>().join(", "),
        })
}

/// A checkpoint's hyperparameters, understood.
#[derive(Debug)]
pub struct Architecture {
    /// The family, as it is called on the screen.
    pub family: &'static str,
    /// The decoder.
    pub spec: Spec,
    /// Where its tensors stand.
    pub layout: Layout,
    /// What a user should know of it, one line each.
    pub notes: Vec<String>,
}

/// Understands the hyperparameters of a checkpoint. Of a `config.json` an architecture sees the
/// keys that it has, and what a user should know of the others is told.
///
/// # Errors
/// When no family reads it, or a key asks for something that is not computed here.
pub fn read(config: &Config) -> Result<Architecture, ModelError> {
    let family = of(config)?;
    let mut kinds = family.model_types.iter();
    let kind = kinds.find(|kind| kind.name == config.architecture());
    let narrowed = match (config.dialect(), kind) {
        (Dialect::HuggingFace, Some(kind)) => config.narrowed(kind)?,
        _ => config.clone(),
    };
    let spec = (family.spec)(&narrowed)?;
    let layout = Layout {
        is_part: config.whole().is_some(),
        ..(family.layout)(&narrowed)
    };
    let of_whole = config.whole().and_then(|whole| of_head(whole, &spec));
    let of_whole = Vec::from_iter(of_whole);
    let notes = [narrowed.notes(), &spec.notes, &of_whole, &narrowed.unread()];
    Ok(Architecture {
        family: family.name,
        notes: notes.concat(),
        spec,
        layout,
    })
}

/// Larger models whose own head caps logits as their text model does.
const OBEY_THEIR_TEXT_MODEL: [&str; 4] = ["paligemma", "gemma3n", "gemma4", "gemma4_unified"];

/// What is to be told of the logits of a text model within a larger one of the type `whole`.
fn of_head(whole: &str, spec: &Spec) -> Option<String> {
    let has_more = spec.unembed.scale.is_some() || spec.unembed.cap.is_some();
    (has_more && !OBEY_THEIR_TEXT_MODEL.contains(&whole)).then(|| {
        format!(
            "logits are scaled or capped as the text model says; transformers leaves that out \
             within `{whole}`: its ranks are the same, its probabilities are not"
        )
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::path::Path;

    use super::*;
    use serde_json::{Map, Value, json};

    #[test]
    fn the_family_is_found_from_the_model_type_whatever_the_model_is_called() {
        let config = Config::from_json(
            r#"{"model_type": "gpt2", "_name_or_path": "my-llama"}"#,
            "c",
        )
        .unwrap();
        assert_eq!(of(&config).unwrap().name, "gpt2");
    }

    #[test]
    fn an_unknown_architecture_is_named_beside_those_that_would_do() {
        let config = Config::from_json(r#"{"model_type": "bert"}"#, "b/config.json").unwrap();
        let message = of(&config).unwrap_err().to_string();
        assert!(
            message.starts_with(
                "b/config.json: architecture `bert` is not supported; supported: llama, mistral, "
            ),
            "{message}"
        );
    }

    #[test]
    fn no_two_families_read_the_same_architecture() {
        for dialect in [Dialect::HuggingFace, Dialect::Gguf] {
            let mut types: Vec<_> = ALL
                .iter()
                .flat_map(|family| family.names(dialect))
                .collect();
            let all = types.len();
            types.sort_unstable();
            types.dedup();
            assert_eq!(types.len(), all);
        }
    }

    /// What a damaged or hostile file may say for a hyperparameter.
    fn absurd() -> [Value; 9] {
        [
            json!(null),
            json!(0),
            json!(-1),
            json!(1e300),
            json!(u64::MAX),
            json!("x"),
            json!([]),
            json!([[["x"], 65_535]]),
            json!({}),
        ]
    }

    #[test]
    fn no_hyperparameter_however_absurd_makes_a_family_panic() {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
        let folders = std::fs::read_dir(fixtures).unwrap();
        let texts = folders
            .map(|entry| entry.unwrap().path().join("config.json"))
            .filter_map(|path| std::fs::read_to_string(path).ok());
        for text in texts {
            let whole: Map<String, Value> = serde_json::from_str(&text).unwrap();
            for key in whole.keys() {
                for value in absurd() {
                    let mut damaged = whole.clone();
                    damaged.insert(key.clone(), value);
                    let text = Value::Object(damaged).to_string();
                    let read = Config::from_json(&text, "c").and_then(|config| read(&config));
                    if let Ok(architecture) = read {
                        assert!(!architecture.spec.blocks.is_empty(), "{text}");
                    }
                }
            }
        }
    }
}
