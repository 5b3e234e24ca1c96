//! `lenscape models inspect` tells what was understood of a checkpoint, without reading weights.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use assert_cmd::Command;
use candle_core::{DType, Device, Tensor, safetensors};
use lenscape::catalog::CheckpointFiles;
use lenscape::model;
use predicates::prelude::*;
use predicates::str::contains;
use tempfile::TempDir;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");

fn inspect(folder: &Path) -> Command {
    let mut command = Command::cargo_bin("lenscape").unwrap();
    command
        .env("LENSCAPE_HOME", env!("CARGO_TARGET_TMPDIR"))
        .args(["models", "inspect"])
        .arg(folder);
    command
}

fn fixture(name: &str) -> std::path::PathBuf {
    Path::new(FIXTURES).join(name)
}

/// A copy of a fixture with one more tensor.
fn with_tensor(name: &str, tensor: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    for file in ["config.json", "tokenizer.json", "tokenizer_config.json"] {
        fs::copy(fixture(name).join(file), folder.path().join(file)).unwrap();
    }
    let path = fixture(name).join("model.safetensors");
    let mut tensors = safetensors::load(path, &Device::Cpu).unwrap();
    let more = Tensor::zeros(4, DType::F32, &Device::Cpu).unwrap();
    tensors.insert(tensor.to_owned(), more);
    safetensors::save(&tensors, folder.path().join("model.safetensors")).unwrap();
    folder
}

#[test]
fn family_description_memory_tokenizer_and_tensors_are_told() {
    inspect(&fixture("llama"))
        .assert()
        .success()
        .stdout(contains("family      llama"))
        .stdout(contains("stored as   F32"))
        .stdout(contains("parameters  61728"))
        .stdout(contains("BPE, 384 tokens; BOS 0, not added; ends at 0"))
        .stdout(contains(
            "layers      L0-L3\n            RMSNorm (eps 1e-6) before each part\n",
        ))
        .stdout(contains("            attention 4 heads, 2 of keys and values"))
        .stdout(contains("38 in the files, 38 used, 0 not"))
        .stdout(contains(
            "used        model.embed_tokens.weight\n            model.layers.{0..3}.input_layernorm.weight\n",
        ))
        .stdout(contains("not used").not())
        .stdout(predicate::str::is_match("memory .* for the weights in float32").unwrap());
}

#[test]
fn tensors_without_use_are_named_with_the_reason() {
    let mask = with_tensor("llama", "model.layers.2.self_attn.rotary_emb.inv_freq");
    inspect(mask.path())
        .assert()
        .success()
        .stdout(contains("39 in the files, 38 used, 1 not"))
        .stdout(contains(
            "not used    model.layers.2.self_attn.rotary_emb.inv_freq  (a mask or table, computed instead)",
        ));
    let unknown = with_tensor("llama", "model.extra.weight");
    inspect(unknown.path())
        .assert()
        .success()
        .stdout(contains("not used    model.extra.weight  (not known"));
}

#[test]
fn the_same_is_had_as_json() {
    let output = inspect(&fixture("mixtral"))
        .args(["--format", "json"])
        .output()
        .unwrap();
    let inspection: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(inspection["family"], "llama");
    let used = inspection["tensors"]["used"].as_array().unwrap();
    let experts = used.iter().filter_map(|name| name.as_str());
    let experts = experts.filter(|name| name.contains(".experts.{0.."));
    assert_eq!(experts.count(), 3, "gates, ups and downs: {used:?}");
}

#[test]
fn a_missing_tensor_is_named() {
    let folder = with_tensor("llama", "x");
    let path = folder.path().join("model.safetensors");
    let mut tensors = safetensors::load(&path, &Device::Cpu).unwrap();
    tensors.remove("model.layers.1.mlp.up_proj.weight");
    safetensors::save(&tensors, &path).unwrap();
    inspect(folder.path())
        .assert()
        .failure()
        .stderr(contains("`model.layers.1.mlp.up_proj.weight`: is missing"));
}

/// The values are not there, so whoever read them would notice.
#[test]
fn no_weights_are_read() {
    let folder = with_tensor("llama", "x.rotary_emb.inv_freq");
    let description = model::describe(&CheckpointFiles::Folder(folder.path().into())).unwrap();
    fs::remove_file(folder.path().join("model.safetensors")).unwrap();
    assert_eq!(description.tensors().unwrap().used.len(), 38);
}

#[test]
fn what_is_said_to_be_used_is_what_a_load_reads_in_every_architecture() {
    let folders = fs::read_dir(FIXTURES).unwrap();
    let ggufs = fs::read_dir(format!("{FIXTURES}-gguf")).unwrap();
    for entry in folders.chain(ggufs) {
        let path = entry.unwrap().path();
        let files = match path.extension() {
            None => CheckpointFiles::Folder(path),
            Some(end) if end == "gguf" => CheckpointFiles::Gguf(path),
            Some(_) => continue,
        };
        let tensors = model::describe(&files).unwrap().tensors().unwrap();
        assert_eq!(tensors.unknown().next(), None, "{files:?}");
        let read = AtomicUsize::new(0);
        model::load(&files, &Device::Cpu, &|done, _| {
            read.fetch_max(done, Ordering::Relaxed);
        })
        .unwrap();
        assert_eq!(tensors.used.len(), read.into_inner(), "{files:?}");
    }
}
