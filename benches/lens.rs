//! What the lens costs beside the model: figures of a row as long as a usual vocabulary, and a whole
//! step of a tiny model.

#![allow(clippy::expect_used, reason = "what is measured is known to work")]

use std::ops::ControlFlow;
use std::path::Path;

use candle_core::Device;
use divan::Bencher;
use lenscape::catalog::CheckpointFiles;
use lenscape::lens::{Distribution, Logits, Normed, StateTap, column};
use lenscape::model::{self, Dtype};
use lenscape::trace::TokenId;

fn main() {
    divan::main();
}

/// Logits without a pattern, from -8 to 8.
fn row(len: u32) -> Vec<f32> {
    let mixed = |n: u32| n.wrapping_mul(0x85eb_ca6b) ^ (n >> 3).wrapping_mul(0xc2b2_ae35);
    (0..len)
        .map(|n| (mixed(n) % 16_000) as f32 / 1_000.0 - 8.0)
        .collect()
}

/// Softmax and entropy of one row.
#[divan::bench(args = [49_152, 262_144])]
fn distribution(bencher: Bencher, vocabulary: u32) {
    let row = row(vocabulary);
    bencher.bench(|| Distribution::of(divan::black_box(&row)));
}

/// From the states of one position to its column, by the way that a run takes.
#[divan::bench]
fn column_of_a_tiny_model(bencher: Bencher) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/llama");
    let files = CheckpointFiles::Folder(folder);
    let mut model = model::load(&files, &Device::Cpu, Dtype::Auto, &|_, _| {})
        .expect("the fixtures can be loaded");
    let vocabulary = model.tokenizer.vocabulary(model.vocab_size);
    let text = model.tokenizer.encode("The keys to the").expect("text");
    let mut tap = StateTap::default();
    let _: ControlFlow<()> = model
        .decoder
        .forward(&text, &mut |row, state| {
            tap.take(row, state)?;
            Ok(ControlFlow::Continue(()))
        })
        .expect("the fixtures can be run");
    let states = tap.states().expect("one position");
    bencher.bench_local(|| {
        let logits = Logits::of(&model.unembed, &states, &Normed).expect("rows");
        column(&logits, TokenId(5), 10, &vocabulary).expect("rows")
    });
}
