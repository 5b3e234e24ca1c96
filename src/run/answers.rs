//! What the engine answers about a run, as plain data.

use super::{RunId, Wanted};
use crate::trace::{Column, LensKind, LogProb, Position, Score, Step, TokenId, Trajectory};

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

/// How probable whole candidates are.
#[derive(Clone, Debug, PartialEq)]
pub struct Joint {
    /// Which run.
    pub run: RunId,
    /// The position that the candidates begin at.
    pub at: Position,
    /// Whose probability, as asked for.
    pub wanted: Vec<Wanted>,
    /// One a candidate, in the order asked for: the probability of all its tokens, one after the
    /// other, as the model's own output has it; or why there is none.
    pub log_probs: Vec<Result<LogProb, String>>,
}

/// The best tokens of every layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Predictions {
    /// Which run.
    pub run: RunId,
    /// The position that is predicted.
    pub at: Position,
    /// Under which lens.
    pub lens: LensKind,
    /// How many of the best tokens were asked for.
    pub top_k: usize,
    /// With that many tokens a row. Its token is the one at that position; where that is not
    /// chosen yet, the model's best one.
    pub column: Column,
}

/// Where tokens stand at every row of some steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Followed {
    /// Which run.
    pub run: RunId,
    /// Under which lens.
    pub lens: LensKind,
    /// Who is followed.
    pub tokens: Vec<TokenId>,
    /// The first step of this piece.
    pub first: Step,
    /// One a step: for each token, its score at each row, `emb` first.
    pub steps: Vec<Vec<Vec<Score>>>,
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
}
