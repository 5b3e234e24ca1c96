//! What can go wrong with a command that runs a model.

use std::io;
use std::path::PathBuf;

use super::options::NoLens;
use super::prompt::PromptError;
use crate::chat::ChatError;
use crate::engine::OpenError;
use crate::export::ExportError;
use crate::export::file::SaveError;
use crate::model::tokenizer::TokenizerError;
use crate::model::{Dtype, ModelError};
use crate::settings::SettingsError;
use crate::verify::ReferenceError;

/// A command that runs a model did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The model could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A run failed.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A conversation could not be put into the model's words.
    #[error(transparent)]
    Chat(#[from] ChatError),
    /// The tokenizer could not be had, or failed on the text.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// Standard input holds no prompt.
    #[error("the prompt on standard input {0}")]
    Prompt(#[from] PromptError),
    /// A watched text becomes no token.
    #[error("--watch: {0}")]
    Watch(String),
    /// A figure of what is watched is asked for, and nothing is.
    #[error("--figure compare shows what is watched: give texts with --watch")]
    NothingWatched,
    /// There is no such theme.
    #[error("there is no theme `{name}`; there are {known}")]
    Theme {
        /// What was asked for.
        name: String,
        /// Those that there are.
        known: String,
    },
    /// Only text is for a terminal.
    #[error("this format is no text: give a file with --output")]
    Binary,
    /// The output's name does not say what to write.
    #[error("{}: the extension says no format; give one with --format", .0.display())]
    Extension(PathBuf),
    /// The result does not go into its format.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// The defaults cannot be read.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The result could not be saved.
    #[error(transparent)]
    Save(#[from] SaveError),
    /// The text ended before the step that is asked about.
    #[error(
        "--at {step}: the model ended its text after {steps} tokens; give {steps} or less, or \
         another prompt"
    )]
    NoSuchStep {
        /// Counted from 1.
        step: usize,
        /// How many there are.
        steps: usize,
    },
    /// A path holds no lens.
    #[error(transparent)]
    NoLens(#[from] NoLens),
    /// The reference values cannot be used.
    #[error("--reference: {0}")]
    Reference(#[from] ReferenceError),
    /// Reference values are float32.
    #[error(
        "--reference: what is rounded to {} cannot be held to float32 values; give --dtype auto",
        .0.arithmetic()
    )]
    RoundedReference(Dtype),
    /// Checks did not pass; this many.
    #[error("{0} of the checks failed")]
    ChecksFailed(usize),
    /// The result could not be written.
    #[error("cannot write the result: {0}")]
    Output(#[from] io::Error),
}
