//! What a cell of the grid says, and what its colour tells.
//!
//! How each value is measured, written and coloured is in `display::value`.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// What a cell of the grid says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum CellValue {
    /// The chosen token's rank.
    Rank,
    /// The chosen token's probability.
    Probability,
    /// Its natural logarithm.
    LogProbability,
    /// The chosen token's logit.
    Logit,
    /// The change of that logit since the row below.
    LogitChange,
    /// The entropy of the layer's distribution, in nats.
    Entropy,
    /// KL(final layer ‖ this layer), in nats.
    Kl,
    /// The layer's own best token.
    TopToken,
}

impl CellValue {
    /// All of them, in the order in which the keys go through them.
    pub const ALL: [Self; 8] = [
        Self::Rank,
        Self::Probability,
        Self::LogProbability,
        Self::Logit,
        Self::LogitChange,
        Self::Entropy,
        Self::Kl,
        Self::TopToken,
    ];

    /// The next one, round and round.
    #[must_use]
    pub fn next(self) -> Self {
        self.further(1)
    }

    /// The one before, round and round.
    #[must_use]
    pub fn previous(self) -> Self {
        self.further(Self::ALL.len() - 1)
    }

    fn further(self, by: usize) -> Self {
        let at = Self::ALL.iter().position(|value| *value == self);
        Self::ALL[(at.unwrap_or(0) + by) % Self::ALL.len()]
    }

    /// As the status line and titles say it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rank => "rank",
            Self::Probability => "probability",
            Self::LogProbability => "log-probability",
            Self::Logit => "logit",
            Self::LogitChange => "logit change",
            Self::Entropy => "entropy",
            Self::Kl => "KL",
            Self::TopToken => "top token",
        }
    }
}

/// What a cell's colour tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    rename_all = "kebab-case",
    expecting = "expected `value` (the shown one), `rank`, `probability`, `log-probability`, \
                 `logit`, `logit-change`, `entropy`, `kl` or `top-token`"
)]
pub enum CellColour {
    /// The value that the cell says.
    Value,
    /// This one, whatever the cell says.
    #[serde(untagged)]
    By(CellValue),
}

impl CellColour {
    /// The next one, round and round.
    #[must_use]
    pub fn next(self) -> Self {
        let after = match self {
            Self::Value => CellValue::ALL.first(),
            Self::By(value) => CellValue::ALL
                .iter()
                .skip_while(|other| **other != value)
                .nth(1),
        };
        after.map_or(Self::Value, |value| Self::By(*value))
    }

    /// The value that is told, where `shown` is what the cell says.
    #[must_use]
    pub fn of(self, shown: CellValue) -> CellValue {
        match self {
            Self::Value => shown,
            Self::By(value) => value,
        }
    }
}

/// Which of a layer's best tokens are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ListedTokens {
    /// Every token, whatever its text is.
    All,
    /// Those that are words, and the best one in any case.
    Words,
}

impl ListedTokens {
    /// `Words` for `All`, and the other way round.
    #[must_use]
    pub fn toggled(self) -> Self {
        match self {
            Self::All => Self::Words,
            Self::Words => Self::All,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn every_value_comes_once_on_the_way_round_and_back() {
        for value in CellValue::ALL {
            assert_eq!(value.next().previous(), value);
        }
        let mut seen = vec![CellValue::Rank];
        while seen.last().unwrap().next() != CellValue::Rank {
            seen.push(seen.last().unwrap().next());
        }
        assert_eq!(seen, CellValue::ALL);
    }

    #[test]
    fn colours_go_through_every_value_and_back_to_the_shown_one() {
        let mut colour = CellColour::Value;
        for value in CellValue::ALL {
            colour = colour.next();
            assert_eq!(colour, CellColour::By(value));
        }
        assert_eq!(colour.next(), CellColour::Value);
    }

    #[test]
    fn a_colour_is_written_as_the_value_is() {
        #[derive(Debug, Deserialize)]
        struct Line {
            colour: CellColour,
        }
        let read = |text: &str| toml::from_str::<Line>(text).map(|line| line.colour);
        assert_eq!(read("colour = \"value\"").unwrap(), CellColour::Value);
        assert_eq!(
            read("colour = \"log-probability\"").unwrap(),
            CellColour::By(CellValue::LogProbability)
        );
        let problem = read("colour = \"pink\"").unwrap_err();
        assert!(problem.message().contains("log-probability"), "{problem}");
    }
}
