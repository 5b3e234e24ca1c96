//! GGUF files: whole and split, and with weights of every precision.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use candle_core::quantized::GgmlDType;
use candle_core::quantized::gguf_file::Value;
use lenscape::catalog::CheckpointFiles;
use lenscape::model;
use rayon::prelude::*;
use tempfile::TempDir;

use super::{check, columns};
use crate::made::{Copy, Gguf, gguf_fixtures, gguf_of, parts};

/// A file in a folder of its own.
fn written(gguf: &Gguf, kind: GgmlDType) -> (TempDir, CheckpointFiles) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.gguf");
    gguf.write(&path, kind);
    (folder, CheckpointFiles::Gguf(path))
}

#[test]
fn gguf_in_float32() {
    for name in ["llama", "qwen2"] {
        let (_folder, files) = written(&gguf_of(name), GgmlDType::F32);
        check(name, &files);
    }
}

/// Matrices in 16 bits or quantised are computed with as their own values in float32.
#[test]
fn gguf_of_lesser_precision_is_exactly_its_dequantised_self() {
    gguf_fixtures().par_iter().for_each(|path| {
        let gguf = Gguf::read(path);
        for kind in [
            GgmlDType::F16,
            GgmlDType::BF16,
            GgmlDType::Q8_0,
            GgmlDType::Q4_1,
        ] {
            let (_folder, files) = written(&gguf, kind);
            let (_folder, expected) = written(&gguf.rounded(kind), GgmlDType::F32);
            assert_eq!(
                columns(&files),
                columns(&expected),
                "{} {kind:?}",
                path.display()
            );
        }
    });
}

/// Both parts of a split model; the path is that of the first.
fn split(whole: &Gguf, folder: &Path) -> PathBuf {
    let name = |number: usize| folder.join(format!("m-{number:05}-of-00002.gguf"));
    for (number, tensors) in parts(&whole.tensors, 2).into_iter().enumerate() {
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
    gguf_fixtures().par_iter().for_each(|path| {
        let folder = tempfile::tempdir().unwrap();
        let first = split(&Gguf::read(path), folder.path());
        let whole = columns(&CheckpointFiles::Gguf(path.clone()));
        let found = columns(&CheckpointFiles::Gguf(first));
        assert_eq!(found, whole, "{}", path.display());
    });
}

#[test]
fn a_split_gguf_opens_by_nothing_but_its_whole_first_part() {
    let copy = Copy::without_weights("llama");
    let first = split(&gguf_of("llama"), copy.path());
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
