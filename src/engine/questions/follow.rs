//! Where tokens stand at every row of every step.

use super::{AnswerPart, Task};
use crate::engine::{Answer, Question, Session};
use crate::lens::scores;
use crate::model::ModelError;
use crate::trace::{Position, Step, TokenId};

/// Steps that come in one piece.
const BATCH: usize = 8;

/// Tokens that are followed through all steps of a run.
pub struct Follow {
    question: Question,
    tokens: Vec<TokenId>,
    next: Step,
}

impl Follow {
    pub fn new(question: &Question, tokens: Vec<TokenId>, from: Step) -> Self {
        Self {
            question: question.clone(),
            tokens,
            next: from,
        }
    }
}

impl Task for Follow {
    fn next(&mut self, session: &mut Session) -> Result<AnswerPart, ModelError> {
        let kept = session.run_state(self.question.run)?;
        let first = self.next;
        let steps = kept.generated.len();
        let end = steps.min(first.0 + BATCH).max(first.0);
        let scores = (first.0..end)
            .map(|step| {
                let states = kept.states_before(Position(kept.prompt.len() + step))?;
                let logits = session.logits(states, self.question.lens, self.question.rows)?;
                scores(&logits, &self.tokens)
            })
            .collect::<Result<Vec<_>, ModelError>>()?;
        self.next = Step(end);
        let answer = Answer::Follow {
            first,
            steps: scores,
        };
        Ok(if end < steps {
            AnswerPart::More(Some(answer))
        } else {
            AnswerPart::Last(answer)
        })
    }
}
