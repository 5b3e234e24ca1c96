//! The residual stream of one position at every row.

use candle_core::Tensor;

use crate::model::ModelError;
use crate::trace::Row;

/// The residual stream of one position: row `emb`, then one row a layer.
#[derive(Clone, Debug)]
pub struct States(Tensor);

impl States {
    /// `[n_layers + 1, d_model]`.
    #[must_use]
    pub fn rows(&self) -> &Tensor {
        &self.0
    }
}

/// Collects the states of the last position of a forward pass, for [`crate::model::decoder`]'s
/// tap.
#[derive(Debug, Default)]
pub struct StateTap(Vec<Tensor>);

impl StateTap {
    /// Takes the last position of `state`, `[positions, d_model]`. The rows come in order.
    pub fn take(&mut self, row: Row, state: &Tensor) -> Result<(), ModelError> {
        if row == Row::Embedding {
            self.0.clear();
        }
        let last = state.dim(0)?.saturating_sub(1);
        self.0.push(state.narrow(0, last, 1)?);
        Ok(())
    }

    /// What was collected.
    pub fn states(&self) -> Result<States, ModelError> {
        Ok(States(Tensor::cat(&self.0, 0)?))
    }
}
