//! A matrix of weights: a float32 tensor, or rows held as the checkpoint stores them, with kernels
//! of our own on the CPU and with candle's on a card.
//! Products are float32 arithmetic on the dequantised values in any case; candle's own products
//! with halves and quantised weights round what they are multiplied with.

mod eight_bit_floats;
mod floats;
mod four_bit_floats;
mod grids;
mod integers;
mod kernels;
mod large_blocks;
mod matmul;
mod nonlinear;
mod on_card;
mod rows;
mod scaled;
mod several;
mod small_blocks;
mod storage;
mod ternary;

use std::sync::Arc;

use candle_core::{Device, Result, Tensor};

pub use eight_bit_floats::number as e4m3;
pub use rows::Rows;
pub use scaled::{Codes, Line, Scaled};
pub use storage::{Span, Storage};

use on_card::OnCard;

use super::dequantisation::Dequantisation;
use super::device::{Processor, moved};
use super::linear::with_values;
use super::matvec::matvec;

/// A matrix of weights, `[out, in]`.
#[derive(Clone, Debug)]
pub struct Weight(WeightData);

#[derive(Clone, Debug)]
enum WeightData {
    /// Contiguous float32, for any device.
    Tensor(Tensor),
    /// For the CPU: rows one below the other, of one width. A stack of projections can be stored
    /// in several types.
    Rows(Vec<Rows>),
    /// For a device that has candle's operations only.
    OnCard(Arc<OnCard>),
}

impl Weight {
    /// A weight of contiguous float32, `[out, in]`, on any device.
    #[must_use]
    pub fn from_tensor(tensor: Tensor) -> Self {
        Self(WeightData::Tensor(tensor))
    }

    /// A weight that is made of `parts`, one below the other, for use on `device`.
    /// They stay as they are where `dequantisation` says so and the device is the CPU; products are
    /// the same there, bit for bit, in either case.
    ///
    /// # Errors
    /// When there are none, or they are not of one width, or `device` has no room.
    pub fn from_rows(
        parts: Vec<Rows>,
        dequantisation: Dequantisation,
        device: &Device,
    ) -> Result<Self> {
        let Some(width) = parts.first().map(Rows::width) else {
            candle_core::bail!("a weight without rows");
        };
        if parts.iter().any(|rows| rows.width() != width) {
            candle_core::bail!("rows of different widths do not make one weight");
        }
        if device.is_cpu() {
            let held = |rows: Rows| match dequantisation {
                Dequantisation::AtUse => rows,
                Dequantisation::AtLoad => rows.in_float32(),
            };
            return Ok(Self(WeightData::Rows(
                parts.into_iter().map(held).collect(),
            )));
        }
        let parts = parts
            .iter()
            .map(Rows::to_tensor)
            .collect::<Result<Vec<_>>>()?;
        Ok(Self::from_tensor(
            Tensor::cat(&parts, 0)?.to_device(device)?,
        ))
    }

    /// The same for use on `processor`, held in float32 or, as far as products are float32 ones
    /// there, as they are stored.
    ///
    /// # Errors
    /// As [`Weight::from_rows`].
    pub fn on(
        processor: &Processor,
        parts: Vec<Rows>,
        dequantisation: Dequantisation,
    ) -> Result<Self> {
        if processor.has_kernels() {
            return Self::from_rows(parts, dequantisation, processor.device());
        }
        let on_card = OnCard::new(&parts, dequantisation, processor)?;
        Ok(Self(WeightData::OnCard(Arc::new(on_card))))
    }

    /// The same on `processor`, held there as it is here as far as possible.
    ///
    /// # Errors
    /// When there is no room.
    pub fn moved_to(&self, processor: &Processor) -> Result<Self> {
        match &self.0 {
            WeightData::Rows(parts) => Self::on(processor, parts.clone(), Dequantisation::AtUse),
            WeightData::Tensor(tensor) => Ok(Self::from_tensor(moved(tensor, processor.device())?)),
            WeightData::OnCard(_) => Ok(self.clone()),
        }
    }

    /// Number of rows.
    #[must_use]
    pub fn height(&self) -> usize {
        match &self.0 {
            WeightData::Tensor(tensor) => tensor.dims().first().copied().unwrap_or(0),
            WeightData::Rows(parts) => parts.iter().map(Rows::count).sum(),
            WeightData::OnCard(on_card) => on_card.height(),
        }
    }

    /// Bytes that it is held in.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        match &self.0 {
            WeightData::Tensor(tensor) => {
                (tensor.elem_count() * tensor.dtype().size_in_bytes()) as u64
            }
            WeightData::Rows(parts) => parts.iter().map(|rows| rows.bytes().len() as u64).sum(),
            WeightData::OnCard(on_card) => on_card.bytes(),
        }
    }

    /// Where it is.
    #[must_use]
    pub fn device(&self) -> &Device {
        match &self.0 {
            WeightData::Tensor(tensor) => tensor.device(),
            WeightData::Rows(_) => &Device::Cpu,
            WeightData::OnCard(on_card) => on_card.device(),
        }
    }

    /// `x Wᵀ`: `[rows, in]` → `[rows, out]`.
    pub fn matmul(&self, x: &Tensor) -> Result<Tensor> {
        match &self.0 {
            WeightData::Tensor(weight) if !(x.device().is_cpu() && x.dim(0)? == 1) => {
                x.matmul(&weight.t()?)
            }
            WeightData::Tensor(weight) => on_the_cpu(x, self.height(), |x, out| {
                with_values(weight, |weight| matvec(weight, x, out))
            }),
            WeightData::Rows(parts) => {
                let (n, width) = x.dims2()?;
                if parts.iter().any(|rows| rows.width() != width) {
                    candle_core::bail!("{width} numbers do not fit the width of a weight");
                }
                on_the_cpu(x, self.height(), |x, out| {
                    if n == 1 {
                        matmul::gemv(parts, x, out);
                    } else {
                        several::with_several(parts, width, x, out);
                    }
                    Ok(())
                })
            }
            WeightData::OnCard(on_card) => on_card.matmul(x),
        }
    }

    /// The rows `ids`, in float32: `[ids]` → `[ids, in]`.
    pub fn select(&self, ids: &Tensor) -> Result<Tensor> {
        match &self.0 {
            WeightData::Tensor(tensor) => tensor.index_select(ids, 0),
            WeightData::Rows(parts) => {
                let ids = ids.to_vec1::<u32>()?;
                stacked(parts, ids.into_iter().map(|id| id as usize))
            }
            WeightData::OnCard(on_card) => on_card.select(ids),
        }
    }

    /// `len` rows from row `start` on, in float32: `[len, in]`.
    pub fn narrow(&self, start: usize, len: usize) -> Result<Tensor> {
        match &self.0 {
            WeightData::Tensor(tensor) => tensor.narrow(0, start, len),
            WeightData::Rows(parts) => stacked(parts, start..start + len),
            WeightData::OnCard(on_card) => on_card.narrow(start, len),
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
            return Tensor::from_vec(rows.dequantised(place, 1), rows.width(), &Device::Cpu);
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use candle_core::DType;
    use candle_core::quantized::{GgmlDType, QTensor};

    use super::*;
    use crate::model::dtype::Dtype;

    /// More than one piece of 256 weights, and more rows than one task takes.
    const SHAPE: (usize, usize) = (70, 512);

    const QUANTISED: [GgmlDType; 10] = [
        GgmlDType::Q4_0,
        GgmlDType::Q4_1,
        GgmlDType::Q5_0,
        GgmlDType::Q5_1,
        GgmlDType::Q8_0,
        GgmlDType::Q2K,
        GgmlDType::Q3K,
        GgmlDType::Q4K,
        GgmlDType::Q5K,
        GgmlDType::Q6K,
    ];

    fn random(shape: (usize, usize)) -> Tensor {
        Tensor::randn(0.1_f32, 1.0, shape, &Device::Cpu).unwrap()
    }

    fn values(tensor: &Tensor) -> Vec<Vec<f32>> {
        tensor.to_vec2().unwrap()
    }

    /// Random weights in a quantised type, as stored and as candle dequantises them.
    fn quantised(dtype: GgmlDType) -> (Rows, Tensor) {
        let quantised = QTensor::quantize(&random(SHAPE), dtype).unwrap();
        let bytes = quantised.data().unwrap().to_vec();
        let rows = Rows::new(Storage::of(dtype).unwrap(), SHAPE.1, bytes).unwrap();
        (rows, quantised.dequantize(&Device::Cpu).unwrap())
    }

    fn weight(parts: Vec<Rows>) -> Weight {
        Weight::from_rows(parts, Dequantisation::AtUse, &Device::Cpu).unwrap()
    }

    /// A float32 sum of `n` products is off by at most `n * 2^-24` of the sum of their sizes,
    /// whatever their order (Higham 2002, section 3.1); the float64 one counts as exact.
    fn holds_the_bound(weight: &Weight, dequantised: &Tensor, n: usize) {
        let x = random((n, dequantised.dim(1).unwrap()));
        let found = values(&weight.matmul(&x).unwrap());
        for (x, found) in values(&x).iter().zip(found) {
            for (row, found) in values(dequantised).iter().zip(found) {
                let products = row
                    .iter()
                    .zip(x)
                    .map(|(w, x)| f64::from(*w) * f64::from(*x));
                let (sum, sizes) = products.fold((0.0, 0.0), |(s, t), p| (s + p, t + p.abs()));
                let bound = (row.len() as f64 + 1.0) * f64::from(f32::EPSILON) / 2.0 * sizes;
                assert!(
                    (f64::from(found) - sum).abs() <= bound,
                    "{found}, exact {sum}"
                );
            }
        }
    }

    #[test]
    fn quantised_weights_widen_to_what_they_stand_for() {
        for dtype in QUANTISED {
            let (rows, dequantised) = quantised(dtype);
            let found = rows.to_tensor().unwrap();
            assert_eq!(values(&found), values(&dequantised), "{dtype:?}");
        }
    }

    #[test]
    fn products_with_quantised_weights_are_float32_products_of_what_they_stand_for() {
        for dtype in QUANTISED {
            let (rows, dequantised) = quantised(dtype);
            let weight = weight(vec![rows]);
            for n in [1, 2, 30] {
                holds_the_bound(&weight, &dequantised, n);
            }
        }
    }

    #[test]
    fn weights_held_in_float32_give_the_same_products_bit_for_bit() {
        for dtype in QUANTISED {
            let (rows, _) = quantised(dtype);
            let dequantised =
                Weight::from_rows(vec![rows.clone()], Dequantisation::AtLoad, &Device::Cpu);
            let dequantised = dequantised.unwrap();
            assert_eq!(dequantised.bytes(), 4 * (SHAPE.0 * SHAPE.1) as u64);
            let stored = weight(vec![rows]);
            for n in [1, 5] {
                let x = random((n, SHAPE.1));
                let products = [&stored, &dequantised].map(|w| values(&w.matmul(&x).unwrap()));
                assert_eq!(products[0], products[1], "{dtype:?}, {n} vectors");
            }
        }
    }

    #[test]
    fn halves_are_multiplied_as_they_are_at_any_width() {
        for (dtype, stored) in [(Dtype::F16, DType::F16), (Dtype::Bf16, DType::BF16)] {
            for width in [1, 48, 300] {
                let tensor = random((5, width));
                let rows = Rows::of_tensor(&tensor).unwrap().rounded(dtype);
                let rounded = tensor.to_dtype(stored).unwrap();
                let rounded = rounded.to_dtype(DType::F32).unwrap();
                assert_eq!(values(&rows.to_tensor().unwrap()), values(&rounded));
                for n in [1, 3] {
                    holds_the_bound(&weight(vec![rows.clone()]), &rounded, n);
                }
            }
        }
    }

    #[test]
    fn a_stack_can_be_stored_in_several_types() {
        let parts = [GgmlDType::Q4K, GgmlDType::Q6K, GgmlDType::Q8_0].map(quantised);
        let dequantised: Vec<&Tensor> = parts.iter().map(|(_, tensor)| tensor).collect();
        let dequantised = Tensor::cat(&dequantised, 0).unwrap();
        let weight = weight(parts.into_iter().map(|(rows, _)| rows).collect());
        assert_eq!(weight.height(), 3 * SHAPE.0);
        for n in [1, 7] {
            holds_the_bound(&weight, &dequantised, n);
        }
        let ids = Tensor::new(&[150_u32, 3], &Device::Cpu).unwrap();
        let expected = dequantised.index_select(&ids, 0).unwrap();
        assert_eq!(values(&weight.select(&ids).unwrap()), values(&expected));
        let expected = dequantised.narrow(0, 69, 2).unwrap();
        assert_eq!(values(&weight.narrow(69, 2).unwrap()), values(&expected));
        let none = Tensor::new(&[210_u32], &Device::Cpu).unwrap();
        assert!(weight.select(&none).is_err());
    }

    #[test]
    fn whole_rows_are_moved_without_a_change_of_their_numbers() {
        let (rows, dequantised) = quantised(GgmlDType::Q4_1);
        let order = Tensor::new(&[7_u32, 0, 69], &Device::Cpu).unwrap();
        let expected = dequantised.index_select(&order, 0).unwrap();
        let reordered = rows.reordered(&order.to_vec1().unwrap());
        assert_eq!(values(&reordered.to_tensor().unwrap()), values(&expected));
        let expected = dequantised.narrow(0, 60, 10).unwrap();
        let part = rows.part(60, 10);
        assert_eq!(values(&part.to_tensor().unwrap()), values(&expected));
        assert!(rows.transposed().is_err());
    }

    #[test]
    fn rows_and_columns_of_floats_can_be_exchanged() {
        let tensor = random((5, 7));
        let rows = Rows::of_tensor(&tensor).unwrap().transposed().unwrap();
        assert_eq!(
            values(&rows.to_tensor().unwrap()),
            values(&tensor.t().unwrap())
        );
    }

    #[test]
    fn a_row_that_is_no_whole_number_of_blocks_is_not_held_in_them() {
        assert!(Rows::new(Storage::Q4_1, 48, vec![0; 30]).is_none());
        assert!(Rows::new(Storage::Q4_1, 0, Vec::new()).is_none());
    }
}
