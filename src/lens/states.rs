//! The residual stream of one position at every row.

use std::sync::Arc;

use candle_core::Tensor;

use crate::model::ModelError;
use crate::model::device::moved;
use crate::trace::{Layer, Row};

/// The residual stream of one position: row `emb`, then one row a layer.
#[derive(Clone, Debug)]
pub struct States {
    /// `[n_layers + 1, d_model]`.
    rows: Tensor,
    /// The places of rows that are not known; there are zeros.
    unknown: Arc<[usize]>,
    last: LastRow,
}

/// What the last row of states is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LastRow {
    /// The stream, as in the other rows.
    #[default]
    Stream,
    /// What the final norm made of it.
    Normed,
}

impl States {
    /// The states of `rows`, `[n_layers + 1, d_model]`; at the places `unknown` there is nothing
    /// to be known.
    #[must_use]
    pub fn saved(rows: Tensor, unknown: Arc<[usize]>, last: LastRow) -> Self {
        Self {
            rows,
            unknown,
            last,
        }
    }

    /// Those of a pass, all of them known.
    fn of_pass(rows: Tensor) -> Self {
        Self::saved(rows, Arc::default(), LastRow::Stream)
    }

    /// `[n_layers + 1, d_model]`.
    #[must_use]
    pub fn rows(&self) -> &Tensor {
        &self.rows
    }

    /// The places of rows that are not known.
    #[must_use]
    pub fn unknown(&self) -> &[usize] {
        &self.unknown
    }

    /// What the last row is.
    #[must_use]
    pub fn last(&self) -> LastRow {
        self.last
    }

    /// The stream at one row, `[1, d_model]`; an error where the model has no such row.
    pub fn row(&self, row: Row) -> Result<Tensor, ModelError> {
        let at = match row {
            Row::Embedding => 0,
            Row::Layer(Layer(l)) => l + 1,
        };
        Ok(self.rows.narrow(0, at, 1)?)
    }
}

/// Collects the states of a forward pass, for [`crate::model::decoder`]'s tap.
#[derive(Debug, Default)]
pub struct StateTap(Vec<Tensor>);

impl StateTap {
    /// Takes `state`, `[positions, d_model]`. The rows come in order.
    pub fn take(&mut self, row: Row, state: &Tensor) -> Result<(), ModelError> {
        if row == Row::Embedding {
            self.0.clear();
        }
        self.0.push(state.clone());
        Ok(())
    }

    /// A state where the last one is: blocks may be on several devices.
    fn together(&self, state: &Tensor) -> candle_core::Result<Tensor> {
        match self.0.last() {
            Some(last) => moved(state, last.device()),
            None => Ok(state.clone()),
        }
    }

    /// What was collected of the last position.
    pub fn states(&self) -> Result<States, ModelError> {
        let last = |state: &Tensor| {
            let last = state.narrow(0, state.dim(0)?.saturating_sub(1), 1)?;
            self.together(&last)
        };
        let rows = self.0.iter().map(last).collect::<Result<Vec<_>, _>>()?;
        Ok(States::of_pass(Tensor::cat(&rows, 0)?))
    }

    /// What was collected of every position of the pass, in order.
    pub fn positions(&self) -> Result<Vec<States>, ModelError> {
        let rows = self.0.iter().map(|state| self.together(state));
        let states = Tensor::stack(&rows.collect::<Result<Vec<_>, _>>()?, 1)?;
        (0..states.dim(0)?)
            .map(|position| Ok(States::of_pass(states.get(position)?)))
            .collect()
    }
}
