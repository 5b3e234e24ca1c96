//! Every kernel against its scalar twin. Blocks are random bytes, so that all numbers, scales and
//! minimums come up that a file can hold: negative, subnormal, infinite and none at all.

use super::super::storage::{BlockVisitor, Storage};
use super::{dequantise, dots};

/// Numbers that seem to be random and are the same each time.
struct Random(u64);

impl Random {
    fn bits(&mut self) -> u32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) as u32
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.bits() as u8).collect()
    }

    /// From -1 to 1.
    fn number(&mut self) -> f32 {
        self.bits() as f32 / (1_u32 << 30) as f32 - 1.0
    }

    fn numbers(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| self.number()).collect()
    }
}

/// Where the float16 numbers of a block stand.
fn scales(storage: Storage) -> &'static [usize] {
    match storage {
        Storage::Q4_0
        | Storage::Q5_0
        | Storage::Q8_0
        | Storage::Iq4Nl
        | Storage::Iq4Xs
        | Storage::Iq3S
        | Storage::Iq3Xxs
        | Storage::Iq2S
        | Storage::Iq2Xs
        | Storage::Iq2Xxs
        | Storage::Iq1S => &[0],
        Storage::Q4_1 | Storage::Q5_1 | Storage::Q4K | Storage::Q5K => &[0, 2],
        Storage::Q2K => &[80, 82],
        Storage::Q3K => &[108],
        Storage::Q6K => &[208],
        Storage::Tq1_0 => &[52],
        Storage::Tq2_0 => &[64],
        _ => &[],
    }
}

/// Whether a block begins with a float32.
fn begins_with_a_float32(storage: Storage) -> bool {
    matches!(
        storage,
        Storage::Nvfp4Times
            | Storage::Nvfp4Over
            | Storage::Int4(_)
            | Storage::Int8(_)
            | Storage::E4m3(_)
            | Storage::Nf4(_)
            | Storage::Fp4(_)
    )
}

/// Weights in a block and its bytes.
fn block(storage: Storage) -> (usize, usize) {
    storage.block()
}

/// Rows of `width` random weights below about a thousand in size.
fn moderate(random: &mut Random, storage: Storage, width: usize, rows: usize) -> Vec<u8> {
    if storage == Storage::F32 {
        let numbers = random.numbers(rows * width);
        return numbers.into_iter().flat_map(f32::to_le_bytes).collect();
    }
    let mut bytes = random.bytes(rows * storage.row_bytes(width).unwrap());
    let (_, size) = block(storage);
    for block in bytes.chunks_exact_mut(size) {
        if begins_with_a_float32(storage) {
            let scale = 0.01 + random.number().abs();
            block[..4].copy_from_slice(&scale.to_le_bytes());
        }
        match storage {
            // The exponent is at most that of 1.
            Storage::F16 => block[1] &= 0xbb,
            Storage::Bf16 => block[1] &= 0xbf,
            Storage::Iq1M => block[55] &= 0xbf,
            Storage::Mxfp4 => block[0] = 120 + block[0] % 10,
            // No code that is no number.
            Storage::E4m3(_) | Storage::Nvfp4Times | Storage::Nvfp4Over => {
                block[4..].iter_mut().for_each(|byte| *byte &= 0xbf);
            }
            _ => scales(storage).iter().for_each(|at| block[at + 1] &= 0xab),
        }
    }
    bytes
}

/// What the scalar twin makes of `bytes`.
fn twin(storage: Storage, bytes: &[u8]) -> Vec<f32> {
    struct Dequantise<'a>(&'a [u8]);
    impl BlockVisitor for Dequantise<'_> {
        type Output = Vec<f32>;

        fn with<const BYTES: usize, const WEIGHTS: usize>(
            self,
            dequantise: impl Fn(&[u8; BYTES], &mut [f32; WEIGHTS]) + Copy,
        ) -> Vec<f32> {
            let blocks = self.0.as_chunks::<BYTES>().0.iter();
            let dequantised = blocks.map(|block| {
                let mut out = [0.0; WEIGHTS];
                dequantise(block, &mut out);
                out
            });
            dequantised.flatten().collect()
        }
    }
    storage.with(Dequantise(bytes))
}

/// What the kernel makes of them, if there is one for this processor.
fn dequantised(storage: Storage, bytes: &[u8], count: usize) -> Option<Vec<f32>> {
    let mut out = vec![f32::NAN; count];
    dequantise(storage, bytes, &mut out).then_some(out)
}

/// The products of rows with `x`, by the kernel.
fn products(storage: Storage, rows: &[u8], x: &[f32]) -> Option<Vec<f32>> {
    let count = rows.len() / storage.row_bytes(x.len()).unwrap();
    let mut out = vec![f32::NAN; count];
    dots(storage, rows, x, &mut out).then_some(out)
}

fn is_same(a: f32, b: f32) -> bool {
    a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
}

#[test]
fn any_bytes_widen_to_what_the_twin_makes_of_them_bit_for_bit() {
    let mut random = Random(1);
    for storage in Storage::ALL {
        let (weights, size) = block(storage);
        for count in 1..300 {
            let bytes = random.bytes(count * size);
            let Some(found) = dequantised(storage, &bytes, count * weights) else {
                return;
            };
            for (i, (found, expected)) in found.iter().zip(twin(storage, &bytes)).enumerate() {
                assert!(
                    is_same(*found, expected),
                    "{storage:?} weight {i}: {found}, expected {expected}"
                );
            }
        }
    }
}

#[test]
fn scales_at_the_ends_of_float16_widen_to_what_the_twin_makes_of_them() {
    let ends: [u16; 8] = [0, 0x8000, 1, 0x8001, 0x03ff, 0x7bff, 0xfbff, 0x7c00];
    let mut random = Random(2);
    for storage in Storage::ALL {
        let (weights, size) = block(storage);
        for end in ends {
            let mut bytes = random.bytes(size);
            for at in scales(storage) {
                bytes[*at..at + 2].copy_from_slice(&end.to_le_bytes());
            }
            let Some(found) = dequantised(storage, &bytes, weights) else {
                return;
            };
            let expected = twin(storage, &bytes);
            let all_same = found.iter().zip(&expected).all(|(a, b)| is_same(*a, *b));
            assert!(
                all_same,
                "{storage:?} {end:#x}: {found:?}, expected {expected:?}"
            );
        }
    }
}

#[test]
fn scales_at_the_ends_of_float32_widen_to_what_the_twin_makes_of_them() {
    let ends = [
        0.0,
        -0.0,
        f32::from_bits(1),
        -f32::from_bits(1),
        f32::MIN_POSITIVE,
        f32::MAX,
        f32::MIN,
        f32::INFINITY,
        f32::NAN,
    ];
    let mut random = Random(7);
    for storage in Storage::ALL
        .into_iter()
        .filter(|s| begins_with_a_float32(*s))
    {
        let (weights, size) = block(storage);
        for end in ends {
            let mut bytes = random.bytes(size);
            bytes[..4].copy_from_slice(&end.to_le_bytes());
            let Some(found) = dequantised(storage, &bytes, weights) else {
                return;
            };
            let expected = twin(storage, &bytes);
            let all_same = found.iter().zip(&expected).all(|(a, b)| is_same(*a, *b));
            assert!(
                all_same,
                "{storage:?} {end}: {found:?}, expected {expected:?}"
            );
        }
    }
}

/// A float32 sum of `n` products is off by at most `n * 2^-24` of the sum of their sizes,
/// whatever their order (Higham 2002, section 3.1); the float64 one counts as exact.
fn check(storage: Storage, rows: &[u8], x: &[f32]) {
    let Some(found) = products(storage, rows, x) else {
        return;
    };
    let weights = twin(storage, rows);
    for (row, found) in weights.chunks_exact(x.len()).zip(found) {
        let products = row
            .iter()
            .zip(x)
            .map(|(w, x)| f64::from(*w) * f64::from(*x));
        let (sum, sizes) = products.fold((0.0, 0.0), |(s, t), p| (s + p, t + p.abs()));
        let bound = (x.len() as f64 + 1.0) * f64::from(f32::EPSILON) / 2.0 * sizes;
        // What is below the smallest float32 may be lost in every product.
        let bound = bound + x.len() as f64 * f64::from(f32::from_bits(1));
        let place = format!("{storage:?} of width {}", x.len());
        assert!(
            (f64::from(found) - sum).abs() <= bound,
            "{place}: {found}, exact {sum}"
        );
    }
}

#[test]
fn products_of_any_width_are_within_the_bound_of_a_float32_sum() {
    let mut random = Random(3);
    for storage in Storage::ALL {
        let (weights, _) = block(storage);
        let counts: Vec<usize> = if weights == 1 {
            (1..100).chain([255, 300, 1000]).collect()
        } else {
            (1..=20).collect()
        };
        for count in counts {
            let width = count * weights;
            let rows = moderate(&mut random, storage, width, 3);
            let x = random.numbers(width);
            check(storage, &rows, &x);
        }
    }
}

#[test]
fn so_are_those_with_numbers_of_any_size_side_by_side() {
    let mut random = Random(4);
    for storage in Storage::ALL {
        let width = 512;
        let rows = moderate(&mut random, storage, width, 4);
        for span in [10, 30, 60] {
            let mut x = random.numbers(width);
            for x in &mut x {
                let exponent = random.bits() as i32 % (2 * span + 1) - span;
                *x *= 2.0_f32.powi(exponent);
            }
            check(storage, &rows, &x);
            // One alone, a huge one, whatever stands beside it.
            for at in [0, 31, 100, 511] {
                let mut x = random.numbers(width);
                x[at] = 1e30;
                check(storage, &rows, &x);
                let mut x = vec![0.0; width];
                x[at] = f32::MIN_POSITIVE;
                check(storage, &rows, &x);
            }
        }
    }
}

#[test]
fn the_same_weights_give_the_same_sums_in_whatever_type_they_are_held() {
    let mut random = Random(5);
    for storage in Storage::ALL {
        for width in [256, 1024] {
            let rows = moderate(&mut random, storage, width, 5);
            let x = random.numbers(width);
            let floats: Vec<u8> = twin(storage, &rows)
                .into_iter()
                .flat_map(f32::to_le_bytes)
                .collect();
            let found = products(storage, &rows, &x);
            assert_eq!(found, products(Storage::F32, &floats, &x), "{storage:?}");
        }
    }
}

#[test]
fn what_is_not_finite_stays_so() {
    let mut random = Random(6);
    for storage in Storage::ALL {
        let width = 256;
        let rows = moderate(&mut random, storage, width, 2);
        let weights = twin(storage, &rows);
        for number in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            for at in [0, 13, 255] {
                let mut x = random.numbers(width);
                x[at] = number;
                let Some(found) = products(storage, &rows, &x) else {
                    return;
                };
                for (row, found) in weights.chunks_exact(width).zip(found) {
                    let expected = row[at] * number;
                    assert!(is_same(found, expected), "{storage:?}: {found}, {expected}");
                }
            }
        }
    }
}
