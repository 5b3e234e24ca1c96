//! Rotary position embedding. Angles are worked out in float64: at late positions float32 ones
//! are off by more than the model's own rounding.

use std::f64::consts::PI;
use std::sync::{Arc, Mutex, PoisonError};

use candle_core::{D, Device, Result, Tensor};

use super::dtype::Dtype;
use super::spec::{Rope, RopeScaling};

/// The rotation of queries and keys.
#[derive(Clone, Debug)]
pub struct Rotation {
    dim: usize,
    /// Radians a position, `[dim / 2]`.
    frequencies: Vec<f64>,
    magnitude: f64,
    dtype: Dtype,
    last: Arc<Mutex<Option<Tables>>>,
}

/// The sines and cosines of the positions of one pass, each `[rows, dim / 2]`. Every block of a
/// device turns by the same ones, and bringing them there costs more than the turning.
#[derive(Clone, Debug)]
struct Tables {
    start: usize,
    rows: usize,
    cos: Tensor,
    sin: Tensor,
}

impl Rotation {
    /// The rotation that `rope` describes. `divisors`, where a checkpoint holds them, divide each
    /// frequency further (`[dim / 2]`, the `rope_freqs` of GGUF files). Sines, cosines and
    /// results are kept as `dtype` says.
    #[must_use]
    pub fn new(rope: &Rope, divisors: Option<&[f32]>, dtype: Dtype) -> Self {
        let mut frequencies = frequencies(rope);
        for (frequency, divisor) in frequencies.iter_mut().zip(divisors.unwrap_or_default()) {
            *frequency /= f64::from(*divisor);
        }
        Self {
            dim: rope.dim,
            frequencies,
            magnitude: rope.magnitude,
            dtype,
            last: Arc::default(),
        }
    }

    /// The same, with tables in common with one of `others` that turns alike; else it is one more of
    /// them.
    #[must_use]
    pub fn in_common(self, others: &mut Vec<Self>) -> Self {
        let turns_alike = |other: &&Self| {
            other.dim == self.dim
                && other.frequencies == self.frequencies
                && other.magnitude == self.magnitude
                && other.dtype == self.dtype
        };
        if let Some(other) = others.iter().find(turns_alike) {
            return other.clone();
        }
        others.push(self.clone());
        self
    }

    /// Turns the first dimensions of `x`, `[heads, rows, head_dim]`, whose first row is at
    /// position `start`.
    pub fn apply(&self, x: &Tensor, start: usize) -> Result<Tensor> {
        let (_, rows, width) = x.dims3()?;
        let Tables { cos, sin, .. } = self.tables(start, rows, x.device())?;
        let rotate = |x: &Tensor| -> Result<Tensor> {
            let x = x.unsqueeze(0)?.contiguous()?;
            let rotated = candle_nn::rotary_emb::rope(&x, &cos, &sin)?.squeeze(0)?;
            self.dtype.round(rotated)
        };
        if self.dim == width {
            return rotate(x);
        }
        let rotated = rotate(&x.narrow(D::Minus1, 0, self.dim)?)?;
        let passed = x.narrow(D::Minus1, self.dim, width - self.dim)?;
        Tensor::cat(&[rotated, passed], D::Minus1)
    }

    /// The tables of `rows` positions from `start` on.
    fn tables(&self, start: usize, rows: usize, device: &Device) -> Result<Tables> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tables) = &*last
            && (tables.start, tables.rows) == (start, rows)
            && tables.cos.device().same_device(device)
        {
            return Ok(tables.clone());
        }
        let tables = Tables {
            start,
            rows,
            cos: self.table(f64::cos, start, rows, device)?,
            sin: self.table(f64::sin, start, rows, device)?,
        };
        *last = Some(tables.clone());
        Ok(tables)
    }

    /// Turns the first dimensions of each of the heads, which are `width` wide and stand one
    /// behind the other, all at one `position`. The same as [`Rotation::apply`], in place and not
    /// rounded.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "positions are below 2^52, and the model computes in f32"
    )]
    pub fn rotate(&self, heads: &mut [f32], width: usize, position: usize) {
        let magnitude = self.magnitude;
        let angles = self.frequencies.iter().map(|w| position as f64 * w);
        let turns: Vec<(f32, f32)> = angles
            .map(f64::sin_cos)
            .map(|(sin, cos)| ((sin * magnitude) as f32, (cos * magnitude) as f32))
            .collect();
        for head in heads.chunks_exact_mut(width.max(1)) {
            let rotated = head.get_mut(..self.dim).unwrap_or_default();
            let (left, right) = rotated.split_at_mut(rotated.len() / 2);
            for ((left, right), (sin, cos)) in left.iter_mut().zip(right).zip(&turns) {
                (*left, *right) = (*left * cos - *right * sin, *left * sin + *right * cos);
            }
        }
    }

    /// `f` of the angles, times the magnitude, of `rows` positions from `start` on: `[rows, dim / 2]`.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "positions are below 2^52, and the model computes in f32"
    )]
    fn table(
        &self,
        f: fn(f64) -> f64,
        start: usize,
        rows: usize,
        device: &Device,
    ) -> Result<Tensor> {
        let magnitude = self.magnitude;
        let values: Vec<f32> = (start..start + rows)
            .flat_map(|p| {
                let angles = self.frequencies.iter().map(move |w| p as f64 * w);
                angles.map(move |angle| (f(angle) * magnitude) as f32)
            })
            .collect();
        let table = Tensor::from_vec(values, (rows, self.frequencies.len()), device)?;
        self.dtype.round(table)
    }
}

/// Radians a position for each pair of dimensions: `theta^(-2i / dim)`, then scaled.
#[expect(clippy::cast_precision_loss, reason = "a head is narrower than 2^52")]
fn frequencies(rope: &Rope) -> Vec<f64> {
    (0..rope.dim / 2)
        .map(|i| {
            let frequency = rope.theta.powf(-2.0 * i as f64 / rope.dim as f64);
            scaled(frequency, i, rope)
        })
        .collect()
}

/// A frequency, that of the `i`th pair, scaled. The formulas are those of transformers'
/// `modeling_rope_utils`.
fn scaled(frequency: f64, i: usize, rope: &Rope) -> f64 {
    match &rope.scaling {
        RopeScaling::None => frequency,
        RopeScaling::Linear { factor } => frequency / factor,
        RopeScaling::Divided(divisors) => frequency / divisors.get(i).copied().unwrap_or(1.0),
        RopeScaling::Llama3 {
            factor,
            low_freq_factor,
            high_freq_factor,
            original_context,
        } => {
            let wavelength = 2.0 * PI / frequency;
            if wavelength > original_context / low_freq_factor {
                frequency / factor
            } else if wavelength < original_context / high_freq_factor {
                frequency
            } else {
                let smooth = (original_context / wavelength - low_freq_factor)
                    / (high_freq_factor - low_freq_factor);
                (1.0 - smooth) * frequency / factor + smooth * frequency
            }
        }
        RopeScaling::Yarn {
            factor,
            beta_fast,
            beta_slow,
            original_context,
            whole_pairs,
        } => {
            let mut ends = [*beta_fast, *beta_slow]
                .map(|turns| yarn_pair_that_turns(turns, rope, *original_context));
            if *whole_pairs {
                ends = [ends[0].floor(), ends[1].ceil()];
            }
            let divided = yarn_ramp(i, rope.dim, ends);
            frequency / factor * divided + frequency * (1.0 - divided)
        }
    }
}

/// The pair of dimensions that turns so many `times` in the original context.
#[expect(clippy::cast_precision_loss, reason = "a head is narrower than 2^52")]
fn yarn_pair_that_turns(times: f64, rope: &Rope, original_context: f64) -> f64 {
    rope.dim as f64 * (original_context / (times * 2.0 * PI)).ln() / (2.0 * rope.theta.ln())
}

/// How far the `i`th pair is on the way from kept (0) to divided (1): a straight line between the
/// two `ends`.
#[expect(clippy::cast_precision_loss, reason = "a head is narrower than 2^52")]
fn yarn_ramp(i: usize, dim: usize, ends: [f64; 2]) -> f64 {
    let first = ends[0].max(0.0);
    let last = ends[1].min(dim as f64 - 1.0);
    let length = if first == last { 0.001 } else { last - first };
    ((i as f64 - first) / length).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn rope(scaling: RopeScaling) -> Rope {
        Rope {
            dim: 4,
            theta: 100.0,
            scaling,
            magnitude: 1.0,
        }
    }

    #[test]
    fn the_frequencies_fall_from_one_by_the_base() {
        assert_eq!(frequencies(&rope(RopeScaling::None)), [1.0, 0.1]);
    }

    #[test]
    fn linear_scaling_divides_every_frequency() {
        let scaling = RopeScaling::Linear { factor: 2.0 };
        assert_eq!(frequencies(&rope(scaling)), [0.5, 0.05]);
    }

    #[test]
    fn llama3_scaling_keeps_short_waves_and_divides_long_ones() {
        let scaling = RopeScaling::Llama3 {
            factor: 4.0,
            low_freq_factor: 1.0,
            high_freq_factor: 4.0,
            original_context: 40.0,
        };
        assert_eq!(frequencies(&rope(scaling)), [1.0, 0.025]);
    }

    #[test]
    fn yarn_keeps_fast_pairs_and_blends_those_behind() {
        let scaling = RopeScaling::Yarn {
            factor: 4.0,
            beta_fast: 10.0,
            beta_slow: 1.0,
            original_context: 600.0,
            whole_pairs: true,
        };
        assert_eq!(frequencies(&rope(scaling)), [1.0, 0.0625]);
    }

    #[test]
    fn each_frequency_can_have_its_own_divisor() {
        let scaling = RopeScaling::Divided([2.0, 4.0].into());
        assert_eq!(frequencies(&rope(scaling)), [0.5, 0.025]);
    }

    #[test]
    fn heads_turn_in_place_as_tensors_do() {
        let rope = Rope {
            magnitude: 1.5,
            ..rope(RopeScaling::None)
        };
        let rotation = Rotation::new(&rope, None, Dtype::Auto);
        let mut heads: Vec<f32> = (0..12).map(|i| i as f32 - 5.0).collect();
        let x = Tensor::from_slice(&heads, (2, 1, 6), &Device::Cpu).unwrap();
        let expected = rotation.apply(&x, 7).unwrap().flatten_all().unwrap();
        rotation.rotate(&mut heads, 6, 7);
        for (found, expected) in heads.iter().zip(expected.to_vec1::<f32>().unwrap()) {
            assert!(
                (found - expected).abs() < 1e-6,
                "{found}, expected {expected}"
            );
        }
    }

    #[test]
    fn tables_in_common_are_those_of_the_positions_of_each_pass() {
        let rope = rope(RopeScaling::None);
        let made = || Rotation::new(&rope, None, Dtype::Auto);
        let mut others = Vec::new();
        let [first, second] = [made(), made()].map(|one| one.in_common(&mut others));
        assert_eq!(others.len(), 1);
        let x = Tensor::ones((1, 2, 4), candle_core::DType::F32, &Device::Cpu).unwrap();
        for start in [0, 5, 5, 0] {
            let expected = made().apply(&x, start).unwrap().to_vec3::<f32>().unwrap();
            for rotation in [&first, &second] {
                let found = rotation.apply(&x, start).unwrap();
                assert_eq!(found.to_vec3::<f32>().unwrap(), expected);
            }
        }
    }

    #[test]
    fn a_part_of_the_head_can_stay_as_it_is() {
        let rope = Rope {
            dim: 2,
            theta: 1.0,
            scaling: RopeScaling::None,
            magnitude: 1.0,
        };
        let rotation = Rotation::new(&rope, None, Dtype::Auto);
        let x = Tensor::new(&[[[1.0_f32, 0.0, 5.0, 6.0]]], &Device::Cpu).unwrap();
        let y = rotation.apply(&x, 3).unwrap().to_vec3::<f32>().unwrap();
        let (sin, cos) = 3.0_f32.sin_cos();
        assert!((y[0][0][0] - cos).abs() < 1e-6 && (y[0][0][1] - sin).abs() < 1e-6);
        assert_eq!(&y[0][0][2..], [5.0, 6.0]);
    }
}
