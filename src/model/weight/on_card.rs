//! A matrix on a device that has candle's operations only. Products are float32 arithmetic on the
//! dequantised values there too: what is held as it is stored is dequantised where it is used, a
//! part of the matrix at a time, or in the registers of a kernel that does no more than that.

use std::borrow::Cow;
use std::sync::Arc;

use candle_core::quantized::{QStorage, QTensor};
use candle_core::{D, DType, Device, Result, Tensor};

use super::rows::Rows;
use super::storage::Storage;
use crate::model::dequantisation::Dequantisation;
use crate::model::device::Processor;

/// Numbers in a row of which candle's kernel for one vector takes a whole number of steps; of a
/// narrower row it would read what is behind it.
const STEP: usize = 64;

/// A matrix, as parts one below the other.
#[derive(Clone, Debug)]
pub(super) struct OnCard {
    parts: Vec<Part>,
    width: usize,
    processor: Processor,
}

/// Rows, all held in one way.
#[derive(Clone, Debug)]
enum Part {
    /// float32, or float16 and bfloat16: `[rows, width]`.
    Floats(Tensor),
    /// In a quantised type.
    Quantised(Arc<QTensor>),
}

impl OnCard {
    /// The matrix that is made of `rows`, which are of one width, one below the other.
    pub(super) fn new(
        rows: &[Rows],
        dequantisation: Dequantisation,
        processor: &Processor,
    ) -> Result<Self> {
        let Some(width) = rows.first().map(Rows::width) else {
            candle_core::bail!("a weight without rows");
        };
        if rows.iter().any(|rows| rows.width() != width) {
            candle_core::bail!("rows of different widths do not make one weight");
        }
        let as_stored = |rows: &Rows| {
            dequantisation == Dequantisation::AtUse
                && rows.storage() != Storage::F32
                && rows.is_plain()
                && processor.holds(rows.storage())
        };
        let mut parts = Vec::new();
        for alike in rows.chunk_by(|a, b| match (as_stored(a), as_stored(b)) {
            (false, false) => true,
            (a_is, b_is) => a_is == b_is && a.storage() == b.storage(),
        }) {
            match alike.first().filter(|first| as_stored(first)) {
                None => parts.push(Part::Floats(float32(alike, processor.device())?)),
                Some(first) => stored(alike, first.storage(), processor, &mut parts)?,
            }
        }
        Ok(Self {
            parts,
            width,
            processor: processor.clone(),
        })
    }

    pub(super) fn height(&self) -> usize {
        self.parts.iter().map(Part::height).sum()
    }

    pub(super) fn bytes(&self) -> u64 {
        let of = |part: &Part| match part {
            Part::Floats(tensor) => tensor.elem_count() * tensor.dtype().size_in_bytes(),
            Part::Quantised(tensor) => tensor.storage_size_in_bytes(),
        };
        self.parts.iter().map(|part| of(part) as u64).sum()
    }

    pub(super) fn device(&self) -> &Device {
        self.processor.device()
    }

    /// `x Wᵀ`: `[rows, in]` → `[rows, out]`.
    pub(super) fn matmul(&self, x: &Tensor) -> Result<Tensor> {
        let width = x.dim(D::Minus1)?;
        if width != self.width {
            candle_core::bail!("{width} numbers do not fit the width of a weight");
        }
        self.processor.count_product()?;
        let x = x.contiguous()?;
        joined(self.parts.iter().map(|part| part.matmul(&x)), 1)
    }

    /// The rows `ids`, in float32: `[ids]` → `[ids, in]`.
    pub(super) fn select(&self, ids: &Tensor) -> Result<Tensor> {
        if let [part] = &*self.parts {
            return part.select(ids);
        }
        let ids = ids.to_vec1::<u32>()?;
        joined(ids.into_iter().map(|id| self.row(id as usize)), 0)
    }

    /// `len` rows from row `start` on, in float32.
    pub(super) fn narrow(&self, start: usize, len: usize) -> Result<Tensor> {
        match &*self.parts {
            [Part::Floats(tensor)] => tensor.narrow(0, start, len)?.to_dtype(DType::F32),
            _ => joined((start..start + len).map(|row| self.row(row)), 0),
        }
    }

    /// One row, `[1, in]`.
    fn row(&self, number: usize) -> Result<Tensor> {
        let mut place = number;
        for part in &self.parts {
            if let (true, Ok(place)) = (place < part.height(), u32::try_from(place)) {
                return part.select(&Tensor::new(&[place], self.device())?);
            }
            place -= part.height().min(place);
        }
        candle_core::bail!("a weight has no row {number}")
    }
}

impl Part {
    fn height(&self) -> usize {
        let dims = match self {
            Self::Floats(tensor) => tensor.dims(),
            Self::Quantised(tensor) => tensor.shape().dims(),
        };
        dims.first().copied().unwrap_or(0)
    }

    fn matmul(&self, x: &Tensor) -> Result<Tensor> {
        match self {
            Self::Floats(weight) if weight.dtype() == DType::F32 => x.matmul(&weight.t()?),
            Self::Floats(weight) => {
                let (height, width) = weight.dims2()?;
                let at_once = (Processor::AT_ONCE / width.max(1)).clamp(1, height.max(1));
                let starts = (0..height).step_by(at_once);
                let products = starts.map(|start| {
                    let rows = weight.narrow(0, start, at_once.min(height - start))?;
                    x.matmul(&rows.to_dtype(DType::F32)?.t()?)
                });
                joined(products, 1)
            }
            Self::Quantised(weight) => {
                let (rows, width) = x.dims2()?;
                if x.device().is_cuda() && rows == 1 && width.is_multiple_of(STEP) {
                    return x.apply_op1_no_bwd(&**weight);
                }
                x.matmul(&weight.dequantize(x.device())?.t()?)
            }
        }
    }

    fn select(&self, ids: &Tensor) -> Result<Tensor> {
        match self {
            Self::Floats(tensor) => tensor.index_select(ids, 0)?.to_dtype(DType::F32),
            Self::Quantised(tensor) => tensor.embedding(ids),
        }
    }
}

/// Tensors one behind the other in dimension `dim`.
fn joined(parts: impl Iterator<Item = Result<Tensor>>, dim: usize) -> Result<Tensor> {
    let mut parts = parts.collect::<Result<Vec<_>>>()?;
    match (parts.len(), parts.pop()) {
        (1, Some(part)) => Ok(part),
        (_, part) => Tensor::cat(&parts.into_iter().chain(part).collect::<Vec<_>>(), dim),
    }
}

fn float32(rows: &[Rows], device: &Device) -> Result<Tensor> {
    joined(rows.iter().map(Rows::to_tensor), 0)?.to_device(device)
}

/// Adds the parts that hold `rows` as they are stored.
fn stored(
    rows: &[Rows],
    storage: Storage,
    processor: &Processor,
    parts: &mut Vec<Part>,
) -> Result<()> {
    let width = rows.first().map_or(0, Rows::width);
    let bytes: Vec<u8> = rows.iter().flat_map(|rows| rows.bytes()).copied().collect();
    let height: usize = rows.iter().map(Rows::count).sum();
    let halves = match storage {
        Storage::F16 => Some(DType::F16),
        Storage::Bf16 => Some(DType::BF16),
        _ => None,
    };
    let device = processor.device();
    if let Some(dtype) = halves {
        let tensor = Tensor::from_raw_buffer(&bytes, dtype, &[height, width], &Device::Cpu)?;
        parts.push(Part::Floats(tensor.to_device(device)?));
        return Ok(());
    }
    let Some(dtype) = storage.of_candle() else {
        candle_core::bail!("candle has no {storage:?}");
    };
    let at_once = (Processor::AT_ONCE / width.max(1)).clamp(1, height.max(1));
    let row_bytes = bytes.len() / height.max(1);
    for bytes in bytes.chunks((at_once * row_bytes).max(1)) {
        let height = bytes.len() / row_bytes.max(1);
        let storage = QStorage::from_data(Cow::Borrowed(bytes), device, dtype)?;
        let tensor = QTensor::new(storage, (height, width))?;
        parts.push(Part::Quantised(Arc::new(tensor)));
    }
    Ok(())
}
