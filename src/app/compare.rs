//! Compare mode: the candidates as typed, and the newest answers.

mod completion;
mod difference;
mod lines;
mod measure;
mod pin;
mod series;
mod suggestions;

pub use completion::Completion;
pub use difference::Difference;
pub use lines::{FieldLine, field_lines};
pub use measure::Measure;
pub use pin::{MOST_PINS, Pin};
pub use series::{Series, series};
pub use suggestions::suggestions;

use std::sync::Arc;

use tui_input::Input;

use super::{Inquiry, parse_candidates};
use crate::display::{letter, of_wanted, shown};
use crate::engine::Ask;
use crate::run::{CandidateRequest, Comparison};
use crate::trace::{Candidate, Lead, LogProb, Row, Trajectory, leads};
use crate::vocabulary::{Search, Vocabulary};

/// More lines than this cannot be told apart.
pub const MOST_CANDIDATES: usize = 8;

/// Which half is shown where there is no room for both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// Figures by layer and candidate.
    Table,
    /// The figure against the layer, one line a candidate.
    Chart,
}

/// Compare mode.
#[derive(Clone, Debug)]
pub struct Compare {
    /// The candidates as typed.
    pub field: Input,
    /// Which half is shown where there is no room for both.
    pub half: Half,
    /// The figure that is shown of each candidate.
    pub measure: Measure,
    /// The list of tokens to choose from, while it is open.
    pub completion: Option<Completion>,
    /// Where the candidates stand.
    pub(super) found: Inquiry<Arc<Comparison>>,
    /// How probable whole candidates are, where that was asked.
    pub(super) joint: Inquiry<Arc<[Result<LogProb, String>]>>,
    /// Which pair of candidates is subtracted, counted round and round.
    pub(super) pair: usize,
    pub(super) search: Arc<Search>,
}

impl Compare {
    /// Compare mode with what was typed before; `search` finds tokens for what is typed.
    #[must_use]
    pub fn new(typed: String, search: Arc<Search>) -> Self {
        Self {
            field: Input::new(typed),
            half: Half::Table,
            measure: Measure::Rank,
            completion: None,
            found: Inquiry::default(),
            joint: Inquiry::default(),
            pair: 0,
            search,
        }
    }

    /// Takes in where the candidates stand.
    #[cfg(test)]
    pub(super) fn takes(&mut self, comparison: Comparison) {
        let question = crate::engine::Question {
            run: comparison.run,
            lens: comparison.lens,
            rows: crate::trace::Rows::Layers,
            ask: Ask::Candidates {
                at: comparison.at,
                wanted: self.candidates(),
            },
        };
        self.found.take(&Arc::new(question), Arc::new(comparison));
    }

    /// Who is followed: the first of those typed.
    #[must_use]
    pub fn candidates(&self) -> Vec<CandidateRequest> {
        let mut candidates = parse_candidates(self.field.value());
        candidates.truncate(MOST_CANDIDATES);
        candidates
    }

    /// The newest answer.
    #[must_use]
    pub fn answer(&self) -> Option<&Arc<Comparison>> {
        self.found.newest().map(|(_, answer)| answer)
    }

    /// The trajectories that there are, each with its place among the candidates.
    pub fn trajectories(&self) -> impl Iterator<Item = (usize, &Trajectory)> {
        self.answer()
            .into_iter()
            .flat_map(|answer| answer.trajectories.iter().enumerate())
            .filter_map(|(at, trajectory)| Some((at, trajectory.as_ref().ok()?)))
    }

    /// Which candidate leads at each of `rows`, given from the first layer to the last.
    #[must_use]
    pub fn leads(&self, rows: &[Row]) -> Vec<Lead> {
        leads(&self.trajectories().collect::<Vec<_>>(), rows)
    }

    /// Forgets what was answered and asked, since the run is another one.
    pub(super) fn begin_anew(&mut self) {
        self.found.forget();
        self.joint.forget();
    }

    /// What the user should know of the candidates: errors, those that are not one token, and
    /// those that are too many.
    #[must_use]
    pub fn notes(&self, vocabulary: &Vocabulary) -> Vec<String> {
        let typed = parse_candidates(self.field.value());
        let too_many = (typed.len() > MOST_CANDIDATES).then(|| {
            let more: Vec<String> = typed[MOST_CANDIDATES..].iter().map(of_wanted).collect();
            format!(
                "{MOST_CANDIDATES} candidates at most; left out: {}",
                more.join(" ")
            )
        });
        let answers = self
            .answer()
            .into_iter()
            .flat_map(|answer| &answer.trajectories);
        too_many
            .into_iter()
            .chain(answers.enumerate().filter_map(|(at, answer)| {
                let letter = letter(at);
                match answer {
                    Err(error) => Some(format!("{letter}  {error}")),
                    Ok(trajectory) => {
                        let note = self.note(at, &trajectory.candidate, vocabulary)?;
                        let text = shown(&trajectory.candidate.text);
                        Some(format!("{letter} {text}  {note}"))
                    }
                }
            }))
            .collect()
    }

    fn note(&self, at: usize, candidate: &Candidate, vocabulary: &Vocabulary) -> Option<String> {
        let mut note = Vec::new();
        if let [first, _, ..] = candidate.tokens.as_slice() {
            note.push(format!(
                "{} tokens, the first is followed: {}",
                candidate.tokens.len(),
                vocabulary.label(*first)
            ));
            if let Some(log_prob) = self.joint_log_prob(at) {
                note.push(format!("joint p {log_prob}"));
            }
        }
        if candidate.context_changed {
            note.push("typed in one go, the text before it would be other tokens".into());
        }
        (!note.is_empty()).then(|| note.join("; "))
    }

    /// How probable all tokens of a candidate are together, if it is known.
    fn joint_log_prob(&self, at: usize) -> Option<LogProb> {
        let ((joint, log_probs), answer) = (self.joint.newest()?, self.answer()?);
        let asked = Ask::Joint {
            at: answer.at,
            wanted: self.candidates(),
        };
        let log_prob = log_probs.get(at)?.as_ref().ok()?;
        (joint.run == answer.run && joint.ask == asked).then_some(*log_prob)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::engine::Question;
    use crate::run::RunId;
    use crate::testing;
    use crate::trace::{LensKind, Position, Rows, TokenId};

    fn trajectory(text: &str) -> Trajectory {
        testing::trajectory(text, &[1], &[1, 1])
    }

    fn comparing(typed: &str, trajectories: Vec<Result<Trajectory, String>>) -> Compare {
        let mut compare = Compare::new(typed.into(), Arc::default());
        compare.takes(Comparison {
            run: RunId(1),
            at: Position(0),
            lens: LensKind::Normed,
            trajectories,
        });
        compare
    }

    #[test]
    fn notes_tell_of_errors_and_of_several_tokens() {
        let mut several = trajectory(" cabinets");
        several.candidate.tokens = vec![TokenId(0), TokenId(1)];
        several.candidate.context_changed = true;
        let mut compare = comparing("x cabinets", vec![Err("no token".into()), Ok(several)]);
        let vocabulary = Vocabulary::new(vec![crate::vocabulary::Piece::Bytes(b" cab".to_vec())]);
        assert_eq!(
            compare.notes(&vocabulary),
            [
                "a  no token",
                "b ·cabinets  2 tokens, the first is followed: ·cab; \
                 typed in one go, the text before it would be other tokens",
            ]
        );
        let question = Question {
            run: RunId(1),
            lens: LensKind::Normed,
            rows: Rows::Layers,
            ask: Ask::Joint {
                at: Position(0),
                wanted: compare.candidates(),
            },
        };
        let log_probs = [Err("no token".into()), Ok(LogProb(0.25_f64.ln()))];
        compare.joint.take(&Arc::new(question), log_probs.into());
        let note = &compare.notes(&vocabulary)[1];
        assert!(note.contains("·cab; joint p 0.250;"), "{note}");
    }

    #[test]
    fn a_ninth_candidate_is_left_out_and_named() {
        let compare = comparing("a b c d e f g h i j", Vec::new());
        assert_eq!(compare.candidates().len(), MOST_CANDIDATES);
        assert_eq!(
            compare.notes(&Vocabulary::default()),
            ["8 candidates at most; left out: ·i ·j"]
        );
    }
}
