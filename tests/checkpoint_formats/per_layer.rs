//! GGUF metadata as a list with an entry a layer, which llama.cpp reads for every architecture.

use candle_core::Tensor;
use candle_core::quantized::GgmlDType;
use candle_core::quantized::gguf_file::Value;
use lenscape::catalog::CheckpointFiles;
use lenscape::model;
use rayon::prelude::*;

use super::columns;
use crate::made::{Gguf, gguf_fixtures, gguf_of};

const KEYS: [&str; 3] = [
    "attention.head_count",
    "attention.head_count_kv",
    "feed_forward_length",
];

fn in_file<T>(gguf: &Gguf, f: impl FnOnce(&CheckpointFiles) -> T) -> T {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.gguf");
    gguf.write(&path, GgmlDType::F32);
    f(&CheckpointFiles::Gguf(path))
}

fn architecture(gguf: &Gguf) -> String {
    gguf.metadata["general.architecture"]
        .to_string()
        .unwrap()
        .clone()
}

#[test]
fn a_list_of_equal_entries_is_their_value_in_every_architecture() {
    gguf_fixtures().par_iter().for_each(|path| {
        let mut gguf = Gguf::read(path);
        let architecture = architecture(&gguf);
        let layers = gguf.metadata[&format!("{architecture}.block_count")]
            .to_u64()
            .unwrap();
        for key in KEYS {
            let key = format!("{architecture}.{key}");
            // Some are lists already.
            let number = gguf
                .metadata
                .get(&key)
                .and_then(|value| value.to_u64().ok());
            if let Some(number) = number {
                let number = number as i32;
                let list = vec![Value::I32(number); layers as usize];
                gguf.set(&key, Value::Array(list));
            }
        }
        let original = columns(&CheckpointFiles::Gguf(path.clone()));
        assert_eq!(in_file(&gguf, columns), original, "{}", path.display());
    });
}

/// The first rows or columns, alone in their memory.
fn part(tensor: &Tensor, dim: usize, len: usize) -> Tensor {
    let part = tensor.narrow(dim, 0, len).unwrap();
    part.force_contiguous().unwrap()
}

fn numbers(numbers: &[u32]) -> Value {
    Value::Array(numbers.iter().map(|number| Value::U32(*number)).collect())
}

/// Rows or columns of zeros are no part of what a network computes, so that a narrower one may
/// leave them out.
#[test]
fn a_layer_may_have_a_width_of_its_own() {
    let mut gguf = gguf_of("llama");
    for name in ["ffn_gate", "ffn_up"] {
        let name = format!("blk.1.{name}.weight");
        gguf.tensors
            .insert(name.clone(), part(&gguf.tensors[&name], 0, 64));
    }
    let down = "blk.1.ffn_down.weight";
    let narrow = part(&gguf.tensors[down], 1, 64);
    gguf.tensors.insert(down.into(), narrow.clone());
    gguf.set("llama.feed_forward_length", numbers(&[96, 64, 96, 96]));
    let narrowed = in_file(&gguf, columns);

    let mut wide = gguf_of("llama");
    let zeros = part(&narrow, 1, 32).zeros_like().unwrap();
    let padded = Tensor::cat(&[narrow, zeros], 1).unwrap();
    wide.tensors.insert(down.into(), padded);
    let expected = in_file(&wide, columns);
    for (found, expected) in narrowed.iter().zip(&expected) {
        assert_eq!(found.token, expected.token);
    }
}

/// Layer 1 has only the first of its two key heads and the first two of its four heads.
#[test]
fn a_layer_may_have_heads_of_its_own() {
    let mut gguf = gguf_of("llama");
    for (name, rows) in [("attn_q", 16), ("attn_k", 8), ("attn_v", 8)] {
        let name = format!("blk.1.{name}.weight");
        gguf.tensors
            .insert(name.clone(), part(&gguf.tensors[&name], 0, rows));
    }
    let output = "blk.1.attn_output.weight";
    let half = part(&gguf.tensors[output], 1, 16);
    gguf.tensors.insert(output.into(), half.clone());
    gguf.set("llama.attention.head_count", numbers(&[4, 2, 4, 4]));
    gguf.set("llama.attention.head_count_kv", numbers(&[2, 1, 2, 2]));
    let found = in_file(&gguf, columns);

    let mut whole = gguf_of("llama");
    let zeros = half.zeros_like().unwrap();
    let padded = Tensor::cat(&[half, zeros], 1).unwrap();
    whole.tensors.insert(output.into(), padded);
    for (found, expected) in found.iter().zip(&in_file(&whole, columns)) {
        assert_eq!(found.token, expected.token);
    }
}

#[test]
fn a_list_that_makes_no_sense_is_refused_by_its_name() {
    for (key, list) in [
        ("feed_forward_length", numbers(&[96, 96])),
        ("feed_forward_length", numbers(&[])),
        ("attention.head_count", numbers(&[4, 0, 4, 4])),
        ("context_length", numbers(&[128, 64, 128, 128])),
    ] {
        let mut gguf = gguf_of("llama");
        gguf.set(&format!("llama.{key}"), list);
        let error = in_file(&gguf, |files| {
            model::describe(files, model::Dtype::Auto).unwrap_err()
        });
        let error = error.to_string();
        assert!(error.contains(&format!("`llama.{key}`")), "{error}");
    }
}
