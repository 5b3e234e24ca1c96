//! The same weights in every kind of file give the same figures: the reference's own where no
//! precision is lost, and those of the rounded weights where some is.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod made;
mod reference;

use std::collections::HashMap;
use std::path::PathBuf;

use candle_core::DType;
use candle_core::quantized::GgmlDType;
use candle_core::quantized::gguf_file::Value;
use lenscape::catalog::CheckpointFiles;
use lenscape::engine::{Progress, Run, RunId, Sampling};
use lenscape::model;
use lenscape::trace::{Column, LensKind};
use made::{Copy, Gguf, gguf_of, halves, write_pytorch};
use reference::Golden;

const FAMILIES: [&str; 4] = ["gpt2", "llama", "mistral", "qwen2"];

/// Holds a checkpoint made from the fixture `name` against the reference.
fn check(name: &str, files: &CheckpointFiles) {
    Golden::read(&made::fixture(name).join("golden.json")).check(files);
}

fn folder(copy: &Copy) -> CheckpointFiles {
    CheckpointFiles::Folder(copy.path().to_owned())
}

/// Eight generated tokens with all their cells.
fn columns(files: &CheckpointFiles) -> Vec<Column> {
    let mut session = reference::session(files);
    session
        .begin(Run {
            id: RunId(1),
            prompt: "The keys to the cabinet".into(),
            max_tokens: 8,
            sampling: Sampling::default(),
            lens: LensKind::Normed,
        })
        .unwrap();
    let mut columns = Vec::new();
    loop {
        match session.advance(&|| true).unwrap() {
            Progress::Prompt { .. } => {}
            Progress::Step { column, .. } => columns.push(column),
            Progress::Finished { .. } => return columns,
        }
    }
}

#[test]
fn sharded_safetensors() {
    for name in FAMILIES {
        let copy = Copy::without_weights(name);
        copy.write_shards(&made::tensors(name));
        check(name, &folder(&copy));
    }
}

#[test]
fn a_pytorch_file() {
    for name in FAMILIES {
        let copy = Copy::without_weights(name);
        write_pytorch(&copy.path().join("pytorch_model.bin"), &made::tensors(name));
        check(name, &folder(&copy));
    }
}

#[test]
fn sharded_pytorch_files() {
    for name in FAMILIES {
        let copy = Copy::without_weights(name);
        let mut index = HashMap::new();
        for (number, half) in halves(&made::tensors(name)).iter().enumerate() {
            let file = format!("pytorch_model-{:05}-of-00002.bin", number + 1);
            write_pytorch(&copy.path().join(&file), half);
            index.extend(half.keys().map(|name| (name.clone(), file.clone())));
        }
        copy.write_index("pytorch_model.bin.index.json", &index);
        check(name, &folder(&copy));
    }
}

#[test]
fn safetensors_are_preferred_to_a_pytorch_file() {
    let copy = Copy::of("llama");
    copy.write("pytorch_model.bin", b"not this one");
    check("llama", &folder(&copy));
}

/// The same tokens and ranks, and logits that differ by no more than float32 sums in another
/// order do: weights are multiplied in pieces that depend on how they are stored.
fn same(found: &[Column], expected: &[Column], place: &str) {
    assert_eq!(found.len(), expected.len(), "{place}");
    for (found, expected) in found.iter().zip(expected) {
        assert_eq!(found.token, expected.token, "{place}");
        for (found, expected) in found.layers.iter().zip(&expected.layers) {
            assert_eq!(found.score.rank, expected.score.rank, "{place}");
            let scale = expected.score.logit.abs().max(1.0);
            let off = (found.score.logit - expected.score.logit).abs();
            assert!(off <= 1e-5 * scale, "{place}: logits differ by {off}");
        }
    }
}

/// 16-bit weights are read as what they are: their figures are those of the same rounded numbers
/// stored in float32.
#[test]
fn sixteen_bit_weights_in_every_container() {
    for name in FAMILIES {
        for dtype in [DType::F16, DType::BF16] {
            let rounded = made::cast(&made::tensors(name), dtype);
            let widened = Copy::without_weights(name);
            widened.write_safetensors("model.safetensors", &made::cast(&rounded, DType::F32));
            let expected = columns(&folder(&widened));

            let safetensors = Copy::without_weights(name);
            safetensors.write_safetensors("model.safetensors", &rounded);
            same(
                &columns(&folder(&safetensors)),
                &expected,
                &format!("{name} {dtype:?}"),
            );

            let pytorch = Copy::without_weights(name);
            write_pytorch(&pytorch.path().join("pytorch_model.bin"), &rounded);
            same(
                &columns(&folder(&pytorch)),
                &expected,
                &format!("{name} {dtype:?}"),
            );
        }
    }
}

/// Where the reference's ranks are far apart 16 bits change few of them, and none by much.
#[test]
fn sixteen_bits_change_ranks_by_no_more_than_their_precision() {
    for name in FAMILIES {
        let exact = columns(&CheckpointFiles::Folder(made::fixture(name)));
        for (dtype, unit) in [(DType::F16, 1.0 / 1024.0), (DType::BF16, 1.0 / 128.0)] {
            let copy = Copy::without_weights(name);
            let rounded = made::cast(&made::tensors(name), dtype);
            copy.write_safetensors("model.safetensors", &rounded);
            let found = columns(&folder(&copy));
            let first = exact[0].layers.iter().zip(&found[0].layers);
            for (l, (exact, found)) in first.enumerate() {
                let scale = exact.score.logit.abs().max(1.0);
                let off = (exact.top[0].1 - found.top[0].1).abs();
                assert!(off <= 8.0 * unit * scale, "{name} {dtype:?} L{l}: {off}");
            }
        }
    }
}

fn gguf_file(gguf: &Gguf, kind: GgmlDType) -> (Copy, CheckpointFiles) {
    let copy = Copy::without_weights("llama");
    copy.remove("tokenizer.json");
    let path = copy.path().join("m.gguf");
    gguf.write(&path, kind);
    (copy, CheckpointFiles::Gguf(path))
}

#[test]
fn gguf_in_float32() {
    for name in ["llama", "qwen2"] {
        let (_copy, files) = gguf_file(&gguf_of(name), GgmlDType::F32);
        check(name, &files);
    }
}

/// Matrices in 16 bits or quantised are computed with as their own values in float32.
#[test]
fn gguf_of_lesser_precision_is_exactly_its_dequantised_self() {
    for kind in [
        GgmlDType::F16,
        GgmlDType::BF16,
        GgmlDType::Q8_0,
        GgmlDType::Q4_1,
    ] {
        let gguf = gguf_of("qwen2");
        let (_copy, files) = gguf_file(&gguf, kind);
        let mut dequantised = gguf.clone();
        for tensor in dequantised.tensors.values_mut().filter(|t| t.rank() > 1) {
            let quantised = candle_core::quantized::QTensor::quantize(tensor, kind).unwrap();
            *tensor = quantised.dequantize(tensor.device()).unwrap();
        }
        let (_copy, expected) = gguf_file(&dequantised, GgmlDType::F32);
        same(&columns(&files), &columns(&expected), &format!("{kind:?}"));
    }
}

/// Both parts of a split llama; the path is that of the first.
fn split(copy: &Copy) -> PathBuf {
    let whole = gguf_of("llama");
    let name = |number: usize| copy.path().join(format!("m-{number:05}-of-00002.gguf"));
    for (number, tensors) in halves(&whole.tensors).into_iter().enumerate() {
        let mut part = Gguf {
            metadata: HashMap::new(),
            tensors,
        };
        if number == 0 {
            part.metadata.clone_from(&whole.metadata);
        }
        part.set("split.no", Value::U16(number as u16));
        part.set("split.count", Value::U16(2));
        part.write(&name(number + 1), GgmlDType::F32);
    }
    name(1)
}

#[test]
fn a_split_gguf_opens_by_its_first_part() {
    let copy = Copy::without_weights("llama");
    check("llama", &CheckpointFiles::Gguf(split(&copy)));
}

#[test]
fn a_split_gguf_opens_by_nothing_but_its_whole_first_part() {
    let copy = Copy::without_weights("llama");
    let first = split(&copy);
    let second = first.with_file_name("m-00002-of-00002.gguf");
    let message = |path: PathBuf| {
        let files = CheckpointFiles::Gguf(path);
        let error = model::load(
            &files,
            &candle_core::Device::Cpu,
            model::Dtype::Auto,
            &|_, _| {},
        )
        .unwrap_err();
        error.to_string()
    };
    assert!(message(second.clone()).contains("part 2 of 2 of a split model; open "));
    let renamed = copy.path().join("renamed.gguf");
    std::fs::copy(&first, &renamed).unwrap();
    assert!(message(renamed).contains("the first of 2 parts, so its name must end in"));
    std::fs::copy(&first, &second).unwrap();
    assert!(message(first.clone()).contains("is in another part too"));
    std::fs::remove_file(second).unwrap();
    assert!(message(first).contains("part 2 of 2 of the model is missing; download it"));
}

#[test]
fn a_damaged_pytorch_file_is_refused_in_one_line() {
    let copy = Copy::without_weights("llama");
    let path = copy.path().join("pytorch_model.bin");
    write_pytorch(&path, &made::tensors("llama"));
    let whole = copy.read("pytorch_model.bin");
    let message = |bytes: &[u8]| {
        copy.write("pytorch_model.bin", bytes);
        let error = model::load(
            &folder(&copy),
            &candle_core::Device::Cpu,
            model::Dtype::Auto,
            &|_, _| {},
        );
        let message = error.unwrap_err().to_string();
        assert_eq!(message.lines().count(), 1, "{message}");
        message
    };
    assert!(message(b"").contains("the file is empty"));
    assert!(message(b"version https://git-lfs").contains("git lfs pull"));
    assert!(message(b"\x80\x02\x8a\x0al\xfc").contains("a PyTorch before 1.6"));
    assert!(message(b"anything").contains("not a PyTorch file"));
    assert!(message(&whole[..whole.len() / 2]).contains("the archive is damaged"));
    assert!(message(b"PK\x03\x04 and nothing").contains("the archive is damaged"));
}
