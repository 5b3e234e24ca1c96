//! Rows that are made while a checkpoint is read: codes of four or eight bits, scales and zero
//! points, which the file has in tensors of their own, are brought together in blocks. What they
//! stand for stays the same, to the bit, and so does about what memory they take.

use rayon::prelude::*;

use super::four_bit_floats::{FP4, NF4};
use super::rows::Rows;
use super::storage::{Span, Storage};
use super::{e4m3, integers};

/// What a code stands for, before it is scaled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codes {
    /// An unsigned integer of four bits, less a zero point.
    Int4,
    /// An unsigned integer of eight bits, less a zero point.
    Int8,
    /// A float of four exponent and three mantissa bits.
    E4m3,
    /// A number of bitsandbytes' `nf4`.
    Nf4,
    /// A number of bitsandbytes' `fp4`.
    Fp4,
}

/// How a matrix of codes and scales is held.
#[derive(Clone, Copy, Debug)]
pub struct Scaled {
    codes: Codes,
    /// Weights in a row.
    width: usize,
    /// Weights of a row, side by side, that share a scale; the last ones may be fewer.
    run: usize,
}

/// One row, to be filled in.
#[derive(Debug)]
pub struct Line<'a> {
    /// One a weight.
    pub codes: &'a mut [u8],
    /// One a run.
    pub scales: &'a mut [f32],
    /// One a run; zero where nothing else is written.
    pub zeros: &'a mut [u16],
}

impl Codes {
    /// The table that four bits choose from, where that is what a code does.
    #[must_use]
    pub fn table(self) -> Option<&'static [f32; 16]> {
        match self {
            Self::Nf4 => Some(&NF4),
            Self::Fp4 => Some(&FP4),
            Self::Int4 | Self::Int8 | Self::E4m3 => None,
        }
    }

    fn storage(self, span: Span) -> Storage {
        match self {
            Self::Int4 => Storage::Int4(span),
            Self::Int8 => Storage::Int8(span),
            Self::E4m3 => Storage::E4m3(span),
            Self::Nf4 => Storage::Nf4(span),
            Self::Fp4 => Storage::Fp4(span),
        }
    }

    /// The code of zero.
    fn of_zero(self, zero: u16) -> u8 {
        match self {
            Self::Int4 => zero.min(15) as u8,
            Self::Int8 => zero.min(255) as u8,
            Self::E4m3 | Self::Fp4 => 0,
            Self::Nf4 => 7,
        }
    }

    /// What a code stands for, before it is scaled.
    fn number(self, code: u8, zero: u16) -> f32 {
        match self {
            Self::Int4 | Self::Int8 => f32::from(code) - f32::from(zero),
            Self::E4m3 => e4m3(code),
            Self::Nf4 => NF4[usize::from(code & 15)],
            Self::Fp4 => FP4[usize::from(code & 15)],
        }
    }
}

impl Scaled {
    /// Rows of `width` weights of which each `run` share a scale.
    #[must_use]
    pub fn new(codes: Codes, width: usize, run: usize) -> Self {
        Self {
            codes,
            width,
            run: run.clamp(1, width.max(1)),
        }
    }

    /// Scales of a row.
    #[must_use]
    pub fn runs(&self) -> usize {
        self.width.div_ceil(self.run)
    }

    /// The type that the rows are held in: the smallest in which no block has two scales, and
    /// float32 where there is none.
    #[must_use]
    pub fn storage(&self) -> Storage {
        let fits = |span: &Span| self.runs() == 1 || self.run.is_multiple_of(span.weights());
        let all = Span::ALL.into_iter().filter(fits);
        let all = all.map(|span| self.codes.storage(span));
        let smallest = all.min_by_key(|storage| storage.row_bytes(self.width));
        smallest.unwrap_or(Storage::F32)
    }

    /// `count` rows; `fill` writes each, by its number. `None` where they have no width.
    #[must_use]
    pub fn rows(&self, count: usize, fill: impl Fn(usize, Line<'_>) + Sync) -> Option<Rows> {
        let storage = self.storage();
        let row_bytes = storage.row_bytes(self.width).filter(|bytes| *bytes > 0)?;
        let mut bytes = vec![0; count.checked_mul(row_bytes)?];
        let scratch = || {
            let codes = vec![0_u8; self.width];
            (codes, vec![0.0_f32; self.runs()], vec![0_u16; self.runs()])
        };
        bytes
            .par_chunks_exact_mut(row_bytes)
            .enumerate()
            .for_each_init(scratch, |(codes, scales, zeros), (row, out)| {
                zeros.fill(0);
                let line = Line {
                    codes,
                    scales,
                    zeros,
                };
                fill(row, line);
                self.pack(storage, codes, scales, zeros, out);
            });
        Rows::new(storage, self.width, bytes)
    }

    fn pack(&self, storage: Storage, codes: &[u8], scales: &[f32], zeros: &[u16], out: &mut [u8]) {
        let of_run = |column: usize| {
            let run = column / self.run;
            let scale = scales.get(run).copied().unwrap_or_default();
            (scale, zeros.get(run).copied().unwrap_or_default())
        };
        if storage == Storage::F32 {
            let places = out.as_chunks_mut::<4>().0.iter_mut().zip(codes);
            for (column, (out, code)) in places.enumerate() {
                let (scale, zero) = of_run(column);
                *out = (self.codes.number(*code, zero) * scale).to_le_bytes();
            }
            return;
        }
        let (weights, bytes) = storage.block();
        let blocks = out.chunks_exact_mut(bytes).zip(codes.chunks(weights));
        for (block, (out, codes)) in blocks.enumerate() {
            let (scale, zero) = of_run(block * weights);
            let (head, rest) = out.split_at_mut(4);
            head.copy_from_slice(&scale.to_le_bytes());
            let places = match self.codes {
                Codes::Int4 => integers::with_zero(rest, &[zero as u8]),
                Codes::Int8 => integers::with_zero(rest, &zero.to_le_bytes()),
                Codes::E4m3 | Codes::Nf4 | Codes::Fp4 => rest,
            };
            let filled = codes.iter().copied();
            let filled = filled.chain(std::iter::repeat(self.codes.of_zero(zero)));
            match self.codes {
                Codes::Int8 | Codes::E4m3 => {
                    let both = places.iter_mut().zip(filled);
                    both.for_each(|(to, code)| *to = code);
                }
                Codes::Int4 | Codes::Nf4 | Codes::Fp4 => nibbles(filled, places),
            }
        }
    }
}

/// Of each 32 codes of four bits, those of `i` and `i + 16` to a byte.
fn nibbles(mut codes: impl Iterator<Item = u8>, out: &mut [u8]) {
    for out in out.as_chunks_mut::<16>().0 {
        for half in [0, 4] {
            for (byte, code) in out.iter_mut().zip(&mut codes) {
                *byte |= (code & 15) << half;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const ALL: [Codes; 5] = [
        Codes::Int4,
        Codes::Int8,
        Codes::E4m3,
        Codes::Nf4,
        Codes::Fp4,
    ];

    fn code(row: usize, column: usize) -> u8 {
        ((row * 31 + column * 7) % 16) as u8
    }

    fn scale(row: usize, run: usize) -> f32 {
        1.0 / (3 + row * 5 + run) as f32
    }

    fn made(scaled: &Scaled, count: usize) -> Rows {
        let fill = |row: usize, line: Line<'_>| {
            for (column, to) in line.codes.iter_mut().enumerate() {
                *to = code(row, column);
            }
            for (run, (scale_to, zero)) in line.scales.iter_mut().zip(line.zeros).enumerate() {
                *scale_to = scale(row, run);
                *zero = (run % 17) as u16;
            }
        };
        scaled.rows(count, fill).unwrap()
    }

    #[test]
    fn rows_widen_to_each_code_times_its_scale_at_any_width_and_run() {
        for codes in ALL {
            for (width, run) in [
                (32, 32),
                (136, 128),
                (160, 32),
                (200, 40),
                (33, 33),
                (7, 3),
                (192, 64),
                (256, 1000),
            ] {
                let scaled = Scaled::new(codes, width, run);
                let rows = made(&scaled, 3);
                for row in 0..3 {
                    let expected: Vec<f32> = (0..width)
                        .map(|column| {
                            let at = column / run.min(width);
                            codes.number(code(row, column), (at % 17) as u16) * scale(row, at)
                        })
                        .collect();
                    assert_eq!(
                        rows.dequantised(row, 1),
                        expected,
                        "{codes:?} {width} {run}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_run_that_no_block_fits_is_held_in_float32_and_others_in_about_what_they_were() {
        assert_eq!(Scaled::new(Codes::Int4, 200, 40).storage(), Storage::F32);
        let stored = |codes, width, run| {
            let scaled = Scaled::new(codes, width, run);
            scaled.storage().row_bytes(width).unwrap()
        };
        assert_eq!(stored(Codes::Int4, 4096, 128), 32 * 69);
        assert_eq!(stored(Codes::E4m3, 4096, 128), 32 * 132);
        assert_eq!(stored(Codes::Nf4, 4096, 64), 64 * 36);
        // Little is filled up.
        assert_eq!(stored(Codes::E4m3, 136, 128), 5 * 36);
    }
}
