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
