//! What is a PyTorch file, and what is none.

use candle_core::DType;
use lenscape::catalog::CheckpointFiles;
use lenscape::model;
use lenscape::model::weights::{Folder, Part, Weights};

use super::{check, columns, folder, of_every_fixture};
use crate::made::{self, Copy, write_legacy_pytorch, write_pytorch, write_training_state};

#[test]
fn safetensors_are_preferred_to_a_pytorch_file() {
    let copy = Copy::of("llama");
    copy.write("pytorch_model.bin", b"not this one");
    check("llama", &folder(&copy));
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
    assert!(message(b"anything").contains("not a PyTorch file"));
    assert!(message(&whole[..whole.len() / 2]).contains("the archive is damaged"));
    assert!(message(b"PK\x03\x04 and nothing").contains("the archive is damaged"));
}

#[test]
fn a_file_of_before_1_6_gives_the_very_same_cells() {
    of_every_fixture(|name| {
        let copy = Copy::without_weights(name);
        let path = copy.path().join("pytorch_model.bin");
        write_legacy_pytorch(&path, &made::tensors(name));
        let original = columns(&CheckpointFiles::Folder(made::fixture(name)));
        assert_eq!(columns(&folder(&copy)), original, "{name}");
    });
}

#[test]
fn a_file_of_before_1_6_may_hold_halves() {
    let rounded = made::cast(&made::tensors("llama"), DType::F16);
    let [old, new] = [write_legacy_pytorch, write_pytorch].map(|write| {
        let copy = Copy::without_weights("llama");
        write(&copy.path().join("pytorch_model.bin"), &rounded);
        columns(&folder(&copy))
    });
    assert_eq!(old, new);
}

/// `torch-legacy.bin` is what PyTorch 2 writes when it is asked for the old format:
/// `torch.save({"w": x.view(2, 3), "b": x[4:], "half": y}, f, _use_new_zipfile_serialization=False)`
/// with `x = torch.arange(6.)` and `y = torch.ones(2).half()`.
#[test]
fn what_pytorch_itself_wrote_in_the_old_format_is_read() {
    let copy = Copy::without_weights("llama");
    let bytes = include_bytes!("torch-legacy.bin");
    copy.write("pytorch_model.bin", bytes);
    let weights = Weights::Folder(Folder::open(copy.path(), Part::Whole, None).unwrap());
    let values = |name: &str| {
        let tensor = weights.read(name).unwrap().flatten_all().unwrap();
        tensor.to_vec1::<f32>().unwrap()
    };
    assert_eq!(weights.shape("w"), Some(&[2, 3][..]));
    assert_eq!(values("w"), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    assert_eq!(values("b"), [4.0, 5.0]);
    assert_eq!(values("half"), [1.0, 1.0]);
    for length in 1..bytes.len() {
        copy.write("pytorch_model.bin", &bytes[..length]);
        let error = Folder::open(copy.path(), Part::Whole, None)
            .unwrap_err()
            .to_string();
        assert_eq!(error.lines().count(), 1, "{length}: {error}");
    }
}

#[test]
fn a_state_dict_is_found_in_what_a_training_tool_saved() {
    for name in ["state_dict", "model_state_dict", "model", "module"] {
        let copy = Copy::without_weights("llama");
        let path = copy.path().join("pytorch_model.bin");
        write_training_state(&path, name, &made::tensors("llama"));
        check("llama", &folder(&copy));
    }
}
