//! `lenscape verify`: checks on any checkpoint that the lens is right.
//!
//! The lens' last row must be the model's own output, worked out here in the plainest way: one
//! pass over the whole text, no cache, the head on the last state alone. And the cells of a
//! cached run must be those of uncached ones.

use std::io::Write;
use std::ops::ControlFlow;

use candle_core::Tensor;

use super::CommandError;
use crate::engine::{Opener, Run, RunId, Sampling, Session};
use crate::lens::{Logits, StateTap, column};
use crate::model::{Model, ModelError};
use crate::trace::{Column, LensKind, Row, TokenId};
use crate::vocabulary::Vocabulary;

/// Products of different shapes round differently; float32 sums of a few thousand terms agree
/// to about this part of the largest logit.
const TOLERANCE: f32 = 1e-3;

/// One check's outcome.
struct Check {
    what: &'static str,
    figures: String,
    passed: bool,
}

/// Checks `model` on a greedy run and writes one line a check.
pub fn verify(
    opener: &Opener,
    model: &str,
    prompt: &str,
    max_tokens: usize,
    out: &mut dyn Write,
) -> Result<(), CommandError> {
    let mut session = super::open(opener, model)?;
    let (prompt, cached) = run(&mut session, prompt, max_tokens)?;
    let vocabulary = session.vocabulary().clone();
    let mut model = session.into_model();
    let uncached = uncached(&mut model, &prompt, &cached, &vocabulary)?;
    let tolerance = TOLERANCE.max(model.dtype.step());
    let mut checks = vec![last_row(&uncached, tolerance), rank_one(&cached)];
    // Where results are rounded, a sum in another order can fall on the other side.
    if model.dtype.rounds_to().is_none() {
        checks.push(same_cells(&cached, &uncached));
    }
    for check in &checks {
        let mark = if check.passed { "ok  " } else { "FAIL" };
        writeln!(out, "{mark}  {}: {}", check.what, check.figures)?;
    }
    match checks.iter().filter(|check| !check.passed).count() {
        0 => Ok(()),
        failed => Err(CommandError::ChecksFailed(failed)),
    }
}

/// A greedy run with the cache.
fn run(
    session: &mut Session,
    prompt: &str,
    max_tokens: usize,
) -> Result<(Vec<TokenId>, Vec<Column>), ModelError> {
    session.complete(Run {
        id: RunId(1),
        prompt: prompt.to_owned(),
        max_tokens: max_tokens.max(1),
        sampling: Sampling::default(),
        lens: LensKind::Normed,
        ..Run::default()
    })
}

/// One step, worked out from the whole text without a cache.
struct Uncached {
    column: Column,
    /// Largest difference between the lens' last row and the model's own logits.
    difference: f32,
    /// Largest size of the model's own logits.
    largest: f32,
}

fn uncached(
    model: &mut Model,
    prompt: &[TokenId],
    cached: &[Column],
    vocabulary: &Vocabulary,
) -> Result<Vec<Uncached>, ModelError> {
    let mut text = prompt.to_vec();
    cached
        .iter()
        .map(|column| {
            let step = uncached_step(model, &text, column.token, vocabulary);
            text.push(column.token);
            step
        })
        .collect()
}

fn uncached_step(
    model: &mut Model,
    text: &[TokenId],
    token: TokenId,
    vocabulary: &Vocabulary,
) -> Result<Uncached, ModelError> {
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
    let own = model
        .head
        .logits(&state.narrow(0, text.len() - 1, 1)?, 0)?
        .flatten_all()?
        .to_vec1::<f32>()?;
    let logits = Logits::of(&model.head, &tap.states()?, LensKind::Normed)?;
    let difference = logits.with_rows(|rows| {
        let last = rows.last().copied().unwrap_or_default();
        largest(last.iter().zip(&own).map(|(lens, own)| lens - own))
    })?;
    Ok(Uncached {
        column: column(&logits, token, 1, vocabulary)?,
        difference,
        largest: largest(own.iter().copied()),
    })
}

fn largest(values: impl Iterator<Item = f32>) -> f32 {
    values.fold(0.0, |largest, x| largest.max(x.abs()))
}

fn last_row(steps: &[Uncached], tolerance: f32) -> Check {
    let difference = largest(steps.iter().map(|step| step.difference));
    let size = largest(steps.iter().map(|step| step.largest));
    Check {
        what: "the lens' last row is the model's own output",
        figures: format!(
            "{} positions, largest difference {difference:.1e} of logits up to {size:.1}",
            steps.len()
        ),
        passed: steps
            .iter()
            .all(|step| step.difference <= tolerance * step.largest.max(1.0)),
    }
}

fn same_cells(cached: &[Column], uncached: &[Uncached]) -> Check {
    let (mut cells, mut equal, mut far) = (0_usize, 0_usize, 0_usize);
    let mut difference = 0.0_f32;
    for (a, b) in cached.iter().zip(uncached) {
        for (a, b) in a.layers.iter().zip(&b.column.layers) {
            let apart = a.score.rank.abs_diff(b.score.rank);
            cells += 1;
            equal += usize::from(apart == 0);
            far += usize::from(f64::from(apart) > 1.0 + 0.01 * f64::from(b.score.rank));
            difference = difference.max((a.score.prob - b.score.prob).abs());
        }
    }
    Check {
        what: "cached and uncached runs give the same cells",
        figures: format!(
            "{equal} of {cells} ranks equal, {far} off by more than 1 + 1 %, probabilities \
             differ by at most {difference:.1e}"
        ),
        passed: far == 0 && equal * 100 >= cells * 99 && difference <= TOLERANCE,
    }
}

fn rank_one(cached: &[Column]) -> Check {
    let wrong = cached
        .iter()
        .filter(|column| column.layers.last().map(|cell| cell.score.rank) != Some(1))
        .count();
    Check {
        what: "the greedy choice has rank 1 at the last layer",
        figures: format!("{wrong} of {} steps otherwise", cached.len()),
        passed: wrong == 0,
    }
}
