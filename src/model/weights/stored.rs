//! Where a tensor stands in a file that holds it uncompressed, and how it is read from there.

use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::PathBuf;

use candle_core::{DType, Device, Tensor};
use safetensors::Dtype;

use super::unreadable;
use crate::model::ModelError;
use crate::model::error::plain;
use crate::model::weight::{Rows, Storage};
use crate::regular_file;

/// Where a tensor stands. Whoever makes one has checked that it lies inside the file and that
/// `bytes` is the size of `shape`.
#[derive(Clone, Debug)]
pub(super) struct StoredTensor {
    pub file: PathBuf,
    pub dtype: Dtype,
    pub shape: Vec<usize>,
    /// Byte offset from the start of the file.
    pub start: u64,
    pub bytes: usize,
}

impl StoredTensor {
    /// The tensor in float32. `about` makes an error of a complaint about it.
    pub(super) fn read(&self, about: impl Fn(String) -> ModelError) -> Result<Tensor, ModelError> {
        let dtype = self.floats().ok_or_else(|| about(self.not_read()))?;
        let bytes = self.bytes()?;
        Tensor::from_raw_buffer(&bytes, dtype, &self.shape, &Device::Cpu)
            .and_then(|tensor| tensor.to_dtype(DType::F32))
            .map_err(|error| about(plain(&error)))
    }

    /// Its rows as they are stored, or in float32 where they cannot be held like that.
    pub(super) fn read_rows(
        &self,
        about: impl Fn(String) -> ModelError,
    ) -> Result<Rows, ModelError> {
        let width = self.shape.last().copied().unwrap_or(0);
        let rows = match self.rows() {
            Some(storage) => Rows::new(storage, width, self.bytes()?),
            None => None,
        };
        match rows {
            Some(rows) => Ok(rows),
            None => {
                let tensor = self.read(&about)?;
                Rows::of_tensor(&tensor).map_err(|error| about(plain(&error)))
            }
        }
    }

    /// Some of its rows as [`StoredTensor::read_rows`] gives all of them. `about` makes an error of
    /// a complaint about it.
    pub(super) fn read_some_rows(
        &self,
        rows: Range<usize>,
        about: impl Fn(String) -> ModelError,
    ) -> Result<Rows, ModelError> {
        let width = self.shape.last().copied().unwrap_or(0);
        let row = self.bytes / (self.shape.iter().rev().skip(1).product::<usize>()).max(1);
        let some = Self {
            file: self.file.clone(),
            dtype: self.dtype,
            start: self.start + (row * rows.start) as u64,
            bytes: row * rows.len(),
            shape: vec![rows.len(), width],
        };
        some.read_rows(about)
    }

    /// Why it cannot be read, for a tensor of a type that is not.
    pub(super) fn not_read(&self) -> String {
        format!("has type {:?}; F32, F16, BF16 or F64 is needed", self.dtype)
    }

    /// Its bytes as they stand in the file.
    pub(super) fn bytes(&self) -> Result<Vec<u8>, ModelError> {
        let mut bytes = vec![0; self.bytes];
        let mut file = regular_file::open(&self.file).map_err(unreadable(&self.file))?;
        file.seek(SeekFrom::Start(self.start))
            .and_then(|_| file.read_exact(&mut bytes))
            .map_err(unreadable(&self.file))?;
        Ok(bytes)
    }

    /// The type that its rows can be held in, if they need not be dequantised.
    pub(super) fn rows(&self) -> Option<Storage> {
        match self.dtype {
            Dtype::F32 => Some(Storage::F32),
            Dtype::F16 => Some(Storage::F16),
            Dtype::BF16 => Some(Storage::Bf16),
            _ => None,
        }
    }

    /// Whether it can hold weights, in a type that is read or in one that is not.
    pub(super) fn holds_weights(&self) -> bool {
        // Masks and tables are of the other types.
        let odd = matches!(
            self.dtype,
            Dtype::F8_E4M3 | Dtype::F8_E5M2 | Dtype::F8_E8M0 | Dtype::F4 | Dtype::I8
        );
        odd || self.floats().is_some()
    }

    /// The type of the numbers, if they can be weights.
    pub(super) fn floats(&self) -> Option<DType> {
        match self.dtype {
            Dtype::F32 => Some(DType::F32),
            Dtype::F16 => Some(DType::F16),
            Dtype::BF16 => Some(DType::BF16),
            Dtype::F64 => Some(DType::F64),
            _ => None,
        }
    }
}

/// The size in bytes of a tensor of this type and shape; `None` if no memory could hold it.
pub(super) fn size(dtype: Dtype, shape: &[usize]) -> Option<usize> {
    let bits = shape
        .iter()
        .try_fold(dtype.bitsize(), |n, dim| n.checked_mul(*dim))?;
    bits.is_multiple_of(8).then_some(bits / 8)
}
