//! The conversation whose next turn a prompt is.

use serde::{Deserialize, Serialize};

/// What stands before a prompt in a conversation. With it a prompt is a user's turn in the model's
/// own chat template; without it, the prompt is given to the model exactly as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatFrame {
    /// The system prompt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// The turns before the prompt, as a JSON list of messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub messages: Option<String>,
}

/// What a chat template made the text of a run from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatPrompt {
    /// What the user says, as it was typed; empty where the turns before it are all.
    pub prompt: String,
    /// What stands before it.
    #[serde(flatten)]
    pub frame: ChatFrame,
}
