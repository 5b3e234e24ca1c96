//! Folders of every kind, made from every fixture.

use candle_core::DType;
use lenscape::catalog::CheckpointFiles;

use super::{columns, folder, of_every_fixture};
use crate::made::{self, Copy, write_pytorch};

/// What the fixture's own folder gives.
fn original(name: &str) -> Vec<lenscape::trace::Column> {
    columns(&CheckpointFiles::Folder(made::fixture(name)))
}

#[test]
fn shards_give_the_very_same_cells() {
    of_every_fixture(|name| {
        let copy = Copy::without_weights(name);
        copy.write_shards(&made::tensors(name), 3);
        assert_eq!(columns(&folder(&copy)), original(name), "{name}");
    });
}

#[test]
fn a_pytorch_file_gives_the_very_same_cells() {
    of_every_fixture(|name| {
        let copy = Copy::without_weights(name);
        write_pytorch(&copy.path().join("pytorch_model.bin"), &made::tensors(name));
        assert_eq!(columns(&folder(&copy)), original(name), "{name}");
    });
}

#[test]
fn pytorch_shards_give_the_very_same_cells() {
    of_every_fixture(|name| {
        let copy = Copy::without_weights(name);
        copy.write_pytorch_shards(&made::tensors(name), 2);
        assert_eq!(columns(&folder(&copy)), original(name), "{name}");
    });
}

/// 16-bit weights are read as what they are: their figures are those of the same rounded numbers
/// stored in float32, bit for bit.
#[test]
fn sixteen_bit_weights_give_the_cells_of_the_rounded_weights() {
    of_every_fixture(|name| {
        for dtype in [DType::F16, DType::BF16] {
            let rounded = made::cast(&made::tensors(name), dtype);
            let dequantised = Copy::without_weights(name);
            dequantised.write_safetensors("model.safetensors", &made::cast(&rounded, DType::F32));
            let expected = columns(&folder(&dequantised));

            let one_file = Copy::without_weights(name);
            one_file.write_safetensors("model.safetensors", &rounded);
            assert_eq!(columns(&folder(&one_file)), expected, "{name} {dtype:?}");

            let shards = Copy::without_weights(name);
            shards.write_shards(&rounded, 2);
            assert_eq!(columns(&folder(&shards)), expected, "{name} {dtype:?}");

            let pytorch = Copy::without_weights(name);
            write_pytorch(&pytorch.path().join("pytorch_model.bin"), &rounded);
            assert_eq!(columns(&folder(&pytorch)), expected, "{name} {dtype:?}");
        }
    });
}
