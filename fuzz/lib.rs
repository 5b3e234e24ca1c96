//! What the fuzz targets share. Run one with `cargo +nightly fuzz run gguf`; to begin with, give it
//! the files of `tests/fixtures` as its corpus.

use std::fs;
use std::path::{Path, PathBuf};

use lenscape::catalog::CheckpointFiles;
use lenscape::model;

/// A folder that holds the fixture `llama`, with `bytes` as its file `name`, is opened and loaded.
pub fn load_with(name: &str, bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/llama");
    for file in ["config.json", "model.safetensors", "tokenizer.json"] {
        // Older weights are looked at only where there are no newer ones.
        let is_replaced =
            file == "model.safetensors" && name != "config.json" && name != "tokenizer.json";
        if !is_replaced {
            fs::copy(fixture.join(file), folder.path().join(file)).expect("a copy");
        }
    }
    fs::write(folder.path().join(name), bytes).expect("a file");
    load(CheckpointFiles::Folder(folder.path().to_owned()));
}

/// `bytes` are opened and loaded as a GGUF file.
pub fn load_gguf(bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path: PathBuf = folder.path().join("m.gguf");
    fs::write(&path, bytes).expect("a file");
    load(CheckpointFiles::Gguf(path));
}

fn load(files: CheckpointFiles) {
    let loaded = model::load(&files, &candle_core::Device::Cpu, model::Dtype::Auto, &|_, _| {});
    if let Err(error) = loaded {
        assert_eq!(error.to_string().lines().count(), 1, "{error}");
    }
}
