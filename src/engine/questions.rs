//! Questions about kept runs: one file a kind. Each is answered from the run's states; a long
//! answer comes piece by piece, and other work goes on between the pieces.

mod attribution;
mod candidates;
mod columns;
mod follow;
mod joint;

use std::mem::discriminant;
use std::sync::Arc;

use super::{Answer, Ask, Question, Session};
use crate::model::ModelError;
use crate::trace::Rows;

/// One piece of an answer.
pub enum AnswerPart {
    /// More is to come.
    More(Option<Answer>),
    /// The last piece.
    Last(Answer),
}

/// The work that a question is.
pub trait Task: Send {
    /// Works out the next piece.
    fn next(&mut self, session: &mut Session) -> Result<AnswerPart, ModelError>;
}

/// A question that is being answered.
pub struct OpenQuestion {
    /// What was asked.
    pub question: Arc<Question>,
    task: Box<dyn Task>,
}

impl OpenQuestion {
    /// Begins to answer.
    #[must_use]
    pub fn new(question: Question) -> Self {
        let task: Box<dyn Task> = match question.ask.clone() {
            Ask::Relens => Box::new(columns::RelensTask::new(&question)),
            Ask::PromptColumns => Box::new(columns::PromptColumnsTask::new(&question)),
            Ask::Follow { tokens, from } => Box::new(follow::Follow::new(&question, tokens, from)),
            Ask::Candidates { .. }
            | Ask::Joint { .. }
            | Ask::Predictions { .. }
            | Ask::Attribution { .. }
            | Ask::Heads { .. } => Box::new(SingleAnswer(question.clone())),
        };
        Self {
            question: Arc::new(question),
            task,
        }
    }

    /// Works out the next piece.
    pub fn next(&mut self, session: &mut Session) -> Result<AnswerPart, ModelError> {
        if self.question.rows == Rows::Sublayers && !session.read_inside(self.question.run)? {
            return Ok(AnswerPart::More(None));
        }
        self.task.next(session)
    }

    /// Whether the answer to this is of no use any more once `newer` is asked. What is kept with
    /// its run is of use as long as nothing newer is asked of the same run.
    #[must_use]
    pub fn is_replaced_by(&self, newer: &Question) -> bool {
        let is_kept = match self.question.ask {
            Ask::Relens | Ask::PromptColumns | Ask::Follow { .. } => true,
            Ask::Candidates { .. }
            | Ask::Joint { .. }
            | Ask::Predictions { .. }
            | Ask::Attribution { .. }
            | Ask::Heads { .. } => false,
        };
        discriminant(&self.question.ask) == discriminant(&newer.ask)
            && (!is_kept || self.question.run == newer.run)
    }
}

/// A question whose answer is one piece.
struct SingleAnswer(Question);

impl Task for SingleAnswer {
    fn next(&mut self, session: &mut Session) -> Result<AnswerPart, ModelError> {
        session.answer(&self.0).map(AnswerPart::Last)
    }
}

impl Session {
    /// The whole answer to a question; of one that comes in pieces, the last piece.
    pub fn answer(&mut self, question: &Question) -> Result<Answer, ModelError> {
        let run = question.run;
        match &question.ask {
            Ask::Candidates { at, wanted } => {
                let comparison = self.candidates(question, *at, wanted)?;
                Ok(Answer::Candidates(Arc::new(comparison)))
            }
            Ask::Joint { at, wanted } => self.joint(run, *at, wanted),
            Ask::Predictions { at, top_k } => self.predictions(question, *at, *top_k),
            Ask::Attribution { at, target } => self.attribution(question, *at, *target),
            Ask::Heads { at, target, layer } => self.heads(run, *at, *target, *layer),
            Ask::Relens | Ask::PromptColumns | Ask::Follow { .. } => {
                self.answer_in_pieces(question.clone())
            }
        }
    }

    /// The same, worked out piece by piece as beside a run that goes on: where the rows inside the
    /// blocks are asked for and were not taken, the run is read again first.
    pub fn answer_in_pieces(&mut self, question: Question) -> Result<Answer, ModelError> {
        let mut open = OpenQuestion::new(question);
        loop {
            if let AnswerPart::Last(answer) = open.next(self)? {
                return Ok(answer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::RunId;
    use crate::trace::{LensKind, Position, Rows};

    fn question(run: u64, ask: Ask) -> Question {
        Question {
            run: RunId(run),
            lens: LensKind::Normed,
            rows: Rows::Layers,
            ask,
        }
    }

    fn predictions(at: usize) -> Ask {
        Ask::Predictions {
            at: Position(at),
            top_k: 5,
        }
    }

    #[test]
    fn a_newer_question_replaces_one_of_its_kind() {
        let old = OpenQuestion::new(question(1, predictions(3)));
        assert!(old.is_replaced_by(&question(2, predictions(4))));
        assert!(!old.is_replaced_by(&question(1, Ask::Relens)));
    }

    #[test]
    fn what_is_kept_with_a_run_is_replaced_by_the_same_run_only() {
        let old = OpenQuestion::new(question(1, Ask::PromptColumns));
        assert!(old.is_replaced_by(&question(1, Ask::PromptColumns)));
        assert!(!old.is_replaced_by(&question(2, Ask::PromptColumns)));
    }
}
