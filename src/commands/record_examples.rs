//! `lenscape record-examples`: makes the recorded runs that the program carries.

use std::io::Cursor;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use color_eyre::eyre::{Result, WrapErr};

use super::context::{self, TOP_TOKENS};
use super::trace::{Request, trace};
use crate::engine::Opener;
use crate::export::recorded;
use crate::run::{Record, Sampling};
use crate::settings::{Example, Settings};
use crate::trace::Rows;

/// Tokens of a run whose example does not say how many.
const TOKENS: usize = 12;

/// Options of `lenscape record-examples`.
#[derive(Args, Debug)]
pub struct RecordExamples {
    /// The archive that is written.
    pub file: PathBuf,
}

impl RecordExamples {
    /// Runs each example that has a name with the default model, and writes the archive.
    ///
    /// # Errors
    ///
    /// When the model cannot be opened, a run fails, or the file cannot be written.
    pub fn run(&self) -> Result<ExitCode> {
        // Whatever the user has set, these are the program's own.
        let settings = Settings::embedded()?;
        let mut runs = Vec::new();
        for example in settings.examples.iter().filter(|ex| !ex.name.is_empty()) {
            runs.push((example.name.clone(), recorded(example, &settings)?));
        }
        let mut archive = Cursor::new(Vec::new());
        recorded::write(&runs, &mut archive)?;
        std::fs::write(&self.file, archive.into_inner())
            .wrap_err_with(|| context::shown(&self.file))?;
        Ok(ExitCode::SUCCESS)
    }
}

fn recorded(example: &Example, settings: &Settings) -> Result<Record> {
    let request = Request {
        rows: Rows::Layers,
        model: settings.options.model.clone(),
        prompt: example.prompt.clone(),
        chat: None,
        force: None,
        ablations: Vec::new(),
        max_tokens: example.max_tokens.unwrap_or(TOKENS),
        lens: example.lens.unwrap_or_default(),
        watch: example
            .compare
            .split_whitespace()
            .map(str::to_owned)
            .collect(),
        sampling: Sampling::default(),
    };
    let opener = Opener::from_env(settings.options.dtype, TOP_TOKENS)?;
    let traced = trace(&opener, &request)?;
    Ok(Record::clone(&traced.record))
}
