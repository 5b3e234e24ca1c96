//! The text models of models that also see pictures, as Hugging Face's transformers computes them on
//! text alone, in the files that it writes for them and has written for them before.

use std::path::{Path, PathBuf};

use crate::reference::{self, Golden};
use candle_core::{Device, Tensor, safetensors};
use lenscape::catalog::CheckpointFiles;
use lenscape::model::checkpoint::Unused;
use lenscape::model::{self, Dtype};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

const MODELS: [&str; 10] = [
    "gemma3",
    "idefics3",
    "internvl",
    "llava",
    "mistral3",
    "paligemma",
    "qwen2_5_vl",
    "qwen2_vl",
    "qwen3_vl",
    "smolvlm",
];

/// What the names of the text model's tensors begin with: as files have them, and as transformers 5
/// calls them itself.
const SPELLINGS: [(&str, &str); 2] = [
    ("language_model.model.", "model.language_model."),
    ("language_model.lm_head.", "lm_head."),
];

fn folder_of(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/larger_models")
        .join(name)
}

fn config_of(name: &str) -> Map<String, Value> {
    let text = std::fs::read(folder_of(name).join("config.json")).unwrap();
    serde_json::from_slice(&text).unwrap()
}

fn tensors_of(name: &str) -> Vec<(String, Tensor)> {
    let file = folder_of(name).join("model.safetensors");
    safetensors::load(file, &Device::Cpu)
        .unwrap()
        .into_iter()
        .collect()
}

/// Its causal text model is what the reference is of; the flag that says so is left out in
/// published files.
fn published(name: &str) -> Map<String, Value> {
    let mut config = config_of(name);
    let text = config.get_mut("text_config").unwrap();
    text.as_object_mut()
        .unwrap()
        .remove("use_bidirectional_attention");
    config
}

/// A folder with these files and the tokenizer of the fixtures.
fn folder_with(config: Map<String, Value>, tensors: Vec<(String, Tensor)>) -> TempDir {
    let folder = TempDir::new().unwrap();
    for file in ["tokenizer.json", "tokenizer_config.json"] {
        let from = reference::fixture("llama").join(file);
        std::fs::copy(from, folder.path().join(file)).unwrap();
    }
    let path = folder.path().join("model.safetensors");
    safetensors::save(&tensors.into_iter().collect(), path).unwrap();
    let config = Value::Object(config).to_string();
    std::fs::write(folder.path().join("config.json"), config).unwrap();
    folder
}

fn files(folder: &TempDir) -> CheckpointFiles {
    CheckpointFiles::Folder(folder.path().to_owned())
}

fn check(name: &str, folder: &TempDir) {
    println!("{name}");
    Golden::read(&folder_of(name).join("golden.json")).check(&files(folder));
}

#[test]
fn as_transformers_writes_them() {
    for name in MODELS {
        check(name, &folder_with(published(name), tensors_of(name)));
    }
}

#[test]
fn with_the_names_that_transformers_5_uses_itself() {
    for name in MODELS {
        let renamed = tensors_of(name).into_iter().map(|(name, tensor)| {
            let spelling = SPELLINGS.iter().find(|(from, _)| name.starts_with(from));
            match spelling {
                Some((from, to)) => (name.replacen(from, to, 1), tensor),
                None if name.starts_with("vision") => (format!("model.{name}"), tensor),
                None => (name, tensor),
            }
        });
        check(name, &folder_with(config_of(name), renamed.collect()));
    }
}

#[test]
fn with_what_goes_without_saying_left_out() {
    // The type of the text model, and what its class takes anyway.
    let usual = [
        "model_type",
        "rms_norm_eps",
        "hidden_act",
        "hidden_activation",
    ];
    for name in MODELS {
        let mut config = config_of(name);
        let text = config.get_mut("text_config").unwrap();
        let text = text.as_object_mut().unwrap();
        text.retain(|key, _| !usual.contains(&key.as_str()));
        check(name, &folder_with(config, tensors_of(name)));
    }
}

#[test]
fn qwen_2_vl_with_all_keys_side_by_side_as_transformers_4_wrote_it() {
    for name in ["qwen2_vl", "qwen2_5_vl"] {
        let mut config = config_of(name);
        let Some(Value::Object(mut text)) = config.remove("text_config") else {
            panic!("{name} has no text_config")
        };
        text.remove("rope_parameters");
        config.extend(text);
        config.insert("model_type".into(), name.into());
        config.insert("rope_theta".into(), json!(1000.0));
        let rope = json!({"type": "mrope", "mrope_section": [1, 1, 2]});
        config.insert("rope_scaling".into(), rope);
        check(name, &folder_with(config, tensors_of(name)));
    }
}

#[test]
fn what_is_not_the_text_model_is_left_out_by_name_and_told() {
    for name in MODELS {
        let folder = folder_with(published(name), tensors_of(name));
        let description = model::describe(&files(&folder), Dtype::Auto).unwrap();
        let tensors = description.tensors().unwrap();
        let left_out = |(name, why): &(String, Unused)| {
            assert_eq!(*why, Unused::OtherPart, "{name}");
            assert!(
                !name.contains("embed_tokens") && !name.contains("lm_head"),
                "{name}"
            );
        };
        tensors.unused.iter().for_each(left_out);
        assert!(!tensors.unused.is_empty(), "{name}");
        let notes = description.notes.join("\n");
        assert!(notes.contains(&format!("`{name}`")), "{name}: {notes}");
        let of_prompts = usize::from(name == "paligemma");
        assert_eq!(description.notes.len(), 1 + of_prompts, "{name}: {notes}");
    }
}

#[test]
fn a_tensor_of_the_text_model_that_is_not_known_is_refused_here_too() {
    for (name, prefix) in [
        ("llava", "language_model.model."),
        ("smolvlm", "model.text_model."),
        ("qwen2_vl", "model."),
    ] {
        let mut tensors = tensors_of(name);
        let extra = Tensor::zeros(4, candle_core::DType::F32, &Device::Cpu).unwrap();
        let called = format!("{prefix}layers.0.self_attn.sinks");
        tensors.push((called.clone(), extra));
        let folder = folder_with(config_of(name), tensors);
        let loaded = model::load(&files(&folder), &Device::Cpu, Dtype::Auto, &|_, _| {});
        let message = loaded.unwrap_err().to_string();
        assert!(message.contains(&called), "{message}");
    }
}

/// A fixture's files as the text model of a larger one, whose other parts are one tensor each.
fn within(
    fixture: &str,
    whole: &str,
    spelled: impl Fn(&str) -> String,
    others: &[&str],
) -> TempDir {
    let folder = reference::fixture(fixture);
    let text = std::fs::read(folder.join("config.json")).unwrap();
    let mut text: Map<String, Value> = serde_json::from_slice(&text).unwrap();
    let tied = text.remove("tie_word_embeddings").unwrap();
    let config = json!({
        "model_type": whole, "tie_word_embeddings": tied, "text_config": text,
        "vision_config": {"hidden_size": 8},
    });
    let tensors = safetensors::load(folder.join("model.safetensors"), &Device::Cpu).unwrap();
    let renamed = tensors
        .into_iter()
        .map(|(name, tensor)| (spelled(&name), tensor));
    let other = Tensor::zeros(4, candle_core::DType::F32, &Device::Cpu).unwrap();
    let others = others
        .iter()
        .map(|name| ((*name).to_owned(), other.clone()));
    folder_with(
        config.as_object().unwrap().clone(),
        renamed.chain(others).collect(),
    )
}

#[test]
fn gemma_3n_and_llama_4_within_the_larger_models_that_are_published() {
    let gemma = within(
        "gemma3n",
        "gemma3n",
        |name| name.replacen("model.", "model.language_model.", 1),
        &[
            "model.vision_tower.timm_model.conv_stem.conv.weight",
            "model.audio_tower.conformer.0.norm.weight",
            "model.embed_vision.embedding.weight",
            "model.embed_audio.embedding.weight",
        ],
    );
    let llama = within(
        "llama4",
        "llama4",
        |name| format!("language_model.{name}"),
        &[
            "vision_model.layernorm_pre.weight",
            "multi_modal_projector.linear_1.weight",
        ],
    );
    for (fixture, folder) in [("gemma3n", gemma), ("llama4", llama)] {
        let golden = reference::fixture(fixture).join("golden.json");
        Golden::read(&golden).check(&files(&folder));
        let described = model::describe(&files(&folder), Dtype::Auto).unwrap();
        let left_out = described.tensors().unwrap().unused;
        let of_others = |(_, why): &(String, Unused)| *why == Unused::OtherPart;
        assert!(left_out.iter().all(of_others), "{left_out:?}");
        let notes = described.notes.join("\n");
        assert!(!notes.contains("transformers leaves that out"), "{notes}");
    }
}
