//! `lenscape trace`: a run without a screen.

use std::io::{self, Write};

use super::CommandError;
use crate::engine::{Continuation, Intervention, Opener, Run, RunId, Sampling, Session};
use crate::export::Record;
use crate::trace::{LensKind, Position, Skip};

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

/// Runs the request and gives what is to be written to `write`.
pub fn trace(
    opener: &Opener,
    request: &Request,
    write: impl FnOnce(&Record, &Session) -> io::Result<()>,
) -> Result<(), CommandError> {
    let mut session = super::open(opener, &request.model)?;
    let record = record(&mut session, request)?;
    write(&record, &session)?;
    Ok(())
}

/// Generates, and follows what is watched.
fn record(session: &mut Session, request: &Request) -> Result<Record, CommandError> {
    let run = RunId(1);
    let (prompt_ids, columns) = session.complete(request.run(run))?;
    let after_prompt = Position(prompt_ids.len());
    let watch = session
        .compare(run, request.lens, after_prompt, &request.watch)?
        .trajectories
        .into_iter()
        .collect::<Result<_, _>>()
        .map_err(CommandError::Watch)?;
    let info = session.info();
    Ok(Record {
        model: info.name.clone(),
        lens: request.lens,
        n_layers: info.n_layers,
        prompt: request.prompt.clone(),
        prompt_ids,
        columns,
        watch,
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
