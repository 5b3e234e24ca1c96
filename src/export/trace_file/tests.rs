#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::{Value, json};

use super::*;
use crate::testing;
use crate::trace::{Layer, PartialSum, Row, Rows};
use crate::vocabulary::Piece;

fn written(record: &Record) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(record, &mut bytes).unwrap();
    bytes
}

fn document() -> Value {
    serde_json::from_slice(&written(&testing::record())).unwrap()
}

/// The record but for its vocabulary, whose pieces are compared one by one.
fn assert_same(found: &Record, expected: &Record) {
    for id in 0..expected.model.vocab_size {
        let id = crate::trace::TokenId(id as u32);
        let [found, expected] = [found, expected].map(|record| record.vocabulary().piece(id));
        assert_eq!(found, expected, "{id:?}");
    }
    let mut found = found.clone();
    let model = std::sync::Arc::make_mut(&mut found.model);
    model.vocabulary = std::sync::Arc::clone(&expected.model.vocabulary);
    assert_eq!(&found, expected);
}

#[test]
fn what_is_written_is_read_back() {
    let record = testing::record();
    assert_same(&read(&written(&record)).unwrap(), &record);
    let arrays = tensors::write(&record, Some(&testing::states())).unwrap();
    assert_same(&read(&arrays).unwrap(), &record);
}

/// With rows inside two of its blocks, one of which the lens says nothing of in the second step.
fn record_with_sublayers() -> Record {
    let mut record = testing::record();
    let rows = [
        Row::Inside(Layer(0), PartialSum::AfterAttention),
        Row::Inside(Layer(2), PartialSum::WithAttention),
        Row::Inside(Layer(2), PartialSum::WithFeedForward),
    ];
    record.rows = Rows::Sublayers;
    std::sync::Arc::make_mut(&mut record.model).rows_inside = rows.to_vec();
    for (step, column) in record.columns.iter_mut().enumerate() {
        let column = std::sync::Arc::make_mut(column);
        let cells = rows.iter().skip(step).zip(1..);
        column.inside = cells
            .map(|(row, rank)| (*row, testing::cell_of(rank, &[1, 2])))
            .collect();
    }
    for trajectory in &mut record.watch.trajectories {
        trajectory.inside = rows.iter().map(|row| (*row, testing::score(4))).collect();
    }
    record
}

#[test]
fn rows_inside_blocks_are_read_back() {
    let record = record_with_sublayers();
    assert_same(&read(&written(&record)).unwrap(), &record);
    let states = crate::run::StateRows {
        inside: vec![0.5; 2 * 3 * 2],
        ..testing::states()
    };
    let arrays = tensors::write(&record, Some(&states)).unwrap();
    assert_same(&read(&arrays).unwrap(), &record);
    let file = safetensors::SafeTensors::deserialize(&arrays).unwrap();
    assert_eq!(file.tensor("sublayer_ranks").unwrap().shape(), [2, 3]);
    assert_eq!(file.tensor("sublayer_states").unwrap().shape(), [2, 3, 2]);
}

#[test]
fn rows_inside_blocks_are_held_to_the_model_and_to_each_other() {
    let document =
        || -> Value { serde_json::from_slice(&written(&record_with_sublayers())).unwrap() };
    for (sublayers, why) in [
        (json!(["L0.attn", "L3.attn", "L2.in+mlp"]), "`L3.attn`"),
        (json!(["L2.attn", "L0.attn", "L2.in+mlp"]), "`L0.attn`"),
        (json!(["L0.attn", "L0.attn", "L2.in+mlp"]), "`L0.attn`"),
        (json!(["L0.attn", "L1", "L2.in+mlp"]), "`L1`"),
        (json!(["L0.attn", "x", "L2.in+mlp"]), "`x`"),
        (json!(["L0.attn"]), "3 sublayers, and the trace 1"),
        (json!([]), "3 sublayers, and the trace 0"),
    ] {
        let mut document = document();
        document["sublayers"] = sublayers;
        let error = read(document.to_string().as_bytes())
            .unwrap_err()
            .to_string();
        assert!(error.contains(why), "{error}");
        assert_eq!(error.lines().count(), 1);
    }
}

#[test]
fn a_prompt_that_is_too_long_is_refused_in_one_line() {
    let with = |bytes: usize| {
        let mut document = document();
        document["prompt"] = json!("x".repeat(bytes));
        read(document.to_string().as_bytes())
    };
    assert!(with(crate::trace::LONGEST_PROMPT).is_ok());
    let error = with(crate::trace::LONGEST_PROMPT + 1)
        .unwrap_err()
        .to_string();
    assert!(error.contains("`prompt` has 1048577 bytes"), "{error}");
    assert_eq!(error.lines().count(), 1);
}

#[test]
fn a_run_without_steps_or_an_end_is_read_back() {
    let record = Record {
        given: 0,
        columns: Vec::new(),
        finish: None,
        watch: crate::run::Watch::default(),
        ..testing::record()
    };
    let found = read(&written(&record)).unwrap();
    assert_eq!((found.columns.len(), found.finish), (0, None));
    let arrays = tensors::write(&record, None).unwrap();
    assert_eq!(read(&arrays).unwrap().columns.len(), 0);
}

#[test]
fn what_was_given_and_changed_is_held_to_the_run() {
    for (field, value) in [
        ("given", json!(3)),
        (
            "interventions",
            json!([{"skip": {"layer": 3, "part": "block"}}]),
        ),
        (
            "interventions",
            json!([{"patch": {"row": {"layer": 3}, "into": 1, "from_run": 1, "from": 1}}]),
        ),
    ] {
        let mut document = document();
        document[field] = value;
        let flaw = read(document.to_string().as_bytes()).unwrap_err();
        assert!(flaw.to_string().contains(field), "{flaw}");
    }
}

#[test]
fn a_file_that_says_nothing_of_them_is_of_an_unchanged_run() {
    let mut document = document();
    for field in ["given", "interventions"] {
        document.as_object_mut().unwrap().remove(field);
    }
    let found = read(document.to_string().as_bytes()).unwrap();
    assert_eq!((found.given, found.interventions.len()), (0, 0));
}

#[test]
fn what_is_read_is_written_the_same() {
    let bytes = written(&testing::record());
    assert_eq!(written(&read(&bytes).unwrap()), bytes);
}

#[test]
fn only_pieces_that_occur_are_in_the_file() {
    let mut record = testing::record();
    record.prompt_ids.clear();
    let found = read(&written(&record)).unwrap();
    let first = crate::trace::TokenId(0);
    assert_eq!(found.vocabulary().piece(first), &Piece::Unused);
    assert_eq!(found.vocabulary().len(), record.vocabulary().len());
}

#[test]
fn a_reader_that_knows_the_first_fields_still_finds_them() {
    let document = document();
    assert_eq!(document["model"], "Tiny");
    assert_eq!(document["lens"], "raw");
    assert_eq!(document["steps"][0]["text"], " is");
    assert_eq!(document["steps"][0]["layers"][2]["rank"], 1);
    assert_eq!(document["watch"][1]["ranks"], json!([4, 2, 4]));
    assert_eq!(document["watch"][1]["id"], 1);
}

#[test]
fn unknown_fields_are_nothing_to_worry_about() {
    let mut document = document();
    document["steps"][1]["layers"][0]["attention"] = json!([1, 2]);
    document["made_by"] = json!({"who": "somebody"});
    read(document.to_string().as_bytes()).unwrap();
}

#[test]
fn a_figure_that_is_no_number_is_read_as_such() {
    let mut record = testing::record();
    let column = std::sync::Arc::make_mut(&mut record.columns[0]);
    column.layers[1].kl = f32::INFINITY;
    let found = read(&written(&record)).unwrap();
    assert!(found.columns[0].layers[1].kl.is_nan());
}

#[test]
fn what_cannot_be_is_refused_in_one_line() {
    type Change = fn(&mut Value);
    let changes: [(Change, &str); 14] = [
        (|d| d["format"] = json!("other"), "is not a trace file"),
        (|d| d["version"] = json!(2), "version 2"),
        (|d| d["version"] = json!(u64::MAX), "version 1844"),
        (|d| d["version"] = json!("1\n"), "damaged"),
        (|d| d["lens"] = json!("tu\u{1b}\nned"), "damaged"),
        (|d| d["n_layers"] = json!(2), "3 layers, and the model 2"),
        (|d| d["n_layers"] = json!(u64::MAX), "n_layers"),
        (|d| d["model_info"]["vocab_size"] = json!(u64::MAX), "vocab"),
        (|d| d["model_info"]["vocab_size"] = json!(3), "ends at 3"),
        (
            |d| d["steps"][0]["token"] = json!(4_000_000_000_u32),
            "4000000000",
        ),
        (|d| d["steps"][1]["layers"][2]["rank"] = json!(0), "rank 0"),
        (|d| d["steps"][1]["layers"][2]["rank"] = json!(6), "rank 6"),
        (|d| d["watch_step"] = json!(9), "`watch_step` is 9"),
        (|d| d["pieces"] = json!([]), "missing in `pieces`"),
    ];
    for (change, part) in changes {
        let mut document = document();
        change(&mut document);
        let error = read(document.to_string().as_bytes())
            .unwrap_err()
            .to_string();
        assert!(error.contains(part), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
        assert!(!error.contains('\u{1b}'), "{error:?}");
    }
}

#[test]
fn arrays_that_do_not_fit_are_refused() {
    let record = testing::record();
    let bytes = tensors::write(&record, None).unwrap();
    let cut = read(&bytes[..bytes.len() - 4]).unwrap_err().to_string();
    assert!(cut.contains("is damaged"), "{cut}");
    let layers = br#"\"n_layers\":3"#;
    let at = bytes.windows(layers.len()).position(|w| w == layers);
    let mut other = bytes.clone();
    other[at.unwrap() + layers.len() - 1] = b'2';
    let error = read(&other).unwrap_err().to_string();
    assert!(error.contains("shape"), "{error}");
}

#[test]
fn other_files_are_no_trace_files() {
    for bytes in [
        b"".as_slice(),
        b"   ",
        b"{}",
        b"[1]",
        b"GGUF",
        b"{\"model\": \"x\"}",
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    ] {
        let error = read(bytes).unwrap_err().to_string();
        assert!(error.contains("is not a trace file"), "{error}");
    }
    let folder = tempfile::tempdir().unwrap();
    let error = open(folder.path()).unwrap_err().to_string();
    assert!(error.contains("this is no file"), "{error}");
    let error = open(&folder.path().join("none.json"))
        .unwrap_err()
        .to_string();
    assert!(error.contains("none.json: cannot be read"), "{error}");
}
