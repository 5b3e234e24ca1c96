//! `lenscape compare`: candidates at one position of one or several prompts, without a screen.

use std::io;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use color_eyre::eyre::Result;

use super::context::{self, TOP_TOKENS};
use super::options::{ChatOptions, DeviceOptions, DtypeChoice, LensOptions};
use super::standard_output::{to_stdout, tokens_to_stdout};
use super::{CommandError, prompt};
use crate::engine::{Answer, Ask, Opener, Question, RunRequest, Session};
use crate::export::comparison::{self, ComparedCandidate, ComparedPrompt, Comparisons};
use crate::run::{CandidateRequest, ChatFrame, RunId};
use crate::trace::{Column, LensKind, Rows, Step};
use crate::vocabulary::TextStream;

/// Options of `lenscape compare`.
#[derive(Args, Debug)]
pub struct Compare {
    /// The prompts, each taken exactly as it is unless --chat is given; `-` reads one from standard
    /// input, without the line break at its end.
    #[arg(value_name = "PROMPT", required_unless_present_any = ["prompt", "messages"])]
    pub prompts: Vec<String>,
    /// One more prompt; may be repeated.
    #[arg(long, value_name = "PROMPT")]
    pub prompt: Vec<String>,
    /// Prompts as turns of a conversation.
    #[command(flatten)]
    pub chat: ChatOptions,
    /// The candidates: a word gets a leading space unless its script has none, `"quotes"` within
    /// the argument take a text as it is; `#1234` is a token by its number.
    #[arg(long, value_name = "TEXT", num_args = 1.., required = true)]
    pub tokens: Vec<String>,
    /// The model: a catalog name, a hub id `org/name[@rev]`, a `.gguf` file or a folder.
    #[arg(long, short)]
    pub model: Option<String>,
    /// How weights are held and computed with.
    #[arg(long, value_name = "TYPE")]
    pub dtype: Option<DtypeChoice>,
    /// Where it runs.
    #[command(flatten)]
    pub device: DeviceOptions,
    /// Which lens.
    #[command(flatten)]
    pub lens: LensOptions,
    /// The step behind the prompt, from 1; the tokens before it are generated.
    #[arg(long, value_name = "STEP", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub at: u32,
    /// How to write it.
    #[arg(long, default_value = "table")]
    pub format: ComparisonFormat,
}

/// How a comparison is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ComparisonFormat {
    /// Readable, in colour on a terminal.
    Table,
    /// One JSON object.
    Json,
    /// A line a candidate and layer.
    Csv,
}

impl Compare {
    /// Runs the prompts and writes the comparison to standard output.
    ///
    /// # Errors
    ///
    /// When the model cannot be opened, a run fails, or the result cannot be written.
    pub fn run(&self) -> Result<ExitCode> {
        let settings = context::user_settings()?;
        let tokens = self.tokens.iter();
        let request = Request {
            model: context::wanted_model(self.model.as_ref(), &settings),
            prompts: prompt::all_taken(self.prompts().iter(), &mut io::stdin())?,
            chat: self.chat.frame()?,
            candidates: tokens
                .map(|text| text.parse::<CandidateRequest>())
                .collect::<Result<_, _>>()?,
            lens: self.lens.asked().unwrap_or_default(),
            rows: self.lens.rows().unwrap_or_default(),
            at: Step(self.at as usize - 1),
        };
        let opener = Opener::from_env(context::dtype(self.dtype, &settings), TOP_TOKENS)?
            .on(self.device.wanted(&settings.options))
            .with_lenses(self.lens.files()?, request.lens);
        compare(&opener, &request, |comparisons, session| {
            match self.format {
                ComparisonFormat::Json => to_stdout(|out| comparison::write_json(comparisons, out)),
                ComparisonFormat::Csv => {
                    tokens_to_stdout(|out| comparison::write_csv(comparisons, out))
                }
                ComparisonFormat::Table => to_stdout(|out| {
                    let (width, palette) = context::table_looks(&settings);
                    let vocabulary = session.vocabulary();
                    let palette = palette.as_ref();
                    comparison::write_table(comparisons, vocabulary, width, palette, out)
                }),
            }
        })?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Compare {
    /// The prompts; an empty one where the messages before it are all.
    fn prompts(&self) -> Vec<String> {
        let prompts = [self.prompts.as_slice(), &self.prompt].concat();
        match prompts.is_empty() {
            true => vec![String::new()],
            false => prompts,
        }
    }
}

/// What is compared.
#[derive(Clone, Debug)]
pub struct Request {
    /// A catalog name, hub id, file or folder.
    pub model: String,
    /// Each taken exactly as it is, or as a turn of `chat`.
    pub prompts: Vec<String>,
    /// The conversation whose next turn each prompt is.
    pub chat: Option<ChatFrame>,
    /// Who is followed.
    pub candidates: Vec<CandidateRequest>,
    /// Under which lens.
    pub lens: LensKind,
    /// At which rows.
    pub rows: Rows,
    /// At which step behind each prompt; those before it are generated, greedily.
    pub at: Step,
}

/// Runs the request and gives what is to be written to `write`.
pub fn compare(
    opener: &Opener,
    request: &Request,
    write: impl FnOnce(&Comparisons, &Session) -> io::Result<()>,
) -> Result<(), CommandError> {
    let mut session = super::open(opener, &request.model)?;
    let mut prompts = Vec::new();
    for (id, prompt) in (1..).map(RunId).zip(&request.prompts) {
        prompts.push(compared(&mut session, id, prompt, request)?);
        session.forget(id);
    }
    let info = session.info();
    let comparisons = Comparisons {
        model: info.name.clone(),
        lens: request.lens,
        n_layers: info.n_layers,
        rows_inside: match request.rows {
            Rows::Layers => Vec::new(),
            Rows::Sublayers => info.rows_inside.clone(),
        },
        prompts,
    };
    write(&comparisons, &session)?;
    Ok(())
}

fn compared(
    session: &mut Session,
    run: RunId,
    prompt: &str,
    request: &Request,
) -> Result<ComparedPrompt, CommandError> {
    let Step(before) = request.at;
    // The state that predicts a step behind a generated token is read once that step is generated.
    let max_tokens = if before == 0 { 0 } else { before + 1 };
    let (_, columns) = session.complete(RunRequest {
        id: run,
        prompt: prompt.to_owned(),
        chat: request.chat.clone(),
        max_tokens,
        lens: request.lens,
        rows: request.rows,
        ..RunRequest::default()
    })?;
    if columns.len() < max_tokens {
        return Err(CommandError::NoSuchStep {
            step: before + 1,
            steps: columns.len(),
        });
    }
    let at = session.position(run, request.at)?;
    let found = session.compare(run, request.lens, at, &request.candidates)?;
    let question = Question {
        run,
        lens: request.lens,
        rows: Rows::Layers,
        ask: Ask::Joint {
            at,
            wanted: request.candidates.clone(),
        },
    };
    let joint = match session.answer(&question)? {
        Answer::Joint(joint) => joint.to_vec(),
        _ => Vec::new(),
    };
    let mut joint = joint.into_iter();
    let candidates = found.trajectories.into_iter().zip(&request.candidates);
    Ok(ComparedPrompt {
        prompt: session.framed().unwrap_or(prompt).to_owned(),
        generated: text(session, &columns[..before.min(columns.len())]),
        step: before + 1,
        candidates: candidates
            .map(|(trajectory, wanted)| ComparedCandidate {
                wanted: wanted.clone(),
                trajectory,
                joint_log_prob: joint.next().and_then(Result::ok),
            })
            .collect(),
    })
}

/// What the columns' tokens add to the text.
fn text(session: &Session, columns: &[Column]) -> String {
    let mut stream = TextStream::new(std::sync::Arc::clone(session.vocabulary()));
    columns
        .iter()
        .map(|column| stream.push(column.token))
        .collect()
}
