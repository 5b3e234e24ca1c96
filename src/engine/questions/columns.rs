//! Columns of steps and of the prompt's own positions, worked out from kept states.

use std::sync::Arc;

use super::{Piece, Task};
use crate::engine::{Answer, Ask, Question, Session};
use crate::model::ModelError;
use crate::run::{Predictions, RunId};
use crate::trace::{Column, LensKind, Position, TokenId};

/// Columns that come in one piece.
const BATCH: usize = 8;

/// All columns of a run under another lens.
pub struct Recast {
    run: RunId,
    lens: LensKind,
    columns: Vec<Arc<Column>>,
}

impl Recast {
    pub fn new(question: &Question) -> Self {
        Self {
            run: question.run,
            lens: question.lens,
            columns: Vec::new(),
        }
    }
}

impl Task for Recast {
    fn next(&mut self, session: &mut Session) -> Result<Piece, ModelError> {
        let kept = session.kept_mut(self.run)?;
        kept.lens = self.lens;
        let first = kept.prompt.len() + self.columns.len();
        let tokens = kept.tokens();
        for (at, token) in tokens.iter().enumerate().skip(first).take(BATCH) {
            let column = session.column_at(self.run, self.lens, Position(at), *token)?;
            self.columns.push(Arc::new(column));
        }
        if first + BATCH < tokens.len() {
            return Ok(Piece::More(None));
        }
        let columns = std::mem::take(&mut self.columns);
        Ok(Piece::Last(Answer::Recast(columns)))
    }
}

/// How well each layer predicted the prompt's own tokens.
pub struct PromptColumns {
    run: RunId,
    lens: LensKind,
    next: Position,
}

impl PromptColumns {
    pub fn new(question: &Question) -> Self {
        Self {
            run: question.run,
            lens: question.lens,
            next: Position(1),
        }
    }
}

impl Task for PromptColumns {
    fn next(&mut self, session: &mut Session) -> Result<Piece, ModelError> {
        let prompt = session.kept(self.run)?.prompt.clone();
        let first = self.next;
        let end = prompt.len().min(first.0 + BATCH);
        let columns = (first.0..end)
            .map(|at| {
                let column = session.column_at(self.run, self.lens, Position(at), prompt[at])?;
                Ok(Arc::new(column))
            })
            .collect::<Result<Vec<_>, ModelError>>()?;
        self.next = Position(end);
        let answer = Answer::PromptColumns { first, columns };
        Ok(if end < prompt.len() {
            Piece::More(Some(answer))
        } else {
            Piece::Last(answer)
        })
    }
}

impl Session {
    /// All columns of a kept run under `lens`, which its later columns use too.
    pub fn recast(&mut self, run: RunId, lens: LensKind) -> Result<Vec<Arc<Column>>, ModelError> {
        let ask = Ask::Recast;
        match self.answer(&Question { run, lens, ask })? {
            Answer::Recast(columns) => Ok(columns),
            _ => Ok(Vec::new()),
        }
    }

    /// What every row says of `token` at a position of a kept run.
    fn column_at(
        &self,
        run: RunId,
        lens: LensKind,
        at: Position,
        token: TokenId,
    ) -> Result<Column, ModelError> {
        let states = self.kept(run)?.states_before(at)?;
        let logits = self.logits(states, lens)?;
        self.column(&logits, token, None)
    }

    /// The best tokens of every row at a position.
    pub(super) fn predictions(
        &self,
        question: &Question,
        at: Position,
        top_k: usize,
    ) -> Result<Answer, ModelError> {
        let kept = self.kept(question.run)?;
        let logits = self.logits(kept.states_before(at)?, question.lens)?;
        let token = match kept.tokens().get(at.0) {
            Some(token) => *token,
            None => logits.with_rows(best)?,
        };
        Ok(Answer::Predictions(Arc::new(Predictions {
            top_k,
            column: self.column(&logits, token, Some(top_k))?,
        })))
    }
}

/// The best token of the last row.
fn best(rows: &[&[f32]]) -> TokenId {
    let row = rows.last().copied().unwrap_or_default();
    let ids = (0..).map(TokenId).zip(row);
    let best = ids.reduce(|best, next| if next.1 > best.1 { next } else { best });
    best.map_or(TokenId(0), |(id, _)| id)
}
