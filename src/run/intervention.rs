//! What is changed in the network for a run.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::RunId;
use crate::trace::{Ablation, Position, Row};

/// What is changed in the network for a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Intervention {
    /// A part adds nothing.
    #[serde(rename = "skip")]
    Ablation(Ablation),
    /// A state takes the place of the run's own.
    Patch(ActivationPatch),
}

/// A state of one run that takes the place of one of another run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ActivationPatch {
    /// At which row of the residual stream.
    pub row: Row,
    /// The position that is patched.
    pub into: Position,
    /// The run that the state comes from.
    pub from_run: RunId,
    /// Its position there.
    pub from: Position,
}

impl fmt::Display for Intervention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ablation(ablation) => write!(f, "-{ablation}"),
            // Positions as a search names them: from 1.
            Self::Patch(patch) => write!(
                f,
                "{}@p{}←{}@p{}",
                patch.row,
                patch.into.0 + 1,
                patch.from_run,
                patch.from.0 + 1
            ),
        }
    }
}
