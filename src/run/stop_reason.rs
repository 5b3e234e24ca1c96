//! Why a run ended.

use serde::{Deserialize, Serialize};

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StopReason {
    /// The model chose an end-of-text token.
    EndOfText,
    /// As many tokens as were asked for.
    MaxTokens,
    /// The model can attend to no more positions.
    ContextFull,
    /// The user stopped it.
    Stopped,
}
