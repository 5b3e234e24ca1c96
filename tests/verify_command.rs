//! `lenscape verify --reference`: a right model passes at any vocabulary, one with the weights of
//! one matrix off by 1 % fails at any, and a file that is no reference is told in one line.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use crate::made::{self, Copy, Tensors};
use crate::reference;
use assert_cmd::Command;
use candle_core::{Device, Tensor};
use lenscape::catalog::CheckpointFiles;
use lenscape::lens::{Logits, Normed, StateTap, column};
use lenscape::model::{self, Dequantisation, Dtype};
use lenscape::trace::{Cell, TokenId};
use lenscape::verify::{Outcome, Reference, hold};
use predicates::prelude::*;
use predicates::str::contains;
use rayon::prelude::*;
use serde_json::{Value, json};

fn golden(name: &str) -> PathBuf {
    made::fixture(name).join("golden.json")
}

/// The checks that fail.
fn failures(model: &Path, reference: &Path) -> Vec<String> {
    let mut session = reference::session(&CheckpointFiles::Folder(model.to_owned()));
    let checks = hold(&mut session, &Reference::read(reference).unwrap()).unwrap();
    let failed = checks
        .iter()
        .filter(|check| check.outcome == Outcome::Failed);
    failed.map(ToString::to_string).collect()
}

/// The names of a checkpoint's matrices.
fn matrices(tensors: &Tensors) -> Vec<String> {
    let matrices = tensors
        .iter()
        .filter(|(_, tensor)| tensor.dims().len() == 2);
    let mut names: Vec<String> = matrices.map(|(name, _)| name.clone()).collect();
    names.sort();
    names
}

/// Writes tensors with one of them 1 % larger.
fn write_scaled(copy: &Copy, tensors: &Tensors, name: &str) {
    let mut scaled = tensors.clone();
    let tensor = (&scaled[name] * 1.01).unwrap();
    scaled.insert(name.to_owned(), tensor);
    copy.write_safetensors("model.safetensors", &scaled);
}

/// Every matrix of these counts: nothing behind it takes its scale out again.
const WITHOUT_NORMS_BEHIND: [&str; 8] = [
    "bloom", "falcon", "gpt2", "gpt_neo", "gpt_neox", "llama", "mistral", "qwen2",
];

#[test]
fn a_model_with_one_matrix_off_by_one_percent_fails() {
    WITHOUT_NORMS_BEHIND.par_iter().for_each(|name| {
        assert_eq!(failures(&made::fixture(name), &golden(name)), [""; 0]);
        let tensors = made::tensors(name);
        let copy = Copy::without_weights(name);
        for matrix in matrices(&tensors) {
            write_scaled(&copy, &tensors, &matrix);
            let failed = failures(copy.path(), &golden(name));
            assert!(!failed.is_empty(), "{name}: {matrix}");
        }
    });
}

/// So many rows that many logits lie closer to each other than rounding can tell.
const ROWS: usize = 40_000;

/// A checkpoint with that many tokens, most of which the tokenizer does not have.
fn large_vocabulary() -> (Copy, Tensors) {
    let copy = Copy::without_weights("llama");
    copy.configure("vocab_size", json!(ROWS));
    let mut tensors = made::tensors("llama");
    for name in ["model.embed_tokens.weight", "lm_head.weight"] {
        let Some(few) = tensors.get(name) else {
            continue;
        };
        let (have, width) = few.dims2().unwrap();
        // Any numbers that are not alike, of the size of a weight.
        let more = (0..(ROWS - have) * width).map(|i| ((i as f32 * 0.618).fract() - 0.5) * 2.0);
        let more = Tensor::from_iter(more, &Device::Cpu).unwrap();
        let more = more.reshape((ROWS - have, width)).unwrap();
        tensors.insert(name.into(), Tensor::cat(&[few, &more], 0).unwrap());
    }
    copy.write_safetensors("model.safetensors", &tensors);
    (copy, tensors)
}

fn cell(cell: &Cell, row: &[f32]) -> Value {
    let mut best: Vec<(usize, f32)> = row.iter().copied().enumerate().collect();
    best.sort_by(|a, b| b.1.total_cmp(&a.1));
    let top: Vec<Value> = best[..5]
        .iter()
        .map(|(id, logit)| json!([id, logit]))
        .collect();
    json!({"rank": cell.score.rank, "logit": cell.score.logit, "prob": cell.score.prob,
           "entropy": cell.entropy, "kl": cell.kl, "top": top})
}

/// What a model computes without a cache, on weights that are held in another way: the sums have
/// another order than in a run.
fn computed(copy: &Copy, prompt: &str, steps: usize) -> Value {
    let files = CheckpointFiles::Folder(copy.path().to_owned());
    let mut model = model::load_with(
        &files,
        &Device::Cpu,
        Dtype::F32,
        Dequantisation::AtLoad,
        &|_, _| {},
    )
    .unwrap();
    let vocabulary = model.tokenizer.vocabulary(model.vocab_size);
    let prompt_ids = model.tokenizer.encode(prompt).unwrap();
    let mut text = prompt_ids.clone();
    let mut made = Vec::new();
    for _ in 0..steps {
        model.decoder.rewind(0);
        let mut tap = StateTap::default();
        let flow = model.decoder.forward(&text, &mut |row, state| {
            tap.take(row, state)?;
            Ok(ControlFlow::Continue(()))
        });
        assert!(flow.unwrap().is_continue());
        let states = tap.states().unwrap();
        let logits = Logits::of(&model.unembed, &states, &Normed).unwrap();
        let best = column(&logits, TokenId(0), 1, &vocabulary).unwrap();
        let token = best.layers.last().unwrap().top[0].0;
        let column = column(&logits, token, 1, &vocabulary).unwrap();
        let layers = logits.with_rows(|rows| -> Vec<Value> {
            let cells = column.layers.values().zip(&rows[1..]);
            cells.map(|(of_layer, row)| cell(of_layer, row)).collect()
        });
        let layers = layers.unwrap();
        made.push(json!({"token": token, "layers": layers}));
        text.push(token);
    }
    json!({"cases": [{"prompt": prompt, "prompt_ids": prompt_ids, "steps": made}]})
}

#[test]
fn at_a_large_vocabulary_the_right_one_passes_and_the_wrong_one_fails() {
    let (copy, tensors) = large_vocabulary();
    let values = computed(&copy, "The keys to the cabinet", 6);
    let file = copy.write("values.json", values.to_string().as_bytes());
    assert_eq!(failures(copy.path(), &file), [""; 0]);
    for matrix in matrices(&tensors) {
        write_scaled(&copy, &tensors, &matrix);
        assert!(!failures(copy.path(), &file).is_empty(), "{matrix}");
    }
}

fn verify(model: &Path, reference: &Path) -> Command {
    let mut command = Command::cargo_bin("lenscape").unwrap();
    command
        .env("LENSCAPE_HOME", env!("CARGO_TARGET_TMPDIR"))
        .env("LENSCAPE_CONFIG", env!("CARGO_TARGET_TMPDIR"))
        .args(["verify", "--model"])
        .arg(model)
        .arg("--reference")
        .arg(reference);
    command
}

#[test]
fn the_command_tells_what_holds_and_what_does_not() {
    verify(&made::fixture("llama"), &golden("llama"))
        .assert()
        .success()
        .stdout(contains("ok    ranks: 96 of 96 equal"))
        .stdout(contains("FAIL").not());
    let copy = Copy::without_weights("llama");
    let tensors = made::tensors("llama");
    write_scaled(&copy, &tensors, "model.layers.2.mlp.up_proj.weight");
    verify(copy.path(), &golden("llama"))
        .assert()
        .failure()
        .stdout(contains("FAIL  logits"))
        .stdout(contains("ok    prompts become the reference's tokens"))
        .stderr(contains("checks failed"));
}

#[test]
fn other_tokens_of_a_prompt_are_told_first() {
    let folder = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string(golden("llama")).unwrap();
    let mut values: Value = serde_json::from_str(&text).unwrap();
    values["cases"][0]["prompt_ids"][2] = json!(7);
    let file = folder.path().join("other.json");
    std::fs::write(&file, values.to_string()).unwrap();
    verify(&made::fixture("llama"), &file)
        .assert()
        .failure()
        .stdout(predicate::str::starts_with(
            "FAIL  prompts become the reference's tokens: 1 of 2 do; `The·keys",
        ))
        .stdout(contains("token 3 is"))
        // The other prompt is looked at all the same.
        .stdout(contains("ok    ranks: 48 of 48 equal"));
}

/// What is said of a file with this in it: one line.
fn said_of(text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("values.json");
    std::fs::write(&file, text).unwrap();
    let output = verify(&made::fixture("llama"), &file).assert().failure();
    let said = String::from_utf8(output.get_output().stderr.clone()).unwrap();
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains("--reference: "), "{said}");
    said
}

#[test]
fn a_file_that_is_no_reference_is_one_line() {
    let case = |cell: &str| {
        format!(
            r#"{{"cases": [{{"prompt": "a", "prompt_ids": [1],
                "steps": [{{"token": 1, "layers": [{cell}]}}]}}]}}"#
        )
    };
    for (text, why) in [
        ("", "EOF"),
        ("not json", "expected"),
        ("[]", "see `lenscape verify --help`"),
        ("{}", "missing field `cases`"),
        (r#"{"cases": []}"#, "no step"),
        (&"[".repeat(100_000), "see `lenscape verify --help`"),
        (&case("{}"), "missing field `rank`"),
        (&case(r#"{"rank": -1, "logit": 0}"#), "invalid value"),
        (&case(r#"{"rank": 0, "logit": 0}"#), "a rank is 0"),
        (&case(r#"{"rank": 1, "logit": 1e300}"#), "finite"),
        (
            &case(r#"{"rank": 1, "logit": "\u001b[31m\nred"}"#),
            "invalid type",
        ),
        (&case(r#"{"rank": 1, "logit": NaN}"#), "expected"),
    ] {
        let said = said_of(text);
        assert!(said.contains(why), "{why}: {said}");
        assert!(!said.contains('\u{1b}'), "{said:?}");
    }
}

#[test]
fn a_reference_that_is_not_there_is_one_line() {
    for path in ["no-such.json", "/"] {
        verify(&made::fixture("llama"), Path::new(path))
            .assert()
            .failure()
            .stderr(contains("the reference cannot be read"))
            .stderr(predicate::function(|said: &str| said.lines().count() == 1));
    }
}

#[test]
fn a_reference_of_another_model_fails_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("values.json");
    let values = r#"{"cases": [{"prompt": "The keys to the cabinet", "prompt_ids": PLACE,
        "steps": [{"token": 1, "layers": [{"rank": 1, "logit": 0.5}]}]}]}"#;
    let text = std::fs::read_to_string(golden("llama")).unwrap();
    let golden: Value = serde_json::from_str(&text).unwrap();
    let ids = golden["cases"][0]["prompt_ids"].to_string();
    std::fs::write(&file, values.replace("PLACE", &ids)).unwrap();
    verify(&made::fixture("llama"), &file)
        .assert()
        .failure()
        .stdout(contains(
            "FAIL  the reference is of a model of this depth: it has 1 layers",
        ));
}

#[test]
fn what_is_rounded_is_held_to_no_float32_values() {
    verify(&made::fixture("llama"), &golden("llama"))
        .args(["--dtype", "bf16"])
        .assert()
        .failure()
        .stderr(contains("give --dtype auto"));
}
