//! Columns of steps and of the prompt's own positions, worked out from kept states.

use std::sync::Arc;

use super::{AnswerPart, Task};
use crate::engine::{Answer, Ask, Question, Session};
use crate::model::ModelError;
use crate::run::{LayerPredictions, RunId};
use crate::trace::{Column, LensKind, Position, TokenId};

/// Columns that come in one piece.
const BATCH: usize = 8;

/// All columns of a run under another lens.
pub struct RelensTask {
    question: Question,
    columns: Vec<Arc<Column>>,
}

impl RelensTask {
    pub fn new(question: &Question) -> Self {
        Self {
            question: question.clone(),
            columns: Vec::new(),
        }
    }
}

impl Task for RelensTask {
    fn next(&mut self, session: &mut Session) -> Result<AnswerPart, ModelError> {
        let kept = session.run_state_mut(self.question.run)?;
        (kept.lens, kept.rows) = (self.question.lens, self.question.rows);
        let first = kept.prompt.len() + self.columns.len();
        let tokens = kept.tokens();
        for (at, token) in tokens.iter().enumerate().skip(first).take(BATCH) {
            let column = session.column_at(&self.question, Position(at), *token)?;
            self.columns.push(Arc::new(column));
        }
        if first + BATCH < tokens.len() {
            return Ok(AnswerPart::More(None));
        }
        let columns = std::mem::take(&mut self.columns);
        Ok(AnswerPart::Last(Answer::Relens(columns)))
    }
}

/// How well each layer predicted the prompt's own tokens.
pub struct PromptColumnsTask {
    question: Question,
    next: Position,
}

impl PromptColumnsTask {
    pub fn new(question: &Question) -> Self {
        Self {
            question: question.clone(),
            next: Position(1),
        }
    }
}

impl Task for PromptColumnsTask {
    fn next(&mut self, session: &mut Session) -> Result<AnswerPart, ModelError> {
        let prompt = session.run_state(self.question.run)?.prompt.clone();
        let first = self.next;
        let end = prompt.len().min(first.0 + BATCH);
        let columns = (first.0..end)
            .map(|at| {
                let column = session.column_at(&self.question, Position(at), prompt[at])?;
                Ok(Arc::new(column))
            })
            .collect::<Result<Vec<_>, ModelError>>()?;
        self.next = Position(end);
        let answer = Answer::PromptColumns { first, columns };
        Ok(if end < prompt.len() {
            AnswerPart::More(Some(answer))
        } else {
            AnswerPart::Last(answer)
        })
    }
}

impl Session {
    /// All columns of a kept run under `lens`, which its later columns use too.
    pub fn relens(&mut self, run: RunId, lens: LensKind) -> Result<Vec<Arc<Column>>, ModelError> {
        let question = Question {
            run,
            lens,
            rows: self.run_state(run)?.rows,
            ask: Ask::Relens,
        };
        match self.answer(&question)? {
            Answer::Relens(columns) => Ok(columns),
            _ => Ok(Vec::new()),
        }
    }

    /// What every row says of `token` at a position of a kept run.
    fn column_at(
        &self,
        question: &Question,
        at: Position,
        token: TokenId,
    ) -> Result<Column, ModelError> {
        let states = self.run_state(question.run)?.states_before(at)?;
        let logits = self.logits(states, question.lens, question.rows)?;
        self.column(&logits, token, None)
    }

    /// The best tokens of every row at a position.
    pub(super) fn predictions(
        &self,
        question: &Question,
        at: Position,
        top_k: usize,
    ) -> Result<Answer, ModelError> {
        let kept = self.run_state(question.run)?;
        let logits = self.logits(kept.states_before(at)?, question.lens, question.rows)?;
        let token = match kept.tokens().get(at.0) {
            Some(token) => *token,
            None => logits.with_output(best)?,
        };
        Ok(Answer::Predictions(Arc::new(LayerPredictions {
            top_k,
            column: self.column(&logits, token, Some(top_k))?,
        })))
    }
}

/// The best token of a row.
fn best(row: &[f32]) -> TokenId {
    let ids = (0..).map(TokenId).zip(row);
    let best = ids.reduce(|best, next| if next.1 > best.1 { next } else { best });
    best.map_or(TokenId(0), |(id, _)| id)
}
