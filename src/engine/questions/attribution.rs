//! What each part of the network adds to a final logit. The position is read once more, for
//! what the parts added is not kept.

use std::sync::Arc;

use crate::engine::{Answer, Question, Session};
use crate::lens::{States, attribution, head_contributions};
use crate::model::ModelError;
use crate::model::block::BlockParts;
use crate::run::RunId;
use crate::trace::{Layer, Position, Target};

impl Session {
    pub(super) fn attribution(
        &mut self,
        question: &Question,
        at: Position,
        target: Target,
    ) -> Result<Answer, ModelError> {
        let (states, parts) = self.in_parts(question.run, at)?;
        let lens = self.lenses().get(question.lens)?;
        let split = attribution(self.model(), &states, &parts, target, lens)?;
        Ok(Answer::Attribution(Arc::new(split)))
    }

    pub(super) fn heads(
        &mut self,
        run: RunId,
        at: Position,
        target: Target,
        layer: Layer,
    ) -> Result<Answer, ModelError> {
        let (states, parts) = self.in_parts(run, at)?;
        let shares = head_contributions(self.model(), &states, &parts, target, layer)?;
        Ok(Answer::Heads(Arc::new(shares)))
    }

    /// The states that predict a position, and what the parts of each block added there.
    fn in_parts(
        &mut self,
        run: RunId,
        at: Position,
    ) -> Result<(States, Vec<BlockParts>), ModelError> {
        let kept = self.run_state(run)?;
        kept.states_before(at)?;
        let before: Vec<_> = kept.tokens().into_iter().take(at.0).collect();
        self.aside(run, &before, |kv_session| kv_session.read_in_parts(&before))
    }
}
