//! Rows of weights as a file stores them, and what is done with whole rows while a checkpoint is
//! read: none of it touches the numbers.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use candle_core::{DType, Device, Result, Tensor};
use half::{bf16, f16};
use rayon::prelude::*;

use super::matmul;
use super::storage::Storage;
use crate::model::dtype::Dtype;
use crate::model::linear::with_values;

/// Rows of weights, all held in the same type. Clones and parts of them share their memory.
#[derive(Clone, Debug)]
pub struct Rows {
    storage: Storage,
    /// Weights in a row.
    width: usize,
    /// Bytes of a row.
    row_bytes: usize,
    /// Row after row, of all that share this memory.
    memory: Arc<Vec<u8>>,
    /// Where these are.
    place: Range<usize>,
    /// The column of each weight, where they do not stand in the order of the columns.
    order: Option<Arc<[u32]>>,
}

impl Rows {
    /// Rows of `width` weights, one after the other in `bytes`; `None` where those are no whole
    /// number of rows.
    #[must_use]
    pub fn new(storage: Storage, width: usize, bytes: Vec<u8>) -> Option<Self> {
        let row_bytes = storage.row_bytes(width).filter(|bytes| *bytes > 0)?;
        let is_whole = bytes.len().is_multiple_of(row_bytes);
        is_whole.then(|| Self::of_bytes(storage, width, row_bytes, bytes))
    }

    fn of_bytes(storage: Storage, width: usize, row_bytes: usize, bytes: Vec<u8>) -> Self {
        Self {
            storage,
            width,
            row_bytes,
            place: 0..bytes.len(),
            memory: Arc::new(bytes),
            order: None,
        }
    }

    /// The same with the weights of every row standing for these columns, in this order; `None`
    /// where `order` is no order of the columns.
    #[must_use]
    pub fn in_columns(self, order: Vec<u32>) -> Option<Self> {
        let mut seen = vec![false; self.width];
        for column in &order {
            let seen = seen.get_mut(*column as usize)?;
            if std::mem::replace(seen, true) {
                return None;
            }
        }
        (order.len() == self.width).then(|| Self {
            order: Some(order.into()),
            ..self
        })
    }

    /// The numbers of `x`, one a column, as they meet the weights of a row: in the same order, and
    /// with zeros for what fills up the last block.
    pub(super) fn meeting<'x>(&self, x: &'x [f32]) -> Cow<'x, [f32]> {
        let filled_up = self.storage.filled_up(self.width);
        let mut met = match &self.order {
            None if filled_up == x.len() => return Cow::Borrowed(x),
            None => x.to_vec(),
            Some(order) => {
                let numbers = order.iter().filter_map(|column| x.get(*column as usize));
                numbers.copied().collect()
            }
        };
        met.resize(filled_up, 0.0);
        Cow::Owned(met)
    }

    /// The column of each weight, where they do not stand in the order of the columns.
    pub(super) fn order(&self) -> Option<&[u32]> {
        self.order.as_deref()
    }

    /// Whether the weights of both stand in the same order.
    pub(super) fn stands_as(&self, other: &Self) -> bool {
        self.order == other.order
    }

    /// Whether the weights of a row stand in the order of the columns and nothing else does.
    pub(super) fn is_plain(&self) -> bool {
        self.order.is_none() && self.storage.filled_up(self.width) == self.width
    }

    /// Brings the weights of one row, as they stand, to their columns in `out`.
    pub(super) fn to_columns(&self, weights: &[f32], out: &mut [f32]) {
        match &self.order {
            None => {
                let (out, weights) = (out.iter_mut(), weights.iter());
                out.zip(weights).for_each(|(out, weight)| *out = *weight);
            }
            Some(order) => {
                for (column, weight) in order.iter().zip(weights) {
                    if let Some(out) = out.get_mut(*column as usize) {
                        *out = *weight;
                    }
                }
            }
        }
    }

    /// Row after row.
    pub(super) fn bytes(&self) -> &[u8] {
        self.memory.get(self.place.clone()).unwrap_or_default()
    }

    /// The rows of a float32 tensor: all dimensions but the last one are rows.
    ///
    /// # Errors
    /// When it is of another type, or empty.
    pub fn of_tensor(tensor: &Tensor) -> Result<Self> {
        let width = tensor.dims().last().copied().unwrap_or(0);
        let bytes = with_values(&tensor.contiguous()?, |values| {
            values.iter().flat_map(|x| x.to_le_bytes()).collect()
        })?;
        match Self::new(Storage::F32, width, bytes) {
            Some(rows) => Ok(rows),
            None => candle_core::bail!("a tensor without elements holds no weights"),
        }
    }

    /// `count` rows of one weight each, all of them zero.
    #[must_use]
    pub fn outline(count: usize) -> Self {
        Self::of_bytes(Storage::F32, 1, 4, vec![0; 4 * count])
    }

    /// The type that they are held in.
    #[must_use]
    pub fn storage(&self) -> Storage {
        self.storage
    }

    /// How many rows there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.place.len() / self.row_bytes
    }

    /// Weights in a row.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// The bytes of `count` rows from row `start` on; none where there are not so many.
    #[must_use]
    pub(super) fn bytes_of(&self, start: usize, count: usize) -> &[u8] {
        let (start, len) = (start * self.row_bytes, count * self.row_bytes);
        self.bytes().get(start..start + len).unwrap_or_default()
    }

    /// The bytes of the weights `places` of a row, with those that fill up the last block; none
    /// where there are not so many, or where they are no whole blocks.
    #[must_use]
    pub(super) fn bytes_of_weights(&self, row: usize, places: &Range<usize>) -> &[u8] {
        let start = self.storage.row_bytes(places.start);
        let end = self.storage.row_bytes(places.end);
        let place = start.unwrap_or(0)..end.unwrap_or(0);
        self.bytes_of(row, 1).get(place).unwrap_or_default()
    }

    /// `count` rows from row `start` on.
    #[must_use]
    pub fn part(&self, start: usize, count: usize) -> Self {
        let bytes = |row: usize| self.place.start + row.min(self.count()) * self.row_bytes;
        Self {
            place: bytes(start)..bytes(start.saturating_add(count)),
            memory: Arc::clone(&self.memory),
            order: self.order.clone(),
            ..*self
        }
    }

    /// The rows in another order: row `order[i]` comes to place `i`.
    #[must_use]
    pub fn reordered(&self, order: &[u32]) -> Self {
        let rows = order.iter().map(|row| self.bytes_of(*row as usize, 1));
        let mut bytes = Vec::with_capacity(self.place.len());
        rows.for_each(|row| bytes.extend_from_slice(row));
        Self {
            order: self.order.clone(),
            ..Self::of_bytes(self.storage, self.width, self.row_bytes, bytes)
        }
    }

    /// Rows and columns exchanged.
    ///
    /// # Errors
    /// When they are quantised along their rows.
    pub fn transposed(&self) -> Result<Self> {
        let (size, count) = (self.row_bytes / self.width, self.count());
        if !matches!(self.storage, Storage::F32 | Storage::F16 | Storage::Bf16) {
            candle_core::bail!("weights in {:?} cannot be transposed", self.storage);
        }
        let mut bytes = vec![0; self.place.len()];
        let columns = bytes.par_chunks_exact_mut(size * count);
        columns.enumerate().for_each(|(column, out)| {
            let rows = self.bytes().chunks_exact(self.row_bytes);
            for (out, row) in out.chunks_exact_mut(size).zip(rows) {
                out.copy_from_slice(&row[size * column..size * (column + 1)]);
            }
        });
        Ok(Self::of_bytes(self.storage, count, size * count, bytes))
    }

    /// Whether these are the same numbers, in whatever type either is held. As in float32, 0 and
    /// -0 are the same.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let alike = (self.width, self.count()) == (other.width, other.count());
        let is_same_row = |row| self.dequantised(row, 1) == other.dequantised(row, 1);
        let same_type = (self.storage, &self.order) == (other.storage, &other.order);
        let same_bytes = same_type && self.bytes() == other.bytes();
        alike && (same_bytes || (0..self.count()).all(is_same_row))
    }

    /// In the type that `dtype` rounds weights to; as they are where it does not.
    #[must_use]
    pub fn rounded(self, dtype: Dtype) -> Self {
        match dtype {
            Dtype::Auto | Dtype::F32 => self,
            Dtype::Bf16 => self.converted(Storage::Bf16, |x| bf16::from_f32(x).to_le_bytes()),
            Dtype::F16 => self.converted(Storage::F16, |x| f16::from_f32(x).to_le_bytes()),
        }
    }

    /// In float32: the same numbers.
    #[must_use]
    pub fn in_float32(self) -> Self {
        self.converted(Storage::F32, f32::to_le_bytes)
    }

    fn converted<const BYTES: usize>(self, to: Storage, number: fn(f32) -> [u8; BYTES]) -> Self {
        if to == self.storage {
            return self;
        }
        let row_bytes = BYTES * self.width;
        let mut bytes = vec![0; self.count() * row_bytes];
        let rows = bytes.par_chunks_exact_mut(row_bytes).enumerate();
        rows.for_each(|(row, out)| {
            let numbers = self.dequantised(row, 1);
            for (out, x) in out.as_chunks_mut::<BYTES>().0.iter_mut().zip(numbers) {
                *out = number(x);
            }
        });
        Self::of_bytes(to, self.width, row_bytes, bytes)
    }

    /// `count` rows from row `start` on, in float32.
    #[must_use]
    pub fn dequantised(&self, start: usize, count: usize) -> Vec<f32> {
        let mut values = vec![0.0; count * self.width];
        matmul::dequantise(self, start, &mut values);
        values
    }

    /// All of them as a float32 tensor, `[rows, width]`.
    pub fn to_tensor(&self) -> Result<Tensor> {
        let shape = (self.count(), self.width);
        if self.storage == Storage::F32 {
            let shape = [shape.0, shape.1];
            return Tensor::from_raw_buffer(self.bytes(), DType::F32, &shape, &Device::Cpu);
        }
        let mut values = vec![0.0; shape.0 * shape.1];
        let rows = values.par_chunks_exact_mut(self.width).enumerate();
        rows.for_each(|(row, out)| matmul::dequantise(self, row, out));
        Tensor::from_vec(values, shape, &Device::Cpu)
    }
}
