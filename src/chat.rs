//! Chat: a conversation in the words that a model was trained on, by the chat template that comes
//! with its tokenizer. Turns and tools go in; out comes the text that is sent, special tokens and
//! all, as transformers' `apply_chat_template` gives it.

mod conversation;
mod error;
pub mod jinja;
mod json;
mod templates;

pub use conversation::{Conversation, Ending};
pub use error::ChatError;
pub use templates::Templates;
