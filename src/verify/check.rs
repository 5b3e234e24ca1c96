//! One thing that was looked at, and how it came out.

use std::fmt;

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// What was checked holds.
    Passed,
    /// What was checked does not hold.
    Failed,
}

impl From<bool> for Outcome {
    fn from(holds: bool) -> Self {
        if holds { Self::Passed } else { Self::Failed }
    }
}

/// One thing that was looked at. It is shown as one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What should hold.
    pub what: &'static str,
    /// What was found.
    pub figures: String,
    /// How it came out.
    pub outcome: Outcome,
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = match self.outcome {
            Outcome::Passed => "ok  ",
            Outcome::Failed => "FAIL",
        };
        write!(f, "{mark}  {}: {}", self.what, self.figures)
    }
}
