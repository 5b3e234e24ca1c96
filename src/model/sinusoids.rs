//! Positions as sines and cosines that are added to the embedding (Vaswani et al. 2017).

use candle_core::{Device, Result, Tensor};

/// The sines and cosines of positions, computed where they are needed.
#[derive(Clone, Debug)]
pub struct Sinusoids {
    /// Radians a position, `[d / 2]`.
    frequencies: Vec<f32>,
    /// Added to a position.
    offset: usize,
    /// The position, the offset included, to which nothing is added.
    without: Option<usize>,
    d_model: usize,
}

impl Sinusoids {
    /// Those of a stream of `d_model` dimensions.
    ///
    /// The table of fairseq, which transformers follows: frequencies from 1 down to 1 / 10000, all
    /// sines before all cosines, and all in float32.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "the reference computes in float32"
    )]
    pub fn new(d_model: usize, offset: usize, without: Option<usize>) -> Self {
        let half = d_model / 2;
        let step = (10_000.0_f64.ln() / (half as f64 - 1.0)) as f32;
        Self {
            frequencies: (0..half).map(|i| (i as f32 * -step).exp()).collect(),
            offset,
            without,
            d_model,
        }
    }

    /// Those of `rows` positions from `start` on: `[rows, d_model]`.
    pub fn rows(&self, start: usize, rows: usize, device: &Device) -> Result<Tensor> {
        let first = start + self.offset;
        let values: Vec<f32> = (first..first + rows).flat_map(|p| self.row(p)).collect();
        Tensor::from_vec(values, (rows, self.d_model), device)
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "the reference computes in float32"
    )]
    fn row(&self, position: usize) -> Vec<f32> {
        let mut row = vec![0.0; self.d_model];
        if self.without == Some(position) {
            return row;
        }
        let angles = || self.frequencies.iter().map(|w| position as f32 * w);
        let values = angles().map(f32::sin).chain(angles().map(f32::cos));
        for (out, value) in row.iter_mut().zip(values) {
            *out = value;
        }
        row
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn sines_come_first_and_an_odd_dimension_stays_empty() {
        let sinusoids = Sinusoids::new(5, 2, None);
        let rows: Vec<Vec<f32>> = sinusoids
            .rows(1, 1, &Device::Cpu)
            .unwrap()
            .to_vec2()
            .unwrap();
        let (slow_sin, slow_cos) = 3.0e-4_f32.sin_cos();
        let expected = [3.0_f32.sin(), slow_sin, 3.0_f32.cos(), slow_cos, 0.0];
        for (found, expected) in rows[0].iter().zip(expected) {
            assert!((found - expected).abs() < 1e-6, "{found}, not {expected}");
        }
    }

    #[test]
    fn nothing_is_added_to_the_position_of_the_padding_token() {
        let sinusoids = Sinusoids::new(4, 2, Some(3));
        let rows: Vec<Vec<f32>> = sinusoids
            .rows(0, 3, &Device::Cpu)
            .unwrap()
            .to_vec2()
            .unwrap();
        assert_eq!(rows[1], [0.0; 4]);
        assert!(rows[0][0] != 0.0 && rows[2][0] != 0.0);
    }
}
