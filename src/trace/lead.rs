//! Which of several candidates leads at each row, and where the lead changes.

use super::{Row, Trajectory};

/// Which candidate leads at a row: the one with the best rank there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lead {
    /// The row.
    pub row: Row,
    /// Its place among the candidates.
    pub candidate: Option<usize>,
    /// Who led at the row below, where that was another one: the lead changes here.
    pub from: Option<usize>,
}

/// Which candidate leads at each of `rows`, given from the first layer to the last. Each trajectory
/// comes with its candidate's place.
///
/// Of equal ranks, the one that led before still leads.
#[must_use]
pub fn leads(trajectories: &[(usize, &Trajectory)], rows: &[Row]) -> Vec<Lead> {
    let mut leads: Vec<Lead> = Vec::with_capacity(rows.len());
    for row in rows {
        let before = leads.last().and_then(|lead| lead.candidate);
        let candidate = ahead_at(trajectories, *row, before);
        leads.push(Lead {
            row: *row,
            candidate,
            from: before.filter(|_| candidate.is_some() && candidate != before),
        });
    }
    leads
}

fn ahead_at(
    trajectories: &[(usize, &Trajectory)],
    row: Row,
    before: Option<usize>,
) -> Option<usize> {
    trajectories
        .iter()
        .filter_map(|(at, trajectory)| Some((trajectory.score(row)?.rank, *at)))
        .min_by_key(|(rank, at)| (*rank, Some(*at) != before, *at))
        .map(|(_, at)| at)
}

/// By how much the logit of `a` is above that of `b` at a row, under the lens; `None` where the
/// model has no such row.
#[must_use]
pub fn logit_difference(a: &Trajectory, b: &Trajectory, row: Row) -> Option<f32> {
    Some(a.score(row)?.logit - b.score(row)?.logit)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::testing;
    use crate::trace::Layer;

    fn trajectory(ranks: &[u32]) -> Trajectory {
        testing::trajectory(" is", &[1], &[&[9], ranks].concat())
    }

    #[test]
    fn the_lead_changes_where_ranks_cross() {
        let (is, are) = (trajectory(&[5, 4, 9, 2, 2]), trajectory(&[7, 4, 3, 8, 1]));
        let rows: Vec<Row> = (0..5).map(|l| Row::Layer(Layer(l))).collect();
        let leads: Vec<_> = leads(&[(0, &is), (2, &are)], &rows)
            .iter()
            .map(|lead| (lead.candidate.unwrap(), lead.from))
            .collect();
        assert_eq!(
            leads,
            [
                (0, None),
                (0, None),
                (2, Some(0)),
                (0, Some(2)),
                (2, Some(0))
            ]
        );
    }

    #[test]
    fn the_difference_is_that_of_the_logits() {
        let (a, b) = (trajectory(&[5]), trajectory(&[7]));
        let at = |row| logit_difference(&a, &b, row);
        assert_eq!(at(Row::Layer(Layer(0))), Some(2.0));
        assert_eq!(at(Row::Embedding), Some(0.0));
        assert_eq!(at(Row::Layer(Layer(1))), None);
    }
}
