//! What the fuzz targets share: bytes in place of one file of a checkpoint, which is then loaded, or
//! of a trace.
//! Whatever they are, it must not panic, hang or take more memory than the file justifies, and the
//! error is one line. `README.md` says how to run them.

use std::path::{Path, PathBuf};
use std::sync::Once;
use std::{fs, panic};

use lenscape::catalog::CheckpointFiles;
use lenscape::engine::{PromptEnd, StatesFile};
use lenscape::lens::{FittedTo, Lenses};
use lenscape::model::Model;
use lenscape::model::tokenizer::Tokenizer;
use lenscape::trace::LensKind;
use lenscape::{caught, model};

/// A folder that holds the fixture `llama`, with `bytes` as its file `name`, is opened and loaded.
pub fn load_with(name: &str, bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/llama");
    for file in ["config.json", "model.safetensors", "tokenizer.json"] {
        // Older weights and tokenizers are looked at only where there are no newer ones.
        let tokenizers = ["tokenizer.model", "tekken.json", "tiktoken.model"];
        let is_replaced = match file {
            "model.safetensors" => {
                !["config.json", "tokenizer.json"].contains(&name) && !tokenizers.contains(&name)
            }
            "tokenizer.json" => tokenizers.contains(&name),
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

/// `bytes` are read as a tuned lens' `params.pt`, or as a Jacobian lens, for the fixture `llama`.
pub fn read_lens(lens: LensKind, bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = match lens {
        LensKind::Tuned => {
            let config = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("../tests/lenses/llama/tuned/config.json");
            fs::copy(config, folder.path().join("config.json")).expect("a copy");
            fs::write(folder.path().join("params.pt"), bytes).expect("a file");
            folder.path().to_owned()
        }
        _ => {
            let path = folder.path().join("lens.pt");
            fs::write(&path, bytes).expect("a file");
            path
        }
    };
    let model = FittedTo {
        name: "llama",
        family: "llama",
        n_layers: 4,
        d_model: 32,
    };
    if let Err(error) = Lenses::default().read(lens, &path, &model) {
        one_line(&error);
    }
}

/// `bytes` are read as saved states of the fixture `llama`.
pub fn read_states(bytes: &[u8]) {
    static HEAD: std::sync::LazyLock<Model> = std::sync::LazyLock::new(|| {
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/llama");
        let files = CheckpointFiles::Folder(fixture);
        model::load_head(&files, &candle_core::Device::Cpu, model::Dtype::Auto).expect("a head")
    });
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("states.safetensors");
    fs::write(&path, bytes).expect("a file");
    let file = StatesFile {
        path,
        prompt: PromptEnd::Unsaid,
        layers: None,
    };
    if let Err(error) = file.read(&HEAD) {
        one_line(&error);
    }
}
