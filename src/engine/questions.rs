//! Questions about kept runs: one file a kind. Each is answered from the run's states; a long
//! answer comes piece by piece, and other work goes on between the pieces.

mod attribution;
mod candidates;
mod columns;
mod follow;
mod joint;

use std::mem::discriminant;
use std::sync::Arc;

use super::{Ask, Event, Question, Session};
use crate::model::ModelError;

/// One piece of an answer.
pub enum Piece {
    /// More is to come.
    More(Option<Event>),
    /// The last piece.
    Last(Event),
}

/// A question on its way to its answer.
pub trait Answer: Send {
    /// Works out the next piece.
    fn next(&mut self, session: &mut Session) -> Result<Piece, ModelError>;
}

/// A question that is being answered.
pub struct Inquiry {
    /// What was asked.
    pub question: Question,
    answer: Box<dyn Answer>,
}

impl Inquiry {
    /// Begins to answer.
    #[must_use]
    pub fn new(question: Question) -> Self {
        let answer: Box<dyn Answer> = match question.ask.clone() {
            Ask::Recast => Box::new(columns::Recast::new(&question)),
            Ask::PromptColumns => Box::new(columns::PromptColumns::new(&question)),
            Ask::Follow { tokens } => Box::new(follow::Follow::new(&question, tokens)),
            Ask::Candidates { .. }
            | Ask::Joint { .. }
            | Ask::Predictions { .. }
            | Ask::Attribution { .. }
            | Ask::Heads { .. } => Box::new(AtOnce(question.clone())),
        };
        Self { question, answer }
    }

    /// Works out the next piece.
    pub fn next(&mut self, session: &mut Session) -> Result<Piece, ModelError> {
        self.answer.next(session)
    }

    /// Whether the answer to this is of no use any more once `newer` is asked.
    #[must_use]
    pub fn is_replaced_by(&self, newer: &Question) -> bool {
        discriminant(&self.question.ask) == discriminant(&newer.ask)
    }
}

/// A question whose answer is one piece.
struct AtOnce(Question);

impl Answer for AtOnce {
    fn next(&mut self, session: &mut Session) -> Result<Piece, ModelError> {
        session.answer(&self.0).map(Piece::Last)
    }
}

impl Session {
    /// The whole answer to a question; of one that comes in pieces, the last piece.
    pub fn answer(&mut self, question: &Question) -> Result<Event, ModelError> {
        let run = question.run;
        match &question.ask {
            Ask::Candidates { at, texts } => {
                let comparison = self.compare(run, question.lens, *at, texts)?;
                Ok(Event::Compared(Arc::new(comparison)))
            }
            Ask::Joint { at, texts } => self.joint(run, *at, texts),
            Ask::Predictions { at, top_k } => self.predictions(question, *at, *top_k),
            Ask::Attribution { at, target } => self.attribution(question, *at, *target),
            Ask::Heads { at, target, layer } => self.heads(run, *at, *target, *layer),
            Ask::Recast | Ask::PromptColumns | Ask::Follow { .. } => {
                let mut inquiry = Inquiry::new(question.clone());
                loop {
                    if let Piece::Last(event) = inquiry.next(self)? {
                        return Ok(event);
                    }
                }
            }
        }
    }
}
