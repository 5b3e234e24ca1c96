//! A question that is asked anew whenever it changes, and its newest answer.

use super::Effect;
use crate::engine::{Command, Question};
use crate::run::RunId;

/// A question that is asked anew whenever it changes, and its newest answer.
///
/// An answer stays until the next one comes, also where the question has changed meanwhile: what
/// is shown says itself what it answers.
#[derive(Clone, Debug)]
pub struct Inquiry<A> {
    asked: Option<Question>,
    waits: Waits,
    answer: Option<(RunId, A)>,
}

/// Whether an answer is still to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waits {
    ForAnswer,
    ForNothing,
}

impl<A> Default for Inquiry<A> {
    fn default() -> Self {
        Self {
            asked: None,
            waits: Waits::ForNothing,
            answer: None,
        }
    }
}

impl<A> Inquiry<A> {
    /// What has to happen so that `question` is answered: nothing where it was asked last.
    pub(super) fn ask(&mut self, question: Question) -> Option<Effect> {
        if self.asked.as_ref() == Some(&question) {
            return None;
        }
        self.asked = Some(question.clone());
        self.waits = Waits::ForAnswer;
        Some(Effect::Engine(Command::Ask(question)))
    }

    /// Takes the answer to a question in.
    pub(super) fn take(&mut self, question: &Question, answer: A) {
        self.answer = Some((question.run, answer));
        if self.asked.as_ref() == Some(question) {
            self.waits = Waits::ForNothing;
        }
    }

    /// No answer comes any more.
    pub(super) fn give_up(&mut self) {
        self.waits = Waits::ForNothing;
    }

    /// Nothing is asked and nothing shown any more.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// The newest answer about `run`.
    #[must_use]
    pub fn answer(&self, run: RunId) -> Option<&A> {
        let (of, answer) = self.answer.as_ref()?;
        (*of == run).then_some(answer)
    }

    /// Whether another answer is still to come.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.waits == Waits::ForAnswer
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::engine::Ask;
    use crate::trace::{LensKind, Position};

    fn question(at: usize) -> Question {
        Question {
            run: RunId(1),
            lens: LensKind::Normed,
            ask: Ask::Predictions {
                at: Position(at),
                top_k: 5,
            },
        }
    }

    #[test]
    fn the_same_is_not_asked_twice() {
        let mut inquiry: Inquiry<()> = Inquiry::default();
        assert!(inquiry.ask(question(1)).is_some());
        assert_eq!(inquiry.ask(question(1)), None);
        assert!(inquiry.ask(question(2)).is_some());
    }

    #[test]
    fn an_answer_stays_until_the_next_one_comes() {
        let mut inquiry = Inquiry::default();
        inquiry.ask(question(1));
        inquiry.take(&question(1), 'a');
        assert!(!inquiry.is_waiting());
        inquiry.ask(question(2));
        inquiry.ask(question(3));
        assert_eq!(inquiry.answer(RunId(1)), Some(&'a'));
        inquiry.take(&question(2), 'b');
        assert_eq!(inquiry.answer(RunId(1)), Some(&'b'));
        assert!(inquiry.is_waiting());
        inquiry.take(&question(3), 'c');
        assert!(!inquiry.is_waiting());
    }

    #[test]
    fn an_answer_about_another_run_is_none() {
        let mut inquiry = Inquiry::default();
        inquiry.ask(question(1));
        inquiry.take(&question(1), 'a');
        assert_eq!(inquiry.answer(RunId(2)), None);
    }
}
