//! A tensor that is missing, one that does not fit and one that nothing asks for, in every kind of
//! file: the message names it, what was expected and what was found.

use crate::made::{self, Copy, Gguf, Tensors, gguf_of, write_pytorch};
use candle_core::quantized::GgmlDType;
use candle_core::{DType, Device, Tensor};
use lenscape::catalog::CheckpointFiles;
use lenscape::model;

/// One kind of file, and how it calls what the tests are about.
struct Kind {
    name: &'static str,
    /// `[32, 32]`.
    queries: &'static str,
    /// `[96, 32]`.
    up: &'static str,
    /// `[384, 32]`.
    embedding: &'static str,
    /// Norms that Llama does not have.
    extra: &'static str,
    tensors: fn() -> Tensors,
    write: fn(&Copy, &Tensors) -> CheckpointFiles,
}

const FOLDER: Kind = Kind {
    name: "safetensors",
    queries: "model.layers.1.self_attn.q_proj.weight",
    up: "model.layers.2.mlp.up_proj.weight",
    embedding: "model.embed_tokens.weight",
    extra: "model.layers.0.self_attn.q_norm.weight",
    tensors: || made::tensors("llama"),
    write: |copy, tensors| {
        copy.write_safetensors("model.safetensors", tensors);
        folder(copy)
    },
};

const KINDS: [Kind; 5] = [
    FOLDER,
    Kind {
        name: "sharded safetensors",
        write: |copy, tensors| {
            copy.write_shards(tensors, 3);
            folder(copy)
        },
        ..FOLDER
    },
    Kind {
        name: "PyTorch",
        write: |copy, tensors| {
            write_pytorch(&copy.path().join("pytorch_model.bin"), tensors);
            folder(copy)
        },
        ..FOLDER
    },
    Kind {
        name: "sharded PyTorch",
        write: |copy, tensors| {
            copy.write_pytorch_shards(tensors, 2);
            folder(copy)
        },
        ..FOLDER
    },
    Kind {
        name: "GGUF",
        queries: "blk.1.attn_q.weight",
        up: "blk.2.ffn_up.weight",
        embedding: "token_embd.weight",
        extra: "blk.0.attn_q_norm.weight",
        tensors: || gguf_of("llama").tensors,
        write: |copy, tensors| {
            let path = copy.path().join("m.gguf");
            let gguf = Gguf {
                tensors: tensors.clone(),
                ..gguf_of("llama")
            };
            gguf.write(&path, GgmlDType::F32);
            CheckpointFiles::Gguf(path)
        },
    },
];

fn folder(copy: &Copy) -> CheckpointFiles {
    CheckpointFiles::Folder(copy.path().to_owned())
}

fn zeros(shape: &[usize]) -> Tensor {
    Tensor::zeros(shape, DType::F32, &Device::Cpu).unwrap()
}

/// Loads every kind of file with a change made to its tensors; the message must have all of `parts`
/// in one line.
fn refused<'a>(change: impl Fn(&Kind, &mut Tensors), parts: impl Fn(&Kind) -> Vec<&'a str>) {
    for kind in &KINDS {
        let copy = Copy::without_weights("llama");
        let mut tensors = (kind.tensors)();
        change(kind, &mut tensors);
        let files = (kind.write)(&copy, &tensors);
        let error = model::load(&files, &Device::Cpu, model::Dtype::Auto, &|_, _| {}).unwrap_err();
        let message = error.to_string();
        assert_eq!(message.lines().count(), 1, "{}: {message}", kind.name);
        let place = copy.path().to_str().unwrap();
        for part in parts(kind).into_iter().chain([place]) {
            assert!(message.contains(part), "{}: {message}", kind.name);
        }
    }
}

#[test]
fn a_tensor_that_is_missing() {
    refused(
        |kind, tensors| drop(tensors.remove(kind.up).unwrap()),
        |kind| vec![kind.up, "is missing (expected with shape [96, 32])"],
    );
}

#[test]
fn an_embedding_that_is_missing() {
    refused(
        |kind, tensors| drop(tensors.remove(kind.embedding).unwrap()),
        |kind| vec![kind.embedding, "is missing; it is the embedding"],
    );
}

#[test]
fn a_tensor_of_the_wrong_shape() {
    refused(
        |kind, tensors| {
            drop(
                tensors
                    .insert(kind.queries.into(), zeros(&[16, 32]))
                    .unwrap(),
            )
        },
        |kind| vec![kind.queries, "has shape [16, 32], expected [32, 32]"],
    );
    refused(
        |kind, tensors| drop(tensors.insert(kind.queries.into(), zeros(&[1024])).unwrap()),
        |kind| vec![kind.queries, "has shape [1024], expected [32, 32]"],
    );
    refused(
        |kind, tensors| {
            drop(
                tensors
                    .insert(kind.embedding.into(), zeros(&[384, 64]))
                    .unwrap(),
            )
        },
        |kind| vec![kind.embedding, "has shape [384, 64], expected [any, 32]"],
    );
}

#[test]
fn a_tensor_that_nothing_asks_for() {
    refused(
        |kind, tensors| drop(tensors.insert(kind.extra.into(), zeros(&[8]))),
        |kind| vec![kind.extra, "of shape [8] is not part of this architecture"],
    );
}
