//! `lenscape trace`: a run without a screen.

use std::io;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use color_eyre::eyre::Result;

use super::options::{ChatOptions, DeviceOptions, DtypeChoice, LensOptions, SamplingOptions};
use super::output::{OutputOptions, TraceOutput};
use super::{CommandError, context, follow, prompt};
use crate::engine::{Opener, RunRequest, Session};
use crate::run::{
    CandidateRequest, ChatFrame, ChatPrompt, Continuation, Intervention, Record, RunId, Sampling,
    StateRows, Watch,
};
use crate::trace::{Ablation, LensKind, Position, Rows, Step};

/// Options of `lenscape trace`.
#[derive(Args, Debug)]
pub struct Trace {
    /// The prompt, taken exactly as it is unless --chat is given; `-` reads it from standard input,
    /// without the line break at its end.
    #[arg(required_unless_present = "messages")]
    pub prompt: Option<String>,
    /// Prompts as turns of a conversation.
    #[command(flatten)]
    pub chat: ChatOptions,
    /// The model: a catalog name, a hub id `org/name[@rev]`, a `.gguf` file or a folder.
    #[arg(long, short)]
    pub model: Option<String>,
    /// How weights are held and computed with.
    #[arg(long, value_name = "TYPE")]
    pub dtype: Option<DtypeChoice>,
    /// Where it runs.
    #[command(flatten)]
    pub device: DeviceOptions,
    /// How many tokens to generate.
    #[arg(long, short = 'n', default_value_t = 12)]
    pub max_tokens: usize,
    /// Score this text as what follows the prompt, instead of generating.
    #[arg(
        long,
        value_name = "TEXT",
        conflicts_with = "max_tokens",
        allow_hyphen_values = true
    )]
    pub force: Option<String>,
    /// Skip a part of the network: L5, L5.attn, L5.mlp or L5.h3; may be repeated.
    #[arg(long, value_name = "PART")]
    pub skip: Vec<Ablation>,
    /// Which lens.
    #[command(flatten)]
    pub lens: LensOptions,
    /// Follow this text's first token at the position after the prompt; may be repeated. A word gets
    /// a leading space unless its script has none, `"quotes"` within the argument take a text as it
    /// is; `#1234` is a token by its number.
    #[arg(long, value_name = "TEXT")]
    pub watch: Vec<String>,
    /// How many of each layer's best tokens to list.
    #[arg(long, value_name = "K", default_value_t = 5)]
    pub top: usize,
    /// Where to write, and how.
    #[command(flatten)]
    pub output: OutputOptions,
    /// Write a plain line for each token as it comes.
    #[arg(long, conflicts_with_all = ["format", "output", "figure", "value", "theme", "watch", "top"])]
    pub follow: bool,
    /// How tokens are drawn.
    #[command(flatten)]
    pub sampling: SamplingOptions,
}

impl Trace {
    /// Runs the prompt and writes its trace to standard output or to the file asked for.
    ///
    /// # Errors
    ///
    /// When the model cannot be opened, the run fails, or the result cannot be written.
    pub fn run(&self) -> Result<ExitCode> {
        let settings = context::user_settings()?;
        let request = Request {
            model: context::wanted_model(self.model.as_ref(), &settings),
            prompt: match &self.prompt {
                Some(text) => prompt::taken(text, &mut io::stdin())?,
                None => String::new(),
            },
            chat: self.chat.frame()?,
            force: self.force.clone(),
            ablations: self.skip.clone(),
            max_tokens: self.max_tokens,
            lens: self.lens.asked().unwrap_or_default(),
            rows: self.lens.rows().unwrap_or_default(),
            watch: self.watch.clone(),
            sampling: self.sampling.over(Sampling::default()),
        };
        let opener = Opener::from_env(context::dtype(self.dtype, &settings), self.top)?
            .on(self.device.wanted(&settings.options))
            .with_lenses(self.lens.files()?, request.lens);
        if self.follow {
            follow::follow(&opener, &request, &mut io::stdout().lock())?;
            return Ok(ExitCode::SUCCESS);
        }
        let output = TraceOutput::of(&self.output, &request.watch, &settings)?;
        let traced = trace(&opener, &request)?;
        output.write(&traced, context::table_looks(&settings))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The only run of the session.
const RUN: RunId = RunId(1);

/// What is traced.
#[derive(Clone, Debug)]
pub struct Request {
    /// A catalog name, hub id, file or folder.
    pub model: String,
    /// Taken exactly as it is, or as a turn of `chat`.
    pub prompt: String,
    /// The conversation whose next turn it is.
    pub chat: Option<ChatFrame>,
    /// A text that is scored as what follows, instead of generating.
    pub force: Option<String>,
    /// What is skipped in the network.
    pub ablations: Vec<Ablation>,
    /// How many tokens to generate.
    pub max_tokens: usize,
    /// Under which lens.
    pub lens: LensKind,
    /// At which rows.
    pub rows: Rows,
    /// Texts to follow at the position after the prompt.
    pub watch: Vec<String>,
    /// How tokens are drawn.
    pub sampling: Sampling,
}

impl Request {
    /// The run that is asked for.
    #[must_use]
    pub fn run(&self, id: RunId) -> RunRequest {
        let (continuation, max_tokens) = match &self.force {
            Some(text) => (Continuation::Text(text.clone()), 0),
            None => (Continuation::Generated, self.max_tokens),
        };
        let ablations = self.ablations.iter().copied();
        RunRequest {
            id,
            prompt: self.prompt.clone(),
            chat: self.chat.clone(),
            continuation,
            max_tokens,
            sampling: self.sampling.clone(),
            lens: self.lens,
            rows: self.rows,
            interventions: ablations.map(Intervention::Ablation).collect(),
        }
    }
}

/// What a request gave.
#[derive(Debug)]
pub struct TraceResult {
    /// The run, and what was watched.
    pub record: Arc<Record>,
    session: Session,
}

impl TraceResult {
    /// The states that the figures were read from.
    ///
    /// # Errors
    ///
    /// When they cannot be copied from the model's device.
    pub fn states(&self) -> Result<StateRows, CommandError> {
        Ok(self.session.state_rows(RUN)?)
    }
}

/// Runs the request.
///
/// # Errors
///
/// When the model cannot be opened, the run fails, or a watched text becomes no token.
pub fn trace(opener: &Opener, request: &Request) -> Result<TraceResult, CommandError> {
    traced(super::open(opener, &request.model)?, request)
}

/// Runs the request in a session.
///
/// # Errors
///
/// When the run fails, or a watched text becomes no token.
pub fn traced(mut session: Session, request: &Request) -> Result<TraceResult, CommandError> {
    let record = Arc::new(record(&mut session, request)?);
    Ok(TraceResult { record, session })
}

/// Generates, and follows what is watched.
fn record(session: &mut Session, request: &Request) -> Result<Record, CommandError> {
    let run = request.run(RUN);
    let interventions = run.interventions.clone();
    let (prompt_ids, columns) = session.complete(run)?;
    let framed = session.framed().map(str::to_owned);
    let after_prompt = Position(prompt_ids.len());
    let watched: Vec<CandidateRequest> = request
        .watch
        .iter()
        .map(|text| CandidateRequest::typed(text))
        .collect();
    let trajectories = session
        .compare(RUN, request.lens, after_prompt, &watched)?
        .trajectories
        .into_iter()
        .collect::<Result<_, _>>()
        .map_err(CommandError::Watch)?;
    Ok(Record {
        model: Arc::clone(session.info()),
        lens: request.lens,
        // A model without such rows has been asked for those of its layers.
        rows: match session.info().rows_inside.is_empty() {
            true => Rows::Layers,
            false => request.rows,
        },
        sampling: request.sampling.clone(),
        max_tokens: request.max_tokens,
        prompt: framed.clone().unwrap_or_else(|| request.prompt.clone()),
        chat: request
            .chat
            .clone()
            .filter(|_| framed.is_some())
            .map(|frame| ChatPrompt {
                prompt: request.prompt.clone(),
                frame,
            }),
        prompt_ids,
        // A given text is all that there is behind the prompt.
        given: request.force.as_ref().map_or(0, |_| columns.len()),
        interventions,
        columns: columns.into_iter().map(Arc::new).collect(),
        finish: session.ended(),
        watch: Watch {
            step: Step(0),
            trajectories,
        },
    })
}
