//! What `examples/` shows: each is run here on a fixture.

use std::fs;
use std::path::Path;
use std::process::Command;

use lenscape::catalog::CheckpointFiles;
use lenscape::engine::{PromptEnd, RunRequest, Session, StatesFile};
use lenscape::export::trace_file;
use lenscape::model::{self, Dtype};
use lenscape::run::RunId;
use lenscape::trace::TokenId;

use crate::reference::{self, Golden};
use crate::testing;

#[allow(dead_code, reason = "its `main` is not called")]
#[path = "../examples/decoder.rs"]
mod decoder;
#[allow(dead_code, reason = "its `main` is not called")]
#[path = "../examples/read_trace.rs"]
mod read_trace;

/// Those of the reference, which Hugging Face transformers computed.
#[test]
fn the_decoder_tells_the_best_token_of_every_layer() {
    let folder = reference::fixture("llama");
    let golden = Golden::read(&folder.join("golden.json"));
    let case = &golden.cases[0];
    let mut said = Vec::new();
    decoder::best_tokens(&folder, &case.prompt, &mut said).unwrap();
    let said = String::from_utf8(said).unwrap();

    let layers = &case.steps[0].layers;
    assert_eq!(said.lines().count(), 1 + layers.len(), "{said}");
    let session = reference::session(&CheckpointFiles::Folder(folder));
    for (line, layer) in said.lines().skip(1).zip(layers) {
        let best = TokenId(layer.top[0].0);
        let label = session.info().vocabulary.label(best);
        assert!(line.ends_with(&format!("  {label}")), "{line}: {label}");
    }
}

#[test]
fn a_trace_is_read_line_by_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.json");
    let mut json = Vec::new();
    trace_file::write(&testing::record(), &mut json).unwrap();
    fs::write(&path, json).unwrap();
    let mut said = Vec::new();
    read_trace::summary(&path, &mut said).unwrap();
    assert_eq!(
        String::from_utf8(said).unwrap(),
        "Tiny: The \"keys\"\nto\n\
         ·is  0.3000  5 2 1  settles L2\n\
         ⟨E6 97⟩  0.1000  4 1 3  settles never\n"
    );
}

/// Three ways to one table: they have to agree.
#[test]
fn python_loads_a_trace_from_each_kind_of_file() {
    let python = std::env::var("LENSCAPE_PYTHON").unwrap_or_else(|_| "python3".into());
    let modules = Command::new(&python)
        .args(["-c", "import numpy, pandas, safetensors"])
        .output();
    if !modules.is_ok_and(|output| output.status.success()) {
        eprintln!("{python} has no numpy, pandas and safetensors: the example was not run");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let files = ["run.safetensors", "run.csv", "run.json"].map(|name| folder.path().join(name));
    for file in &files {
        let traced = Command::new(env!("CARGO_BIN_EXE_lenscape"))
            .args(["trace", "The keys to the cabinet", "-n", "3", "--model"])
            .arg(reference::fixture("gpt2"))
            .arg("--output")
            .arg(file)
            .env("LENSCAPE_HOME", folder.path())
            .env("XDG_STATE_HOME", folder.path())
            .status();
        assert!(traced.unwrap().success());
    }
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/load_trace.py");
    let loaded = Command::new(&python).arg(example).args(&files).output();
    let loaded = loaded.unwrap();
    let [said, told] =
        [loaded.stdout, loaded.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    let lines: Vec<(&str, &str)> = said
        .lines()
        .filter_map(|line| line.split_once(' '))
        .collect();
    let names: Vec<&str> = lines.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["safetensors", "csv", "json"], "{said}{told}");
    assert!(lines.iter().all(|line| line.1 == lines[0].1), "{said}");
    let layers = lines[0].1.split(' ').count();
    assert!(layers > 1, "{said}");
}

/// A Python (`PYTHON`, or else `python3`) that has what the script needs, if there is one.
fn python() -> Option<std::ffi::OsString> {
    let python = std::env::var_os("PYTHON").unwrap_or_else(|| "python3".into());
    let needed = "import accelerate, safetensors, torch, transformers";
    let found = Command::new(&python).args(["-c", needed]).output().ok()?;
    found.status.success().then_some(python)
}

/// What transformers saves is read as the model itself is.
#[test]
fn the_script_saves_states_that_are_read() {
    let Some(python) = python() else {
        eprintln!(
            "skipped: no Python with torch, transformers, accelerate and safetensors \
             (PYTHON names another one)"
        );
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("states.safetensors");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/save_states.py");
    let prompt = "The keys to the cabinet";
    let saved = Command::new(python)
        .arg(script)
        .arg(reference::fixture("llama"))
        .arg(&path)
        .args([prompt, "5"])
        .env("HF_HUB_OFFLINE", "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&saved.stderr);
    assert!(saved.status.success(), "{said}");

    let files = CheckpointFiles::Folder(reference::fixture("llama"));
    let head = model::load_head(&files, &candle_core::Device::Cpu, Dtype::Auto).unwrap();
    let file = StatesFile {
        path,
        prompt: PromptEnd::Unsaid,
        layers: None,
    };
    let states = file.read(&head).unwrap();
    let mut of_states = Session::of_saved(head, "test".into(), 5, states).unwrap();
    let request = RunRequest {
        id: RunId(1),
        prompt: prompt.to_owned(),
        max_tokens: 5,
        ..RunRequest::default()
    };
    let (_, read) = of_states.complete(request.clone()).unwrap();
    let (_, own) = reference::session(&files).complete(request).unwrap();
    assert_eq!(read.len(), own.len());
    for (read, own) in read.iter().zip(&own) {
        assert_eq!(read.token, own.token);
        for (read, own) in read.cells().zip(own.cells()) {
            assert_eq!(read.score.rank, own.score.rank);
            assert!((read.score.logit - own.score.logit).abs() < 1e-3);
        }
    }
}
