//! What the types of arithmetic do to the logits, against float32 and against what Hugging Face
//! transformers computes in the same type.
//!
//! `tests/reference/half_types.json` holds the logits behind each fixture's first prompt, made by
//! `half_types.py` beside it.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::reference::{self, Golden};
use candle_core::{DType, Device};
use lenscape::catalog::CheckpointFiles;
use lenscape::lens::{Logits, Normed, StateTap};
use lenscape::model::{self, Dtype};
use lenscape::trace::TokenId;

/// Logits of the fixtures, by name and type.
fn transformers() -> BTreeMap<String, BTreeMap<String, Vec<f32>>> {
    serde_json::from_str(include_str!("reference/half_types.json")).unwrap()
}

/// The rows of the lens behind a fixture's first prompt; the last one is the model's output.
fn rows(name: &str, dtype: Dtype) -> Vec<Vec<f32>> {
    let folder = reference::fixture(name);
    let prompt = Golden::read(&folder.join("golden.json")).cases[0]
        .prompt_ids
        .clone();
    let files = CheckpointFiles::Folder(folder);
    let mut model = model::load(&files, &Device::Cpu, dtype, &|_, _| {}).unwrap();
    let prompt: Vec<TokenId> = prompt.into_iter().map(TokenId).collect();
    let mut tap = StateTap::default();
    let _: ControlFlow<()> = model
        .decoder
        .forward(&prompt, &mut |row, state| {
            tap.take(row, state)?;
            Ok(ControlFlow::Continue(()))
        })
        .unwrap();
    let logits = Logits::of(&model.unembed, &tap.states().unwrap(), &Normed).unwrap();
    logits
        .with_rows(|rows| rows.iter().map(|row| row.to_vec()).collect())
        .unwrap()
}

fn output(name: &str, dtype: Dtype) -> Vec<f32> {
    rows(name, dtype).pop().unwrap()
}

/// Root of the mean square of the differences.
fn distance(a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len());
    let squares = a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2));
    (squares.sum::<f64>() / a.len() as f64).sqrt()
}

#[test]
fn exact_arithmetic_and_float32_weights_give_the_same_logits() {
    for name in transformers().keys() {
        let (exact, single) = (output(name, Dtype::Auto), output(name, Dtype::F32));
        assert!(distance(&exact, &single) < 1e-6, "{name}");
    }
}

/// Two programs that round in the same places, but sum in another order, are as far from float32
/// as each other, and about sqrt(2) times as far from each other at most. A program that forgot
/// to round, or rounded much more, would be outside of a factor of two.
#[test]
fn rounding_does_as_much_to_the_logits_as_it_does_in_transformers() {
    for (name, expected) in transformers() {
        for (dtype, key) in [(Dtype::Bf16, "bf16"), (Dtype::F16, "f16")] {
            let found = output(&name, dtype);
            let theirs = distance(&expected[key], &expected["f32"]);
            let ours = distance(&found, &expected["f32"]);
            let apart = distance(&found, &expected[key]);
            println!("{name} {key}: theirs {theirs:.5}, ours {ours:.5}, apart {apart:.5}");
            assert!(
                theirs / 2.0 < ours && ours < theirs * 2.0,
                "{name} {key}: {ours} from float32, transformers {theirs}"
            );
            assert!(
                apart < theirs * 2.0,
                "{name} {key}: {apart} from transformers, which is {theirs} from float32"
            );
        }
    }
}

#[test]
fn the_logits_of_a_rounding_head_are_numbers_of_its_type() {
    for (dtype, stored) in [(Dtype::Bf16, DType::BF16), (Dtype::F16, DType::F16)] {
        let logits = output("llama", dtype);
        let tensor = candle_core::Tensor::new(logits.clone(), &Device::Cpu).unwrap();
        let rounded = tensor.to_dtype(stored).unwrap();
        let rounded = rounded.to_dtype(DType::F32).unwrap();
        assert_eq!(rounded.to_vec1::<f32>().unwrap(), logits);
    }
}

/// A token's rank changes by no more than the tokens whose logits lie as near as both can have
/// moved. One rounding moves a number by a share of 2^-8 (bfloat16) or 2^-11 (float16) at most;
/// up to the last of four layers a state goes through some fifty of them, which add like random
/// numbers do, to some seven times as much, and the largest of 384 logits is four times the
/// usual size. Together that is sixteen times one rounding of the largest logit with room to
/// spare.
#[test]
fn ranks_stay_near_those_of_float32() {
    for name in transformers().keys() {
        let exact = rows(name, Dtype::Auto);
        for (dtype, one) in [
            (Dtype::Bf16, 2.0_f32.powi(-8)),
            (Dtype::F16, 2.0_f32.powi(-11)),
        ] {
            for (exact, rounded) in exact.iter().zip(rows(name, dtype)) {
                let largest = exact.iter().fold(0.0_f32, |a, b| a.max(b.abs()));
                let moved = 16.0 * one * largest;
                for (id, logit) in exact.iter().enumerate() {
                    let rank = |row: &[f32], logit: f32| row.iter().filter(|z| **z > logit).count();
                    let found = rank(&rounded, rounded[id]);
                    let (best, worst) = (
                        rank(exact, logit + 2.0 * moved),
                        rank(exact, logit - 2.0 * moved),
                    );
                    assert!(
                        best <= found && found <= worst,
                        "{name} {dtype:?} token {id}: rank {found}, expected {best} to {worst}"
                    );
                }
            }
        }
    }
}
