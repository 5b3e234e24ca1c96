//! Every row of both fitted lenses against PyTorch, and the plain lens as their special case.

use std::collections::HashMap;
use std::fs;

use candle_core::{DType, Device, Tensor};
use lenscape::run::{CandidateRequest, RunId};
use lenscape::trace::{Column, Layer, LensKind, Position, Row};

use super::{
    Golden, GoldenCell, NAMES, assert_same, columns, files, lens_of, reference, session_with,
};
use crate::made::{Jacobian, write_jacobian, write_pytorch};

const WIDTH: usize = 32;
const LAYERS: usize = 4;

/// The rows from `first` on are those of the reference.
fn assert_rows(columns: &[Column], golden: &[Vec<GoldenCell>], first: Row, name: &str) {
    assert_eq!(columns.len(), golden.len());
    for (step, (column, golden)) in columns.iter().zip(golden).enumerate() {
        let layers = (0..LAYERS).map(|l| Row::Layer(Layer(l)));
        let rows: Vec<Row> = [Row::Embedding].into_iter().chain(layers).collect();
        let rows: Vec<Row> = rows.into_iter().filter(|row| *row >= first).collect();
        assert_eq!(rows.len(), golden.len());
        for (row, golden) in rows.into_iter().zip(golden) {
            let place = format!("{name} step {step} {row}");
            assert_same(column.cell(row).expect(&place), golden, &place);
        }
    }
}

#[test]
fn a_tuned_lens_says_what_it_says_in_pytorch() {
    for name in NAMES {
        let golden = Golden::of(name);
        let lens = LensKind::Tuned;
        let mut session = session_with(name, lens, &lens_of(name, lens));
        let columns = columns(&mut session, lens, golden.tokens.len());
        let tokens: Vec<u32> = columns.iter().map(|column| column.token.0).collect();
        assert_eq!(tokens, golden.tokens, "{name}: greedy under any lens");
        assert_rows(&columns, &golden.tuned, Row::Embedding, name);
    }
}

#[test]
fn a_jacobian_lens_says_what_it_says_in_pytorch_and_nothing_of_the_embedding() {
    for name in NAMES {
        let golden = Golden::of(name);
        let lens = LensKind::Jacobian;
        let mut session = session_with(name, lens, &lens_of(name, lens));
        let columns = columns(&mut session, lens, golden.tokens.len());
        assert_rows(&columns, &golden.jacobian, Row::Layer(Layer(0)), name);
        assert!(columns.iter().all(|column| column.embedding.is_none()));
    }
}

#[test]
fn kept_states_are_read_anew_under_each_lens() {
    let golden = Golden::of("llama");
    let mut session = session_with("llama", LensKind::Tuned, &lens_of("llama", LensKind::Tuned));
    let jacobian = LensKind::Jacobian;
    session
        .read_lens(jacobian, &lens_of("llama", jacobian))
        .unwrap();
    let normed = columns(&mut session, LensKind::Normed, golden.tokens.len());
    let relens = |session: &mut lenscape::engine::Session, lens| -> Vec<Column> {
        let columns = session.relens(RunId(1), lens).unwrap();
        columns.iter().map(|column| Column::clone(column)).collect()
    };
    let tuned = relens(&mut session, LensKind::Tuned);
    assert_rows(&tuned, &golden.tuned, Row::Embedding, "recast");
    let of_jacobian = relens(&mut session, jacobian);
    assert_rows(
        &of_jacobian,
        &golden.jacobian,
        Row::Layer(Layer(0)),
        "recast",
    );
    assert_eq!(relens(&mut session, LensKind::Normed), normed);
}

#[test]
fn candidates_are_followed_through_the_rows_that_there_are() {
    let lens = LensKind::Jacobian;
    let mut session = session_with("llama", lens, &lens_of("llama", lens));
    let columns = columns(&mut session, lens, 1);
    let token = CandidateRequest::Token(columns[0].token);
    let at = Position(Golden::of("llama").prompt_ids.len());
    let found = session.compare(RunId(1), lens, at, &[token]).unwrap();
    let trajectory = found.trajectories[0].as_ref().unwrap();
    assert_eq!(trajectory.embedding, None);
    for layer in 0..LAYERS {
        assert_eq!(trajectory.layers[layer], columns[0].layers[layer].score);
    }
}

/// The same cells, whatever the lens.
fn assert_bit_for_bit(found: &[Column], normed: &[Column], first: Row) {
    for (found, normed) in found.iter().zip(normed) {
        if first == Row::Embedding {
            assert_eq!(found.embedding, normed.embedding);
        }
        assert_eq!(found.layers, normed.layers);
        assert_eq!(found.token, normed.token);
    }
}

#[test]
fn zero_translators_are_the_plain_lens_bit_for_bit() {
    for name in NAMES {
        let folder = tempfile::tempdir().unwrap();
        let zeros = |shape: &[usize]| Tensor::zeros(shape, DType::F32, &Device::Cpu).unwrap();
        let mut tensors = HashMap::new();
        for i in 0..LAYERS {
            tensors.insert(format!("{i}.weight"), zeros(&[WIDTH, WIDTH]));
            tensors.insert(format!("{i}.bias"), zeros(&[WIDTH]));
        }
        write_pytorch(&folder.path().join("params.pt"), &tensors);
        let config = lens_of(name, LensKind::Tuned).join("config.json");
        fs::copy(config, folder.path().join("config.json")).unwrap();
        let mut session = session_with(name, LensKind::Tuned, folder.path());
        let normed = columns(&mut session, LensKind::Normed, 4);
        let tuned = columns(&mut session, LensKind::Tuned, 4);
        assert_bit_for_bit(&tuned, &normed, Row::Embedding);
    }
}

#[test]
fn identities_are_the_plain_lens_bit_for_bit_in_either_kind_of_file() {
    for name in NAMES {
        let folder = tempfile::tempdir().unwrap();
        let identity = Tensor::eye(WIDTH, DType::F16, &Device::Cpu).unwrap();
        let pt = folder.path().join("lens.pt");
        // The last layer's may be there, and is the identity.
        let layers: Vec<i64> = (0..LAYERS as i64).collect();
        write_jacobian(&pt, &Jacobian::of(&layers, &identity));
        let safetensors = folder.path().join("lens.safetensors");
        let tensors: HashMap<String, Tensor> = (0..LAYERS - 1)
            .map(|layer| (layer.to_string(), identity.clone()))
            .collect();
        candle_core::safetensors::save(&tensors, &safetensors).unwrap();
        for path in [pt, safetensors, folder.path().to_owned()] {
            let mut session = session_with(name, LensKind::Jacobian, &path);
            let normed = columns(&mut session, LensKind::Normed, 4);
            let jacobian = columns(&mut session, LensKind::Jacobian, 4);
            assert_bit_for_bit(&jacobian, &normed, Row::Layer(Layer(0)));
        }
    }
}

#[test]
fn a_translator_that_only_scales_leaves_the_logits_of_an_rms_norm_alone() {
    let folder = tempfile::tempdir().unwrap();
    let scale = (Tensor::eye(WIDTH, DType::F32, &Device::Cpu).unwrap() * 3.0).unwrap();
    let tensors: HashMap<String, Tensor> = (0..LAYERS)
        .map(|i| (format!("{i}.weight"), scale.clone()))
        .collect();
    write_pytorch(&folder.path().join("params.pt"), &tensors);
    let config = lens_of("llama", LensKind::Tuned).join("config.json");
    let config = fs::read_to_string(config).unwrap();
    let config = config.replace("\"bias\": true", "\"bias\": false");
    fs::write(folder.path().join("config.json"), config).unwrap();
    let mut session = session_with("llama", LensKind::Tuned, folder.path());
    let normed = columns(&mut session, LensKind::Normed, 3);
    let tuned = columns(&mut session, LensKind::Tuned, 3);
    for (tuned, normed) in tuned.iter().zip(&normed) {
        for (tuned, normed) in tuned.layers.values().zip(normed.layers.values()) {
            reference::close(tuned.score.logit, normed.score.logit, 1e-3, "scaled");
        }
    }
}

#[test]
fn layers_without_a_matrix_are_rows_without_values() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lens.pt");
    let identity = Tensor::eye(WIDTH, DType::F16, &Device::Cpu).unwrap();
    write_jacobian(&path, &Jacobian::of(&[1], &identity));
    let mut session = session_with("llama", LensKind::Jacobian, &path);
    let columns = columns(&mut session, LensKind::Jacobian, 2);
    for column in &columns {
        let there: Vec<bool> = column.layers.iter().map(|cell| cell.is_some()).collect();
        assert_eq!(there, [false, true, false, true]);
        assert_eq!(column.logit_change(Row::Layer(Layer(1))), None);
    }
}

#[test]
fn a_lens_that_goes_to_the_last_but_one_layer_says_nothing_of_what_is_between() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lens.pt");
    let identity = Tensor::eye(WIDTH, DType::F16, &Device::Cpu).unwrap();
    let mut lens = Jacobian::of(&[0, 1], &identity);
    lens.provenance = vec![("target_layer", "2"), ("capture_point", "block_output")];
    write_jacobian(&path, &lens);
    let mut session = session_with("llama", LensKind::Jacobian, &path);
    let normed = columns(&mut session, LensKind::Normed, 2);
    let jacobian = columns(&mut session, LensKind::Jacobian, 2);
    // What the others are taken to is there as it is.
    assert_bit_for_bit(&jacobian, &normed, Row::Layer(Layer(0)));
}

#[test]
fn a_lens_is_of_the_model_it_was_asked_for() {
    let session = reference::session(&files("llama"));
    let error = session.lenses().get(LensKind::Tuned).unwrap_err();
    assert!(error.to_string().contains("--lens-file"), "{error}");
    assert_eq!(session.lenses().there(), [LensKind::Normed, LensKind::Raw]);
}
