//! What the engine answers about a run, as plain data.

use super::RunId;
use crate::trace::{Column, LensKind, Position, Trajectory};

/// Candidates followed at one position.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// Which run.
    pub run: RunId,
    /// The position that is predicted.
    pub at: Position,
    /// Under which lens.
    pub lens: LensKind,
    /// One a candidate, in the order asked for; a candidate that becomes no token at all is an
    /// error message instead.
    pub trajectories: Vec<Result<Trajectory, String>>,
}

/// The best tokens of every layer.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerPredictions {
    /// How many of the best tokens there are of each layer.
    pub top_k: usize,
    /// With that many tokens a row. Its token is the one at that position; where that is not
    /// chosen yet, the model's best one.
    pub column: Column,
}

/// The residual stream of the positions of a run, each the one that predicts a step.
#[derive(Clone, Debug, PartialEq)]
pub struct StateRows {
    /// How many positions.
    pub steps: usize,
    /// Rows of each: `emb`, then one a layer.
    pub rows: usize,
    /// Width of the residual stream.
    pub d_model: usize,
    /// `[steps, rows, d_model]`, the last one fastest.
    pub values: Vec<f32>,
    /// The rows inside the blocks in the same way; empty where they were not taken.
    pub inside: Vec<f32>,
}
