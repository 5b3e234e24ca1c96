//! Where candidates stand at every row of one position.

use crate::engine::{Comparison, RunId, Session};
use crate::lens::{Logits, trajectories};
use crate::model::ModelError;
use crate::trace::{Candidate, LensKind, Position};

impl Session {
    /// Follows `texts` at the position `at` of a kept run.
    pub fn compare(
        &self,
        run: RunId,
        lens: LensKind,
        at: Position,
        texts: &[String],
    ) -> Result<Comparison, ModelError> {
        let kept = self.kept(run)?;
        let states = kept.states_before(at)?;
        let context = kept.context(at, self.vocabulary());
        let candidates: Vec<Result<Candidate, String>> = texts
            .iter()
            .map(|text| self.candidate(&context, text))
            .collect();
        let logits = Logits::of(&self.model().head, states, lens)?;
        let followed: Vec<Candidate> = candidates.iter().flatten().cloned().collect();
        let mut found = trajectories(&logits, &followed)?.into_iter();
        let trajectories = candidates
            .into_iter()
            .filter_map(|candidate| match candidate {
                Ok(_) => found.next().map(Ok),
                Err(message) => Some(Err(message)),
            })
            .collect();
        Ok(Comparison {
            run,
            at,
            lens,
            trajectories,
        })
    }
}
