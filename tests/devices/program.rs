//! Devices on the command line.

use assert_cmd::Command;
use predicates::prelude::*;
use predicates::str::contains;
use serde_json::Value;

use crate::reference::fixture;

fn lenscape() -> Command {
    let mut command = Command::cargo_bin("lenscape").unwrap();
    command.env("LENSCAPE_CONFIG", fixture("no-such-folder"));
    command
}

#[test]
fn the_devices_of_this_machine_are_listed_with_their_memory() {
    let listed = lenscape().args(["devices"]).assert().success();
    listed.stdout(contains("cpu ").and(contains(" free")));
    let json = lenscape().args(["devices", "--format", "json"]).output();
    let kinds: Value = serde_json::from_slice(&json.unwrap().stdout).unwrap();
    let kinds = kinds.as_array().unwrap();
    let names: Vec<&str> = kinds.iter().filter_map(|k| k["kind"].as_str()).collect();
    assert_eq!(names, ["cuda", "metal", "cpu"]);
    assert_eq!(kinds[2]["compiled_in"], true);
    assert!(kinds[2]["devices"][0]["free_bytes"].as_u64().unwrap() > 0);
}

#[test]
#[cfg(not(feature = "cuda"))]
fn a_card_that_was_not_compiled_in_is_refused_in_a_line_by_every_command() {
    let model = fixture("llama");
    for command in [
        &["trace", "a"][..],
        &["verify"],
        &["compare", "a", "--tokens", "b"],
    ] {
        lenscape()
            .args(command)
            .args(["--device", "cuda:0", "--model"])
            .arg(&model)
            .assert()
            .failure()
            .stderr(contains("--features cuda").and(contains("--device cpu")));
    }
}

#[test]
fn what_is_no_device_is_refused_with_what_there_is() {
    let refused = lenscape().args(["trace", "a", "--device", "xpu"]).assert();
    refused
        .failure()
        .stderr(contains("`xpu` is no device; give auto, cpu, cuda"));
}

/// With the CPU in a card's place.
fn as_a_card(args: &[&str]) -> Command {
    let mut command = lenscape();
    command.env("LENSCAPE_CPU_AS_A_CARD", "1").args(args);
    command.args(["--device", "cpu", "--model"]);
    command.arg(fixture("llama"));
    command
}

#[test]
fn verify_holds_a_card_to_the_cpu_and_says_where_the_worst_difference_is() {
    let verified = as_a_card(&["verify", "-n", "4"]).assert().success();
    let wanted = [
        "ok    ranks: ",
        "ok    logits: ",
        "largest difference",
        "ok    ranks and ties by the device are those of its own logits: ",
        "ok    best tokens by the device are those of its own logits: ",
        "ok    cached and uncached runs give the same cells: ",
        "yes: what cpu computes is what the CPU computes",
    ];
    let said = String::from_utf8(verified.get_output().stdout.clone()).unwrap();
    for wanted in wanted {
        assert!(said.contains(wanted), "{wanted} is not in {said}");
    }
}

#[test]
fn bench_tells_what_comes_from_the_device_for_a_token() {
    let measured = as_a_card(&["bench", "-n", "2", "--format", "json"])
        .output()
        .unwrap();
    let said: Value = serde_json::from_slice(&measured.stdout).unwrap();
    assert_eq!(said["device"], "cpu");
    assert!(
        said["transfer_bytes_per_token"].as_u64().unwrap() > 0,
        "{said}"
    );
}
