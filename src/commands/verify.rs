//! `lenscape verify`: checks on any checkpoint that the lens is right.
//!
//! The lens' last row must be the model's own output, worked out here in the plainest way: one
//! pass over the whole text, no cache, the head on the last state alone. The cells of a cached
//! run must be those of uncached ones. A model on a card is held to the same model on the CPU, cell
//! by cell. And where there are reference values that another program
//! computed, every figure must be theirs. "The same" is what rounding allows, see
//! [`crate::lens::rounding`].

use std::io::Write;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::ExitCode;

use candle_core::Tensor;
use clap::Args;
use color_eyre::eyre::Result as EyreResult;

use super::CommandError;
use super::context::{self, TOP_TOKENS};
use super::options::{ChatOptions, DeviceOptions, DtypeChoice};
use super::standard_output::StandardOutput;
use crate::engine::{Opener, RunRequest, Session};
use crate::lens::rounding::{Rounding, largest};
use crate::lens::{Logits, Normed, StateTap, States};
use crate::model::device::{OpenDevices, Processor};
use crate::model::unembed::NormedRows;
use crate::model::{Model, ModelError};
use crate::run::{ChatFrame, RunId, Sampling};
use crate::trace::{Column, LensKind, Row, TokenId};
use crate::verify::{Check, Outcome, Reference, beside_the_cpu, hold};
use crate::vocabulary::visible_line;

/// Options of `lenscape verify`.
#[derive(Args, Debug)]
pub struct Verify {
    /// The model: a catalog name, a hub id `org/name[@rev]`, a `.gguf` file or a folder.
    #[arg(long, short)]
    pub model: Option<String>,
    /// How weights are held and computed with.
    #[arg(long, value_name = "TYPE")]
    pub dtype: Option<DtypeChoice>,
    /// Where it runs.
    #[command(flatten)]
    pub device: DeviceOptions,
    /// The text that is run.
    #[arg(long, default_value = "The keys to the cabinet")]
    pub prompt: String,
    /// The prompt as a turn of a conversation.
    #[command(flatten)]
    pub chat: ChatOptions,
    /// How many tokens to generate.
    #[arg(long, short = 'n', default_value_t = 8)]
    pub max_tokens: usize,
    /// Hold every figure to the reference values in this JSON file; `examples/reference.py` makes
    /// one with Hugging Face transformers.
    #[arg(long, value_name = "FILE")]
    pub reference: Option<PathBuf>,
}

/// What stands below the options: the form of the reference values.
pub(super) const REFERENCE_FORM: &str = r#"Examples:
  lenscape verify --model ./model.gguf
  python examples/reference.py ./model.gguf model.json
  lenscape verify --model ./model.gguf --reference model.json

Reference values, float32:
  {"cases": [{"prompt": "The keys", "prompt_ids": [504, 6812],
     "steps": [{"token": 288, "layers": [CELL, ...]}, ...],
     "watch": [{"text": " is", "id": 314, "ranks": [383, ...]}]}, ...]}
  with one CELL a layer, layer 0 first, of what the state before the token says of it:
     {"rank": 6, "raw_rank": 10, "logit": 2.93, "prob": 0.019, "entropy": 5.11, "kl": 0.75,
      "top": [[0, 3.87], [71, 3.68]]}
  rank and logit under the lens normed, raw_rank under the lens raw; entropy and KL(final layer ||
  this one) in nats; top: the best tokens with their logits. watch follows tokens behind the
  prompt. raw_rank, prob, entropy, kl, top and watch may be left out.

A figure passes where float32 rounding can account for the difference: each logit is held to an
error bound worked out from the model's depth and widths, each rank to where it can lie within it."#;

impl Verify {
    /// Makes the checks, and writes a line for each to standard output.
    ///
    /// # Errors
    ///
    /// When the model cannot be opened, or a check fails.
    pub fn run(self) -> EyreResult<ExitCode> {
        let settings = context::user_settings()?;
        let opener = Opener::from_env(context::dtype(self.dtype, &settings), TOP_TOKENS)?
            .on(self.device.wanted(&settings.options));
        let request = Request {
            model: context::wanted_model(self.model.as_ref(), &settings),
            prompt: self.prompt,
            chat: self.chat.frame()?,
            max_tokens: self.max_tokens,
            reference: self.reference,
        };
        verify(&opener, &request, &mut StandardOutput::default())?;
        Ok(ExitCode::SUCCESS)
    }
}

/// What is to be checked.
#[derive(Clone, Debug)]
pub struct Request {
    /// The model, as a user names it.
    pub model: String,
    /// The text that is run.
    pub prompt: String,
    /// The conversation whose next turn it is.
    pub chat: Option<ChatFrame>,
    /// How many tokens to generate.
    pub max_tokens: usize,
    /// The file of reference values.
    pub reference: Option<PathBuf>,
}

/// Checks a model on a greedy run, and against reference values where there are some. Writes one
/// line a check.
pub fn verify(opener: &Opener, request: &Request, out: &mut dyn Write) -> Result<(), CommandError> {
    // A file that cannot be used is told before a large model is loaded.
    let reference = request.reference.as_deref().map(Reference::read);
    let reference = reference.transpose()?;
    if reference.is_some() && opener.dtype().rounds_to().is_some() {
        return Err(CommandError::RoundedReference(opener.dtype()));
    }
    let mut session = super::open(opener, &request.model)?;
    let mut failed = 0;
    let mut on_card = None;
    let mut tell = |checks: &[Check]| -> Result<(), CommandError> {
        for check in checks {
            failed += usize::from(check.outcome == Outcome::Failed);
            writeln!(out, "{}", visible_line(&check.to_string()))?;
        }
        Ok(())
    };
    if let Some(reference) = &reference {
        tell(&hold(&mut session, reference)?)?;
    }
    if !session.model().placement.is_of_kernels() {
        let cpu = Opener::from_env(opener.dtype(), TOP_TOKENS)?
            .on_opened(OpenDevices::one(Processor::cpu()));
        let mut cpu = super::open(&cpu, &request.model)?;
        let (prompt, max_tokens) = (&request.prompt, request.max_tokens);
        let checks = beside_the_cpu(&mut session, &mut cpu, prompt, max_tokens)?;
        tell(&checks)?;
        on_card = Some(session.info().device.clone());
    }
    tell(&of_itself(session, request)?)?;
    if let Some(device) = on_card {
        let answer = if failed == 0 { "yes" } else { "no" };
        writeln!(
            out,
            "{answer}: what {device} computes is what the CPU computes"
        )?;
    }
    match failed {
        0 => Ok(()),
        failed => Err(CommandError::ChecksFailed(failed)),
    }
}

/// What must hold of any model.
fn of_itself(mut session: Session, request: &Request) -> Result<Vec<Check>, ModelError> {
    let id = RunId(0);
    let (prompt, columns) = session.complete(RunRequest {
        id,
        prompt: request.prompt.clone(),
        chat: request.chat.clone(),
        max_tokens: request.max_tokens.max(1),
        sampling: Sampling::default(),
        lens: LensKind::Normed,
        ..RunRequest::default()
    })?;
    let first = prompt.len().saturating_sub(1);
    let cached: Vec<States> = session.states(id)?.iter().skip(first).cloned().collect();
    let mut model = session.into_model();
    let rounding = Rounding::of(&model, prompt.len() + columns.len());
    let mut last_row = LastRow::default();
    let mut same_cells = SameCells::default();
    let mut text = prompt;
    for (cached, column) in cached.iter().zip(&columns) {
        let (uncached, state) = uncached(&mut model, &text)?;
        let uncached = Logits::of(&model.unembed, &uncached, &Normed)?;
        let own = model
            .unembed
            .logits(&state, NormedRows::All)?
            .flatten_all()?
            .to_vec1::<f32>()?;
        let cached = Logits::of(&model.unembed, cached, &Normed)?;
        uncached.with_rows(|uncached| {
            last_row.compare(uncached.last().copied().unwrap_or_default(), &own, rounding);
            cached.with_rows(|cached| same_cells.compare(cached, uncached, column.token, rounding))
        })??;
        text.push(column.token);
    }
    let mut checks = vec![last_row.check(), rank_one(&columns)];
    // Where results are rounded, a sum in another order can fall on the other side.
    if model.dtype.rounds_to().is_none() {
        checks.push(same_cells.check());
    }
    Ok(checks)
}

/// The states behind a text in one pass without a cache, and the last one alone, `[1, d]`.
fn uncached(model: &mut Model, text: &[TokenId]) -> Result<(States, Tensor), ModelError> {
    model.decoder.rewind(0);
    let mut tap = StateTap::default();
    let mut last: Option<Tensor> = None;
    let _: ControlFlow<()> = model.decoder.forward(text, &mut |row, state| {
        tap.take(row, state)?;
        if row != Row::Embedding {
            last = Some(state.clone());
        }
        Ok(ControlFlow::Continue(()))
    })?;
    let state = last.ok_or(ModelError::EmptyPrompt)?;
    Ok((tap.states()?, state.narrow(0, text.len() - 1, 1)?))
}

/// The largest difference of two rows of logits.
fn difference(a: &[f32], b: &[f32]) -> f32 {
    let pairs = a.iter().zip(b);
    pairs.fold(0.0, |most, (a, b)| most.max((a - b).abs()))
}

/// The lens' last row beside the model's own logits.
#[derive(Default)]
struct LastRow {
    positions: usize,
    /// Positions where they are apart.
    apart: usize,
    difference: f32,
    largest: f32,
}

impl LastRow {
    fn compare(&mut self, row: &[f32], own: &[f32], rounding: Rounding) {
        let (difference, largest) = (difference(row, own), largest(own));
        self.positions += 1;
        self.apart +=
            usize::from(row.len() != own.len() || difference > rounding.of_unembedding(largest));
        self.difference = self.difference.max(difference);
        self.largest = self.largest.max(largest);
    }

    fn check(self) -> Check {
        Check {
            what: "the lens' last row is the model's own output",
            figures: format!(
                "{} positions, largest difference {:.1e} of logits up to {:.1}",
                self.positions, self.difference, self.largest
            ),
            outcome: Outcome::from(self.apart == 0),
        }
    }
}

/// The rows of cached positions beside those of uncached ones.
#[derive(Default)]
struct SameCells {
    cells: usize,
    equal: usize,
    /// Rows with a logit further away than rounding goes.
    apart: usize,
    difference: f32,
    /// The largest difference as a share of what rounding can do.
    share: f32,
}

impl SameCells {
    fn compare(
        &mut self,
        cached: &[&[f32]],
        uncached: &[&[f32]],
        token: TokenId,
        rounding: Rounding,
    ) {
        for (blocks, (cached, uncached)) in cached.iter().zip(uncached).enumerate() {
            let difference = difference(cached, uncached);
            let bound = rounding.bound(blocks, largest(uncached));
            self.cells += 1;
            self.equal += usize::from(rank(cached, token) == rank(uncached, token));
            self.apart += usize::from(difference > bound);
            self.difference = self.difference.max(difference);
            if difference > 0.0 {
                self.share = self.share.max(difference / bound);
            }
        }
    }

    fn check(self) -> Check {
        Check {
            what: "cached and uncached runs give the same cells",
            figures: format!(
                "{} of {} ranks equal, largest difference of a logit {:.1e}, {:.0} % of what \
                 rounding can do at most, {} rows beyond it",
                self.equal,
                self.cells,
                self.difference,
                self.share * 100.0,
                self.apart
            ),
            outcome: Outcome::from(self.apart == 0),
        }
    }
}

fn rank(row: &[f32], token: TokenId) -> usize {
    let own = row.get(token.0 as usize).copied();
    1 + row.iter().filter(|logit| Some(**logit) > own).count()
}

fn rank_one(columns: &[Column]) -> Check {
    let wrong = columns
        .iter()
        .filter(|column| column.layers.last().map(|cell| cell.score.rank) != Some(1))
        .count();
    Check {
        what: "the greedy choice has rank 1 at the last layer",
        figures: format!("{wrong} of {} steps otherwise", columns.len()),
        outcome: Outcome::from(wrong == 0),
    }
}
