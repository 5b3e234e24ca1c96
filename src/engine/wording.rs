//! From a prompt to the text and the tokens that the model gets.

use std::sync::OnceLock;

use super::{RunRequest, Session};
use crate::catalog::CheckpointFiles;
use crate::chat::{ChatError, Conversation, Ending, Templates};
use crate::model::ModelError;
use crate::trace::{LONGEST_PROMPT, TokenId};

/// What the model gets of a prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worded {
    /// The text.
    pub text: String,
    /// Its tokens, with those that the tokenizer puts around a text that is no conversation.
    pub tokens: Vec<TokenId>,
}

/// The chat templates of a model, read when one is first needed.
#[derive(Debug, Default)]
pub(super) struct ChatTemplates {
    files: Option<CheckpointFiles>,
    /// The error is one line.
    read: OnceLock<Result<Templates, String>>,
}

impl ChatTemplates {
    fn get(&self) -> Result<&Templates, ModelError> {
        let read = self.read.get_or_init(|| {
            let read = self.files.as_ref().map(Templates::of).transpose();
            let found = read.map_err(|error| error.to_string())?.flatten();
            found.ok_or_else(|| ChatError::NoTemplate.to_string())
        });
        read.as_ref().map_err(|why| ModelError::Chat(why.clone()))
    }
}

impl Session {
    /// The same with the files that its chat templates are in.
    #[must_use]
    pub fn with_files(mut self, files: CheckpointFiles) -> Self {
        self.templates.files = Some(files);
        self
    }

    /// What the model gets of a run's prompt. A conversation has its own special tokens, and gets
    /// no others.
    ///
    /// # Errors
    /// When the tokenizer fails, or the model's chat template does not take the conversation.
    pub(super) fn worded(&self, run: &RunRequest) -> Result<Worded, ModelError> {
        let tokenizer = &self.model().tokenizer;
        let Some(frame) = &run.chat else {
            return Ok(Worded {
                tokens: tokenizer.encode(&run.prompt)?,
                text: run.prompt.clone(),
            });
        };
        let templates = self.templates.get()?;
        let render = || -> Result<String, ChatError> {
            let conversation = Conversation::of_prompt(frame, &run.prompt)?;
            let template = templates.choose(conversation.has_tools())?;
            conversation.render(template, tokenizer.roles(), Ending::ModelsTurn)
        };
        let text = render().map_err(|error| ModelError::Chat(error.to_string()))?;
        if text.len() > LONGEST_PROMPT {
            let why = "the conversation is too long: a prompt holds 1 MB";
            return Err(ModelError::Chat(why.to_owned()));
        }
        Ok(Worded {
            tokens: tokenizer.encode_bare(&text)?,
            text,
        })
    }

    /// What the chat template made of the newest run's prompt, where it was asked to.
    #[must_use]
    pub fn framed(&self) -> Option<&str> {
        let newest = self.runs.last()?;
        newest.run.chat.as_ref()?;
        Some(&newest.sent)
    }
}
