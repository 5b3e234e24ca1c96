//! `lenscape read`: the states that another engine saved, read with the head of the model.

use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;

use clap::Args;
use color_eyre::eyre::Result;

use super::context::{self, TOP_TOKENS};
use super::open::{ScreenOptions, on_terminal, show, tell_of_log};
use super::options::{DeviceOptions, DtypeChoice, LensOptions};
use super::output::{OutputOptions, TraceOutput};
use super::trace::{Request, traced};
use crate::app::State;
use crate::engine::{Opener, PromptEnd, StatesFile};
use crate::log_file::LogError;
use crate::run::Sampling;
use crate::settings::Settings;

/// Options of `lenscape read`.
#[derive(Args, Debug)]
pub struct Read {
    /// The states: a safetensors file of vLLM's `extract_hidden_states`, of `lenscape trace`, or of
    /// examples/save_states.py.
    #[arg(value_name = "STATES")]
    pub states: PathBuf,
    /// The model that they are of, of which only the final norm, the unembedding and the tokenizer
    /// are loaded: a catalog name, a hub id `org/name[@rev]`, a `.gguf` file or a folder.
    #[arg(long, short)]
    pub model: Option<String>,
    /// How weights are held and computed with.
    #[arg(long, value_name = "TYPE")]
    pub dtype: Option<DtypeChoice>,
    /// Where it runs.
    #[command(flatten)]
    pub device: DeviceOptions,
    /// The answer to the request, as JSON with `prompt_token_ids` and `choices[0].token_ids`: it says
    /// where the prompt ends, and the last token.
    #[arg(long, value_name = "FILE", conflicts_with = "prompt_tokens")]
    pub response: Option<PathBuf>,
    /// How many of the tokens are the prompt.
    #[arg(long, value_name = "N")]
    pub prompt_tokens: Option<usize>,
    /// The layer ids in the file, as `0,8-16,32`, where they are not all: 0 enters the first block,
    /// k leaves block k - 1.
    #[arg(long, value_name = "LIST")]
    pub layers: Option<LayerIds>,
    /// Which lens.
    #[command(flatten)]
    pub lens: LensOptions,
    /// Follow this text's first token at the position after the prompt; may be repeated. As in
    /// `lenscape trace`.
    #[arg(long, value_name = "TEXT")]
    pub watch: Vec<String>,
    /// How many of each layer's best tokens to list.
    #[arg(long, value_name = "K", default_value_t = 5)]
    pub top: usize,
    /// Where to write, and how; without a format and an output the program opens.
    #[command(flatten)]
    pub output: OutputOptions,
    /// What its screen is like.
    #[command(flatten)]
    pub screen: ScreenOptions,
}

/// Layer ids in their order: `0,8-16,32`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerIds(Vec<usize>);

/// What is no list of layer ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a list of layer ids is needed, as 0,8-16,32")]
pub struct NoLayerIds;

impl FromStr for LayerIds {
    type Err = NoLayerIds;

    fn from_str(text: &str) -> Result<Self, NoLayerIds> {
        /// No model has more layers.
        const MOST: usize = 10_000;
        let id = |text: &str| {
            let id = text.trim().parse::<usize>().ok();
            id.filter(|id| *id <= MOST).ok_or(NoLayerIds)
        };
        let mut ids = Vec::new();
        for part in text.split(',') {
            match part.split_once('-') {
                None => ids.push(id(part)?),
                Some((first, last)) => {
                    let (first, last) = (id(first)?, id(last)?);
                    if first > last {
                        return Err(NoLayerIds);
                    }
                    ids.extend(first..=last);
                }
            }
        }
        ids.sort_unstable();
        ids.dedup();
        Ok(Self(ids))
    }
}

impl Read {
    /// Does it.
    ///
    /// # Errors
    ///
    /// When the model's head or the states cannot be read, do not belong together, or the result
    /// cannot be written; or when there is no terminal for the program.
    pub fn run(self, log: Result<(), LogError>) -> Result<ExitCode> {
        let settings = context::user_settings()?;
        match self.output.is_asked_for() {
            true => self.write(&settings),
            false => self.open(settings, log),
        }
    }

    fn file(&self) -> StatesFile {
        StatesFile {
            path: self.states.clone(),
            prompt: match (&self.response, self.prompt_tokens) {
                (Some(response), _) => PromptEnd::Response(response.clone()),
                (None, Some(count)) => PromptEnd::Tokens(count),
                (None, None) => PromptEnd::Unsaid,
            },
            layers: self.layers.as_ref().map(|ids| ids.0.clone()),
        }
    }

    /// Writes what `lenscape trace` would.
    fn write(&self, settings: &Settings) -> Result<ExitCode> {
        let model = context::wanted_model(self.model.as_ref(), settings);
        let lens = self.lens.asked().unwrap_or_default();
        let opener = Opener::from_env(context::dtype(self.dtype, settings), self.top)?
            .on(self.device.wanted(&settings.options))
            .with_lenses(self.lens.files()?, lens)
            .with_states(model.clone(), self.file());
        let output = TraceOutput::of(&self.output, &self.watch, settings)?;
        let session = super::open(&opener, &model)?;
        let saved = session.info().saved_run.clone();
        let (prompt, max_tokens) =
            saved.map_or_else(Default::default, |run| (run.prompt, run.steps));
        let request = Request {
            model,
            prompt,
            chat: None,
            force: None,
            ablations: Vec::new(),
            max_tokens,
            lens,
            rows: self.lens.rows().unwrap_or_default(),
            watch: self.watch.clone(),
            sampling: Sampling::default(),
        };
        output.write(&traced(session, &request)?, context::table_looks(settings))?;
        Ok(ExitCode::SUCCESS)
    }

    /// Opens the program.
    fn open(self, settings: Settings, log: Result<(), LogError>) -> Result<ExitCode> {
        let settings = context::with_theme(settings, self.output.theme.as_deref())?;
        let mut settings = self.screen.over(settings);
        let model = context::wanted_model(self.model.as_ref(), &settings);
        let options = &mut settings.options;
        options.model.clone_from(&model);
        options.dtype = self.dtype.map_or(options.dtype, Into::into);
        options.lens = self.lens.asked().unwrap_or(options.lens);
        options.grid.rows = self.lens.rows().unwrap_or(options.grid.rows);
        self.device.over(options);
        let opener = Opener::from_env(options.dtype, TOP_TOKENS)?
            .on(options.devices())
            .with_lenses_that_fit(self.lens.files()?, options.lens)
            .with_states(model, self.file());
        let recordings = self.screen.recording.recordings()?;
        let (mut state, effects) = State::new(settings, on_terminal()?);
        tell_of_log(&mut state, log);
        show(state, effects, opener, &recordings)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_list_of_layers_may_have_ranges() {
        let ids = "4, 0,8-10,8".parse::<LayerIds>().unwrap();
        assert_eq!(ids, LayerIds(vec![0, 4, 8, 9, 10]));
        for wrong in [
            "",
            "a",
            "3-1",
            "1,,2",
            "-1",
            "99999999999999999999",
            "0-999999999",
        ] {
            assert_eq!(wrong.parse::<LayerIds>(), Err(NoLayerIds), "{wrong}");
        }
    }
}
