//! A matrix of weights: on the CPU held as the checkpoint stores it, on other devices as a
//! float32 tensor. Products are float32 arithmetic on the widened values in any case; candle's
//! own products with halves and quantised weights round what they are multiplied with.

mod floats;
mod large_blocks;
mod product;
mod rows;
mod small_blocks;
mod storage;

use candle_core::{Device, Result, Tensor};

pub use rows::Rows;
pub use storage::Storage;

use super::linear::with_values;
use super::matvec::matvec;

/// A matrix of weights, `[out, in]`.
#[derive(Clone, Debug)]
pub struct Weight(Held);

#[derive(Clone, Debug)]
enum Held {
    /// Contiguous float32 on any device.
    Tensor(Tensor),
    /// On the CPU, as stored: rows one below the other, of one width. A stack of projections can
    /// be stored in several types.
    Rows(Vec<Rows>),
}

impl Weight {
    /// A weight of contiguous float32, `[out, in]`, on any device.
    #[must_use]
    pub fn from_tensor(tensor: Tensor) -> Self {
        Self(Held::Tensor(tensor))
    }

    /// A weight that is made of `parts`, one below the other, for use on `device`.
    ///
    /// # Errors
    /// When there are none, or they are not of one width, or `device` has no room.
    pub fn from_rows(parts: Vec<Rows>, device: &Device) -> Result<Self> {
        let Some(width) = parts.first().map(Rows::width) else {
            candle_core::bail!("a weight without rows");
        };
        if parts.iter().any(|rows| rows.width() != width) {
            candle_core::bail!("rows of different widths do not make one weight");
        }
        let is_float = parts.iter().all(|rows| rows.storage() == Storage::F32);
        if device.is_cpu() && !is_float {
            return Ok(Self(Held::Rows(parts)));
        }
        let parts = parts
            .iter()
            .map(Rows::to_tensor)
            .collect::<Result<Vec<_>>>()?;
        Ok(Self::from_tensor(
            Tensor::cat(&parts, 0)?.to_device(device)?,
        ))
    }

    /// Number of rows.
    #[must_use]
    pub fn height(&self) -> usize {
        match &self.0 {
            Held::Tensor(tensor) => tensor.dims().first().copied().unwrap_or(0),
            Held::Rows(parts) => parts.iter().map(Rows::count).sum(),
        }
    }

    /// Where it is.
    #[must_use]
    pub fn device(&self) -> &Device {
        match &self.0 {
            Held::Tensor(tensor) => tensor.device(),
            Held::Rows(_) => &Device::Cpu,
        }
    }

    /// `x Wᵀ`: `[rows, in]` → `[rows, out]`.
    pub fn product(&self, x: &Tensor) -> Result<Tensor> {
        match &self.0 {
            Held::Tensor(weight) if !(x.device().is_cpu() && x.dim(0)? == 1) => {
                x.matmul(&weight.t()?)
            }
            Held::Tensor(weight) => on_the_cpu(x, self.height(), |x, out| {
                with_values(weight, |weight| matvec(weight, x, out))
            }),
            Held::Rows(parts) => {
                let (n, width) = x.dims2()?;
                if parts.iter().any(|rows| rows.width() != width) {
                    candle_core::bail!("{width} numbers do not fit the width of a weight");
                }
                on_the_cpu(x, self.height(), |x, out| {
                    if n == 1 {
                        product::with_one(parts, x, out);
                    } else {
                        product::with_many(parts, width, x, out);
                    }
                    Ok(())
                })
            }
        }
    }

    /// The rows `ids`, in float32: `[ids]` → `[ids, in]`.
    pub fn select(&self, ids: &Tensor) -> Result<Tensor> {
        match &self.0 {
            Held::Tensor(tensor) => tensor.index_select(ids, 0),
            Held::Rows(parts) => {
                let ids = ids.to_vec1::<u32>()?;
                stacked(parts, ids.into_iter().map(|id| id as usize))
            }
        }
    }

    /// `len` rows from row `start` on, in float32: `[len, in]`.
    pub fn narrow(&self, start: usize, len: usize) -> Result<Tensor> {
        match &self.0 {
            Held::Tensor(tensor) => tensor.narrow(0, start, len),
            Held::Rows(parts) => stacked(parts, start..start + len),
        }
    }
}

/// The rows of these numbers, one below the other.
fn stacked(parts: &[Rows], numbers: impl Iterator<Item = usize>) -> Result<Tensor> {
    let rows = numbers.map(|number| row(parts, number));
    Tensor::stack(&rows.collect::<Result<Vec<_>>>()?, 0)
}

/// One row, `[in]`.
fn row(parts: &[Rows], number: usize) -> Result<Tensor> {
    let mut place = number;
    for rows in parts {
        if place < rows.count() {
            return Tensor::from_vec(rows.widened(place, 1), rows.width(), &Device::Cpu);
        }
        place -= rows.count();
    }
    candle_core::bail!("a weight has no row {number}")
}

/// What `f` makes of the values of `x`, `[rows, in]`: `[rows, height]`.
fn on_the_cpu(
    x: &Tensor,
    height: usize,
    f: impl FnOnce(&[f32], &mut [f32]) -> Result<()>,
) -> Result<Tensor> {
    let rows = x.dim(0)?;
    let mut out = vec![0.0; rows * height];
    with_values(&x.contiguous()?, |x| f(x, &mut out))??;
    Tensor::from_vec(out, (rows, height), &Device::Cpu)
}
