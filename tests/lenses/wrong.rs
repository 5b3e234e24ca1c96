//! A lens that does not fit, or is none, is refused by what is wrong with it, in one line.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use candle_core::{DType, Device, Tensor};
use lenscape::model::ModelError;
use lenscape::trace::LensKind;
use serde_json::{Value, json};

use super::{files, lens_of, reference};
use crate::made::{Jacobian, Tensors, write_jacobian, write_legacy_pytorch, write_pytorch};

fn read(lens: LensKind, path: &Path) -> Result<Vec<String>, ModelError> {
    let mut session = reference::session(&files("llama"));
    session.read_lens(lens, path)?;
    Ok(session.info().notes.clone())
}

fn assert_refused(lens: LensKind, path: &Path, reason: &str) {
    let error = read(lens, path).expect_err(reason).to_string();
    assert!(error.contains(reason), "{error}\nexpected: {reason}");
    assert_eq!(error.lines().count(), 1, "{error}");
}

fn tensor(shape: &[usize], value: f32) -> Tensor {
    let zeros = Tensor::zeros(shape, DType::F32, &Device::Cpu).unwrap();
    (zeros + f64::from(value)).unwrap()
}

/// A tuned lens of zeros for four layers of width 32.
fn zeros() -> Tensors {
    let mut tensors = HashMap::new();
    for i in 0..4 {
        tensors.insert(format!("{i}.weight"), tensor(&[32, 32], 0.0));
        tensors.insert(format!("{i}.bias"), tensor(&[32], 0.0));
    }
    tensors
}

fn write_tuned(folder: &Path, change: impl FnOnce(&mut Value, &mut Tensors)) {
    let config = fs::read(lens_of("llama", LensKind::Tuned).join("config.json")).unwrap();
    let mut config = serde_json::from_slice(&config).unwrap();
    let mut tensors = zeros();
    change(&mut config, &mut tensors);
    fs::write(folder.join("config.json"), config.to_string()).unwrap();
    write_pytorch(&folder.join("params.pt"), &tensors);
}

#[test]
fn a_tuned_lens_that_does_not_fit_is_refused() {
    type Change = fn(&mut Value, &mut Tensors);
    let cases: [(Change, &str); 15] = [
        (|config, _| config["d_model"] = json!(64), "width 64"),
        (
            |config, _| config["num_hidden_layers"] = json!(5),
            "5 layers",
        ),
        (
            |config, _| config["d_model"] = json!("x"),
            "`d_model` is no whole number",
        ),
        (
            |config, _| config["lens_type"] = json!("other"),
            "lens_type",
        ),
        (
            |config, _| config["base_model_name_or_path"] = json!("gpt2"),
            "a gpt2 model",
        ),
        (
            |config, _| config["base_model_name_or_path"] = json!(""),
            "no name of a model",
        ),
        (
            |config, _| config["base_model_name_or_path"] = json!(7),
            "is no text",
        ),
        (
            |config, _| config["bias"] = json!("yes"),
            "neither true nor false",
        ),
        (|config, _| *config = json!([1]), "holds no object"),
        (
            |_, all| drop(all.remove("2.weight")),
            "2.weight`: is missing",
        ),
        (|_, all| drop(all.remove("2.bias")), "2.bias`: is missing"),
        (
            |_, all| drop(all.insert("4.weight".into(), tensor(&[32, 32], 0.0))),
            "4.weight`: is no part",
        ),
        (
            |_, all| drop(all.insert("1.weight".into(), tensor(&[32, 16], 0.0))),
            "expected [32, 32]",
        ),
        (
            |_, all| drop(all.insert("1.weight".into(), tensor(&[32, 32], f32::NAN))),
            "not finite",
        ),
        (
            |_, all| drop(all.insert("1.bias".into(), tensor(&[32], f32::INFINITY))),
            "not finite",
        ),
    ];
    for (change, reason) in cases {
        let folder = tempfile::tempdir().unwrap();
        write_tuned(folder.path(), change);
        assert_refused(LensKind::Tuned, folder.path(), reason);
    }
}

#[test]
fn a_folder_without_a_tuned_lens_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    assert_refused(LensKind::Tuned, folder.path(), "config.json");
    assert_refused(
        LensKind::Tuned,
        &folder.path().join("nowhere"),
        "is a folder with",
    );
    write_tuned(folder.path(), |_, _| {});
    let parameters = folder.path().join("params.pt");
    let bytes = fs::read(&parameters).unwrap();
    fs::write(&parameters, &bytes[..bytes.len() / 2]).unwrap();
    assert_refused(LensKind::Tuned, folder.path(), "damaged");
    fs::write(&parameters, "<html>").unwrap();
    assert_refused(LensKind::Tuned, folder.path(), "web page");
}

#[test]
fn a_lens_of_a_model_with_another_name_is_used_and_said_to_be() {
    let folder = tempfile::tempdir().unwrap();
    write_tuned(folder.path(), |config, _| {
        config["base_model_name_or_path"] = json!("someone/a-llama-of-theirs");
    });
    let notes = read(LensKind::Tuned, folder.path()).unwrap();
    assert!(notes[0].contains("a-llama-of-theirs"), "{notes:?}");
}

/// The names of before version 0.1.
fn as_before_0_1(all: &mut Tensors, layers: &str, input: &str) {
    *all = std::mem::take(all)
        .into_iter()
        .map(|(name, tensor)| {
            let (number, rest) = name.split_once('.').unwrap();
            let name = match number.parse::<usize>().unwrap() {
                0 => format!("{input}.{rest}"),
                i => format!("{layers}.{}.{rest}", i - 1),
            };
            (name, tensor)
        })
        .collect();
    all.insert("unembedding.weight".into(), tensor(&[64, 32], 0.0));
}

#[test]
fn a_tuned_lens_of_before_0_1_is_read_where_all_of_it_is_there() {
    let old = json!({"d_model": 32, "num_layers": 4, "include_input": true, "vocab_size": 64});
    for (layers, input) in [
        ("layer_translators", "input_translator"),
        ("layer_adapters", "input_adapter"),
        ("layer_probes", "input_probe"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let write = |change: fn(&mut Value, &mut Tensors)| {
            write_tuned(folder.path(), |config, all| {
                *config = old.clone();
                as_before_0_1(all, layers, input);
                change(config, all);
            });
        };
        write(|_, _| {});
        read(LensKind::Tuned, folder.path()).unwrap();
        write(|_, all| all.retain(|name, _| !name.starts_with("input_")));
        assert_refused(LensKind::Tuned, folder.path(), "before 0.1");
        write(|config, _| config["reuse_unembedding"] = json!(false));
        assert_refused(LensKind::Tuned, folder.path(), "reuse_unembedding");
    }
}

fn identity(width: usize) -> Tensor {
    Tensor::eye(width, DType::F16, &Device::Cpu).unwrap()
}

#[test]
fn a_jacobian_lens_that_does_not_fit_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lens.pt");
    type Change = fn(&mut Jacobian);
    let cases: [(Change, &str); 15] = [
        (
            |lens| lens.matrices = vec![(0, identity(64))],
            "expected [32, 32]",
        ),
        (|lens| lens.d_model = Some(64), "width 64"),
        (|lens| lens.matrices.push((9, identity(32))), "has layer 9"),
        (
            |lens| lens.matrices.push((-1, identity(32))),
            "has a layer -1",
        ),
        (
            |lens| lens.matrices.push((3, (identity(32) * 2.0).unwrap())),
            "is not the identity",
        ),
        (|lens| lens.matrices.clear(), "holds no matrices"),
        (|lens| lens.matrices_key = "jacobian_sum", "unfinished fit"),
        (|lens| lens.matrices_key = "K", "has no `J`"),
        (|lens| lens.n_prompts = Some(0), "`n_prompts`"),
        (|lens| lens.source_layers = Some(vec![0, 1, 2]), "lists 2"),
        (|lens| lens.source_layers = Some(vec![0]), "layer 1, which"),
        (
            |lens| {
                let not_finite = (identity(32) * 65504.0).unwrap().affine(2.0, 0.0).unwrap();
                lens.matrices[0].1 = not_finite;
            },
            "not finite",
        ),
        (
            |lens| lens.provenance = vec![("capture_point", "attn_out")],
            "attn_out",
        ),
        (
            |lens| lens.provenance = vec![("stream_reduce", "mean")],
            "stream_reduce",
        ),
        (
            |lens| lens.provenance = vec![("model_id", "openai/gpt2")],
            "a gpt2 model",
        ),
    ];
    for (change, reason) in cases {
        let mut lens = Jacobian::of(&[0, 1], &identity(32));
        change(&mut lens);
        write_jacobian(&path, &lens);
        assert_refused(LensKind::Jacobian, &path, reason);
    }
}

#[test]
fn a_file_that_is_no_jacobian_lens_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lens.pt");
    assert_refused(LensKind::Jacobian, &path, "cannot read");
    write_pytorch(&path, &zeros());
    assert_refused(LensKind::Jacobian, &path, "has no `J`");
    write_legacy_pytorch(&path, &zeros());
    assert_refused(LensKind::Jacobian, &path, "before PyTorch 1.6");
    fs::write(&path, "text").unwrap();
    assert_refused(LensKind::Jacobian, &path, "not a PyTorch file");
    assert_refused(LensKind::Jacobian, folder.path(), "no lens.safetensors");
    fs::write(&path, "version https://git-lfs").unwrap();
    assert_refused(LensKind::Jacobian, &path, "Git LFS pointer");
    let whole = fs::read(lens_of("llama", LensKind::Jacobian)).unwrap();
    fs::write(&path, &whole[..whole.len() - 100]).unwrap();
    assert_refused(LensKind::Jacobian, &path, "damaged");
    let path = folder.path().join("lens.safetensors");
    for (name, reason) in [
        ("layer_0", "no number"),
        ("00", "no number"),
        ("4", "layer 4"),
    ] {
        let tensors = HashMap::from([(name.to_owned(), identity(32))]);
        candle_core::safetensors::save(&tensors, &path).unwrap();
        assert_refused(LensKind::Jacobian, &path, reason);
    }
}
