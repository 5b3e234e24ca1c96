//! Compare mode: the candidates as typed, and the newest answer.

use std::sync::Arc;

use tui_input::Input;

use super::parse_candidates;
use crate::engine::{Comparison, Question};
use crate::trace::{Row, Trajectory};
use crate::vocabulary::{Vocabulary, visible_text};

/// Which half is shown where there is no room for both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// Ranks by layer and candidate.
    Table,
    /// Rank against layer, one line a candidate.
    Chart,
}

/// Compare mode.
#[derive(Clone, Debug)]
pub struct Compare {
    /// The candidates as typed.
    pub field: Input,
    /// Which half is shown where there is no room for both.
    pub half: Half,
    /// The newest answer.
    pub answer: Option<Arc<Comparison>>,
    /// What was asked last, so that the same is not asked twice.
    pub(super) asked: Option<Question>,
}

impl Compare {
    /// Compare mode with what was typed before.
    #[must_use]
    pub fn with_typed(typed: String) -> Self {
        Self {
            field: Input::new(typed),
            half: Half::Table,
            answer: None,
            asked: None,
        }
    }

    /// The candidates, leading spaces included.
    #[must_use]
    pub fn candidates(&self) -> Vec<String> {
        parse_candidates(self.field.value())
    }

    /// The trajectories that there are, each with its place among the candidates.
    pub fn trajectories(&self) -> impl Iterator<Item = (usize, &Trajectory)> {
        self.answer
            .iter()
            .flat_map(|answer| answer.trajectories.iter().enumerate())
            .filter_map(|(at, trajectory)| Some((at, trajectory.as_ref().ok()?)))
    }

    /// Which candidate is ahead at each of `rows`, given from the first layer to the last, and
    /// whether the lead changed hands there.
    #[must_use]
    pub fn leads(&self, rows: &[Row]) -> Vec<Lead> {
        let mut leads: Vec<Lead> = Vec::with_capacity(rows.len());
        for row in rows {
            let before = leads.last().and_then(|lead| lead.candidate);
            let candidate = self.ahead_at(*row, before);
            let crossing = match (before, candidate) {
                (Some(before), Some(now)) if before != now => Crossing::Here,
                _ => Crossing::No,
            };
            leads.push(Lead {
                row: *row,
                candidate,
                crossing,
            });
        }
        leads
    }

    /// Of equal ranks, the one that was ahead before stays ahead.
    fn ahead_at(&self, row: Row, before: Option<usize>) -> Option<usize> {
        self.trajectories()
            .filter_map(|(at, trajectory)| Some((trajectory.score(row)?.rank, at)))
            .min_by_key(|(rank, at)| (*rank, Some(*at) != before, *at))
            .map(|(_, at)| at)
    }

    /// What the user should know of the candidates: errors, and those that are not one token.
    #[must_use]
    pub fn notes(&self, vocabulary: &Vocabulary) -> Vec<String> {
        let answers = self.answer.iter().flat_map(|answer| &answer.trajectories);
        answers
            .enumerate()
            .filter_map(|(at, answer)| {
                let letter = letter(at);
                let trajectory = match answer {
                    Err(error) => return Some(format!("{letter}  {error}")),
                    Ok(trajectory) => trajectory,
                };
                let candidate = &trajectory.candidate;
                let mut note = Vec::new();
                if let [first, _, ..] = candidate.tokens.as_slice() {
                    note.push(format!(
                        "{} tokens, the first is followed: {}",
                        candidate.tokens.len(),
                        vocabulary.label(*first)
                    ));
                }
                if candidate.context_changed {
                    note.push("typed in one go, the text before it would be other tokens".into());
                }
                (!note.is_empty())
                    .then(|| format!("{letter} {}  {}", shown(&candidate.text), note.join("; ")))
            })
            .collect()
    }
}

/// Which candidate is ahead at a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lead {
    /// The row.
    pub row: Row,
    /// Its place among the candidates.
    pub candidate: Option<usize>,
    /// Whether another one was ahead at the row below.
    pub crossing: Crossing,
}

/// Whether the lead changed hands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crossing {
    /// It did.
    Here,
    /// It did not.
    No,
}

/// The letter that stands for a candidate: `a`, `b`, …, again and again when there are more.
#[must_use]
pub fn letter(candidate: usize) -> char {
    char::from(b'a' + u8::try_from(candidate % 26).unwrap_or(0))
}

/// A candidate's text as it is shown, like the label of a token: spaces as `·`.
#[must_use]
pub fn shown(text: &str) -> String {
    visible_text(text).replace(' ', "·").replace('\n', "⏎")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::engine::RunId;
    use crate::trace::{Candidate, Layer, LensKind, Position, Score, TokenId};

    fn trajectory(text: &str, ranks: &[u32]) -> Trajectory {
        let score = |rank| Score {
            rank,
            ties: 0,
            logit: 0.0,
            prob: 0.0,
        };
        Trajectory {
            candidate: Candidate {
                text: text.into(),
                tokens: vec![TokenId(1)],
                context_changed: false,
            },
            embedding: score(9),
            layers: ranks.iter().map(|rank| score(*rank)).collect(),
        }
    }

    fn comparing(trajectories: Vec<Result<Trajectory, String>>) -> Compare {
        let mut compare = Compare::with_typed(String::new());
        compare.answer = Some(Arc::new(Comparison {
            run: RunId(1),
            at: Position(0),
            lens: LensKind::Normed,
            trajectories,
        }));
        compare
    }

    #[test]
    fn the_lead_changes_hands_where_ranks_cross() {
        let compare = comparing(vec![
            Ok(trajectory(" is", &[5, 4, 9, 2, 2])),
            Err("no token".into()),
            Ok(trajectory(" are", &[7, 4, 3, 8, 1])),
        ]);
        let rows: Vec<Row> = (0..5).map(|l| Row::Layer(Layer(l))).collect();
        let leads: Vec<_> = compare
            .leads(&rows)
            .iter()
            .map(|lead| (lead.candidate.unwrap(), lead.crossing))
            .collect();
        use Crossing::{Here, No};
        assert_eq!(leads, [(0, No), (0, No), (2, Here), (0, Here), (2, Here)]);
    }

    #[test]
    fn notes_tell_of_errors_and_of_several_tokens() {
        let mut several = trajectory(" cabinets", &[1]);
        several.candidate.tokens = vec![TokenId(0), TokenId(1)];
        several.candidate.context_changed = true;
        let compare = comparing(vec![Err("becomes no token".into()), Ok(several)]);
        let vocabulary = Vocabulary::new(vec![crate::vocabulary::Piece::Bytes(b" cab".to_vec())]);
        assert_eq!(
            compare.notes(&vocabulary),
            [
                "a  becomes no token",
                "b ·cabinets  2 tokens, the first is followed: ·cab; \
                 typed in one go, the text before it would be other tokens",
            ]
        );
    }
}
