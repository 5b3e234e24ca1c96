//! Input that cannot be used: one clear line, exit code 2 for usage and 1 for the rest, no panic.

use std::path::Path;

use crate::made::{self, Copy, gguf_of};
use assert_cmd::Command;
use candle_core::quantized::GgmlDType;
use candle_core::quantized::gguf_file::Value;
use candle_core::{DType, Device, Tensor};
use lenscape::catalog::CheckpointFiles;
use lenscape::model;
use predicates::prelude::*;

/// The program, kept away from the user's own files and from the network. Backtraces are asked
/// for, as developers do: a message must be one line all the same.
fn lenscape() -> Command {
    let mut command = Command::cargo_bin("lenscape").unwrap();
    command
        .env("RUST_BACKTRACE", "1")
        .env("HF_HUB_OFFLINE", "1")
        .env("LENSCAPE_HOME", env!("CARGO_TARGET_TMPDIR"))
        .env("LENSCAPE_CONFIG", env!("CARGO_TARGET_TMPDIR"));
    command
}

/// `lenscape trace` with this model fails with one line that has all of `parts` in it.
fn refused(model: &Path, parts: &[&str]) {
    fails(
        lenscape()
            .args(["trace", "The keys", "-n", "1", "--model"])
            .arg(model),
        parts,
    );
}

fn fails(command: &mut Command, parts: &[&str]) {
    let one_line = predicate::function(|text: &str| {
        text.lines().count() == 1 && text.starts_with("lenscape: ") && !text.contains("panic")
    });
    let mut assert = command.assert().code(1).stdout("").stderr(one_line);
    for part in parts {
        assert = assert.stderr(predicate::str::contains(*part));
    }
}

/// The library's message for this checkpoint.
fn message(files: CheckpointFiles) -> String {
    let error = model::load(&files, &Device::Cpu, model::Dtype::Auto, &|_, _| {}).unwrap_err();
    let message = error.to_string();
    assert_eq!(message.lines().count(), 1, "{message}");
    message
}

fn folder(copy: &Copy) -> CheckpointFiles {
    CheckpointFiles::Folder(copy.path().to_owned())
}

#[test]
fn a_model_that_does_not_exist() {
    fails(
        lenscape().args(["trace", "x", "--model", "no-such-model"]),
        &["no model `no-such-model`", "lenscape models"],
    );
    refused(
        Path::new("/no/such/folder"),
        &["no model at /no/such/folder"],
    );
    refused(Path::new("no-such.gguf"), &["no model at no-such.gguf"]);
}

#[test]
fn a_file_of_another_kind_is_no_model() {
    let copy = Copy::of("llama");
    refused(&copy.path().join("tokenizer.json"), &["is no .gguf file"]);
}

#[test]
fn a_folder_without_config() {
    let copy = Copy::of("llama");
    copy.remove("config.json");
    refused(copy.path(), &["no config.json here"]);
}

#[test]
fn a_config_that_is_damaged() {
    let copy = Copy::of("llama");
    copy.truncate("config.json", 40);
    refused(copy.path(), &["config.json", "is not valid JSON"]);
    copy.write("config.json", b"[]");
    refused(copy.path(), &["must be a JSON object"]);
    // What it leaves out is what transformers takes: another model than that of the weights.
    copy.write("config.json", b"{\"model_type\": \"llama\"}");
    refused(copy.path(), &["config.json", "too many for the"]);
    copy.write("config.json", b"{\"hidden_size\": 32}");
    refused(copy.path(), &["config.json", "`model_type` is missing"]);
}

#[test]
fn an_architecture_that_is_not_known() {
    let copy = Copy::of("llama");
    copy.configure("model_type", "bert".into());
    refused(
        copy.path(),
        &["architecture `bert` is not supported", "llama"],
    );
    let mut gguf = gguf_of("llama");
    gguf.set("general.architecture", Value::String("clip".into()));
    let path = copy.path().join("clip.gguf");
    gguf.write(&path, GgmlDType::F32);
    refused(&path, &["architecture `clip` is not supported"]);
}

#[test]
fn numbers_that_no_model_has() {
    for (key, value) in [
        ("num_hidden_layers", 1_u64 << 40),
        ("num_attention_heads", u64::MAX),
        ("head_dim", 1 << 62),
        ("head_dim", 1 << 27),
        ("num_key_value_heads", 3),
        ("num_attention_heads", 0),
        ("hidden_size", 1 << 50),
        ("intermediate_size", u64::MAX / 2),
        ("max_position_embeddings", 0),
    ] {
        let copy = Copy::of("llama");
        copy.configure(key, value.into());
        let message = message(folder(&copy));
        assert!(message.len() < 400, "{key} {value}: {message}");
    }
}

#[test]
fn a_truncated_gguf() {
    let copy = Copy::without_weights("llama");
    let path = copy.path().join("m.gguf");
    gguf_of("llama").write(&path, GgmlDType::F32);
    let whole = copy.read("m.gguf").len();
    for (bytes, part) in [
        (0, "the file is empty"),
        (3, "not a GGUF file"),
        (12, "truncated"),
        (2000, "truncated"),
        (whole / 2, "truncated"),
        (whole - 1, "truncated"),
    ] {
        gguf_of("llama").write(&path, GgmlDType::F32);
        copy.truncate("m.gguf", bytes);
        let message = message(CheckpointFiles::Gguf(path.clone()));
        assert!(message.contains(part), "{bytes} of {whole}: {message}");
    }
    refused(&path, &["m.gguf", "truncated, download it again"]);
}

#[test]
fn a_gguf_that_is_something_else() {
    let copy = Copy::without_weights("llama");
    for (start, part) in [
        (&b"<!DOCTYPE html><html></html>"[..], "a web page"),
        (b"<html lang=en>", "a web page"),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:0",
            "Git LFS pointer",
        ),
        (b"PK\x03\x04 and so on and so on", "zip"),
        (b"ggml and so on and so on", "not a GGUF file"),
        (
            b"tjgg\x03\0\0\0 and so on",
            "convert the model again, to GGUF",
        ),
        (b"GGUF\xff\xff\xff\xff and so on and so on", "GGUF"),
    ] {
        let path = copy.write("m.gguf", start);
        refused(&path, &["m.gguf", part]);
    }
}

#[test]
fn a_gguf_of_no_language_model() {
    let copy = Copy::without_weights("llama");
    let mut gguf = gguf_of("llama");
    gguf.metadata.remove("general.architecture");
    let path = copy.path().join("m.gguf");
    gguf.write(&path, GgmlDType::F32);
    refused(&path, &["`general.architecture` is missing"]);
}

#[test]
fn a_gguf_with_a_quantisation_that_is_not_known() {
    let copy = Copy::without_weights("llama");
    let path = copy.path().join("m.gguf");
    gguf_of("llama").write(&path, GgmlDType::F32);
    let mut bytes = copy.read("m.gguf");
    let name = b"output_norm.weight";
    let at = bytes
        .windows(name.len())
        .position(|part| part == name)
        .unwrap();
    // Behind the name: the number of dimensions, the one dimension, the type.
    bytes[at + name.len() + 4 + 8] = 9;
    let path = copy.write("m.gguf", &bytes);
    refused(&path, &["this quantisation is not supported"]);
}

/// Types that are not read have their names, in a message about a model and in its description.
#[test]
fn a_gguf_of_a_newer_quantisation_is_told_by_its_name() {
    let copy = Copy::without_weights("llama");
    let path = copy.path().join("m.gguf");
    gguf_of("llama").write(&path, GgmlDType::F32);
    let whole = copy.read("m.gguf");
    let name = b"blk.2.ffn_down.weight";
    let at = whole.windows(name.len()).position(|part| part == name);
    // Behind the name: the number of dimensions, the two dimensions, the type.
    let kind = at.unwrap() + name.len() + 4 + 16;
    for (number, kind_name) in [
        (31, "Q4_0_4_4"),
        (41, "Q1_0"),
        (8 + 1, "Q8_1"),
        (200, "a type of number 200"),
    ] {
        let mut bytes = whole.clone();
        bytes[kind] = number;
        copy.write("m.gguf", &bytes);
        let parts = ["`blk.2.ffn_down.weight`", kind_name, "is not supported"];
        refused(&path, &parts);
        fails(lenscape().args(["models", "inspect"]).arg(&path), &parts);
    }
}

#[test]
fn a_big_endian_gguf() {
    let copy = Copy::without_weights("llama");
    let path = copy.write("m.gguf", b"GGUF\0\0\0\x03\0\0\0\0\0\0\0\x2a and so on");
    refused(&path, &["m.gguf", "big-endian", "version 3"]);
}

/// Loading and describing refuse the same, with the same words.
fn refused_and_not_described(copy: &Copy, parts: &[&str]) {
    refused(copy.path(), parts);
    fails(
        lenscape().args(["models", "inspect"]).arg(copy.path()),
        parts,
    );
}

const PROJECTION: &str = "model.layers.0.self_attn.q_proj";

/// The fixture with the tensors of a projection replaced by others.
fn with_projection(tensors: &[(&str, DType)]) -> Copy {
    let copy = Copy::without_weights("llama");
    let mut all = made::tensors("llama");
    all.remove(&format!("{PROJECTION}.weight"));
    for (name, dtype) in tensors {
        let tensor = Tensor::zeros((4, 32), *dtype, &Device::Cpu).unwrap();
        all.insert(format!("{PROJECTION}.{name}"), tensor);
    }
    copy.write_safetensors("model.safetensors", &all);
    copy
}

#[test]
fn weights_that_are_quantised_in_a_way_that_is_not_read() {
    for tensors in [
        // GPTQ and AWQ.
        &[("qweight", DType::U32), ("scales", DType::F16)][..],
        // bitsandbytes in four bits.
        &[("weight", DType::U8), ("weight.absmax", DType::F32)],
        // compressed-tensors.
        &[("weight_packed", DType::U32), ("weight_scale", DType::BF16)],
        // HQQ.
        &[("W_q", DType::U8)],
    ] {
        refused_and_not_described(&with_projection(tensors), &[PROJECTION, "quantis"]);
    }
    // FP8 as it is published: the shape is right.
    let scaled = with_projection(&[("weight", DType::U8), ("weight_scale_inv", DType::F32)]);
    refused_and_not_described(&scaled, &["has type U8", "weight_scale_inv"]);
}

/// What the configuration says, and the type that shows it.
#[test]
fn weights_that_the_configuration_says_are_quantised() {
    let copy = with_projection(&[("weight", DType::F8E4M3), ("weight_scale_inv", DType::F32)]);
    refused_and_not_described(&copy, &[PROJECTION, "has type F8_E4M3", "weight_scale_inv"]);
    copy.configure(
        "quantization_config",
        serde_json::json!({"quant_method": "hqq"}),
    );
    refused_and_not_described(&copy, &["`quantization_config`", "hqq", "F8_E4M3"]);
}

#[test]
fn a_tensor_that_belongs_to_a_quantisation_or_an_adapter() {
    for (name, part) in [
        ("weight_scale", "quantisation"),
        ("lora_A.default.weight", "adapter"),
    ] {
        let copy = Copy::without_weights("llama");
        let mut tensors = made::tensors("llama");
        let more = Tensor::zeros(4, DType::F32, &Device::Cpu).unwrap();
        tensors.insert(format!("{PROJECTION}.{name}"), more);
        copy.write_safetensors("model.safetensors", &tensors);
        refused(copy.path(), &[PROJECTION, part]);
    }
}

const ADAPTER: &[u8] = br#"{"peft_type": "LORA", "base_model_name_or_path": "org/base", "r": 8}"#;

#[test]
fn an_adapter_is_no_model() {
    let copy = Copy::without_weights("llama");
    copy.remove("config.json");
    copy.write("adapter_config.json", ADAPTER);
    let parts = ["PEFT adapter (LORA)", "`org/base`", "merge"];
    refused_and_not_described(&copy, &parts);
    // With the configuration of its base model, but not its weights.
    let copy = Copy::without_weights("llama");
    copy.write("adapter_config.json", ADAPTER);
    copy.write("adapter_model.safetensors", b"");
    refused_and_not_described(&copy, &parts);
    // Its description may be missing or damaged.
    copy.write("adapter_config.json", b"[");
    refused_and_not_described(&copy, &["PEFT adapter", "merge"]);
}

#[test]
fn an_adapter_beside_a_model_is_told_and_not_applied() {
    let copy = Copy::of("llama");
    copy.write("adapter_config.json", ADAPTER);
    let told = || {
        predicate::str::contains("PEFT adapter (LORA) of the base model `org/base`")
            .and(predicate::str::contains("not applied"))
    };
    let inspected = lenscape()
        .args(["models", "inspect"])
        .arg(copy.path())
        .assert();
    inspected.success().stdout(told());
    let traced = lenscape()
        .args(["trace", "x", "-n", "1", "--model"])
        .arg(copy.path())
        .assert();
    traced.success().stderr(told());
}

#[test]
fn a_gguf_whose_header_lies() {
    let copy = Copy::without_weights("llama");
    let path = copy.path().join("m.gguf");
    for alignment in [0, 3] {
        let mut gguf = gguf_of("llama");
        gguf.set("general.alignment", Value::U32(alignment));
        gguf.write(&path, GgmlDType::F32);
        refused(&path, &["m.gguf", "general.alignment"]);
    }
    let mut gguf = gguf_of("llama");
    let many = vec![Value::U8(0); 5 << 20];
    gguf.set("llama.many", Value::Array(many));
    gguf.write(&path, GgmlDType::F32);
    refused(&path, &["m.gguf", "more values"]);
}

#[test]
fn a_gguf_without_a_tokenizer() {
    let copy = Copy::without_weights("llama");
    copy.remove("tokenizer.json");
    let path = copy.path().join("m.gguf");
    let mut gguf = gguf_of("llama");
    gguf.metadata.remove("tokenizer.ggml.tokens");
    gguf.write(&path, GgmlDType::F32);
    refused(&path, &["the GGUF metadata has no tokenizer.ggml.tokens"]);
}

#[test]
fn a_tensor_of_a_type_that_holds_no_weights() {
    let copy = Copy::without_weights("llama");
    let mut tensors = made::tensors("llama");
    let integers = Tensor::zeros(32, DType::I64, &Device::Cpu).unwrap();
    tensors.insert("model.norm.weight".into(), integers);
    copy.write_safetensors("model.safetensors", &tensors);
    refused(copy.path(), &["model.norm.weight", "has type I64"]);
}

#[test]
fn truncated_safetensors() {
    let copy = Copy::of("llama");
    let whole = copy.read("model.safetensors").len();
    for (bytes, part) in [
        (0, "the file is empty"),
        (5, "not a safetensors file"),
        (100, "the header is truncated"),
        (whole / 2, "truncated, download it again"),
        (whole - 1, "truncated, download it again"),
    ] {
        let copy = Copy::of("llama");
        copy.truncate("model.safetensors", bytes);
        refused(copy.path(), &["model.safetensors", part]);
    }
}

#[test]
fn safetensors_that_are_something_else() {
    let copy = Copy::of("llama");
    copy.write(
        "model.safetensors",
        b"version https://git-lfs.github.com/spec/v1\n",
    );
    refused(copy.path(), &["model.safetensors", "git lfs pull"]);
    copy.write("model.safetensors", b"<!DOCTYPE html>");
    refused(copy.path(), &["model.safetensors", "a web page"]);
    copy.write("model.safetensors", b"\x04\0\0\0\0\0\0\0[[]]");
    refused(
        copy.path(),
        &["model.safetensors", "not a safetensors file"],
    );
}

#[test]
fn a_shard_that_is_missing() {
    let copy = Copy::without_weights("llama");
    copy.write_shards(&made::tensors("llama"), 2);
    copy.remove("model-00002-of-00002.safetensors");
    refused(
        copy.path(),
        &[
            "model-00002-of-00002.safetensors",
            "is missing; download it",
        ],
    );
}

#[test]
fn an_index_that_leads_out_of_the_folder() {
    let copy = Copy::without_weights("llama");
    let map = [("a".to_owned(), "../model.safetensors".to_owned())];
    copy.write_index("model.safetensors.index.json", &map.into());
    refused(copy.path(), &["is not the name of a file in this folder"]);
}

#[test]
fn no_weights_at_all() {
    refused(
        Copy::without_weights("llama").path(),
        &["model.safetensors", "the weights are missing"],
    );
}

#[test]
fn no_tokenizer() {
    let copy = Copy::of("llama");
    copy.remove("tokenizer.json");
    refused(copy.path(), &["no tokenizer in", "tokenizer.json"]);
    copy.write("tokenizer.json", b"{}");
    refused(
        copy.path(),
        &["tokenizer.json", "is no tokenizer that can be used"],
    );
}

#[test]
fn an_empty_prompt() {
    let copy = Copy::of("llama");
    fails(
        lenscape().args(["trace", "", "--model"]).arg(copy.path()),
        &["the prompt is empty"],
    );
}

#[test]
fn a_prompt_that_is_longer_than_the_context() {
    let copy = Copy::of("llama");
    let prompt = "The keys to the cabinet. ".repeat(100);
    fails(
        lenscape()
            .args(["trace", &prompt, "--model"])
            .arg(copy.path()),
        &["the model can attend to 128 only"],
    );
}

#[test]
fn a_program_without_a_terminal() {
    fails(&mut lenscape(), &["is not a terminal", "lenscape trace"]);
}

#[test]
fn wrong_usage() {
    for arguments in [
        &["trace"][..],
        &["trace", "x", "--no-such-flag"],
        &["trace", "x", "--temperature", "hot"],
        &["trace", "x", "--temperature", "-1"],
        &["trace", "x", "--top-p", "2"],
        &["trace", "x", "--format", "xml"],
        &["trace", "x", "-n", "many"],
        &["models", "no-such-command"],
        &["--lens", "round"],
    ] {
        lenscape()
            .args(arguments)
            .assert()
            .code(2)
            .stdout("")
            .stderr(predicate::str::starts_with("error: "));
    }
}
