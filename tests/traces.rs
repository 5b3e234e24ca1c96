//! Traces that are written by `lenscape trace` and opened again.

use std::path::Path;

use assert_cmd::Command;
use lenscape::export::trace_file;
use lenscape::run::Record;
use predicates::prelude::*;
use predicates::str::contains;
use safetensors::SafeTensors;

const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/llama");

fn lenscape() -> Command {
    let mut command = Command::cargo_bin("lenscape").unwrap();
    command
        .env("LENSCAPE_HOME", env!("CARGO_TARGET_TMPDIR"))
        .env("LENSCAPE_CONFIG", env!("CARGO_TARGET_TMPDIR"));
    command
}

/// A trace of four tokens with one candidate.
fn trace() -> Command {
    let mut command = lenscape();
    command
        .args(["trace", "The keys", "-n", "4", "--watch", " is"])
        .args(["--model", MODEL]);
    command
}

fn output_to(path: &Path) {
    trace()
        .arg("--output")
        .arg(path)
        .assert()
        .success()
        .stdout("");
}

fn fails(command: &mut Command, part: &str) {
    let one_line = predicate::function(|text: &str| text.lines().count() == 1);
    command
        .assert()
        .code(1)
        .stdout("")
        .stderr(one_line.and(contains(part)));
}

fn assert_complete(record: &Record) {
    assert_eq!(record.prompt, "The keys");
    assert_eq!(record.columns.len(), 4);
    assert_eq!(record.columns[0].layers.len(), record.model.n_layers);
    assert_eq!(record.watch.trajectories.len(), 1);
    assert_eq!(record.columns[0].layers[0].top.len(), 5);
}

#[test]
fn what_goes_to_standard_output_is_a_trace_file() {
    let output = trace().output().unwrap();
    assert_complete(&trace_file::read(&output.stdout).unwrap());
}

#[test]
fn both_kinds_of_trace_file_hold_the_same_run() {
    let folder = tempfile::tempdir().unwrap();
    let [json, arrays] = ["keys.json", "keys.safetensors"].map(|name| folder.path().join(name));
    output_to(&json);
    output_to(&arrays);
    let record = trace_file::open(&json).unwrap();
    assert_complete(&record);
    assert_eq!(trace_file::open(&arrays).unwrap(), record);
}

#[test]
fn the_states_of_every_row_are_among_the_arrays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.safetensors");
    output_to(&path);
    let bytes = std::fs::read(&path).unwrap();
    let record = trace_file::read(&bytes).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let states = file.tensor("states").unwrap();
    let (rows, width) = (record.model.n_layers + 1, record.model.d_model);
    assert_eq!(states.shape(), [4, rows, width]);
    let (values, _) = states.data().as_chunks();
    let values: Vec<f32> = values.iter().map(|x| f32::from_le_bytes(*x)).collect();
    assert!(values.iter().all(|x| x.is_finite()));
    // Each block adds something, and each step is another.
    let row = |at: usize| &values[at * width..(at + 1) * width];
    assert!((1..4 * rows).all(|at| row(at) != row(at - 1)));
}

#[test]
fn every_format_has_its_marks() {
    for (format, start) in [
        ("csv", "step,token,text,layer"),
        ("svg", "<svg "),
        ("html", "<!doctype html>"),
        ("table", "llama"),
    ] {
        trace()
            .args(["--format", format])
            .assert()
            .success()
            .stdout(predicate::str::starts_with(start));
    }
    let png = trace()
        .args(["--format", "png", "--figure", "compare"])
        .output()
        .unwrap();
    assert!(png.stdout.starts_with(b"\x89PNG"));
}

#[test]
fn every_layers_best_tokens_are_a_figure() {
    for (format, table) in [("svg", false), ("html", true)] {
        let output = trace()
            .args(["--format", format, "--figure", "predictions"])
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let record = trace_file::read(&trace().output().unwrap().stdout).unwrap();
        let column = &record.columns[0];
        let chosen = record.vocabulary().label(column.token);
        assert!(text.contains(&format!("at step 1: {chosen}")), "{text}");
        assert!(text.contains(&format!("“The keys” ▸ {chosen}<")), "{text}");
        let listed: usize = column
            .layers
            .values()
            .map(|cell| cell.best(5).count())
            .sum();
        assert_eq!(listed, 5 * record.model.n_layers);
        assert_eq!(text.matches("height=\"9\"").count(), listed, "a bar each");
        let (_, prob) = column.layers[0].best(1).next().unwrap();
        assert_eq!(text.contains(&format!(" {prob:.4}</td>")), table);
    }
}

#[test]
fn figures_and_tables_say_the_value_that_is_asked_for() {
    let said = |format: &str, value: &str| {
        let mut command = trace();
        command.args(["--format", format, "--value", value]);
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    let record = trace_file::read(&trace().output().unwrap().stdout).unwrap();
    let entropy = record.columns[0].layers[0].entropy;
    let table = said("table", "entropy");
    let first = table.lines().next().unwrap();
    assert!(
        first.ends_with(" · Entropy of each layer, in nats"),
        "{first}"
    );
    assert!(table.contains(&format!(" {entropy:.2} ")), "{table}");
    let svg = said("svg", "entropy");
    assert!(svg.contains("cells entropy"));
    assert!(svg.contains(&format!(">{entropy:.2}</text>")));
    let html = said("html", "entropy");
    assert!(html.contains(&format!("<td>{entropy}</td>")));
    trace().args(["--value", "entropie"]).assert().code(2);
}

#[test]
fn a_line_of_csv_holds_every_value_of_its_cell() {
    let output = |args: &[&str]| {
        let output = trace().args(args).output().unwrap().stdout;
        String::from_utf8(output).unwrap()
    };
    let csv = output(&["--format", "csv", "--lens", "raw"]);
    let mut lines = csv::Reader::from_reader(csv.as_bytes());
    let names = lines.headers().unwrap().clone();
    let lines: Vec<_> = lines.records().map(Result::unwrap).collect();
    let record = trace_file::read(output(&["--lens", "raw"]).as_bytes()).unwrap();
    let n_layers = record.model.n_layers;
    assert_eq!(lines.len(), 4 * (n_layers + 1));
    for (column, lines) in record.columns.iter().zip(lines.chunks(n_layers + 1)) {
        for (at, (line, cell)) in lines.iter().zip(column.cells()).enumerate() {
            let field = |name| &line[names.iter().position(|n| n == name).unwrap()];
            assert_eq!(field("rank"), cell.score.rank.to_string());
            assert_eq!(field("ties"), cell.score.ties.to_string());
            for (name, value) in [
                ("logit", cell.score.logit),
                ("prob", cell.score.prob),
                ("log_prob", cell.log_prob()),
                ("entropy", cell.entropy),
                ("kl", cell.kl),
            ] {
                assert_eq!(field(name).parse::<f32>().unwrap(), value, "{name}");
            }
            // Nothing is below the first row; the last one alone went through the final norm.
            let has_change = at > 0 && at < n_layers;
            assert_eq!(field("logit_change").is_empty(), !has_change, "row {at}");
        }
    }
}

#[test]
fn an_output_that_is_there_is_replaced_and_nothing_is_left_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.svg");
    std::fs::write(&path, "old").unwrap();
    output_to(&path);
    assert!(std::fs::read_to_string(&path).unwrap().starts_with("<svg"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn mistakes_are_told_in_one_line_before_anything_is_run() {
    let nothing = |args: &[&str], part: &str| {
        let mut command = lenscape();
        command.args(["trace", "x", "--model", "/no/such/model"]);
        fails(command.args(args), part);
    };
    nothing(&["--output", "keys"], "--format");
    nothing(&["--output", "keys.ans"], "--format");
    nothing(&["--figure", "compare", "--format", "svg"], "--watch");
    nothing(&["--theme", "grue", "--format", "svg"], "`grue`");
}

#[test]
fn a_folder_that_is_not_there_is_told_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none/keys.json");
    fails(trace().arg("--output").arg(&path), "cannot save ");
}

#[test]
fn what_cannot_be_opened_is_told_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.json");
    let open = || {
        let mut command = lenscape();
        command.arg("open").arg(&path);
        command
    };
    fails(&mut open(), "cannot be read");
    std::fs::write(&path, "{}").unwrap();
    fails(&mut open(), "is not a trace file");
    std::fs::write(&path, r#"{"format": "lenscape-trace", "version": 7}"#).unwrap();
    fails(&mut open(), "version 7");
    output_to(&path);
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    fails(&mut open(), "is damaged");
    std::fs::write(&path, &whole).unwrap();
    fails(&mut open(), "not a terminal");
}
