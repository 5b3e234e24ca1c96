//! `lenscape chat`: what a conversation becomes in a model's own chat template, from the files of
//! its tokenizer alone.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use color_eyre::eyre::Result as EyreResult;

use super::download_bar::DownloadBar;
use super::options::chat::{at, messages, read};
use super::standard_output::{to_stdout, tokens_to_stdout};
use super::{CommandError, context, interruption};
use crate::catalog::{
    Catalog, CheckpointFiles, FetchError, ModelRef, ModelSources, fetch_tokenizer,
};
use crate::chat::{ChatError, Conversation, Ending, Templates};
use crate::model::tokenizer::Tokenizer;
use crate::model::weights::Gguf;
use crate::regular_file::DESCRIPTION;
use crate::run::ChatFrame;

/// Options of `lenscape chat`.
#[derive(Args, Debug)]
pub struct Chat {
    /// What the user says last, behind the messages if there are any.
    #[arg(required_unless_present = "messages")]
    pub prompt: Option<String>,
    /// The model: a catalog name, a hub id `org/name[@rev]`, a `.gguf` file or a folder.
    #[arg(long, short)]
    pub model: Option<String>,
    /// The conversation: a JSON list of messages such as {"role": "user", "content": "Hello"}.
    #[arg(long, value_name = "FILE")]
    pub messages: Option<PathBuf>,
    /// The system prompt.
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub system: Option<String>,
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
        let frame = ChatFrame {
            system: self.system.clone().filter(|system| !system.is_empty()),
            messages: self.messages.as_deref().map(messages).transpose()?,
        };
        let prompt = self.prompt.as_deref().unwrap_or_default();
        let conversation = Conversation::of_prompt(&frame, prompt);
        let conversation = conversation.map_err(|error| match &self.messages {
            Some(path) => at(path, error),
            None => error.into(),
        })?;
        match &self.tools {
            None => Ok(conversation),
            Some(path) => {
                let tools = read(path, DESCRIPTION)?;
                conversation
                    .with_tools(&tools)
                    .map_err(|error| at(path, error))
            }
        }
    }
}

/// The files of a model's tokenizer, as far as they have to be fetched.
fn files(model: &str) -> EyreResult<CheckpointFiles> {
    let catalog = Catalog::built_in()?;
    let reference = ModelRef::parse(model, &catalog).map_err(FetchError::from)?;
    let places = ModelSources::from_env()?;
    let bar = DownloadBar::on_stderr();
    let fetched = interruption::cancels(|cancel| {
        let report = |event| bar.show(&event);
        let fetched = fetch_tokenizer(&reference, &catalog, &places, &report, cancel);
        bar.clear();
        fetched
    })
    .map_err(FetchError::from)??;
    Ok(fetched.files)
}

/// A model's tokenizer and templates.
struct Words {
    tokenizer: Tokenizer,
    templates: Templates,
}

impl Words {
    fn of(files: &CheckpointFiles) -> Result<Self, CommandError> {
        let templates = Templates::of(files)?.ok_or(ChatError::NoTemplate)?;
        let tokenizer = match files {
            CheckpointFiles::Gguf(path) => {
                let file = Gguf::open(path)?;
                Tokenizer::from_gguf_file(path, file.metadata())
            }
            CheckpointFiles::Folder(path) => Tokenizer::from_folder(path),
        };
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
