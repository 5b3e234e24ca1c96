//! `lenscape models inspect` tells what was understood of a checkpoint, without reading weights.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use assert_cmd::Command;
use candle_core::quantized::gguf_file::{self, Value};
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{DType, Device, Tensor, safetensors};
use lenscape::catalog::CheckpointFiles;
use lenscape::model;
use lenscape::model::weights::{Gguf, Weights};
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
fn a_mixer_in_the_place_of_an_attention_is_described_in_words_and_json() {
    let delta_net = "gated delta net, 4 heads of values, each 8 wide, 2 of queries and keys, each 8 \
                     wide, convolution over 4 positions";
    inspect(&fixture("qwen3_5"))
        .assert()
        .success()
        .stdout(contains(format!("L0-L2\n            RMSNorm (eps 1e-6, weights + 1) before each part\n            {delta_net}\n")))
        .stdout(contains("gates of what the heads give"));
    inspect(&fixture("qwen3_5"))
        .args(["--format", "json"])
        .assert()
        .success()
        .stdout(contains(delta_net));
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

/// The fixture with an unembedding beside its embedding, which its configuration ties.
fn with_unembedding(factor: f64) -> TempDir {
    let folder = with_tensor("llama", "x.rotary_emb.inv_freq");
    let path = folder.path().join("model.safetensors");
    let mut tensors = safetensors::load(&path, &Device::Cpu).unwrap();
    let embedding = &tensors["model.embed_tokens.weight"];
    let own = (embedding * factor).unwrap();
    tensors.insert("lm_head.weight".to_owned(), own);
    safetensors::save(&tensors, &path).unwrap();
    folder
}

#[test]
fn an_unembedding_is_the_embedding_once_more_only_if_it_is() {
    inspect(with_unembedding(1.0).path())
        .assert()
        .success()
        .stdout(contains(
            "not used    lm_head.weight  (the embedding once more)",
        ))
        .stdout(contains("note").not());
    inspect(with_unembedding(2.0).path())
        .assert()
        .success()
        .stdout(contains("the embedding once more").not())
        .stdout(contains("used        lm_head.weight"))
        .stdout(contains(
            "hold another matrix, `lm_head.weight`; that one is used",
        ));
}

/// A file of mostly four bits with an embedding of eight, which is most of it.
#[test]
fn the_quantisation_of_a_gguf_is_the_one_that_it_says_it_has() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("m.gguf");
    let stored = |declared: Option<u32>| {
        let zeros = Tensor::zeros((64, 256), DType::F32, &Device::Cpu).unwrap();
        let eight = QTensor::quantize(&zeros, GgmlDType::Q8_0).unwrap();
        let some = zeros.narrow(0, 0, 8).unwrap();
        let four = QTensor::quantize(&some, GgmlDType::Q4K).unwrap();
        let metadata = declared.map(|number| ("general.file_type", Value::U32(number)));
        let metadata: Vec<(&str, &Value)> =
            metadata.iter().map(|(key, value)| (*key, value)).collect();
        let tensors = [
            ("token_embd.weight", &eight),
            ("blk.0.ffn_up.weight", &four),
        ];
        let mut file = fs::File::create(&path).unwrap();
        gguf_file::write(&mut file, &metadata, &tensors).unwrap();
        drop(file);
        Weights::Gguf(Gguf::open(&path).unwrap()).mix().in_words()
    };
    assert_eq!(stored(Some(15)), "Q4_K_M (Q8_0 89 %, Q4_K 11 %)");
    assert_eq!(stored(Some(14)), "Q4_K_S (Q8_0 89 %, Q4_K 11 %)");
    // Said of a file without any of it, and not said at all.
    assert_eq!(stored(Some(17)), "Q4_K (Q8_0 89 %, Q4_K 11 %)");
    assert_eq!(stored(None), "Q4_K (Q8_0 89 %, Q4_K 11 %)");
}

#[test]
fn the_shares_of_the_types_are_had_as_json() {
    let path = Path::new(FIXTURES).with_file_name("fixtures-gguf/llama.gguf");
    let output = inspect(&path).args(["--format", "json"]).output().unwrap();
    let inspection: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let shares = inspection["storage"].as_array().unwrap();
    let sum = |key: &str| {
        shares
            .iter()
            .map(|share| share[key].as_f64().unwrap())
            .sum::<f64>()
    };
    assert!((sum("part") - 1.0).abs() < 1e-9, "{shares:?}");
    assert_eq!(
        sum("tensors"),
        inspection["tensors"]["count"].as_f64().unwrap()
    );
    assert_eq!(sum("weights"), inspection["parameters"].as_f64().unwrap());
    assert!(inspection["stored_as"].is_string());
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
    let description = model::describe(
        &CheckpointFiles::Folder(folder.path().into()),
        model::Dtype::Auto,
    )
    .unwrap();
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
        let tensors = model::describe(&files, model::Dtype::Auto)
            .unwrap()
            .tensors()
            .unwrap();
        assert_eq!(tensors.unknown().next(), None, "{files:?}");
        let read = AtomicUsize::new(0);
        model::load(&files, &Device::Cpu, model::Dtype::Auto, &|done, _| {
            read.fetch_max(done, Ordering::Relaxed);
        })
        .unwrap();
        assert_eq!(tensors.used.len(), read.into_inner(), "{files:?}");
    }
}
