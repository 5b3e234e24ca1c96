//! A `config.json` that does not fit its weights is an error in words, never a panic, a hang or
//! a model that takes memory without end.

use std::path::Path;

use crate::reference;
use candle_core::Device;
use lenscape::catalog::CheckpointFiles;
use lenscape::model;
use lenscape::model::unembed::NormedRows;
use lenscape::trace::TokenId;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

/// Fixtures that have between them every kind of part.
const FIXTURES: &[&str] = &[
    "cohere",
    "falcon_alibi",
    "gemma3_global",
    "gpt_neo",
    "llama_yarn",
    "opt_post_norm",
    "phi3_longrope",
    "qwen2_moe_dense",
];

/// Loads the folder and runs three tokens, if it can be loaded.
fn run(folder: &Path) {
    let files = CheckpointFiles::Folder(folder.to_owned());
    let Ok(mut model) = model::load(&files, &Device::Cpu, model::Dtype::Auto, &|_, _| {}) else {
        return;
    };
    let tokens = [TokenId(1), TokenId(2), TokenId(3)];
    let mut last = None;
    let ran = model.decoder.forward(&tokens, &mut |_, state| {
        last = Some(state.clone());
        Ok(std::ops::ControlFlow::Continue(()))
    });
    if let (Ok(_), Some(state)) = (ran, last) {
        let _ = model.unembed.logits(&state, NormedRows::Last);
    }
}

#[test]
fn no_number_in_the_configuration_makes_a_model_panic() {
    for name in FIXTURES {
        let (from, folder) = (reference::fixture(name), TempDir::new().unwrap());
        for file in [
            "tokenizer.json",
            "tokenizer_config.json",
            "model.safetensors",
        ] {
            std::fs::copy(from.join(file), folder.path().join(file)).unwrap();
        }
        let text = std::fs::read_to_string(from.join("config.json")).unwrap();
        let whole: Map<String, Value> = serde_json::from_str(&text).unwrap();
        for (key, value) in whole.iter().filter(|(_, value)| !value.is_string()) {
            for absurd in [json!(0), json!(1), json!(7), json!(u64::MAX), json!(1e-300)] {
                let mut damaged = whole.clone();
                damaged.insert(key.clone(), absurd.clone());
                // Numbers inside are damaged too.
                if let Value::Object(inner) = value {
                    let inner = inner.iter().map(|(key, value)| match value {
                        Value::Number(_) => (key.clone(), absurd.clone()),
                        _ => (key.clone(), value.clone()),
                    });
                    damaged.insert(key.clone(), inner.collect::<Map<_, _>>().into());
                }
                let text = Value::Object(damaged).to_string();
                std::fs::write(folder.path().join("config.json"), text).unwrap();
                run(folder.path());
            }
        }
    }
}
