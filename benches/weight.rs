//! What a product with a matrix costs, by the type that its weights are held in: one vector, as for
//! a token, and sixteen, as for a prompt.

#![allow(clippy::expect_used, reason = "what is measured is known to work")]

use candle_core::{Device, Tensor};
use divan::Bencher;
use divan::counter::ItemsCount;
use lenscape::model::dequantisation::Dequantisation;
use lenscape::model::weight::{Rows, Span, Storage, Weight};

/// Rows and columns of the matrix: 16 MB as float32, more than fits in a core's own cache.
const SIZE: usize = 2048;

const TYPES: [Storage; 36] = [
    Storage::Q4_0,
    Storage::F32,
    Storage::F16,
    Storage::Bf16,
    Storage::Q4_1,
    Storage::Q5_0,
    Storage::Q5_1,
    Storage::Q8_0,
    Storage::Q2K,
    Storage::Q3K,
    Storage::Q4K,
    Storage::Q5K,
    Storage::Q6K,
    Storage::Iq4Nl,
    Storage::Iq4Xs,
    Storage::Iq3S,
    Storage::Iq3Xxs,
    Storage::Iq2S,
    Storage::Iq2Xs,
    Storage::Iq2Xxs,
    Storage::Iq1S,
    Storage::Iq1M,
    Storage::Tq1_0,
    Storage::Tq2_0,
    Storage::Mxfp4,
    Storage::Nvfp4,
    Storage::Nvfp4Times,
    Storage::Nvfp4Over,
    Storage::Int4(Span::Of32),
    Storage::Int4(Span::Of128),
    Storage::Int8(Span::Of32),
    Storage::Int8(Span::Of128),
    Storage::E4m3(Span::Of32),
    Storage::E4m3(Span::Of128),
    Storage::Nf4(Span::Of64),
    Storage::Fp4(Span::Of64),
];

fn main() {
    divan::main();
}

/// A matrix in a type. Every byte is such that no scale made of them is out of the way: numbers
/// below the smallest normal one would be slow.
fn matrix(storage: Storage) -> Weight {
    let bytes = storage.row_bytes(SIZE).expect("a multiple of every block") * SIZE;
    let bytes = (0..bytes).map(|n| 0x28 + (n.wrapping_mul(37) % 23) as u8);
    let rows = Rows::new(storage, SIZE, bytes.collect()).expect("whole rows");
    Weight::from_rows(vec![rows], Dequantisation::AtUse, &Device::Cpu).expect("a weight")
}

fn product(bencher: Bencher, storage: Storage, n_vectors: usize) {
    let weight = matrix(storage);
    let x: Vec<f32> = (0..SIZE * n_vectors)
        .map(|n| (n % 17) as f32 - 8.0)
        .collect();
    let x = Tensor::from_vec(x, (n_vectors, SIZE), &Device::Cpu).expect("vectors");
    bencher
        .counter(ItemsCount::new(SIZE * SIZE * n_vectors))
        .bench_local(|| weight.matmul(&x).expect("a product"));
}

#[divan::bench(args = TYPES)]
fn one_vector(bencher: Bencher, storage: Storage) {
    product(bencher, storage, 1);
}

#[divan::bench(args = TYPES)]
fn sixteen_vectors(bencher: Bencher, storage: Storage) {
    product(bencher, storage, 16);
}
