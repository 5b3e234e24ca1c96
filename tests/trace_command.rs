//! `lenscape trace` as it is called from a shell: a text that is given, parts that are skipped.

use std::process::Command;

use crate::reference;
use serde_json::Value;

/// The steps that it writes.
fn steps(options: &[&str]) -> Vec<Value> {
    let home = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_lenscape"))
        .args(["trace", "The keys to the cabinet", "--model"])
        .arg(reference::fixture("granite"))
        .args(options)
        .env("LENSCAPE_HOME", home.path())
        .output()
        .unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaint}");
    let written: Value = serde_json::from_slice(&output.stdout).unwrap();
    written["steps"].as_array().unwrap().clone()
}

#[test]
fn a_generated_text_that_is_given_back_is_scored_alike() {
    let generated = steps(&["--max-tokens", "4"]);
    let texts = generated.iter().map(|step| step["text"].as_str().unwrap());
    let text: String = texts.collect();
    assert_eq!(steps(&["--force", &text]), generated);
}

#[test]
fn a_given_text_is_followed_to_its_end_and_no_further() {
    let given = steps(&["--force", "- the key"]);
    let texts = given.iter().map(|step| step["text"].as_str().unwrap());
    assert_eq!(texts.collect::<String>(), "- the key");
}

#[test]
fn a_skipped_part_changes_its_layer_and_those_above_only() {
    let whole = steps(&["--force", " the"]);
    let skipped = steps(&["--force", " the", "--skip", "L1.mlp"]);
    let layers = |steps: &[Value]| steps[0]["layers"].as_array().unwrap().clone();
    let (whole, skipped) = (layers(&whole), layers(&skipped));
    assert_eq!(whole[0]["logit"], skipped[0]["logit"]);
    assert_ne!(whole[1]["logit"], skipped[1]["logit"]);
}

/// What is written when this stands on standard input.
fn with_input(words: &[&str], input: &str) -> std::process::Output {
    use std::io::Write as _;
    let home = tempfile::tempdir().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_lenscape"))
        .args(words)
        .arg("--model")
        .arg(reference::fixture("granite"))
        .env("LENSCAPE_HOME", home.path())
        .env("XDG_STATE_HOME", home.path())
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // It may have ended without a look at it.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    child.wait_with_output().unwrap()
}

#[test]
fn a_hyphen_takes_the_prompt_from_standard_input() {
    for command in [
        ["trace", "-n", "2", "PROMPT"].as_slice(),
        &["compare", "The key", "PROMPT", "--tokens", "is", "are"],
    ] {
        let with = |prompt: &'static str, input| {
            let words = command.iter().map(|word| match *word {
                "PROMPT" => prompt,
                word => word,
            });
            with_input(&words.collect::<Vec<_>>(), input)
        };
        let read = with("-", "The keys\nto the cabinet\n");
        let given = with("The keys\nto the cabinet", "");
        let complaint = String::from_utf8_lossy(&read.stderr);
        assert!(read.status.success(), "{complaint}");
        assert_eq!(read.stdout, given.stdout);
    }
}

#[test]
fn standard_input_is_one_prompt_only() {
    let output = with_input(&["compare", "-", "-", "--tokens", "is"], "a");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(complaint.contains("can be read once only"), "{complaint}");
    assert_eq!(complaint.lines().count(), 1);
}
