//! What is changed in a pass: parts of blocks that add nothing, states that are put in the place
//! of the model's own.

use std::ops::Range;

use candle_core::{Result, Tensor};

use super::device::moved;
use crate::trace::{AblatedPart, Ablation, Layer, Row};

/// What is changed in every pass until it is taken back.
#[derive(Clone, Debug, Default)]
pub struct Interventions {
    /// Parts that add nothing.
    pub ablations: Vec<Ablation>,
    /// States that are replaced.
    pub patches: Vec<Patch>,
}

/// A state that takes the place of the model's own.
#[derive(Clone, Debug)]
pub struct Patch {
    /// Which row of the residual stream.
    pub row: Row,
    /// Which position, counted from 0.
    pub position: usize,
    /// `[1, d]`.
    pub state: Tensor,
}

impl Interventions {
    /// What block `layer` leaves out.
    #[must_use]
    pub fn of_block(&self, layer: Layer) -> BlockAblations {
        let parts = || {
            self.ablations
                .iter()
                .filter(move |ablation| ablation.layer == layer)
                .map(|ablation| ablation.part)
        };
        let ablations = |part| parts().any(|skipped| skipped == part);
        BlockAblations {
            attention: ablations(AblatedPart::Block) || ablations(AblatedPart::Attention),
            feed_forward: ablations(AblatedPart::Block) || ablations(AblatedPart::FeedForward),
            heads: parts()
                .filter_map(|part| match part {
                    AblatedPart::Head(head) => Some(head),
                    _ => None,
                })
                .collect(),
        }
    }

    /// The residual stream `[positions, d]` at `row`, whose first position is `start`, with the
    /// patches in their places.
    pub fn patched(&self, row: Row, start: usize, state: Tensor) -> Result<Tensor> {
        let positions = start..start + state.dim(0)?;
        self.patches
            .iter()
            .filter(|patch| patch.row == row && positions.contains(&patch.position))
            .try_fold(state, |state, patch| {
                let at = patch.position - start;
                replaced(&state, at..at + 1, 0, &patch.state)
            })
    }
}

/// What one block leaves out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlockAblations {
    /// Its attention.
    pub attention: bool,
    /// Its feed-forward part.
    pub feed_forward: bool,
    /// These heads of its attention.
    pub heads: Vec<usize>,
}

/// `x` with `range` of dimension `dim` replaced by `by`.
pub(super) fn replaced(x: &Tensor, range: Range<usize>, dim: usize, by: &Tensor) -> Result<Tensor> {
    let len = x.dim(dim)?;
    let before = x.narrow(dim, 0, range.start)?;
    let after = x.narrow(dim, range.end, len - range.end)?;
    Tensor::cat(&[&before, &moved(by, x.device())?, &after], dim)
}
