//! A question that is asked anew whenever it changes, and its newest answer.

use std::sync::Arc;

use super::Effect;
use crate::engine::{Command, Question};
use crate::run::RunId;

/// A question that is asked anew whenever it changes, and its newest answer.
///
/// An answer stays until the next one comes, also where the question has changed meanwhile: with
/// the answer stands what it answers.
#[derive(Clone, Debug)]
pub struct Inquiry<A> {
    asked: Option<Question>,
    waits: Waits,
    answer: Option<(Arc<Question>, A)>,
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
    /// What has to happen so that `question` is answered: nothing where it was asked last, also
    /// where it has no answer.
    pub(super) fn ask(&mut self, question: Question) -> Option<Effect> {
        if self.is_about(&question) {
            return None;
        }
        self.asked = Some(question.clone());
        self.waits = Waits::ForAnswer;
        Some(Effect::Engine(Command::Ask(question)))
    }

    /// Whether `question` was asked last.
    pub(super) fn is_about(&self, question: &Question) -> bool {
        self.asked.as_ref() == Some(question)
    }

    /// What was asked last.
    pub(super) fn asked(&self) -> Option<&Question> {
        self.asked.as_ref()
    }

    /// Takes the answer to a question in, which may be an older one than was asked last.
    pub(super) fn take(&mut self, to: &Arc<Question>, answer: A) {
        self.answer = Some((Arc::clone(to), answer));
        self.close(to);
    }

    /// Takes the answer in if it is one to what was asked last.
    pub(super) fn take_if_asked(&mut self, to: &Arc<Question>, answer: A) {
        if self.is_about(to) {
            self.take(to, answer);
        }
    }

    /// Nothing more comes to a question.
    pub(super) fn close(&mut self, to: &Question) {
        if self.is_about(to) {
            self.waits = Waits::ForNothing;
        }
    }

    /// Nothing is asked and nothing shown any more.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// The answer stays, and the next question is asked whatever it is.
    pub(super) fn forget_question(&mut self) {
        self.asked = None;
        self.waits = Waits::ForNothing;
    }

    /// The newest answer about `run`.
    #[must_use]
    pub fn answer(&self, run: RunId) -> Option<&A> {
        let (to, answer) = self.newest()?;
        (to.run == run).then_some(answer)
    }

    /// The newest answer, and what it answers.
    #[must_use]
    pub fn newest(&self) -> Option<(&Question, &A)> {
        let (to, answer) = self.answer.as_ref()?;
        Some((to, answer))
    }

    /// The answer to what was asked last.
    pub(super) fn current(&self) -> Option<(&Question, &A)> {
        self.newest().filter(|(to, _)| self.is_about(to))
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
    use crate::trace::{LensKind, Position, Rows};

    fn question(at: usize) -> Question {
        Question {
            run: RunId(1),
            lens: LensKind::Normed,
            rows: Rows::Layers,
            ask: Ask::Predictions {
                at: Position(at),
                top_k: 5,
            },
        }
    }

    fn to(at: usize) -> Arc<Question> {
        Arc::new(question(at))
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
        inquiry.take(&to(1), 'a');
        assert!(!inquiry.is_waiting());
        inquiry.ask(question(2));
        inquiry.ask(question(3));
        assert_eq!(inquiry.answer(RunId(1)), Some(&'a'));
        inquiry.take(&to(2), 'b');
        assert_eq!(inquiry.answer(RunId(1)), Some(&'b'));
        assert!(inquiry.is_waiting());
        inquiry.take(&to(3), 'c');
        assert!(!inquiry.is_waiting());
    }

    #[test]
    fn where_there_is_no_answer_the_same_is_not_asked_again() {
        let mut inquiry: Inquiry<()> = Inquiry::default();
        inquiry.ask(question(1));
        inquiry.close(&question(2));
        assert!(inquiry.is_waiting(), "another question failed");
        inquiry.close(&question(1));
        assert!(!inquiry.is_waiting());
        assert_eq!(inquiry.ask(question(1)), None);
    }

    #[test]
    fn an_answer_says_what_it_answers() {
        let mut inquiry = Inquiry::default();
        inquiry.ask(question(1));
        inquiry.ask(question(2));
        inquiry.take_if_asked(&to(1), 'a');
        assert_eq!(inquiry.newest(), None);
        inquiry.take(&to(1), 'a');
        assert_eq!(inquiry.newest(), Some((&question(1), &'a')));
        assert_eq!(inquiry.current(), None, "that is not the newest question");
        inquiry.take_if_asked(&to(2), 'b');
        assert_eq!(inquiry.current(), Some((&question(2), &'b')));
    }

    #[test]
    fn an_answer_about_another_run_is_none() {
        let mut inquiry = Inquiry::default();
        inquiry.ask(question(1));
        inquiry.take(&to(1), 'a');
        assert_eq!(inquiry.answer(RunId(2)), None);
    }
}
