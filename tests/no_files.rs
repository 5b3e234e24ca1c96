//! A pipe or an endless device under the name of any file that is read: told at once, in a line, and
//! nobody waits or reads for ever.

#![cfg(target_os = "linux")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::made::{self, Copy};
use lenscape::catalog::Recent;
use tempfile::TempDir;

/// How long a command may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// What may stand under the name of a file.
#[derive(Clone, Copy, Debug)]
enum NoFile {
    Pipe,
    Endless,
    /// A regular file, which has no end for practical purposes.
    Vast,
}

const ALL: [NoFile; 3] = [NoFile::Pipe, NoFile::Endless, NoFile::Vast];

impl NoFile {
    fn at(self, path: &Path) {
        let _ = fs::remove_file(path);
        match self {
            Self::Pipe => {
                let made = Command::new("mkfifo").arg(path).status().unwrap();
                assert!(made.success());
            }
            Self::Endless => symlink("/dev/zero", path).unwrap(),
            Self::Vast => fs::File::create(path).unwrap().set_len(1 << 42).unwrap(),
        }
    }
}

struct Home(TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// What the program says, which has to end by itself, with little memory.
    fn run(&self, arguments: &[&str], what: &str) -> Output {
        let mut command = Command::new("sh");
        command
            .args(["-c", "ulimit -v 6000000; exec \"$0\" \"$@\""])
            .arg(env!("CARGO_BIN_EXE_lenscape"))
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .env("HOME", self.0.path())
            .env("HF_HUB_OFFLINE", "1")
            .env_remove("HF_TOKEN");
        for name in [
            "LENSCAPE_HOME",
            "LENSCAPE_CONFIG",
            "XDG_STATE_HOME",
            "HF_HOME",
        ] {
            command.env(name, self.0.path());
        }
        let mut child = command.spawn().unwrap();
        let begun = Instant::now();
        while child.try_wait().unwrap().is_none() {
            if begun.elapsed() > PATIENCE {
                child.kill().unwrap();
                panic!("it never ends: {what}");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        child.wait_with_output().unwrap()
    }

    /// The command fails with one line that names the file.
    fn refused(&self, arguments: &[&str], name: &str, what: &str) {
        let output = self.run(arguments, what);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{what}: {told}");
        assert_eq!(told.lines().count(), 1, "{what}: {told}");
        assert!(told.contains(name), "{what}: {told}");
    }
}

#[test]
fn settings() {
    for no_file in ALL {
        let home = Home::new();
        fs::create_dir(home.path("themes")).unwrap();
        let names = ["config.toml", "keys.toml", "examples.toml", "themes/x.toml"];
        for name in names {
            no_file.at(&home.path(name));
        }
        let output = home.run(&["config", "check"], "config check");
        let told = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(1));
        for name in names {
            let mut lines = told.lines();
            assert!(
                lines.any(|line| line.contains(name) && line.contains("cannot be read")),
                "{no_file:?}: {name}: {told}"
            );
        }
    }
}

#[test]
fn files_of_a_model() {
    let home = Home::new();
    for name in [
        "config.json",
        "generation_config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "special_tokens_map.json",
        "added_tokens.json",
        "model.safetensors",
        "model.safetensors.index.json",
        "pytorch_model.bin",
        "tokenizer.model",
        "vocab.json",
    ] {
        for no_file in ALL {
            let copy = Copy::of("llama");
            let without = match name {
                "model.safetensors.index.json" | "pytorch_model.bin" => "model.safetensors",
                "tokenizer.model" | "vocab.json" => "tokenizer.json",
                other => other,
            };
            let _ = fs::remove_file(copy.path().join(without));
            if name == "vocab.json" {
                copy.write("merges.txt", b"a b\n");
            }
            no_file.at(&copy.path().join(name));
            let model = copy.path().to_str().unwrap();
            let what = format!("{name} as {no_file:?}");
            home.refused(&["models", "inspect", model], name, &what);
            home.refused(&["trace", "a", "--model", model], name, &what);
        }
    }
}

#[test]
fn a_shard_and_a_gguf_file() {
    let home = Home::new();
    for no_file in ALL {
        let copy = Copy::of("llama");
        copy.write_shards(&made::tensors("llama"), 2);
        copy.remove("model.safetensors");
        let shard = "model-00002-of-00002.safetensors";
        no_file.at(&copy.path().join(shard));
        let model = copy.path().to_str().unwrap();
        home.refused(&["models", "inspect", model], shard, "a shard");
        let gguf = home.path("x.gguf");
        no_file.at(&gguf);
        let gguf = gguf.to_str().unwrap();
        home.refused(&["models", "inspect", gguf], "x.gguf", "a gguf file");
    }
}

#[test]
fn an_adapter_beside_a_model_is_no_reason_to_wait() {
    let home = Home::new();
    for no_file in ALL {
        let copy = Copy::of("llama");
        no_file.at(&copy.path().join("adapter_config.json"));
        let model = copy.path().to_str().unwrap();
        home.run(&["models", "inspect", model], "an adapter");
    }
}

#[test]
fn traces_and_scripts() {
    let home = Home::new();
    for no_file in ALL {
        let file = home.path("x");
        no_file.at(&file);
        let file = file.to_str().unwrap();
        home.refused(&["open", file], file, "a trace");
        home.refused(&["play", file], file, "a script");
        let model = made::fixture("gpt2");
        let model = model.to_str().unwrap();
        let verify = ["verify", "--model", model, "--reference", file];
        home.refused(&verify, file, "reference values");
    }
}

#[test]
fn the_log() {
    let home = Home::new();
    let pipe = home.path("pipe");
    NoFile::Pipe.at(&pipe);
    let output = home.run(&["models", "--log", pipe.to_str().unwrap()], "--log");
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{told}");
    assert!(
        told.contains("cannot log to") && told.contains("a pipe"),
        "{told}"
    );
    fs::create_dir(home.path("lenscape")).unwrap();
    NoFile::Pipe.at(&home.path("lenscape/lenscape.log"));
    assert!(home.run(&["models"], "the usual log").status.success());
}

#[test]
fn what_the_hub_and_the_list_of_models_leave_behind() {
    for no_file in ALL {
        let home = Home::new();
        let recent = home.path("recent-models");
        no_file.at(&recent);
        assert!(Recent::in_file(recent).names().is_empty());
        no_file.at(&home.path("token"));
        let refs = home.path("hub/models--org--name/refs");
        fs::create_dir_all(&refs).unwrap();
        no_file.at(&refs.join("main"));
        let output = home.run(&["models", "pull", "org/name"], "refs/main");
        assert_eq!(output.status.code(), Some(1));
    }
}
