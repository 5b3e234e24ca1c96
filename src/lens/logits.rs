//! The logits of every row of one position: the one large product of a step.

use std::sync::{Arc, OnceLock};

use candle_core::{Device, Tensor};

use super::kinds::{FinalNorm, Lens};
use super::on_card;
use super::{LastRow, Normed, States};
use crate::model::device::{Processor, moved};
use crate::model::linear::with_values;
use crate::model::unembed::{NormedRows, Unembed};
use crate::model::{Dtype, ModelError};
use crate::trace::{LensKind, Row, TokenId};

/// The logits of every row of one position, in float32. They live as long as their step.
#[derive(Debug)]
pub struct Logits {
    /// `[n_layers + 1, vocabulary]` where they were computed; row `emb` first.
    rows: Tensor,
    /// Whether figures are worked out there, and not by our own code on the CPU.
    is_on_card: bool,
    /// All of them on the CPU, once somebody has asked for them.
    all_on_the_cpu: OnceLock<Tensor>,
    /// Which rows the lens says nothing of, by their place.
    unsaid: Vec<usize>,
    /// Those of the rows inside the blocks, where there are any and the lens says something of
    /// them.
    inside: Option<LogitsInside>,
    lens: LensKind,
    dtype: Dtype,
}

/// The logits of the rows inside the blocks.
#[derive(Clone, Debug)]
struct LogitsInside {
    rows: Arc<[Row]>,
    /// `[rows, vocabulary]` on the CPU.
    logits: Tensor,
}

impl Logits {
    /// Puts all rows through `lens` and the model's head. The last row is the model's own output,
    /// under every lens: tokens are sampled from it, so that the lens ends in what the model says
    /// by construction.
    pub fn of(unembed: &Unembed, states: &States, lens: &dyn Lens) -> Result<Self, ModelError> {
        let all = &moved(states.rows(), unembed.processor().device())?;
        let below = all.dim(0)?.saturating_sub(1);
        let seen = lens.seen(&all.narrow(0, 0, below)?)?;
        let rows = match &seen.rows {
            None => all.clone(),
            Some(rows) => Tensor::cat(&[rows, &all.narrow(0, below, 1)?], 0)?,
        };
        let logits = match (states.last(), seen.norm) {
            (LastRow::Stream, FinalNorm::Applied) => unembed.logits(&rows, NormedRows::All)?,
            (LastRow::Stream, FinalNorm::LeftOut) => unembed.logits(&rows, NormedRows::Last)?,
            (LastRow::Normed, norm) => {
                let below = unembed.logits(&rows.narrow(0, 0, below)?, of_every_row(norm))?;
                Tensor::cat(&[below, output(unembed, states)?], 0)?
            }
        };
        Ok(Self {
            unsaid: [&seen.unsaid, states.unknown()].concat(),
            inside: inside(unembed, states, lens)?,
            lens: lens.kind(),
            ..Self::of_rows(logits, unembed)
        })
    }

    fn of_rows(rows: Tensor, unembed: &Unembed) -> Self {
        Self::of_tensor(rows, unembed.processor(), unembed.dtype())
    }

    /// Logits that were computed on `processor` as `dtype` says, `[n_layers + 1, vocabulary]`, row
    /// `emb` first, of which each row says something.
    #[must_use]
    pub fn of_tensor(rows: Tensor, processor: &Processor, dtype: Dtype) -> Self {
        Self {
            rows,
            is_on_card: !processor.has_kernels(),
            all_on_the_cpu: OnceLock::new(),
            unsaid: Vec::new(),
            inside: None,
            // The last row is the same under every lens.
            lens: Normed.kind(),
            dtype,
        }
    }

    /// The rows, `[n_layers + 1, vocabulary]`, where figures are worked out on the card that they
    /// are on: not where there are rows inside the blocks, whose figures need those of the others.
    pub(super) fn on_card(&self) -> Option<&Tensor> {
        (self.is_on_card && self.inside.is_none()).then_some(&self.rows)
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

    /// Whether the lens says something of the row at this place, `emb` being the first one. The
    /// logits of others mean nothing.
    #[must_use]
    pub fn says(&self, row: usize) -> bool {
        !self.unsaid.contains(&row)
    }

    /// The model's own output alone: one row.
    pub fn of_output(unembed: &Unembed, states: &States) -> Result<Self, ModelError> {
        Ok(Self::of_rows(output(unembed, states)?, unembed))
    }

    /// The same numbers on the CPU, where our own code works figures out of them.
    pub fn on_the_cpu(&self) -> Result<Self, ModelError> {
        Ok(Self {
            rows: moved(&self.rows, &Device::Cpu)?,
            is_on_card: false,
            all_on_the_cpu: OnceLock::new(),
            unsaid: self.unsaid.clone(),
            inside: self.inside.clone(),
            lens: self.lens,
            dtype: self.dtype,
        })
    }

    /// Calls `f` with the last row: the model's own output.
    pub fn with_output<T>(&self, f: impl FnOnce(&[f32]) -> T) -> Result<T, ModelError> {
        let last = self.rows.dim(0)?.saturating_sub(1);
        let output = self.rows.narrow(0, last, 1)?;
        Ok(with_values(&moved(&output, &Device::Cpu)?, f)?)
    }

    /// The logit of `token` at every row, `emb` first.
    pub(super) fn of_token(&self, token: TokenId) -> Result<Vec<f32>, ModelError> {
        on_card::logits_of(&self.rows, token)
    }

    /// Calls `f` with the rows, `emb` first, each of the vocabulary's length. From a card they all
    /// come to the CPU for it.
    pub fn with_rows<T>(&self, f: impl FnOnce(&[&[f32]]) -> T) -> Result<T, ModelError> {
        let width = self.rows.dim(1)?.max(1);
        let rows = match self.all_on_the_cpu.get() {
            Some(rows) => rows,
            None => {
                let rows = moved(&self.rows, &Device::Cpu)?;
                self.all_on_the_cpu.get_or_init(|| rows)
            }
        };
        Ok(with_values(rows, |values| {
            let rows: Vec<&[f32]> = values.chunks_exact(width).collect();
            f(&rows)
        })?)
    }

    /// Calls `f` with the rows inside the blocks that the lens says something of, each of the
    /// vocabulary's length.
    pub fn with_inside<T>(&self, f: impl FnOnce(&[(Row, &[f32])]) -> T) -> Result<T, ModelError> {
        let Some(inside) = &self.inside else {
            return Ok(f(&[]));
        };
        let width = inside.logits.dim(1)?.max(1);
        Ok(with_values(&inside.logits, |values| {
            let logits = values.chunks_exact(width);
            let rows: Vec<_> = inside.rows.iter().copied().zip(logits).collect();
            f(&rows)
        })?)
    }
}

/// The rows inside the blocks in a product of their own: the others are computed in one of the same
/// shape whether these are asked for or not, and so do not change by it.
fn inside(
    unembed: &Unembed,
    states: &States,
    lens: &dyn Lens,
) -> Result<Option<LogitsInside>, ModelError> {
    let (Some(inside), Some(norm)) = (states.inside(), lens.inside_blocks()) else {
        return Ok(None);
    };
    let states = moved(&inside.states, unembed.processor().device())?;
    let logits = unembed.logits(&states, of_every_row(norm))?;
    Ok(Some(LogitsInside {
        rows: Arc::clone(&inside.rows),
        logits: moved(&logits, &Device::Cpu)?,
    }))
}

fn of_every_row(norm: FinalNorm) -> NormedRows {
    match norm {
        FinalNorm::Applied => NormedRows::All,
        FinalNorm::LeftOut => NormedRows::None,
    }
}

/// The logits of the last row, `[1, vocabulary]`.
fn output(unembed: &Unembed, states: &States) -> candle_core::Result<Tensor> {
    let rows = states.rows();
    let last = rows.narrow(0, rows.dim(0)?.saturating_sub(1), 1)?;
    let last = moved(&last, unembed.processor().device())?;
    let normed = match states.last() {
        LastRow::Stream => NormedRows::All,
        LastRow::Normed => NormedRows::None,
    };
    unembed.logits(&last, normed)
}
