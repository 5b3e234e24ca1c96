//! What is a PyTorch file, and what is none.

use lenscape::model;

use crate::made::{self, Copy, write_pytorch};
use crate::{check, folder};

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
        let error = model::load(&folder(&copy), &candle_core::Device::Cpu, &|_, _| {});
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
