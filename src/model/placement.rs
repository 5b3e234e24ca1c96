//! Which part of a model stands on which device: the blocks in contiguous ranges, what is before
//! them with the first range, what is behind them with the last one. The state crosses at each
//! border; keys and values stay where their block is.

mod plan;

use std::fmt;
use std::ops::Range;

pub use plan::{Need, plan};

use super::ModelError;
use super::dequantisation::Dequantisation;
use super::device::{OpenDevices, Processor};

/// A range of blocks on one device.
#[derive(Clone, Debug)]
pub struct Stage {
    /// The device.
    pub processor: Processor,
    /// The blocks, which may be none.
    pub blocks: Range<usize>,
    /// How weights are held there that are stored in fewer bits than float32.
    pub dequantisation: Dequantisation,
}

/// Where the parts of a model stand. There is at least one stage.
#[derive(Clone, Debug)]
pub struct Placement {
    first: Stage,
    others: Vec<Stage>,
}

impl Placement {
    /// All of `n_blocks` blocks on one device.
    #[must_use]
    pub fn on_one(processor: Processor, n_blocks: usize, dequantisation: Dequantisation) -> Self {
        Self {
            first: Stage {
                processor,
                blocks: 0..n_blocks,
                dequantisation,
            },
            others: Vec::new(),
        }
    }

    /// The stage before the first block.
    #[must_use]
    pub fn first(&self) -> &Stage {
        &self.first
    }

    /// The stage behind the last block.
    #[must_use]
    pub fn last(&self) -> &Stage {
        self.others.last().unwrap_or(&self.first)
    }

    /// The stage that block `l` belongs to.
    #[must_use]
    pub fn of_block(&self, l: usize) -> &Stage {
        let mut stages = self.stages();
        let found = stages.find(|stage| stage.blocks.contains(&l));
        found.unwrap_or_else(|| self.last())
    }

    /// All stages, in the order of the blocks.
    pub fn stages(&self) -> impl Iterator<Item = &Stage> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// Whether all of it is on the CPU, with the kernels that there are for it.
    #[must_use]
    pub fn is_of_kernels(&self) -> bool {
        self.stages().all(|stage| stage.processor.has_kernels())
    }

    /// An error of a computation, which says where it failed if that was on a card.
    #[must_use]
    pub fn about(&self, error: ModelError) -> ModelError {
        match error {
            ModelError::Tensors(_) if !self.is_of_kernels() => ModelError::OnCard {
                devices: self.to_string(),
                source: Box::new(error),
            },
            other => other,
        }
    }

    /// Whether what is before the first block and what is behind the last one are on one device.
    #[must_use]
    pub fn ends_meet(&self) -> bool {
        self.first.processor.is_same(&self.last().processor)
    }
}

/// Where a model of `n_blocks` blocks stands of which only what is behind them is read.
#[must_use]
pub fn of_head(
    devices: &OpenDevices,
    n_blocks: usize,
    dequantisation: Dequantisation,
) -> Placement {
    let last = devices.processors.last().cloned();
    let last = last.unwrap_or_else(Processor::cpu);
    Placement::on_one(last, n_blocks, dequantisation)
}

impl fmt::Display for Placement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.others.is_empty() {
            return write!(f, "{}", self.first.processor.place());
        }
        let of = |stage: &Stage| {
            let Range { start, end } = stage.blocks;
            let place = stage.processor.place();
            match end.saturating_sub(start) {
                0 => place.to_string(),
                1 => format!("{place} L{start}"),
                _ => format!("{place} L{start}-L{}", end - 1),
            }
        };
        let all: Vec<String> = self.stages().map(of).collect();
        f.write_str(&all.join(", "))
    }
}
