//! Lenses and states as they are asked for on the command line.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use super::{Golden, PROMPT, folder, reference};

fn lenscape(arguments: &[&str]) -> Output {
    let home = tempfile::tempdir().unwrap();
    Command::new(env!("CARGO_BIN_EXE_lenscape"))
        .args(arguments)
        .env("LENSCAPE_HOME", home.path())
        .env("HF_HUB_OFFLINE", "1")
        .output()
        .unwrap()
}

fn json(arguments: &[&str]) -> Value {
    let output = lenscape(arguments);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaint}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

fn model() -> String {
    text(&reference::fixture("llama"))
}

#[test]
fn a_trace_is_read_through_a_lens_and_says_which() {
    for lens in ["tuned", "jacobian"] {
        let path = match lens {
            "tuned" => text(&folder("llama").join("tuned")),
            _ => text(&folder("llama").join("jacobian.pt")),
        };
        let options = [
            "trace",
            PROMPT,
            "--model",
            &model(),
            "--lens",
            lens,
            "--lens-file",
            &path,
            "--max-tokens",
            "6",
            "--format",
            "json",
        ];
        let written = json(&options);
        assert_eq!(written["lens"], lens);
        assert!(written["lens_source"].as_str().unwrap().contains(&path));
        let golden = Golden::of("llama");
        let (golden, first) = match lens {
            "tuned" => (golden.tuned, 1),
            _ => (golden.jacobian, 0),
        };
        for (step, golden) in written["steps"].as_array().unwrap().iter().zip(&golden) {
            assert_eq!(step["embedding"].is_null(), lens == "jacobian");
            let layers = step["layers"].as_array().unwrap();
            for (layer, golden) in layers.iter().zip(&golden[first..]) {
                assert_eq!(layer["rank"], golden.rank);
            }
        }
    }
}

#[test]
fn the_file_says_which_lens_it_is_where_nothing_else_does() {
    let path = text(&folder("llama").join("jacobian.pt"));
    let model = model();
    let options = [
        "compare",
        PROMPT,
        "--tokens",
        " is",
        "--model",
        &model,
        "--lens-file",
        &path,
        "--format",
        "json",
    ];
    assert_eq!(json(&options)["lens"], "jacobian");
}

#[test]
fn our_own_states_give_the_trace_that_they_are_of() {
    let folder = tempfile::tempdir().unwrap();
    let states = text(&folder.path().join("states.safetensors"));
    let model = model();
    let trace = [
        "trace",
        PROMPT,
        "--model",
        &model,
        "--max-tokens",
        "5",
        "--watch",
        " is",
    ];
    let written = lenscape(&[&trace[..], &["--output", &states]].concat());
    assert!(written.status.success());
    let of_trace = json(&[&trace[..], &["--format", "json"]].concat());
    let options = [
        "read", &states, "--model", &model, "--watch", " is", "--format", "json",
    ];
    let of_states = json(&options);
    for key in [
        "steps",
        "watch",
        "prompt",
        "prompt_ids",
        "lens",
        "pieces",
        "given",
        "n_layers",
    ] {
        assert_eq!(of_states[key], of_trace[key], "{key}");
    }
}

#[test]
fn states_of_another_engine_are_written_in_any_format() {
    let states = text(&folder("llama").join("states.safetensors"));
    let response = text(&folder("llama").join("response.json"));
    let model = model();
    for format in ["json", "csv", "table", "svg", "html"] {
        let options = [
            "read",
            &states,
            "--model",
            &model,
            "--response",
            &response,
            "--format",
            format,
        ];
        let output = lenscape(&options);
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{complaint}");
        assert!(!output.stdout.is_empty());
    }
}

#[test]
fn what_cannot_be_had_is_told_in_one_line() {
    let model = model();
    let trace = ["trace", PROMPT, "--model", &model];
    let gpt2 = text(&folder("gpt2").join("tuned"));
    for (options, reason) in [
        (&["--lens", "tuned", "--lens-file", &gpt2][..], "gpt2"),
        (
            &["--lens", "jacobian", "--lens-file", "nowhere.pt"],
            "nowhere.pt",
        ),
        (&["--lens-file", "nowhere"], "is no fitted lens"),
    ] {
        let output = lenscape(&[&trace[..], options].concat());
        assert!(!output.status.success());
        let complaint = String::from_utf8_lossy(&output.stderr);
        let lines: Vec<&str> = complaint.lines().collect();
        assert!(complaint.contains(reason), "{complaint}");
        assert_eq!(lines.len(), 1, "{complaint}");
    }
}
