//! Weights that are held as they are stored give the figures of those that are dequantised once.
//!
//! The numbers are the same and the arithmetic is float32 both times, but weights that are held as
//! stored are dequantised and multiplied piece by piece, so that the sums have another order. That
//! moves a logit by some units in its last place; the tests allow 1e-5 of it, or of 1 where it is
//! smaller. Tokens must be the same, and ranks lie where that can put them.

use candle_core::quantized::GgmlDType;
use candle_core::{DType, Device};
use lenscape::catalog::CheckpointFiles;
use lenscape::engine::Session;
use lenscape::lens::rounding::{largest, possible_ranks};
use lenscape::lens::{Logits, Normed};
use lenscape::model::memory::{Available, Bound};
use lenscape::model::{self, Dequantisation, Dtype, ModelError};
use lenscape::trace::{Column, Step};
use rayon::prelude::*;

use super::{folder, generated, of_every_fixture};
use crate::made::{self, Copy, Gguf, gguf_fixtures, gguf_of};
use crate::reference::close;

/// Part of a logit, or of 1 where it is smaller, that another order of the sums may move it by.
const MOVED: f32 = 1e-5;

/// Eight generated tokens with all their cells, and the logits of every layer at each step.
fn columns(
    files: &CheckpointFiles,
    dequantisation: Dequantisation,
) -> Vec<(Column, Vec<Vec<f32>>)> {
    let model =
        model::load_with(files, &Device::Cpu, Dtype::Auto, dequantisation, &|_, _| {}).unwrap();
    assert_eq!(model.dequantisation, dequantisation);
    let mut session = Session::new(model, "test".into(), 5);
    let columns = generated(&mut session);
    let run = session.run().unwrap();
    let first = session.position(run, Step(0)).unwrap().0 - 1;
    let states = session.states(run).unwrap()[first..].iter();
    let logits = states.map(|states| {
        let logits = Logits::of(&session.model().unembed, states, &Normed).unwrap();
        logits.with_rows(|rows| rows[1..].iter().map(|row| row.to_vec()).collect())
    });
    columns
        .into_iter()
        .zip(logits.map(Result::unwrap))
        .collect()
}

fn check(files: &CheckpointFiles, place: &str) {
    let expected = columns(files, Dequantisation::AtLoad);
    let found = columns(files, Dequantisation::AtUse);
    assert_eq!(found.len(), expected.len(), "{place}");
    for (step, ((found, _), (expected, logits))) in found.iter().zip(&expected).enumerate() {
        assert_eq!(found.token, expected.token, "{place} step {step}");
        let token = expected.token;
        let layers = found
            .layers
            .values()
            .zip(expected.layers.values())
            .zip(logits);
        for (l, ((found, expected), logits)) in layers.enumerate() {
            let place = format!("{place} step {step} L{l}");
            let bound = MOVED * largest(logits).max(1.0);
            let possible = possible_ranks(logits, token, bound);
            assert!(possible.unwrap().contains(&found.score.rank), "{place}");
            close(found.score.logit, expected.score.logit, MOVED, &place);
            for ((_, found), (_, expected)) in found.top.iter().zip(&expected.top) {
                close(*found, *expected, MOVED, &format!("{place} top"));
            }
        }
    }
}

#[test]
fn gguf_files() {
    gguf_fixtures().par_iter().for_each(|path| {
        let name = path.file_stem().unwrap().to_str().unwrap();
        check(&CheckpointFiles::Gguf(path.clone()), name);
        let gguf = Gguf::read(path);
        let folder = tempfile::tempdir().unwrap();
        for kind in [
            GgmlDType::F16,
            GgmlDType::BF16,
            GgmlDType::Q8_0,
            GgmlDType::Q5_1,
            GgmlDType::Q4_0,
        ] {
            let path = folder.path().join(format!("{kind:?}.gguf"));
            gguf.write(&path, kind);
            check(&CheckpointFiles::Gguf(path), &format!("{name} {kind:?}"));
        }
    });
}

#[test]
fn sixteen_bit_folders() {
    of_every_fixture(|name| {
        for dtype in [DType::F16, DType::BF16] {
            let copy = Copy::without_weights(name);
            let rounded = made::cast(&made::tensors(name), dtype);
            copy.write_safetensors("model.safetensors", &rounded);
            check(&folder(&copy), &format!("{name} {dtype:?}"));
        }
    });
}

#[test]
fn a_model_is_held_as_it_is_stored_unless_float32_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.gguf");
    gguf_of("llama").write(&path, GgmlDType::Q8_0);
    let files = CheckpointFiles::Gguf(path);
    let memory = |dtype| model::glance(&files, dtype).unwrap().memory;

    let (stored, dequantised) = (memory(Dtype::Auto), memory(Dtype::F32));
    assert_eq!(stored.dequantisation, Dequantisation::AtUse);
    assert_eq!(dequantised.dequantisation, Dequantisation::AtLoad);
    assert!(stored.weights < dequantised.weights / 3);

    // Memory in which only one of the two fits.
    let between = Some(stored.peak);
    assert!(stored.peak < dequantised.peak);
    let free = between.map(|bytes| Available {
        bytes,
        bound: Bound::Machine,
    });
    assert!(stored.fits(free, "m").is_ok());
    let refused = dequantised.fits(free, "m");
    assert!(matches!(refused, Err(ModelError::TooLarge { .. })));
}
