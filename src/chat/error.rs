//! What can go wrong with a conversation.

use std::io;
use std::path::PathBuf;

use super::jinja::TemplateError;
use crate::model::ModelError;

/// Why a conversation cannot be put into a model's words.
#[derive(Debug, thiserror::Error)]
pub enum ChatError {
    /// A model that has no template.
    #[error(
        "the model has no chat template: neither chat_template.jinja nor a chat_template in \
         tokenizer_config.json, nor a tokenizer.chat_template in a GGUF file's metadata"
    )]
    NoTemplate,
    /// A model with named templates, none of which is for a conversation without tools.
    #[error("the model has several chat templates, but none for a conversation like this: {}", names.join(", "))]
    NoDefault {
        /// The names of those that it has.
        names: Vec<String>,
    },
    /// A file of templates that cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file's path, as it was given.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file of templates that is not what it should be.
    #[error("{}: {why}", path.display())]
    File {
        /// The file's path, as it was given.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A GGUF file whose header cannot be read.
    #[error(transparent)]
    Header(Box<ModelError>),
    /// The messages are no list of messages.
    #[error("the messages cannot be used: {why}")]
    Messages {
        /// What is wrong with them.
        why: String,
    },
    /// The tools are no list of tools.
    #[error("the tools cannot be used: {why}")]
    Tools {
        /// What is wrong with them.
        why: String,
    },
    /// Neither a prompt nor turns before it.
    #[error("nothing is said: give a prompt, or messages")]
    NothingSaid,
    /// A system prompt besides the one that the messages have.
    #[error("the messages have a system prompt already")]
    TwoSystemPrompts,
    /// The last message has no text.
    #[error("the last message has no text that could be continued")]
    NothingToContinue,
    /// The template does not show the last message as it is.
    #[error(
        "the chat template leaves out or changes the last message, so that it cannot be continued"
    )]
    NotContinued,
    /// The template gives no text.
    #[error(transparent)]
    Template(#[from] TemplateError),
}
