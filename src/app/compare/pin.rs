//! A position of a run that is kept in view while others are looked at.

use std::sync::Arc;

use crate::app::Inquiry;
use crate::engine::{Ask, Question};
use crate::run::{CandidateRequest, Comparison, RunId};
use crate::trace::{Place, Position, Trajectory};

/// With the current one these are three prompts on one scale.
pub const MOST_PINS: usize = 2;

/// A position of a run that is kept in view while others are looked at.
#[derive(Clone, Debug)]
pub struct Pin {
    /// Which run.
    pub run: RunId,
    /// The position that is predicted.
    pub at: Position,
    /// Its place in the grid.
    pub place: Place,
    /// The text before it.
    pub before: String,
    /// Where the candidates stand there.
    pub(in crate::app) found: Inquiry<Arc<Comparison>>,
}

impl Pin {
    /// A position, nothing asked about it yet.
    #[must_use]
    pub fn new(run: RunId, at: Position, place: Place, before: String) -> Self {
        Self {
            run,
            at,
            place,
            before,
            found: Inquiry::default(),
        }
    }

    /// The trajectories of `candidates`, each with its place among them; none while the answer
    /// is about others.
    pub fn trajectories(
        &self,
        candidates: &[CandidateRequest],
    ) -> impl Iterator<Item = (usize, &Trajectory)> {
        let is_about = move |to: &Question| match &to.ask {
            Ask::Candidates { wanted, .. } => wanted == candidates,
            _ => false,
        };
        self.found
            .newest()
            .into_iter()
            .filter(move |(to, _)| is_about(to))
            .flat_map(|(_, answer)| answer.trajectories.iter().enumerate())
            .filter_map(|(at, trajectory)| Some((at, trajectory.as_ref().ok()?)))
    }
}
