//! `lenscape compare`: candidates behind one or several prompts, without a screen.

use assert_cmd::Command;
use predicates::prelude::*;
use predicates::str::contains;
use serde_json::Value;

fn compare(arguments: &[&str]) -> Command {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/llama");
    let mut command = Command::cargo_bin("lenscape").unwrap();
    command
        .env("LENSCAPE_HOME", env!("CARGO_TARGET_TMPDIR"))
        .env("LENSCAPE_CONFIG", env!("CARGO_TARGET_TMPDIR"))
        .arg("compare")
        .args(arguments)
        .args(["--model", folder]);
    command
}

fn json(arguments: &[&str]) -> Value {
    let output = compare(&[arguments, &["--format", "json"]].concat())
        .assert()
        .success()
        .get_output()
        .stdout
        .clone();
    serde_json::from_slice(&output).unwrap()
}

const PROMPTS: [&str; 2] = ["The keys to the cabinet", "The key to the cabinets"];

#[test]
fn the_table_has_a_block_a_prompt_and_says_where_the_lead_changes() {
    let tokens = ["--tokens", " is", " are", " cabinetmaker"];
    compare(&[PROMPTS.as_slice(), &tokens].concat())
        .assert()
        .success()
        .stdout(contains(
            "4 layers · lens normed · rank of each candidate at each layer",
        ))
        .stdout(contains("The keys to the cabinet ▸ step 1"))
        .stdout(contains("The key to the cabinets ▸ step 1"))
        .stdout(contains("joint p"))
        .stdout(predicate::str::is_match("(?m)^  L3( +=?[0-9]+=?){3}$").unwrap())
        .stdout(
            predicate::str::is_match("(?m)^  (lead changes at L|[abc] leads at every layer$)")
                .unwrap(),
        );
}

#[test]
fn json_has_every_figure_of_every_layer() {
    let document = json(&[PROMPTS[0], "--prompt", PROMPTS[1], "--tokens", " is", "#7"]);
    assert_eq!(document["n_layers"], 4);
    let prompts = document["prompts"].as_array().unwrap();
    assert_eq!(prompts.len(), 2);
    for (prompt, text) in prompts.iter().zip(PROMPTS) {
        assert_eq!(prompt["prompt"], text);
        let candidates = prompt["candidates"].as_array().unwrap();
        assert_eq!(candidates[1]["tokens"], serde_json::json!([7]));
        for candidate in candidates {
            let layers = candidate["layers"].as_array().unwrap();
            assert_eq!(layers.len(), 4);
            let prob = layers[3]["prob"].as_f64().unwrap();
            assert!(prob > 0.0 && prob < 1.0);
            if candidate["tokens"].as_array().unwrap().len() == 1 {
                // Of one token, the joint probability is that of the last layer.
                let joint = candidate["joint_log_prob"].as_f64().unwrap();
                assert!((joint.exp() - prob).abs() < 1e-6);
            }
        }
        let logit = |candidate: usize, layer: usize| {
            candidates[candidate]["layers"][layer]["logit"]
                .as_f64()
                .unwrap()
        };
        for layer in 0..4 {
            let difference = prompt["logit_difference"][layer].as_f64().unwrap();
            assert!((difference - (logit(0, layer) - logit(1, layer))).abs() < 1e-4);
        }
    }
}

#[test]
fn a_later_step_stands_behind_what_is_generated() {
    let document = json(&[PROMPTS[0], "--tokens", " is", "--at", "3"]);
    let prompt = &document["prompts"][0];
    assert_eq!(prompt["step"], 3);
    assert_ne!(prompt["generated"], "");
}

#[test]
fn csv_has_a_line_a_candidate_and_row() {
    let output = compare(&[PROMPTS[0], "--tokens", " is", "#7", "--format", "csv"])
        .assert()
        .success();
    let lines = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    // The heading, and for each candidate the row `emb` and four layers.
    assert_eq!(lines.lines().count(), 1 + 2 * 5);
    assert!(lines.contains("The keys to the cabinet,1,#7,7,emb,"));
}

#[test]
fn a_candidate_that_is_no_token_is_told_beside_the_others() {
    compare(&[PROMPTS[0], "--tokens", " is", "#99999"])
        .assert()
        .success()
        .stdout(contains("there is no token #99999; this model has 384"));
}

#[test]
fn what_is_missing_is_told() {
    compare(&["--tokens", " is"]).assert().failure();
    compare(&[PROMPTS[0]]).assert().failure();
    compare(&[PROMPTS[0], "--tokens", " is", "--at", "0"])
        .assert()
        .failure();
}

#[test]
fn a_joint_probability_too_small_for_any_float_is_told() {
    let text = " 9".repeat(60);
    let tokens = ["--tokens", text.as_str(), " is"];
    let document = json(&[&[PROMPTS[0]], tokens.as_slice()].concat());
    let candidate = &document["prompts"][0]["candidates"][0];
    let log_prob = candidate["joint_log_prob"].as_f64().unwrap();
    assert!(log_prob < f64::MIN_POSITIVE.ln(), "{log_prob}");
    let exponent = (log_prob / std::f64::consts::LN_10).floor();
    compare(&[&[PROMPTS[0]], tokens.as_slice()].concat())
        .assert()
        .success()
        .stdout(predicate::str::is_match(format!("joint p [1-9]\\.[0-9]e{exponent}\n")).unwrap());
    let csv = compare(&[&[PROMPTS[0]], tokens.as_slice(), &["--format", "csv"]].concat());
    { csv }
        .assert()
        .success()
        .stdout(contains(log_prob.to_string()));
}
