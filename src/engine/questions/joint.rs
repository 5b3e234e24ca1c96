//! How probable whole candidates are: each of their tokens behind the ones before it.

use crate::engine::kv_session::KvSession;
use crate::engine::{Answer, Session};
use crate::lens::{Distribution, Logits, States};
use crate::model::ModelError;
use crate::model::unembed::Unembed;
use crate::run::{CandidateRequest, RunId};
use crate::trace::{LogProb, Position, Row, TokenId};

impl Session {
    pub(super) fn joint(
        &mut self,
        run: RunId,
        at: Position,
        wanted: &[CandidateRequest],
    ) -> Result<Answer, ModelError> {
        let kept = self.run_state(run)?;
        let context = kept.context(at, self.vocabulary());
        let before: Vec<TokenId> = kept.tokens().into_iter().take(at.0).collect();
        let candidates: Vec<_> = wanted
            .iter()
            .map(|wanted| self.candidate(&context, wanted))
            .collect();
        let log_probs: Vec<_> = self.aside(run, &before, |kv_session| {
            candidates
                .into_iter()
                .map(|candidate| match candidate {
                    Ok(candidate) => log_prob(kv_session, &before, &candidate.tokens).map(Ok),
                    Err(message) => Ok(Err(message)),
                })
                .collect()
        })?;
        Ok(Answer::Joint(log_probs.into()))
    }
}

/// The probability of `tokens`, one after the other behind `before`, as the model's own output
/// has it.
fn log_prob(
    kv_session: &mut KvSession,
    before: &[TokenId],
    tokens: &[TokenId],
) -> Result<LogProb, ModelError> {
    let whole = [before, tokens].concat();
    let states = kv_session
        .read(&whole[..whole.len().saturating_sub(1)])?
        .to_vec();
    let log_probs = tokens.iter().enumerate().map(|(i, token)| {
        let position = before.len() + i;
        let states = position.checked_sub(1).and_then(|last| states.get(last));
        let states = states.ok_or(ModelError::NoSuchPosition { position })?;
        output_log_prob(&kv_session.model().unembed, states, *token)
    });
    let sum = log_probs.sum::<Result<f64, ModelError>>()?;
    Ok(LogProb(sum))
}

fn output_log_prob(unembed: &Unembed, states: &States, token: TokenId) -> Result<f64, ModelError> {
    let logits = Logits::of_output(unembed, states)?;
    logits.with_rows(|rows| {
        let row = rows.last().copied().unwrap_or_default();
        let distribution = Distribution::of(row).ok_or_else(|| ModelError::NotFinite {
            place: Row::Embedding.to_string(),
            dtype: logits.dtype(),
        })?;
        let logit = row.get(token.0 as usize).ok_or(ModelError::UnknownToken {
            id: token.0,
            rows: row.len(),
        })?;
        Ok(f64::from(*logit) - distribution.log_sum_exp)
    })?
}
