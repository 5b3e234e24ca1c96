//! `lenscape trace`: a run without a screen.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;

use super::CommandError;
use crate::engine::{Opener, Run, Session};
use crate::run::{Continuation, Intervention, RunId, Sampling, StateRows, Wanted};
use crate::run::{Record, Watch};
use crate::trace::{LensKind, Position, Skip, Step};
use crate::vocabulary::visible_text;

/// The only run of the session.
const RUN: RunId = RunId(1);

/// What is traced.
#[derive(Clone, Debug)]
pub struct Request {
    /// A catalog name, hub id, file or folder.
    pub model: String,
    /// Taken exactly as it is.
    pub prompt: String,
    /// A text that is scored as what follows, instead of generating.
    pub force: Option<String>,
    /// What is skipped in the network.
    pub skips: Vec<Skip>,
    /// How many tokens to generate.
    pub max_tokens: usize,
    /// Under which lens.
    pub lens: LensKind,
    /// Texts to follow at the position after the prompt.
    pub watch: Vec<String>,
    /// How tokens are drawn.
    pub sampling: Sampling,
}

impl Request {
    /// The run that is asked for.
    #[must_use]
    pub fn run(&self, id: RunId) -> Run {
        let (continuation, max_tokens) = match &self.force {
            Some(text) => (Continuation::Text(text.clone()), 0),
            None => (Continuation::Generated, self.max_tokens),
        };
        let skips = self.skips.iter().copied();
        Run {
            id,
            prompt: self.prompt.clone(),
            continuation,
            max_tokens,
            sampling: self.sampling.clone(),
            lens: self.lens,
            interventions: skips.map(Intervention::Skip).collect(),
        }
    }
}

/// What a request gave.
#[derive(Debug)]
pub struct Traced {
    /// The run, and what was watched.
    pub record: Arc<Record>,
    session: Session,
}

impl Traced {
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
pub fn trace(opener: &Opener, request: &Request) -> Result<Traced, CommandError> {
    let mut session = super::open(opener, &request.model)?;
    let record = Arc::new(record(&mut session, request)?);
    Ok(Traced { record, session })
}

/// Generates, and follows what is watched.
fn record(session: &mut Session, request: &Request) -> Result<Record, CommandError> {
    let run = request.run(RUN);
    let interventions = run.interventions.clone();
    let (prompt_ids, columns) = session.complete(run)?;
    let after_prompt = Position(prompt_ids.len());
    let watched: Vec<Wanted> = request
        .watch
        .iter()
        .map(|text| Wanted::typed(text))
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
        sampling: request.sampling.clone(),
        max_tokens: request.max_tokens,
        prompt: request.prompt.clone(),
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

/// Writes to standard output; a reader that has gone is no error.
pub fn to_stdout(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// [`to_stdout`] for text in which tokens stand as they are: on a terminal, what that could take as
/// a command is spelled out.
pub fn tokens_to_stdout(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    if !io::stdout().is_terminal() {
        return to_stdout(write);
    }
    let mut text = Vec::new();
    write(&mut text)?;
    let text = visible_text(&String::from_utf8_lossy(&text));
    to_stdout(|out| out.write_all(text.as_bytes()))
}
