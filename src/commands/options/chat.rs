//! Prompts as turns of a conversation.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::chat::{ChatError, Conversation};
use crate::commands::CommandError;
use crate::regular_file::{self, WRITTEN_BY_HAND};
use crate::run::ChatFrame;

/// Prompts as turns of a conversation.
#[derive(Args, Clone, Debug, Default)]
pub struct ChatOptions {
    /// Put the prompt into the model's own chat template, as what a user says.
    #[arg(long)]
    pub chat: bool,
    /// The system prompt; it turns --chat on.
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub system: Option<String>,
    /// The turns before the prompt: a JSON list of messages such as {"role": "user", "content":
    /// "Hello"}. It turns --chat on. Without a prompt the model answers the last of them.
    #[arg(long, value_name = "FILE")]
    pub messages: Option<PathBuf>,
}

impl ChatOptions {
    /// The conversation whose next turn each prompt is, where it is one.
    ///
    /// # Errors
    /// When the file of messages cannot be read, or holds something else.
    pub fn frame(&self) -> Result<Option<ChatFrame>, CommandError> {
        let messages = self.messages.as_deref().map(messages).transpose()?;
        let is_on = self.chat || self.system.is_some() || messages.is_some();
        let frame = ChatFrame {
            system: self.system.clone().filter(|system| !system.is_empty()),
            messages,
        };
        if let (Some(path), Some(_)) = (&self.messages, &frame.system) {
            // That there are two system prompts is told before a model is loaded.
            Conversation::of_prompt(&frame, "").map_err(|error| at(path, error))?;
        }
        Ok(is_on.then_some(frame))
    }
}

/// The text of a file of messages, which are messages.
///
/// # Errors
/// When it cannot be read, or holds something else.
pub fn messages(path: &Path) -> Result<String, CommandError> {
    let bytes = read(path, WRITTEN_BY_HAND)?;
    Conversation::from_json(&bytes).map_err(|error| at(path, error))?;
    let text = String::from_utf8(bytes);
    text.map_err(|error| {
        let why = error.utf8_error().to_string();
        at(path, ChatError::Messages { why })
    })
}

/// The bytes of a file, of which there are `longest` at most.
///
/// # Errors
/// When it cannot be read.
pub fn read(path: &Path, longest: u64) -> Result<Vec<u8>, CommandError> {
    regular_file::read(path, longest).map_err(|source| {
        ChatError::Read {
            path: path.to_owned(),
            source,
        }
        .into()
    })
}

/// The error with the file that it is about.
#[must_use]
pub fn at(path: &Path, error: ChatError) -> CommandError {
    ChatError::File {
        path: path.to_owned(),
        why: error.to_string(),
    }
    .into()
}
