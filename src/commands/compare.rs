//! `lenscape compare`: candidates at one position of one or several prompts, without a screen.

use std::io;

use super::CommandError;
use crate::engine::{Answer, Ask, Opener, Question, Run, Session};
use crate::export::comparison::{ComparedCandidate, ComparedPrompt, Comparisons};
use crate::run::{RunId, Wanted};
use crate::trace::{Column, LensKind, Step};
use crate::vocabulary::TextStream;

/// What is compared.
#[derive(Clone, Debug)]
pub struct Request {
    /// A catalog name, hub id, file or folder.
    pub model: String,
    /// Each taken exactly as it is.
    pub prompts: Vec<String>,
    /// Who is followed.
    pub candidates: Vec<Wanted>,
    /// Under which lens.
    pub lens: LensKind,
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
    let (_, columns) = session.complete(Run {
        id: run,
        prompt: prompt.to_owned(),
        max_tokens,
        lens: request.lens,
        ..Run::default()
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
        prompt: prompt.to_owned(),
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
