//! The token shift of RWKV: each number that a position reads is mixed, by a share of its own, with
//! that of the position before.
//!
//! Peng et al. 2023, *RWKV*, <https://arxiv.org/abs/2305.13048>, section 3.1.

use candle_core::{D, Device, Result, Tensor};

use super::dtype::Dtype;
use super::mixer::Past;

/// What positions read, and how far from it what each one's predecessor read is; before the first
/// position there are zeros.
#[derive(Debug)]
pub struct Shifted<'a> {
    x: &'a Tensor,
    /// `[rows, d]`.
    difference: Tensor,
}

impl<'a> Shifted<'a> {
    /// Of `x`, `[rows, d]`, which follows `before`, `[d]`; in its place comes the last row of `x`.
    pub fn of(x: &'a Tensor, before: &mut [f32], dtype: Dtype) -> Result<Self> {
        let (rows, width) = x.dims2()?;
        let first = Tensor::from_slice(before, (1, width), &Device::Cpu)?.to_device(x.device())?;
        let earlier = match rows {
            0 | 1 => first,
            rows => Tensor::cat(&[first, x.narrow(0, 0, rows - 1)?], 0)?,
        };
        let last = x.narrow(0, rows.saturating_sub(1), 1)?;
        let last: Vec<f32> = last.to_device(&Device::Cpu)?.flatten_all()?.to_vec1()?;
        // As long as each other, or the tensor of `before` could not have been made.
        before.copy_from_slice(&last);
        Ok(Self {
            x,
            difference: dtype.round((earlier - x)?)?,
        })
    }

    /// What positions read, by so much of each number, `[d]`, the predecessor's: `[rows, d]`.
    pub fn mixed(&self, share: &Tensor) -> Result<Tensor> {
        self.x + self.difference.broadcast_mul(share)?
    }
}

/// A token shift before a part that keeps nothing itself, and what it knows of the positions seen.
#[derive(Debug)]
pub struct ShiftedInput {
    /// `[d]`.
    share: Tensor,
    dtype: Dtype,
    /// The row of the last position.
    pub past: Past,
}

impl ShiftedInput {
    /// A shift by so much of each number, `[d]`, that has seen nothing.
    #[must_use]
    pub fn new(share: Tensor, dtype: Dtype) -> Self {
        Self {
            share,
            dtype,
            past: Past::default(),
        }
    }

    /// `[rows, d]` → what the part reads, `[rows, d]`.
    pub fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        let mut before = self.past.state.take(x.dim(D::Minus1)?);
        let mixed = Shifted::of(x, &mut before, self.dtype)?.mixed(&self.share)?;
        self.past.state.put(before);
        self.dtype.round(mixed)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn rows(rows: &[[f32; 2]]) -> Tensor {
        Tensor::from_slice(rows.as_flattened(), (rows.len(), 2), &Device::Cpu).unwrap()
    }

    #[test]
    fn each_number_is_mixed_with_that_of_the_position_before_also_across_passes() {
        let share = Tensor::new(&[0.0_f32, 0.25], &Device::Cpu).unwrap();
        let mut shift = ShiftedInput::new(share, Dtype::Auto);
        let first = shift.forward(&rows(&[[1.0, 8.0], [2.0, 16.0]])).unwrap();
        assert_eq!(
            first.to_vec2::<f32>().unwrap(),
            [[1.0, 6.0], [2.0, 14.0]],
            "before the first position there are zeros"
        );
        shift.past.keep(2);
        let next = shift.forward(&rows(&[[3.0, 0.0]])).unwrap();
        assert_eq!(next.to_vec2::<f32>().unwrap(), [[3.0, 4.0]]);
    }
}
