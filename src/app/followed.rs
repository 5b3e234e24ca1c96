//! Candidates followed across the whole grid: where one stands at every layer of every step.

use std::sync::Arc;

use crate::run::{Followed as Answer, RunId};
use crate::trace::{Candidate, Column, Layer, LensKind, Score, Step, TokenId};

/// Candidates followed across the whole grid.
#[derive(Clone, Debug)]
pub struct Followed {
    /// The candidates, each with its place in compare mode.
    candidates: Vec<(usize, Candidate)>,
    /// Which of them is shown.
    chosen: usize,
    of: Option<(RunId, LensKind)>,
    /// For each step and candidate, its score at each row, `emb` first.
    steps: Vec<Vec<Vec<Score>>>,
    /// The end of the steps that were asked about last.
    asked: usize,
}

impl Followed {
    /// Nothing known of the candidates yet; `None` where there are none.
    #[must_use]
    pub fn new(candidates: Vec<(usize, Candidate)>) -> Option<Self> {
        (!candidates.is_empty()).then_some(Self {
            candidates,
            chosen: 0,
            of: None,
            steps: Vec::new(),
            asked: 0,
        })
    }

    /// Who is shown, with its place in compare mode.
    #[must_use]
    pub fn chosen(&self) -> Option<(usize, &Candidate)> {
        let (place, candidate) = self.candidates.get(self.chosen)?;
        Some((*place, candidate))
    }

    /// How many steps are known.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.steps.len()
    }

    /// Shows the next candidate, round and round.
    pub(super) fn choose_next(&mut self) {
        self.chosen = (self.chosen + 1) % self.candidates.len().max(1);
    }

    /// The first step to ask about and the tokens, where a run has more steps than are known and
    /// the question before is answered.
    pub(super) fn next_question(
        &mut self,
        run: RunId,
        lens: LensKind,
        steps: usize,
    ) -> Option<(Step, Vec<TokenId>)> {
        if self.of != Some((run, lens)) {
            self.of = Some((run, lens));
            self.steps.clear();
            self.asked = 0;
        }
        let known = self.steps.len();
        if known >= steps || known < self.asked {
            return None;
        }
        self.asked = steps;
        Some((Step(known), self.tokens()))
    }

    fn tokens(&self) -> Vec<TokenId> {
        let candidates = self.candidates.iter();
        candidates
            .filter_map(|(_, candidate)| candidate.followed())
            .collect()
    }

    /// Takes a piece of the answer in; one to an older question is dropped.
    pub(super) fn take(&mut self, answer: &Answer) {
        let is_next = answer.first.0 == self.steps.len();
        if self.of == Some((answer.run, answer.lens)) && is_next && answer.tokens == self.tokens() {
            self.steps.extend(answer.steps.iter().cloned());
        }
    }

    /// A column of the run with the scores of the chosen candidate in the place of those of the
    /// run's own token.
    #[must_use]
    pub fn column(&self, step: Step, of_run: &Column) -> Option<Arc<Column>> {
        let scores = self.steps.get(step.0)?.get(self.chosen)?;
        let mut column = of_run.clone();
        for (row, score) in scores.iter().enumerate() {
            let cell = match row.checked_sub(1).map(Layer) {
                None => Some(&mut column.embedding),
                Some(Layer(layer)) => column.layers.get_mut(layer),
            };
            if let Some(cell) = cell {
                cell.score = *score;
            }
        }
        Some(Arc::new(column))
    }
}
