//! Candidates compared at one position of one or several prompts, as it is written down.

mod csv;
mod json;
mod table;

pub use csv::write as write_csv;
pub use json::write as write_json;
pub use table::write as write_table;

use crate::run::CandidateRequest;
use crate::trace::{Layer, Lead, LensKind, LogProb, Row, Trajectory, leads};

/// What `lenscape compare` found.
#[derive(Clone, Debug)]
pub struct Comparisons {
    /// As people call the model.
    pub model: String,
    /// Under which lens the figures are.
    pub lens: LensKind,
    /// Decoder blocks of the model.
    pub n_layers: usize,
    /// The rows inside them that were asked for, in the order of the stream.
    pub rows_inside: Vec<Row>,
    /// One a prompt, in the order given.
    pub prompts: Vec<ComparedPrompt>,
}

/// What was found of one prompt.
#[derive(Clone, Debug)]
pub struct ComparedPrompt {
    /// The prompt, exactly as it was given.
    pub prompt: String,
    /// What was generated before the position.
    pub generated: String,
    /// The step that is predicted, counted from 1 as on the screen.
    pub step: usize,
    /// One a candidate, in the order given.
    pub candidates: Vec<ComparedCandidate>,
}

/// What was found of one candidate.
#[derive(Clone, Debug)]
pub struct ComparedCandidate {
    /// As asked for.
    pub wanted: CandidateRequest,
    /// Where its first token stands at each row; or why it cannot be followed.
    pub trajectory: Result<Trajectory, String>,
    /// The probability of all its tokens, one after the other, as the model's own output has it.
    pub joint_log_prob: Option<LogProb>,
}

impl Comparisons {
    /// All rows but `emb`, in the order of the stream.
    fn layer_rows(&self) -> Vec<Row> {
        let rows = Row::all(self.n_layers, &self.rows_inside);
        rows.into_iter().skip(1).collect()
    }
}

impl ComparedPrompt {
    /// The candidates that can be followed, each with its place.
    fn trajectories(&self) -> Vec<(usize, &Trajectory)> {
        let found = self.candidates.iter().enumerate();
        found
            .filter_map(|(at, candidate)| Some((at, candidate.trajectory.as_ref().ok()?)))
            .collect()
    }

    /// Which candidate leads at each layer.
    fn leads(&self, n_layers: usize) -> Vec<Lead> {
        let rows: Vec<Row> = (0..n_layers).map(|l| Row::Layer(Layer(l))).collect();
        leads(&self.trajectories(), &rows)
    }
}
