//! A model on a card beside the same model on the CPU: the same tokens, cell by cell. What the CPU
//! computes is the reference that the card is held to, each figure within what rounding can move
//! it; and what the card works out of its own logits must be what the CPU makes of those.

use super::check::{Check, Outcome};
use super::hold::hold;
use super::reference::{Reference, ReferenceCase, ReferenceCell, ReferenceStep};
use super::tally::{Numbers, Ranks, of_entropy, of_kl};
use crate::engine::{RunRequest, Session};
use crate::lens::{Lens, Logits, Normed, Raw, best_of_all, column};
use crate::model::ModelError;
use crate::run::{Continuation, RunId};
use crate::trace::{Cell, Column, LensKind, TokenId};

/// How many of each row's best tokens are compared.
const TOP: usize = 10;

/// Generates behind `prompt` on the card, runs the same tokens on the CPU, and gives one line a
/// kind of figures.
///
/// # Errors
/// When a run fails.
pub fn beside_the_cpu(
    card: &mut Session,
    cpu: &mut Session,
    prompt: &str,
    max_tokens: usize,
) -> Result<Vec<Check>, ModelError> {
    let run = |continuation| RunRequest {
        id: RunId(1),
        prompt: prompt.to_owned(),
        continuation,
        max_tokens: max_tokens.max(1),
        ..RunRequest::default()
    };
    let (ids, generated) = card.complete(run(Continuation::Generated))?;
    let tokens: Vec<TokenId> = generated.iter().map(|column| column.token).collect();
    let (_, columns) = cpu.complete(run(Continuation::Tokens(tokens)))?;
    let reference = Reference {
        cases: vec![ReferenceCase {
            prompt: prompt.to_owned(),
            steps: steps(cpu, &columns, ids.len())?,
            prompt_ids: ids.clone(),
            watch: Vec::new(),
        }],
    };
    // Before the run is given up for those that are held.
    let own = own_figures(card, &generated, ids.len())?;
    Ok([hold(card, &reference)?, own].concat())
}

/// What the CPU says of each step.
fn steps(
    cpu: &mut Session,
    columns: &[Column],
    prompt: usize,
) -> Result<Vec<ReferenceStep>, ModelError> {
    let raw = cpu.relens(RunId(1), LensKind::Raw)?;
    let states = cpu.states(RunId(1))?.iter().skip(prompt.saturating_sub(1));
    let steps = columns.iter().zip(&raw).zip(states);
    steps
        .map(|((column, raw), states)| {
            let logits = Logits::of(&cpu.model().unembed, states, &Normed)?;
            let best: Vec<_> = logits.with_rows(|rows| {
                let layers = rows.iter().skip(1);
                layers.map(|row| best_of_all(row, TOP, |_| true)).collect()
            })?;
            let cells = column.layers.values().zip(raw.layers.values()).zip(best);
            let layers = cells.map(|((cell, raw), top)| ReferenceCell {
                rank: cell.score.rank,
                raw_rank: Some(raw.score.rank),
                logit: cell.score.logit,
                prob: Some(cell.score.prob),
                entropy: Some(cell.entropy),
                kl: Some(cell.kl),
                top,
            });
            Ok(ReferenceStep {
                token: column.token,
                layers: layers.collect(),
            })
        })
        .collect()
}

/// What is worked out on the card of its logits beside what the CPU makes of the same numbers.
fn own_figures(
    card: &Session,
    columns: &[Column],
    prompt: usize,
) -> Result<Vec<Check>, ModelError> {
    let states = card.states(RunId(1))?.iter().skip(prompt.saturating_sub(1));
    let (mut ranks, mut numbers) = (Ranks::default(), Numbers::default());
    let (mut lists, mut other_lists) = (0, 0);
    for (step, (states, generated)) in states.zip(columns).enumerate() {
        for lens in [&Normed as &dyn Lens, &Raw] {
            let logits = Logits::of(&card.model().unembed, states, lens)?;
            let of = |logits: &Logits| column(logits, generated.token, TOP, card.vocabulary());
            let (found, expected) = (of(&logits)?, of(&logits.on_the_cpu()?)?);
            let pairs = found.layers.values().zip(expected.layers.values());
            for (l, (found, expected)) in pairs.enumerate() {
                let place = || format!("step {step} L{l} {}", lens.kind());
                let rank = expected.score.rank;
                ranks.compare(found.score.rank, rank, &(rank..=rank), place);
                let ties = expected.score.ties;
                ranks.compare(found.score.ties, ties, &(ties..=ties), place);
                compare(&mut numbers, found, expected, &place);
                lists += 1;
                other_lists += usize::from(found.top != expected.top);
            }
        }
    }
    let best = Check {
        what: "best tokens by the device are those of its own logits",
        figures: format!("{} of {lists} lists equal", lists - other_lists),
        outcome: Outcome::from(other_lists == 0),
    };
    let ranks = ranks.check("ranks and ties by the device are those of its own logits");
    let numbers = numbers.check("probabilities, entropies and KL by the device, alike");
    Ok([Some(ranks), Some(best), numbers]
        .into_iter()
        .flatten()
        .collect())
}

fn compare(numbers: &mut Numbers, found: &Cell, expected: &Cell, place: &dyn Fn() -> String) {
    let prob = expected.score.prob;
    numbers.compare(
        found.score.prob,
        prob,
        prob * 1e-5 + f32::MIN_POSITIVE,
        place,
    );
    let entropy = expected.entropy;
    numbers.compare(found.entropy, entropy, of_entropy(entropy, 0.0), place);
    numbers.compare(found.kl, expected.kl, of_kl(expected.kl, 0.0), place);
}
