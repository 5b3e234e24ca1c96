//! Candidates followed across the whole grid: where one stands at every layer of every step.

use std::sync::Arc;

use super::{Behaviour, Outcome, Selected};
use crate::app::{Effect, Inquiry, State};
use crate::engine::{Answer, Ask, Question, Rest};
use crate::run::RunId;
use crate::settings::Action;
use crate::settings::Reading;
use crate::settings::keys::Scope;
use crate::trace::{Candidate, Cell, Column, Layer, Score, Step, TokenId};

/// Candidates followed across the whole grid.
#[derive(Clone, Debug)]
pub struct FollowedCandidates {
    /// The candidates, each with its place in compare mode.
    candidates: Vec<(usize, Candidate)>,
    /// Which of them is shown.
    chosen: usize,
    /// The steps that are not known yet.
    missing: Inquiry<()>,
    /// For each step and candidate, its score at each row that the lens says something of:
    /// `emb`, the layers, and then what is inside the blocks.
    steps: Vec<Vec<Vec<Option<Score>>>>,
}

impl FollowedCandidates {
    /// Nothing known of the candidates yet; `None` where there are none.
    #[must_use]
    pub fn new(candidates: Vec<(usize, Candidate)>) -> Option<Self> {
        (!candidates.is_empty()).then_some(Self {
            candidates,
            chosen: 0,
            missing: Inquiry::default(),
            steps: Vec::new(),
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
    fn choose_next(&mut self) {
        self.chosen = (self.chosen + 1) % self.candidates.len().max(1);
    }

    /// Asks about the steps behind those that are known, where a run has more of them and the
    /// question before is answered.
    fn ask(&mut self, run: RunId, reading: Reading, steps: usize) -> Option<Effect> {
        let (lens, rows) = reading;
        let is_other = |asked: &Question| (asked.run, asked.lens, asked.rows) != (run, lens, rows);
        if self.missing.asked().is_some_and(is_other) {
            self.missing.forget();
            self.steps.clear();
        }
        if self.steps.len() >= steps || self.missing.is_waiting() {
            return None;
        }
        self.missing.ask(Question {
            run,
            lens,
            rows,
            ask: Ask::Follow {
                tokens: self.tokens(),
                from: Step(self.steps.len()),
            },
        })
    }

    fn tokens(&self) -> Vec<TokenId> {
        let candidates = self.candidates.iter();
        candidates
            .filter_map(|(_, candidate)| candidate.followed())
            .collect()
    }

    /// A column of the run with the scores of the chosen candidate in the place of those of the
    /// run's own token.
    #[must_use]
    pub fn column(&self, step: Step, of_run: &Column) -> Option<Arc<Column>> {
        let scores = self.steps.get(step.0)?.get(self.chosen)?;
        let mut column = of_run.clone();
        let (scores, inside) = scores.split_at(scores.len().min(column.layers.len() + 1));
        let inside = of_run.inside.iter().zip(inside);
        column.inside = inside
            .filter_map(|((row, cell), score)| {
                let score = (*score)?;
                Some((
                    row,
                    Cell {
                        score,
                        ..cell.clone()
                    },
                ))
            })
            .collect();
        for (row, score) in scores.iter().enumerate() {
            let cell = match row.checked_sub(1).map(Layer) {
                None => column.embedding.as_mut(),
                Some(Layer(layer)) => column.layers.get_mut(layer),
            };
            if let (Some(cell), Some(score)) = (cell, score) {
                cell.score = *score;
            }
        }
        Some(Arc::new(column))
    }
}

impl Behaviour for FollowedCandidates {
    fn scopes(&self) -> &'static [Scope] {
        &[Scope::Followed, Scope::Grid, Scope::Everywhere]
    }

    fn act(&mut self, action: Action, _state: &mut State) -> Outcome {
        match action {
            Action::FollowCandidate => {
                self.choose_next();
                Outcome::DONE
            }
            _ => Outcome::Pass,
        }
    }

    fn shows_the_selected_cell(&self) -> bool {
        true
    }

    fn wants(&mut self, selected: &Selected<'_>) -> Vec<Effect> {
        let steps = selected.run.columns.len();
        let asked = self.ask(selected.run.id, (selected.lens, selected.rows), steps);
        asked.into_iter().collect()
    }

    /// A piece of an answer to an older question is dropped.
    fn hear(&mut self, to: &Arc<Question>, answer: &Answer, rest: Rest) {
        let Answer::Follow { first, steps } = answer else {
            return;
        };
        if self.missing.is_about(to) && first.0 == self.steps.len() {
            self.steps.extend(steps.iter().cloned());
        }
        if rest == Rest::Nothing {
            self.missing.close(to);
        }
    }

    fn close(&mut self, to: &Question) {
        self.missing.close(to);
    }
}
