//! The residual stream of one position at every row.

use std::sync::Arc;

use candle_core::Tensor;

use crate::model::ModelError;
use crate::model::device::moved;
use crate::trace::{Layer, Row, Rows};

/// The residual stream of one position: row `emb`, then one row a layer.
#[derive(Clone, Debug)]
pub struct States {
    /// `[n_layers + 1, d_model]`.
    rows: Tensor,
    /// The places of rows that are not known; there are zeros.
    unknown: Arc<[usize]>,
    last: LastRow,
    /// The rows inside the blocks, where they were taken.
    inside: Option<StatesInside>,
}

/// The residual stream of one position at the rows inside the blocks.
#[derive(Clone, Debug)]
pub struct StatesInside {
    /// Which rows, in the order of the stream.
    pub rows: Arc<[Row]>,
    /// `[rows, d_model]`.
    pub states: Tensor,
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
            inside: None,
        }
    }

    /// The same with those inside the blocks.
    #[must_use]
    pub fn with_inside(mut self, inside: Option<StatesInside>) -> Self {
        self.inside = inside;
        self
    }

    /// Those of a pass, all of them known.
    fn of_pass(rows: Tensor) -> Self {
        Self::saved(rows, Arc::default(), LastRow::Stream)
    }

    /// Those inside the blocks, where they were taken.
    #[must_use]
    pub fn inside(&self) -> Option<&StatesInside> {
        self.inside.as_ref()
    }

    /// Those of the rows that are asked for.
    #[must_use]
    pub fn of_rows(&self, rows: Rows) -> Self {
        match rows {
            Rows::Layers => self.clone().with_inside(None),
            Rows::Sublayers => self.clone(),
        }
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
            Row::Inside(..) => {
                let inside = self.inside.as_ref();
                let found = inside.and_then(|inside| {
                    let at = inside.rows.iter().position(|known| *known == row)?;
                    Some(inside.states.narrow(0, at, 1))
                });
                return match found {
                    Some(state) => Ok(state?),
                    None => Err(ModelError::NoSuchRow {
                        row: row.to_string(),
                    }),
                };
            }
        };
        Ok(self.rows.narrow(0, at, 1)?)
    }
}

/// Collects the states of a forward pass, for [`crate::model::decoder`]'s tap.
#[derive(Debug, Default)]
pub struct StateTap {
    /// Those of `emb` and of the layers.
    states: Vec<Tensor>,
    /// Those inside the blocks.
    inside: Vec<(Row, Tensor)>,
}

impl StateTap {
    /// Takes `state`, `[positions, d_model]`. The rows come in order.
    pub fn take(&mut self, row: Row, state: &Tensor) -> Result<(), ModelError> {
        if row == Row::Embedding {
            *self = Self::default();
        }
        match row {
            Row::Embedding | Row::Layer(_) => self.states.push(state.clone()),
            Row::Inside(..) => self.inside.push((row, state.clone())),
        }
        Ok(())
    }

    /// A state where the last one is: blocks may be on several devices.
    fn together(&self, state: &Tensor) -> candle_core::Result<Tensor> {
        match self.states.last() {
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
        let rows = self.states.iter().map(last);
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        let states = States::of_pass(Tensor::cat(&rows, 0)?);
        let inside = self.inside.iter().map(|(_, state)| last(state));
        let inside = inside.collect::<Result<Vec<_>, _>>()?;
        if inside.is_empty() {
            return Ok(states);
        }
        Ok(states.with_inside(Some(StatesInside {
            rows: self.rows_inside(),
            states: Tensor::cat(&inside, 0)?,
        })))
    }

    fn rows_inside(&self) -> Arc<[Row]> {
        self.inside.iter().map(|(row, _)| *row).collect()
    }

    /// What was collected of every position of the pass, in order.
    pub fn positions(&self) -> Result<Vec<States>, ModelError> {
        let rows = self.states.iter().map(|state| self.together(state));
        let states = Tensor::stack(&rows.collect::<Result<Vec<_>, _>>()?, 1)?;
        let rows = self.rows_inside();
        let inside = self.inside.iter().map(|(_, state)| self.together(state));
        let inside = inside.collect::<Result<Vec<_>, _>>()?;
        let inside = match inside.is_empty() {
            true => None,
            false => Some(Tensor::stack(&inside, 1)?),
        };
        (0..states.dim(0)?)
            .map(|position| {
                let of_position = |inside: &Tensor| {
                    let rows = Arc::clone(&rows);
                    let states = inside.get(position)?;
                    Ok::<_, ModelError>(StatesInside { rows, states })
                };
                let inside = inside.as_ref().map(of_position).transpose()?;
                Ok(States::of_pass(states.get(position)?).with_inside(inside))
            })
            .collect()
    }
}
