//! A session held to reference values.

use super::check::{Check, Outcome};
use super::reference::{Reference, ReferenceCase, ReferenceStep, Watch};
use super::tally::{Numbers, Ranks, of_entropy, of_kl};
use crate::engine::{RunRequest, Session};
use crate::lens::rounding::{self, Rounding};
use crate::lens::{Logits, Normed, Raw, States, best_of_all, column};
use crate::model::ModelError;
use crate::run::{Continuation, RunId};
use crate::trace::{Cell, Position, Step, TokenId};
use crate::vocabulary::visible_label;

/// Holds a session to every figure of a reference, and gives one line a kind of figures. Where the
/// tokens of a prompt are others, that is told first, and no figure of that prompt is looked at.
///
/// # Errors
/// When a run fails.
pub fn hold(session: &mut Session, reference: &Reference) -> Result<Vec<Check>, ModelError> {
    let mut holding = Holding::new(session);
    let mut told = Prompts::default();
    for (i, case) in reference.cases.iter().enumerate() {
        if told.holds(session, case)? {
            holding.case(session, RunId(i as u64 + 1), case)?;
        }
    }
    let prompts = told.check(reference.cases.len());
    Ok(std::iter::once(prompts).chain(holding.checks()).collect())
}

/// Whether texts become the same tokens.
#[derive(Default)]
struct Prompts {
    other: usize,
    first_other: Option<String>,
}

impl Prompts {
    fn holds(&mut self, session: &Session, case: &ReferenceCase) -> Result<bool, ModelError> {
        let found = session.model().tokenizer.encode(&case.prompt)?;
        if found == case.prompt_ids {
            return Ok(true);
        }
        self.other += 1;
        self.first_other.get_or_insert_with(|| {
            let at = found
                .iter()
                .zip(&case.prompt_ids)
                .take_while(|(a, b)| a == b);
            let at = at.count();
            let id = |ids: &[TokenId]| ids.get(at).map_or("nothing".into(), |id| id.0.to_string());
            let text: String = visible_label(case.prompt.as_bytes())
                .chars()
                .take(60)
                .collect();
            format!(
                "; `{text}` has {} tokens, the reference {}; token {} is {}, the reference has {}",
                found.len(),
                case.prompt_ids.len(),
                at + 1,
                id(&found),
                id(&case.prompt_ids)
            )
        });
        Ok(false)
    }

    fn check(self, cases: usize) -> Check {
        let first = self.first_other.unwrap_or_default();
        Check {
            what: "prompts become the reference's tokens",
            figures: format!("{} of {cases} do{first}", cases - self.other),
            outcome: Outcome::from(self.other == 0),
        }
    }
}

/// What has been compared so far.
struct Holding {
    rounding: Rounding,
    /// Layers that the model has.
    layers: usize,
    /// Where the reference has another number of layers.
    other_depth: Option<usize>,
    normed: Ranks,
    raw: Ranks,
    watched: Ranks,
    logits: Numbers,
    probabilities: Numbers,
    entropies: Numbers,
    kls: Numbers,
    best: Best,
}

impl Holding {
    fn new(session: &Session) -> Self {
        Self {
            rounding: Rounding::of(session.model(), 0),
            layers: session.info().n_layers,
            other_depth: None,
            normed: Ranks::default(),
            raw: Ranks::default(),
            watched: Ranks::default(),
            logits: Numbers::default(),
            probabilities: Numbers::default(),
            entropies: Numbers::default(),
            kls: Numbers::default(),
            best: Best::default(),
        }
    }

    /// One prompt, with the reference's own continuation: what rounding may decide between two
    /// equal tokens does not lead to another text.
    fn case(
        &mut self,
        session: &mut Session,
        id: RunId,
        case: &ReferenceCase,
    ) -> Result<(), ModelError> {
        let tokens: Vec<TokenId> = case.steps.iter().map(|step| step.token).collect();
        session.complete(RunRequest {
            id,
            prompt: case.prompt.clone(),
            max_tokens: tokens.len(),
            continuation: Continuation::Tokens(tokens),
            ..RunRequest::default()
        })?;
        if let Some(last) = case.steps.len().checked_sub(1) {
            let text = session.position(id, Step(last))?.0 + 1;
            self.rounding = Rounding::of(session.model(), text);
        }
        for (s, step) in case.steps.iter().enumerate() {
            let at = session.position(id, Step(s))?;
            let states = states_before(session, id, at)?;
            self.step(session, &states, step, &|l| {
                let text: String = visible_label(case.prompt.as_bytes())
                    .chars()
                    .take(40)
                    .collect();
                format!("`{text}` step {} L{l}", s + 1)
            })?;
            if s == 0 {
                self.watch(session, &states, &case.watch)?;
            }
        }
        session.forget(id);
        Ok(())
    }

    fn step(
        &mut self,
        session: &Session,
        states: &States,
        step: &ReferenceStep,
        place: &dyn Fn(usize) -> String,
    ) -> Result<(), ModelError> {
        if step.layers.len() != self.layers {
            self.other_depth.get_or_insert(step.layers.len());
            return Ok(());
        }
        let unembed = &session.model().unembed;
        let logits = Logits::of(unembed, states, &Normed)?;
        let found = column(&logits, step.token, 0, session.vocabulary())?;
        logits.with_rows(|rows| {
            for (l, row) in rows.iter().skip(1).enumerate() {
                self.row(row, &found.layers[l], step, l, &|| place(l));
            }
        })?;
        if step.layers.iter().all(|cell| cell.raw_rank.is_none()) {
            return Ok(());
        }
        Logits::of(unembed, states, &Raw)?.with_rows(|rows| {
            for (l, row) in rows.iter().skip(1).enumerate() {
                if let Some(expected) = step.layers[l].raw_rank {
                    let bound = self.bound(l, row);
                    let place = || format!("{} raw", place(l));
                    compare_rank(&mut self.raw, row, step.token, expected, bound, place);
                }
            }
        })
    }

    /// How far rounding moves a logit of layer `l`.
    fn bound(&self, l: usize, row: &[f32]) -> f32 {
        self.rounding.bound(l + 1, rounding::largest(row))
    }

    fn row(
        &mut self,
        row: &[f32],
        found: &Cell,
        step: &ReferenceStep,
        l: usize,
        place: &dyn Fn() -> String,
    ) {
        let expected = &step.layers[l];
        let bound = self.bound(l, row);
        compare_rank(
            &mut self.normed,
            row,
            step.token,
            expected.rank,
            bound,
            place,
        );
        self.logits
            .compare(found.score.logit, expected.logit, bound, place);
        if let Some(prob) = expected.prob {
            // ln p moves by 2 bounds at most. A reference in float32 has no numbers below its
            // smallest one, nor digits near it.
            let bound = prob * (2.0 * bound).exp_m1() + prob * 1e-5 + f32::MIN_POSITIVE;
            self.probabilities
                .compare(found.score.prob, prob, bound, place);
        }
        if let Some(entropy) = expected.entropy {
            let bound = of_entropy(entropy.abs(), bound);
            self.entropies.compare(found.entropy, entropy, bound, place);
        }
        if let Some(kl) = expected.kl {
            let bound = of_kl(kl.abs(), bound);
            self.kls.compare(found.kl, kl, bound, place);
        }
        // A padded vocabulary's rows count where the model itself counts them.
        let best = best_of_all(row, expected.top.len(), |_| true);
        let same = expected.top.iter().zip(&best).all(|(a, b)| a.0 == b.0);
        self.best.rows += usize::from(!expected.top.is_empty());
        self.best.equal += usize::from(!expected.top.is_empty() && same);
        for (at, (token, logit)) in (1..).zip(&expected.top) {
            let own = row.get(token.0 as usize).copied().unwrap_or(f32::NAN);
            self.logits.compare(own, *logit, bound, place);
            let possible = rounding::possible_ranks(row, *token, bound);
            if !possible.is_some_and(|possible| possible.contains(&at)) {
                self.best.outside += 1;
                self.best.first_outside.get_or_insert_with(place);
            }
        }
    }

    fn watch(
        &mut self,
        session: &Session,
        states: &States,
        watch: &[Watch],
    ) -> Result<(), ModelError> {
        if watch.is_empty() {
            return Ok(());
        }
        let logits = Logits::of(&session.model().unembed, states, &Normed)?;
        logits.with_rows(|rows| {
            for watch in watch {
                if watch.ranks.len() != self.layers {
                    self.other_depth.get_or_insert(watch.ranks.len());
                    continue;
                }
                for (l, (row, expected)) in rows.iter().skip(1).zip(&watch.ranks).enumerate() {
                    let bound = self.bound(l, row);
                    let place = || format!("watched #{} L{l}", watch.id.0);
                    compare_rank(&mut self.watched, row, watch.id, *expected, bound, place);
                }
            }
        })
    }

    fn checks(self) -> Vec<Check> {
        let depth = self.other_depth.map(|other| Check {
            what: "the reference is of a model of this depth",
            figures: format!("it has {other} layers, the model {}", self.layers),
            outcome: Outcome::Failed,
        });
        let ranks = |ranks: Ranks, what| (ranks.compared() > 0).then(|| ranks.check(what));
        [
            depth,
            ranks(self.normed, "ranks"),
            ranks(self.raw, "ranks under the lens raw"),
            ranks(self.watched, "ranks of watched tokens"),
            self.logits.check("logits"),
            self.best.check(),
            self.probabilities.check("probabilities"),
            self.entropies.check("entropies"),
            self.kls.check("KL from the final layer"),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// Lists of best tokens.
#[derive(Debug, Default)]
struct Best {
    rows: usize,
    equal: usize,
    outside: usize,
    first_outside: Option<String>,
}

impl Best {
    fn check(self) -> Option<Check> {
        let first = self.first_outside.map(|place| format!("; first {place}"));
        (self.rows > 0).then(|| Check {
            what: "best tokens",
            figures: format!(
                "{} of {} lists equal, {} tokens in a place where rounding cannot put them{}",
                self.equal,
                self.rows,
                self.outside,
                first.unwrap_or_default()
            ),
            outcome: Outcome::from(self.outside == 0),
        })
    }
}

/// Counts the rank of a token; one that the model does not have is outside of everything.
fn compare_rank(
    ranks: &mut Ranks,
    row: &[f32],
    token: TokenId,
    expected: u32,
    bound: f32,
    place: impl FnOnce() -> String,
) {
    let own = row.get(token.0 as usize).copied().unwrap_or(f32::NAN);
    let above = row.iter().filter(|logit| **logit > own).count();
    let found = 1 + u32::try_from(above).unwrap_or(u32::MAX - 1);
    let possible = rounding::possible_ranks(row, token, bound).unwrap_or(0..=0);
    ranks.compare(found, expected, &possible, place);
}

fn states_before(session: &Session, run: RunId, at: Position) -> Result<States, ModelError> {
    let states = session.states(run)?;
    let before = at.0.checked_sub(1).and_then(|before| states.get(before));
    before
        .cloned()
        .ok_or(ModelError::NoSuchPosition { position: at.0 })
}
