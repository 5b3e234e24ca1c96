//! The figure that is shown of each candidate.

use crate::trace::Score;

/// The figure that is shown of each candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Its rank, on a logarithmic axis.
    Rank,
    /// Its probability.
    Probability,
    /// Its logit.
    Logit,
}

impl Measure {
    /// The one after it, round and round.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Rank => Self::Probability,
            Self::Probability => Self::Logit,
            Self::Logit => Self::Rank,
        }
    }

    /// As a title says it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rank => "Rank",
            Self::Probability => "Probability",
            Self::Logit => "Logit",
        }
    }

    /// Where a score stands on the axis: better ones higher up.
    #[must_use]
    pub fn height(self, score: Score) -> f64 {
        match self {
            Self::Rank => -f64::from(score.rank).log10(),
            Self::Probability => f64::from(score.prob),
            Self::Logit => f64::from(score.logit),
        }
    }
}
