//! Weights that were saved with what a training tool had put around the model: their names begin
//! with it.

use super::{columns, folder, of_every_fixture};
use crate::made::{self, Copy, Tensors, write_pytorch};
use lenscape::catalog::CheckpointFiles;

const WRAPPERS: [&str; 5] = [
    "_orig_mod.",
    "module.",
    "module._orig_mod.",
    "_orig_mod.module.",
    "module.module.",
];

fn wrapped(tensors: &Tensors, prefix: &str) -> Tensors {
    let tensors = tensors.iter();
    tensors
        .map(|(name, tensor)| (format!("{prefix}{name}"), tensor.clone()))
        .collect()
}

#[test]
fn a_compiled_or_distributed_model_gives_the_very_same_cells() {
    of_every_fixture(|name| {
        let original = columns(&CheckpointFiles::Folder(made::fixture(name)));
        for prefix in WRAPPERS {
            let copy = Copy::without_weights(name);
            let tensors = wrapped(&made::tensors(name), prefix);
            copy.write_safetensors("model.safetensors", &tensors);
            assert_eq!(columns(&folder(&copy)), original, "{name} {prefix}");
        }
    });
}

#[test]
fn so_it_is_in_pytorch_files_and_in_shards() {
    let original = columns(&CheckpointFiles::Folder(made::fixture("gpt2")));
    for prefix in WRAPPERS {
        let tensors = wrapped(&made::tensors("gpt2"), prefix);
        let pytorch = Copy::without_weights("gpt2");
        write_pytorch(&pytorch.path().join("pytorch_model.bin"), &tensors);
        assert_eq!(columns(&folder(&pytorch)), original, "{prefix}");
        let shards = Copy::without_weights("gpt2");
        shards.write_shards(&tensors, 2);
        assert_eq!(columns(&folder(&shards)), original, "{prefix}");
    }
}

#[test]
fn one_compiled_block_has_the_name_in_the_middle() {
    let renamed = made::tensors("llama")
        .into_iter()
        .map(|(name, tensor)| (name.replace("layers.1.", "layers.1._orig_mod."), tensor));
    let copy = Copy::without_weights("llama");
    copy.write_safetensors("model.safetensors", &renamed.collect());
    let original = columns(&CheckpointFiles::Folder(made::fixture("llama")));
    assert_eq!(columns(&folder(&copy)), original);
}
