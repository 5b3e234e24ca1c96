//! Names out of files, of the command line and of the environment say nothing to the terminal,
//! whatever command tells them: no control character, no change of the text's direction, and no
//! line of their own.

#![cfg(unix)]

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::made::{self, Copy, tensors};
use candle_core::{DType, Device, Tensor};
use lenscape::vocabulary::steers;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Writes the clipboard, erases the screen, turns the text's direction, and forges a line. A file
/// can be called so.
const HOSTILE: &str =
    "x\u{1b}]52;c;Zm9v\u{7}\u{1b}[2J\u{9b}2J\u{202e}\u{2066}\u{7f}\r\nforged line";

/// The same for where NUL may stand, too.
const IN_JSON: &str = "x\0\u{1b}]52;c;Zm9v\u{7}\u{9b}2J\u{202e}\r\nforged line";

/// A home without settings, and a folder to work in.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// What the command tells on both streams, which has to be harmless. Returns it, with whether
    /// the command did what it was asked.
    fn told<S: AsRef<OsStr>>(
        &self,
        arguments: &[S],
        variables: &[(&str, &OsStr)],
    ) -> (String, bool) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lenscape"));
        command
            .args(arguments)
            .current_dir(self.path())
            .stdin(Stdio::null())
            .env("HF_HUB_OFFLINE", "1")
            .env("HOME", self.path())
            .env("XDG_STATE_HOME", self.path())
            .env("HF_HOME", self.path())
            .env("LENSCAPE_HOME", self.path())
            .env("LENSCAPE_CONFIG", self.path())
            .envs(variables.iter().copied());
        let output = command.output().unwrap();
        let mut told = String::new();
        for stream in [output.stdout, output.stderr] {
            let text = String::from_utf8(stream).unwrap();
            let harmful = |c: &char| *c != '\n' && steers(*c);
            assert_eq!(text.chars().find(harmful), None, "{text:?}");
            for line in text.lines() {
                assert!(!line.starts_with("forged"), "{text:?}");
            }
            told.push_str(&text);
        }
        (told, output.status.success())
    }

    /// Every command that reads a model, with this one.
    fn every_command(&self, model: &Path) {
        let words = |text: &str| text.split(' ').map(OsString::from).collect::<Vec<_>>();
        for text in [
            "models inspect",
            "models inspect --format json",
            "models pull",
        ] {
            let mut arguments = words(text);
            arguments.push(model.into());
            self.told(&arguments, &[]);
        }
        for text in [
            "trace a -n 2",
            "trace a -n 2 --format table",
            "trace a -n 2 --format html",
            "trace a -n 2 --format svg",
            "trace a -n 2 --follow",
            "compare a --tokens b",
            "compare a --tokens b --format json",
            "verify -n 2",
            "bench -n 1",
            "play script.toml",
            "a",
        ] {
            let mut arguments = words(text);
            arguments.extend(["--model".into(), model.into()]);
            self.told(&arguments, &[]);
        }
    }
}

fn copy() -> Copy {
    Copy::of("llama")
}

/// A safetensors file whose header is as `change` makes it.
fn with_header(copy: &Copy, change: impl FnOnce(&mut serde_json::Map<String, Value>)) {
    let bytes = copy.read("model.safetensors");
    let (length, rest) = bytes.split_at(8);
    let length = usize::try_from(u64::from_le_bytes(length.try_into().unwrap())).unwrap();
    let (header, weights) = rest.split_at(length);
    let mut header: serde_json::Map<String, Value> = serde_json::from_slice(header).unwrap();
    change(&mut header);
    let header = serde_json::to_vec(&header).unwrap();
    let length = u64::try_from(header.len()).unwrap().to_le_bytes();
    copy.write(
        "model.safetensors",
        &[&length[..], &header, weights].concat(),
    );
}

fn renamed(copy: &Copy, end: &str) {
    with_header(copy, |header| {
        let name = header.keys().find(|name| name.ends_with(end)).unwrap();
        let name = name.clone();
        let entry = header.remove(&name).unwrap();
        header.insert(IN_JSON.to_owned(), entry);
    });
}

fn with_value(copy: &Copy, file: &str, path: &[&str], value: Value) {
    let mut document: Value = serde_json::from_slice(&copy.read(file)).unwrap();
    let mut at = &mut document;
    for key in path {
        at = &mut at[*key];
    }
    *at = value;
    copy.write(file, document.to_string().as_bytes());
}

/// Checkpoints with something hostile in each place of their files.
fn checkpoints() -> Vec<Copy> {
    let mut all = Vec::new();
    let mut add = |make: &dyn Fn(&Copy)| {
        let copy = copy();
        make(&copy);
        all.push(copy);
    };
    // A tensor that is not used, one that is missing, types and sizes that cannot be.
    add(&|copy| {
        let mut more = tensors("llama");
        let tensor = Tensor::zeros(4, DType::F32, &Device::Cpu).unwrap();
        more.insert(IN_JSON.to_owned(), tensor);
        copy.write_safetensors("model.safetensors", &more);
    });
    add(&|copy| renamed(copy, "q_proj.weight"));
    for (key, value) in [("dtype", json!(IN_JSON)), ("shape", json!([7, 1]))] {
        add(&|copy| {
            renamed(copy, "q_proj.weight");
            with_header(copy, |header| header[IN_JSON][key] = value.clone());
        });
    }
    // The files of the weights.
    for shard in [IN_JSON, HOSTILE, "../x\u{1b}c"] {
        add(&|copy| {
            copy.remove("model.safetensors");
            let names = tensors("llama").into_keys();
            let map: HashMap<String, String> = names.map(|name| (name, shard.to_owned())).collect();
            copy.write_index("model.safetensors.index.json", &map);
        });
    }
    for key in [
        "model_type",
        "hidden_act",
        "hidden_size",
        "rope_scaling",
        "torch_dtype",
        "architectures",
        "quantization_config",
        IN_JSON,
    ] {
        for value in [
            json!(IN_JSON),
            json!([IN_JSON]),
            json!({ IN_JSON: IN_JSON, "rope_type": IN_JSON, "quant_method": IN_JSON }),
        ] {
            add(&|copy| copy.configure(key, value.clone()));
        }
    }
    for (file, path) in [
        ("tokenizer_config.json", &["tokenizer_class"][..]),
        ("tokenizer_config.json", &["bos_token"]),
        ("generation_config.json", &["eos_token_id"]),
        ("tokenizer.json", &["model", "type"]),
        ("tokenizer.json", &["pre_tokenizer"]),
        ("tokenizer.json", &["added_tokens"]),
        ("tokenizer.json", &[IN_JSON]),
    ] {
        add(&|copy| with_value(copy, file, path, json!(IN_JSON)));
        add(&|copy| with_value(copy, file, path, json!({ "type": IN_JSON })));
    }
    add(&|copy| {
        copy.write("config.json", format!("{{\"{HOSTILE}").as_bytes());
    });
    all
}

#[test]
fn names_in_a_checkpoint_are_harmless_in_every_command() {
    let place = Place::new();
    fs::write(
        place.path().join("script.toml"),
        "steps = [{ wait = \"ready\", timeout = 9 }]",
    )
    .unwrap();
    for (at, copy) in checkpoints().iter().enumerate() {
        match at {
            // One goes through all commands; the others through those that tell the most.
            0 | 1 => place.every_command(copy.path()),
            _ => {
                let model = copy.path().to_str().unwrap();
                for arguments in [
                    &["models", "inspect", model][..],
                    &["models", "inspect", model, "--format", "json"],
                    &["trace", "a", "-n", "1", "--model", model],
                ] {
                    place.told(arguments, &[]);
                }
            }
        }
    }
}

#[test]
fn the_name_of_a_tensor_is_told_all_the_same() {
    let place = Place::new();
    let all = checkpoints();
    let model = all[0].path().to_str().unwrap();
    let (text, _) = place.told(&["models", "inspect", model], &[]);
    assert!(
        text.contains("x⟨00⟩⟨1B⟩]52;c;Zm9v⟨07⟩⟨009B⟩2J⟨202E⟩⏎forged line  (not known"),
        "{text}"
    );
    let (json, _) = place.told(&["models", "inspect", model, "--format", "json"], &[]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["tensors"]["unused"][0]["names"][0], IN_JSON);
}

#[test]
fn names_of_files_are_harmless_in_every_command() {
    let place = Place::new();
    let model = place.path().join(HOSTILE);
    fs::create_dir(&model).unwrap();
    for file in [
        "config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "model.safetensors",
    ] {
        fs::write(model.join(file), copy().read(file)).unwrap();
    }
    let named = |name: &str| place.path().join(format!("{HOSTILE}{name}"));
    let script = "steps = [{ screenshot = \"a.svg\" }]";
    fs::write(place.path().join("script.toml"), script).unwrap();
    place.every_command(&model);
    // Nothing more is known of what is in it.
    fs::remove_file(model.join("config.json")).unwrap();
    place.every_command(&model);
    place.every_command(&named(".gguf"));
    fs::write(named(".gguf"), "no model").unwrap();
    place.every_command(&named(".gguf"));

    fs::write(named(".toml"), "steps = [{ press = \"hyper-q\" }]").unwrap();
    let paths: [PathBuf; 3] = [named(".toml"), named(".json"), named("-none.toml")];
    for path in &paths {
        place.told(&[OsStr::new("play"), path.as_os_str()], &[]);
        place.told(&[OsStr::new("open"), path.as_os_str()], &[]);
    }
}

#[test]
fn the_command_line_is_harmless_where_it_is_quoted() {
    let place = Place::new();
    let model = made::fixture("llama");
    let model = model.to_str().unwrap();
    let trace = ["trace", "a", "-n", "1", "--model", model];
    for more in [
        &["--theme", HOSTILE][..],
        &["--output", HOSTILE],
        &["--output", &format!("{HOSTILE}/none.json")],
        &["--format", HOSTILE],
        &["--skip", HOSTILE],
        &["--lens", HOSTILE],
        &["--temperature", HOSTILE],
        &["--value", HOSTILE],
        &["--watch", HOSTILE, "--format", "table"],
        &["--log", HOSTILE],
        &["--log", &format!("/dev/null/{HOSTILE}")],
        &[&format!("--{HOSTILE}")],
        &[HOSTILE],
    ] {
        place.told(&[&trace, more].concat(), &[]);
    }
    for arguments in [
        &["models", "pull", HOSTILE][..],
        &["models", "inspect", HOSTILE],
        &["models", "pull", "org/\u{1b}c"],
        &["models", HOSTILE],
        &["config", HOSTILE],
        &["completions", HOSTILE],
        &["play", HOSTILE, "--screenshot", HOSTILE],
        &["open", HOSTILE],
        &["bench", "--model", HOSTILE],
        &["verify", "--model", HOSTILE],
        &["--model", HOSTILE],
        &[HOSTILE, HOSTILE],
    ] {
        place.told(arguments, &[]);
    }
}

#[test]
fn the_environment_is_harmless_where_it_is_quoted() {
    let place = Place::new();
    let hostile = OsStr::new(HOSTILE);
    let endpoint = OsString::from(format!("http://user:s3cret@127.0.0.1:9/{HOSTILE}"));
    for (name, value) in [
        ("HF_ENDPOINT", hostile),
        ("HF_ENDPOINT", &endpoint),
        ("HF_ENDPOINT", OsStr::new("http://user:s3cret@127.0.0.1:9")),
        ("HF_ENDPOINT", OsStr::new("user:s3cret@127.0.0.1:9")),
        ("LENSCAPE_HOME", hostile),
        ("LENSCAPE_CONFIG", hostile),
        ("HF_HOME", hostile),
        ("XDG_STATE_HOME", hostile),
        ("LENSCAPE_LOG", hostile),
    ] {
        // Nobody listens there; elsewhere the network is not asked.
        let offline = if name == "HF_ENDPOINT" { "0" } else { "1" };
        let offline = ("HF_HUB_OFFLINE", OsStr::new(offline));
        for arguments in [
            &["models"][..],
            &["models", "pull", "org/model"],
            &["config", "path"],
            &["open", "--last"],
        ] {
            let (text, _) = place.told(arguments, &[offline, (name, value)]);
            assert!(!text.contains("s3cret"), "{text}");
        }
    }
}

#[test]
fn settings_are_harmless_where_they_are_quoted() {
    let place = Place::new();
    let themes = place.path().join("themes");
    fs::create_dir(&themes).unwrap();
    let text = toml_text(HOSTILE);
    fs::write(
        themes.join(format!("{HOSTILE}.toml")),
        format!("{text} = 1\n"),
    )
    .unwrap();
    let keys = format!("{text} = {text}\n[grid]\n{text} = \"quit\"\nq = {text}\n");
    fs::write(place.path().join("keys.toml"), keys).unwrap();
    let examples = format!("[[example]]\n{text} = {text}\n");
    fs::write(place.path().join("examples.toml"), examples).unwrap();
    for config in [
        format!("{text} = 3\n[{text}]\na = 1\n"),
        format!("theme = {text}\nlens = {text}\nmax_tokens = {text}\n"),
        format!("model = {text}\n"),
        format!("[grid]\nvalue = {text}\n{text} = {text}\n"),
        format!("model = \"{HOSTILE}\n"),
        format!("{HOSTILE} = 1"),
    ] {
        fs::write(place.path().join("config.toml"), &config).unwrap();
        for arguments in [
            &["config", "check"][..],
            &["config", "print"],
            &["config", "path"],
            &["trace", "a", "--model", "none"],
            &["models", "inspect", "none"],
        ] {
            place.told(arguments, &[]);
        }
    }
}

/// A text as TOML writes it, with every character that it can hold.
fn toml_text(text: &str) -> String {
    let units: String = text
        .chars()
        .map(|c| format!("\\U{:08X}", u32::from(c)))
        .collect();
    format!("\"{units}\"")
}
