//! What the fuzz targets share: bytes in place of one file of a checkpoint, which is then loaded, or
//! of a trace.
//! Whatever they are, it must not panic, hang or take more memory than the file justifies, and the
//! error is one line. `README.md` says how to run them.

use std::path::{Path, PathBuf};
use std::sync::Once;
use std::{fs, panic};

use lenscape::catalog::CheckpointFiles;
use lenscape::model::tokenizer::Tokenizer;
use lenscape::{caught, model};

/// A folder that holds the fixture `llama`, with `bytes` as its file `name`, is opened and loaded.
pub fn load_with(name: &str, bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/llama");
    for file in ["config.json", "model.safetensors", "tokenizer.json"] {
        // Older weights and tokenizers are looked at only where there are no newer ones.
        let is_replaced = match file {
            "model.safetensors" => !["config.json", "tokenizer.json", "tokenizer.model"].contains(&name),
            "tokenizer.json" => name == "tokenizer.model",
            _ => false,
        };
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

/// libFuzzer ends the process at every panic; those that the program catches are no finds.
fn pass_over_caught_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let end = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !caught::is_expected() {
                end(info);
            }
        }));
    });
}

fn load(files: CheckpointFiles) {
    pass_over_caught_panics();
    match model::load(&files, &candle_core::Device::Cpu, model::Dtype::Auto, &|_, _| {}) {
        Ok(model) => use_tokenizer(&model.tokenizer),
        Err(error) => one_line(&error),
    }
}

/// What is done with the text of a user who opened the file.
fn use_tokenizer(tokenizer: &Tokenizer) {
    let text =
        "The keys, 12 of them,\n  aren't <|end|> e\u{301} 漢字 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!";
    if let Err(error) = tokenizer.encode(text) {
        one_line(&error);
    }
    if let Err(error) = tokenizer.candidate(text, " are") {
        one_line(&error);
    }
}

fn one_line(error: &dyn std::error::Error) {
    assert_eq!(error.to_string().lines().count(), 1, "{error}");
}

/// `bytes` are opened as a trace file.
pub fn open_trace(bytes: &[u8]) {
    if let Err(flaw) = lenscape::export::trace_file::read(bytes) {
        assert_eq!(flaw.to_string().lines().count(), 1, "{flaw}");
    }
}
