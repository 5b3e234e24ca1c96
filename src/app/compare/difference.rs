//! By how much one candidate's logit is above another's, layer by layer.

use super::Compare;
use crate::trace::{Layer, Row, Trajectory, logit_difference};

/// Two candidates, the second one's logit subtracted from the first one's.
#[derive(Clone, Copy, Debug)]
pub struct Difference<'c> {
    /// The first one's place among the candidates.
    pub a: usize,
    /// The second one's.
    pub b: usize,
    trajectories: (&'c Trajectory, &'c Trajectory),
}

impl Compare {
    /// The chosen pair; `None` where there are no two candidates.
    #[must_use]
    pub fn difference(&self) -> Option<Difference<'_>> {
        let found: Vec<(usize, &Trajectory)> = self.trajectories().collect();
        let pairs: Vec<Difference<'_>> = found
            .iter()
            .enumerate()
            .flat_map(|(at, (a, first))| {
                found[at + 1..].iter().map(|(b, second)| Difference {
                    a: *a,
                    b: *b,
                    trajectories: (first, second),
                })
            })
            .collect();
        pairs.get(self.pair.checked_rem(pairs.len())?).copied()
    }
}

impl Difference<'_> {
    /// The first one's logit minus the second one's at a row, under the lens.
    #[must_use]
    pub fn at(&self, row: Row) -> Option<f32> {
        logit_difference(self.trajectories.0, self.trajectories.1, row)
    }

    /// The layers at which another one of the two is ahead than at the layer below. Where both
    /// are level, the one that was ahead before stays ahead.
    #[must_use]
    pub fn changes(&self) -> Vec<Layer> {
        let layers = self.trajectories.0.layers.len();
        let mut ahead = 0.0_f32;
        let mut changes = Vec::new();
        for layer in (0..layers).map(Layer) {
            let now = self.at(Row::Layer(layer)).unwrap_or(0.0);
            if now * ahead < 0.0 {
                changes.push(layer);
            }
            if now != 0.0 {
                ahead = now.signum();
            }
        }
        changes
    }

    /// The largest difference at any layer, without its sign.
    #[must_use]
    pub fn largest(&self) -> f32 {
        (0..self.trajectories.0.layers.len())
            .filter_map(|l| self.at(Row::Layer(Layer(l))))
            .fold(0.0, |largest, difference| largest.max(difference.abs()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::Arc;

    use super::*;
    use crate::run::{Comparison, RunId};
    use crate::testing;
    use crate::trace::{LensKind, Position, Score};

    fn comparing(logits: &[&[f32]]) -> Compare {
        let score = |logit: &f32| Score {
            logit: *logit,
            ..testing::score(1)
        };
        let trajectories = logits.iter().map(|logits| {
            Ok(Trajectory {
                layers: logits.iter().map(|logit| score(logit)).collect(),
                ..testing::trajectory("x", &[1], &[1])
            })
        });
        let mut compare = Compare::new(String::new(), Arc::default());
        compare.takes(Comparison {
            run: RunId(1),
            at: Position(0),
            lens: LensKind::Normed,
            trajectories: trajectories.collect(),
        });
        compare
    }

    #[test]
    fn the_sign_says_who_is_ahead_and_where_that_changes() {
        let compare = comparing(&[&[1.0, 2.0, 2.0, 0.0, 3.0], &[0.0, 2.0, 3.0, 1.0, 1.0]]);
        let difference = compare.difference().unwrap();
        assert_eq!(difference.at(Row::Layer(Layer(2))), Some(-1.0));
        assert_eq!(difference.changes(), [Layer(2), Layer(4)]);
        assert_eq!(difference.largest(), 2.0);
    }

    #[test]
    fn every_pair_has_its_turn() {
        let mut compare = comparing(&[&[1.0], &[2.0], &[3.0]]);
        let mut seen = Vec::new();
        for pair in 0..4 {
            compare.pair = pair;
            let difference = compare.difference().unwrap();
            seen.push((difference.a, difference.b));
        }
        assert_eq!(seen, [(0, 1), (0, 2), (1, 2), (0, 1)]);
        assert!(comparing(&[&[1.0]]).difference().is_none());
    }
}
