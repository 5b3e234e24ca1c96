//! The residual stream of one position at every row.

use candle_core::Tensor;

use crate::model::ModelError;
use crate::trace::{Layer, Row};

/// The residual stream of one position: row `emb`, then one row a layer.
#[derive(Clone, Debug)]
pub struct States(Tensor);

impl States {
    /// `[n_layers + 1, d_model]`.
    #[must_use]
    pub fn rows(&self) -> &Tensor {
        &self.0
    }

    /// The stream at one row, `[1, d_model]`; an error where the model has no such row.
    pub fn row(&self, row: Row) -> Result<Tensor, ModelError> {
        let at = match row {
            Row::Embedding => 0,
            Row::Layer(Layer(l)) => l + 1,
        };
        Ok(self.0.narrow(0, at, 1)?)
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

    /// What was collected of the last position.
    pub fn states(&self) -> Result<States, ModelError> {
        let last = |state: &Tensor| state.narrow(0, state.dim(0)?.saturating_sub(1), 1);
        let rows = self.0.iter().map(last).collect::<Result<Vec<_>, _>>()?;
        Ok(States(Tensor::cat(&rows, 0)?))
    }

    /// What was collected of every position of the pass, in order.
    pub fn positions(&self) -> Result<Vec<States>, ModelError> {
        let states = Tensor::stack(&self.0, 1)?;
        (0..states.dim(0)?)
            .map(|position| Ok(States(states.get(position)?)))
            .collect()
    }
}
