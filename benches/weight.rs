//! What a product with a matrix costs, by the type that its weights are held in: one vector, as for
//! a token, and sixteen, as for a prompt.

#![allow(clippy::expect_used, reason = "what is measured is known to work")]

use candle_core::{Device, Tensor};
use divan::Bencher;
use divan::counter::ItemsCount;
use lenscape::model::dequantisation::Dequantisation;
use lenscape::model::weight::{Rows, Storage, Weight};

/// Rows and columns of the matrix: 16 MB as float32, more than fits in a core's own cache.
const SIZE: usize = 2048;

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

#[divan::bench(args = Storage::ALL)]
fn one_vector(bencher: Bencher, storage: Storage) {
    product(bencher, storage, 1);
}

#[divan::bench(args = Storage::ALL)]
fn sixteen_vectors(bencher: Bencher, storage: Storage) {
    product(bencher, storage, 16);
}
