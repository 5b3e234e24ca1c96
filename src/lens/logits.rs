//! The logits of every row of one position: the one large product of a step.

use candle_core::{Device, Tensor};

use super::States;
use crate::model::linear::with_values;
use crate::model::unembed::Unembed;
use crate::model::{Dtype, ModelError};
use crate::trace::LensKind;

/// The logits of every row of one position, in float32. They live as long as their step.
#[derive(Debug)]
pub struct Logits {
    /// `[n_layers + 1, vocabulary]` on the CPU; row `emb` first.
    rows: Tensor,
    lens: LensKind,
    dtype: Dtype,
}

impl Logits {
    /// Puts all rows through the model's head. The last row is the model's own output, under
    /// either lens: tokens are sampled from it, so that the lens ends in what the model says by
    /// construction.
    pub fn of(unembed: &Unembed, states: &States, lens: LensKind) -> Result<Self, ModelError> {
        let rows = states.rows();
        let bare = match lens {
            LensKind::Normed => 0,
            LensKind::Raw => rows.dim(0)?.saturating_sub(1),
        };
        let rows = unembed.logits(rows, bare)?.to_device(&Device::Cpu)?;
        Ok(Self {
            rows,
            lens,
            dtype: unembed.dtype(),
        })
    }

    /// Under which lens they are.
    #[must_use]
    pub fn lens(&self) -> LensKind {
        self.lens
    }

    /// In which type they were computed.
    #[must_use]
    pub fn dtype(&self) -> Dtype {
        self.dtype
    }

    /// The model's own output alone: one row.
    pub fn of_output(unembed: &Unembed, states: &States) -> Result<Self, ModelError> {
        let rows = states.rows();
        let last = rows.narrow(0, rows.dim(0)?.saturating_sub(1), 1)?;
        let rows = unembed.logits(&last, 0)?.to_device(&Device::Cpu)?;
        Ok(Self {
            rows,
            // The last row is the same under either.
            lens: LensKind::Normed,
            dtype: unembed.dtype(),
        })
    }

    /// Calls `f` with the rows, `emb` first, each of the vocabulary's length.
    pub fn with_rows<T>(&self, f: impl FnOnce(&[&[f32]]) -> T) -> Result<T, ModelError> {
        let width = self.rows.dim(1)?.max(1);
        Ok(with_values(&self.rows, |values| {
            let rows: Vec<&[f32]> = values.chunks_exact(width).collect();
            f(&rows)
        })?)
    }
}
