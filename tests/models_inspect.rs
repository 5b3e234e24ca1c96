//! `lenscape models inspect` tells what was understood of a checkpoint.

#![allow(clippy::unwrap_used)]

use assert_cmd::Command;
use predicates::prelude::*;
use predicates::str::contains;

#[test]
fn family_description_memory_tokenizer_and_tensors_are_told() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/llama");
    Command::cargo_bin("lenscape")
        .unwrap()
        .env("LENSCAPE_HOME", env!("CARGO_TARGET_TMPDIR"))
        .args(["models", "inspect", folder])
        .assert()
        .success()
        .stdout(contains("family      llama"))
        .stdout(contains("stored as   F32"))
        .stdout(contains(
            "computed    exact: held as stored, float32 arithmetic",
        ))
        .stdout(contains("parameters  61728"))
        .stdout(contains("BPE, 384 tokens; BOS 0, not added; ends at 0"))
        .stdout(contains("L0-L3       "))
        .stdout(contains("38 in the files, 38 used, 0 not needed"))
        .stdout(predicate::str::is_match("memory .* for the weights, .* at most").unwrap());
}
