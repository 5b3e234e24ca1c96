//! The architectures that can be read. Each is one file that says how the hyperparameters become
//! a [`Spec`] and where the tensors stand; it is found from `model_type` in `config.json` or
//! `general.architecture` in a GGUF file, never from a model's name.

mod bloom;
mod cohere;
mod experts;
mod falcon;
mod gemma;
mod gpt2;
mod gpt_neo;
mod gpt_neox;
mod gptj;
mod granite;
mod llama;
mod olmo;
mod opt;
mod phi;
mod phi3;
mod reading;
mod rotary;
mod stablelm;
mod starcoder2;
mod start;

use super::ModelError;
use super::config::{Config, Dialect};
use super::layout::Layout;
use super::spec::Spec;

/// An architecture, or several that differ in their hyperparameters only.
#[derive(Debug)]
pub struct Family {
    /// Its name on the screen.
    pub name: &'static str,
    /// The `model_type`s of `config.json` that it reads.
    pub model_types: &'static [&'static str],
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
    gemma::FAMILY,
    olmo::FAMILY,
    phi3::FAMILY,
    granite::FAMILY,
    cohere::FAMILY,
    stablelm::FAMILY,
    starcoder2::FAMILY,
    phi::FAMILY,
    falcon::FAMILY,
    bloom::FAMILY,
    gptj::FAMILY,
    gpt_neox::FAMILY,
    gpt_neo::FAMILY,
    opt::FAMILY,
    gpt2::FAMILY,
];

/// The family of a checkpoint.
pub fn of(config: &Config) -> Result<&'static Family, ModelError> {
    let names = |family: &'static Family| match config.dialect() {
        Dialect::HuggingFace => family.model_types,
        Dialect::Gguf => family.gguf,
    };
    ALL.iter()
        .find(|family| names(family).contains(&config.architecture()))
        .ok_or_else(|| ModelError::UnknownArchitecture {
            place: config.place().to_owned(),
            name: config.architecture().to_owned(),
            supported: ALL
                .iter()
                .flat_map(names)
                .copied()
                .collect::<Vec<_>>()
                .join(", "),
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
        let mut types: Vec<_> = ALL.iter().flat_map(|family| family.model_types).collect();
        let all = types.len();
        types.sort_unstable();
        types.dedup();
        assert_eq!(types.len(), all);
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
                    let read = Config::from_json(&text, "c").and_then(|config| {
                        let family = of(&config)?;
                        (family.layout)(&config);
                        (family.spec)(&config)
                    });
                    if let Ok(spec) = read {
                        assert!(!spec.blocks.is_empty(), "{text}");
                    }
                }
            }
        }
    }
}
