//! `lenscape chat`: what a conversation becomes in a model's own chat template, from the files of
//! its tokenizer alone.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use color_eyre::eyre::Result as EyreResult;

use super::models::fetch_visibly;
use super::standard_output::{to_stdout, tokens_to_stdout};
use super::{CommandError, context};
use crate::catalog::{Catalog, CheckpointFiles, FetchError, ModelRef, ModelSources};
use crate::chat::{ChatError, Conversation, Ending, Templates};
use crate::model::tokenizer::{Tokenizer, TokenizerError};
use crate::model::weights::Gguf;
use crate::regular_file::{self, DESCRIPTION};

/// Options of `lenscape chat`.
#[derive(Args, Debug)]
pub struct Chat {
    /// The model: a catalog name, a hub id `org/name[@rev]`, a `.gguf` file or a folder.
    #[arg(long, short)]
    pub model: Option<String>,
    /// The conversation: a JSON list of messages such as {"role": "user", "content": "Hello"}.
    #[arg(long, value_name = "FILE")]
    pub messages: PathBuf,
    /// Print what is sent, and send nothing.
    #[arg(long, required = true)]
    pub render: bool,
    /// Print the ids of its tokens instead of the text, as a JSON list.
    #[arg(long)]
    pub ids: bool,
    /// Tools that the model may call: a JSON list of their descriptions.
    #[arg(long, value_name = "FILE")]
    pub tools: Option<PathBuf>,
    /// End with the last message, without what makes the model begin its own turn.
    #[arg(long, conflicts_with = "continue_final")]
    pub no_generation_prompt: bool,
    /// End inside of the last message, which the model is to continue.
    #[arg(long)]
    pub continue_final: bool,
}

impl Chat {
    /// Does it.
    ///
    /// # Errors
    ///
    /// When the model or a file cannot be had, or the template does not take the conversation.
    pub fn run(&self) -> EyreResult<ExitCode> {
        let settings = context::user_settings()?;
        let model = context::wanted_model(self.model.as_ref(), &settings);
        let conversation = self.conversation()?;
        let ending = match (self.continue_final, self.no_generation_prompt) {
            (true, _) => Ending::Continued,
            (false, true) => Ending::Closed,
            (false, false) => Ending::ModelsTurn,
        };
        let words = Words::of(&files(&model)?)?;
        let text = words.text(&conversation, ending)?;
        if self.ids {
            let ids = words.tokenizer.encode_bare(&text)?;
            let ids: Vec<String> = ids.iter().map(|id| id.0.to_string()).collect();
            to_stdout(|out| writeln!(out, "[{}]", ids.join(", ")))?;
        } else {
            tokens_to_stdout(|out| out.write_all(text.as_bytes()))?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn conversation(&self) -> Result<Conversation, CommandError> {
        let messages = read(&self.messages)?;
        let conversation = Conversation::from_json(&messages);
        let conversation = conversation.map_err(|error| at(&self.messages, error))?;
        match &self.tools {
            None => Ok(conversation),
            Some(path) => {
                let tools = read(path)?;
                conversation
                    .with_tools(&tools)
                    .map_err(|error| at(path, error))
            }
        }
    }
}

fn read(path: &Path) -> Result<Vec<u8>, CommandError> {
    regular_file::read(path, DESCRIPTION).map_err(|source| {
        ChatError::Read {
            path: path.to_owned(),
            source,
        }
        .into()
    })
}

/// The error with the file that it is about.
fn at(path: &Path, error: ChatError) -> CommandError {
    ChatError::File {
        path: path.to_owned(),
        why: error.to_string(),
    }
    .into()
}

/// The files of a model, as far as they have to be fetched.
fn files(model: &str) -> EyreResult<CheckpointFiles> {
    let catalog = Catalog::built_in()?;
    Ok(
        match ModelRef::parse(model, &catalog).map_err(FetchError::from)? {
            ModelRef::Gguf(path) => CheckpointFiles::Gguf(path),
            ModelRef::Folder(path) => CheckpointFiles::Folder(path),
            reference => fetch_visibly(&reference, &catalog, &ModelSources::from_env()?)?.files,
        },
    )
}

/// A model's tokenizer and templates.
struct Words {
    tokenizer: Tokenizer,
    templates: Templates,
}

impl Words {
    fn of(files: &CheckpointFiles) -> Result<Self, CommandError> {
        let (templates, tokenizer): (_, Result<_, TokenizerError>) = match files {
            CheckpointFiles::Gguf(path) => {
                let file = Gguf::open(path)?;
                let templates = Templates::of_gguf(file.metadata());
                (templates, Tokenizer::from_gguf_file(path, file.metadata()))
            }
            CheckpointFiles::Folder(path) => {
                (Templates::of_folder(path)?, Tokenizer::from_folder(path))
            }
        };
        let templates = templates.ok_or(ChatError::NoTemplate)?;
        Ok(Self {
            tokenizer: tokenizer?,
            templates,
        })
    }

    fn text(&self, conversation: &Conversation, ending: Ending) -> Result<String, CommandError> {
        let template = self.templates.choose(conversation.has_tools())?;
        Ok(conversation.render(template, self.tokenizer.roles(), ending)?)
    }
}
