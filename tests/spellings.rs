//! A checkpoint is the same whatever names its files give to its tensors and hyperparameters:
//! with and without prefixes, inside a larger model, and as transformers 4 wrote them.

use crate::reference::{self, Golden};
use candle_core::{DType, Device, Tensor, safetensors};
use lenscape::catalog::CheckpointFiles;
use serde_json::{Value, json};
use tempfile::TempDir;

/// A copy of a fixture with other tensor names and another `config.json`.
fn respelled(
    name: &str,
    tensor: impl Fn(&str) -> String,
    config: impl FnOnce(Value) -> Value,
) -> TempDir {
    let (from, to) = (reference::fixture(name), TempDir::new().unwrap());
    for file in ["tokenizer.json", "tokenizer_config.json"] {
        std::fs::copy(from.join(file), to.path().join(file)).unwrap();
    }
    let tensors = safetensors::load(from.join("model.safetensors"), &Device::Cpu).unwrap();
    let tensors = tensors
        .into_iter()
        .map(|(name, value)| (tensor(&name), value))
        .collect();
    safetensors::save(&tensors, to.path().join("model.safetensors")).unwrap();
    let text = std::fs::read_to_string(from.join("config.json")).unwrap();
    let config = config(serde_json::from_str(&text).unwrap());
    std::fs::write(to.path().join("config.json"), config.to_string()).unwrap();
    to
}

fn check(name: &str, folder: &TempDir) {
    let golden = Golden::read(&reference::fixture(name).join("golden.json"));
    golden.check(&CheckpointFiles::Folder(folder.path().to_owned()));
}

/// `config` without its keys `old`, and with those of `new`.
fn changed(mut config: Value, old: &[&str], new: Value) -> Value {
    let object = config.as_object_mut().unwrap();
    object.retain(|key, _| !old.contains(&key.as_str()));
    object.extend(new.as_object().unwrap().clone());
    config
}

#[test]
fn gpt2_without_a_prefix() {
    let rename = |name: &str| name.replace("transformer.", "");
    check("gpt2", &respelled("gpt2", rename, |config| config));
}

#[test]
fn opt_with_its_old_prefix() {
    let rename = |name: &str| name.replace("model.decoder.", "decoder.");
    check("opt", &respelled("opt", rename, |config| config));
}

#[test]
fn gemma_3_inside_a_model_that_sees_pictures() {
    for prefix in ["language_model.model.", "model.language_model."] {
        let folder = respelled(
            "gemma3",
            |name| name.replacen("model.", prefix, 1),
            |config| json!({"model_type": "gemma3", "text_config": config}),
        );
        let file = folder.path().join("model.safetensors");
        let mut tensors = safetensors::load(&file, &Device::Cpu).unwrap();
        let picture = Tensor::zeros((2, 2), DType::F32, &Device::Cpu).unwrap();
        tensors.insert("vision_tower.patch.weight".into(), picture);
        safetensors::save(&tensors, &file).unwrap();
        check("gemma3", &folder);
    }
}

#[test]
fn gemma_3_as_transformers_4_wrote_it() {
    let folder = respelled("gemma3_global", str::to_owned, |config| {
        changed(
            config,
            &["rope_parameters", "layer_types", "_sliding_window_pattern"],
            json!({
                "rope_theta": 1e6, "rope_local_base_freq": 1e4,
                "rope_scaling": {"rope_type": "linear", "factor": 8.0},
                "sliding_window_pattern": 2,
            }),
        )
    });
    check("gemma3_global", &folder);
}

#[test]
fn pythia_as_transformers_4_wrote_it() {
    let folder = respelled("gpt_neox", str::to_owned, |config| {
        changed(
            config,
            &["rope_parameters", "attention_bias"],
            json!({"rotary_pct": 0.25, "rotary_emb_base": 10_000}),
        )
    });
    check("gpt_neox", &folder);
}

#[test]
fn phi_3_as_transformers_4_wrote_it() {
    let folder = respelled("phi3_longrope", str::to_owned, |config| {
        changed(
            config,
            &["rope_parameters"],
            json!({
                "rope_theta": 10_000.0, "partial_rotary_factor": 0.5,
                "rope_scaling": {
                    "type": "su", "short_factor": [1.0, 1.5], "long_factor": [2.0, 3.0],
                },
            }),
        )
    });
    check("phi3_longrope", &folder);
}

#[test]
fn llama_3_as_transformers_4_wrote_it() {
    let folder = respelled("llama_llama3", str::to_owned, |config| {
        changed(
            config,
            &["rope_parameters"],
            json!({
                "rope_theta": 10_000.0,
                "rope_scaling": {
                    "rope_type": "llama3", "factor": 4.0, "low_freq_factor": 1.0,
                    "high_freq_factor": 4.0, "original_max_position_embeddings": 32,
                },
            }),
        )
    });
    check("llama_llama3", &folder);
}

#[test]
fn falcon_as_its_makers_wrote_it() {
    let folder = respelled("falcon", str::to_owned, |config| {
        changed(
            config,
            &[
                "rope_parameters",
                "activation",
                "ffn_hidden_size",
                "max_position_embeddings",
                "num_kv_heads",
                "tie_word_embeddings",
            ],
            json!({}),
        )
    });
    check("falcon", &folder);
}

#[test]
fn bloom_as_its_makers_wrote_it() {
    let rename = |name: &str| name.replace("transformer.", "");
    let folder = respelled("bloom", rename, |config| {
        changed(
            config,
            &["hidden_size", "n_head", "tie_word_embeddings"],
            json!({"n_embed": 32, "num_attention_heads": 4}),
        )
    });
    check("bloom", &folder);
}
