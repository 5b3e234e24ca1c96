//! How probable whole candidates are: each of their tokens behind the ones before it.

use std::sync::Arc;

use crate::engine::{Event, Joint, RunId, Session, Wanted};
use crate::lens::{Distribution, Logits, States};
use crate::model::ModelError;
use crate::trace::{Position, Row, TokenId};

impl Session {
    pub(super) fn joint(
        &mut self,
        run: RunId,
        at: Position,
        wanted: &[Wanted],
    ) -> Result<Event, ModelError> {
        let kept = self.kept(run)?;
        let context = kept.context(at, self.vocabulary());
        let interventions = kept.run.interventions.clone();
        let before: Vec<TokenId> = kept.tokens().into_iter().take(at.0).collect();
        let candidates: Vec<_> = wanted
            .iter()
            .map(|wanted| self.candidate(&context, wanted))
            .collect();
        self.intervene(&interventions)?;
        let mut log_probs = Vec::new();
        for candidate in candidates {
            log_probs.push(match candidate {
                Ok(candidate) => Ok(self.log_prob(&before, &candidate.tokens)?),
                Err(message) => Err(message),
            });
        }
        Ok(Event::Joint(Arc::new(Joint {
            run,
            at,
            wanted: wanted.to_vec(),
            log_probs,
        })))
    }

    /// The natural logarithm of the probability of `tokens`, one after the other behind
    /// `before`, as the model's own output has it.
    fn log_prob(&mut self, before: &[TokenId], tokens: &[TokenId]) -> Result<f32, ModelError> {
        let whole = [before, tokens].concat();
        let read = &whole[..whole.len().saturating_sub(1)];
        while self.reader.read_of(read).len() < read.len() {
            let _: std::ops::ControlFlow<()> = self.reader.read(read, &|| true)?;
        }
        let states = self.reader.read_of(read);
        let sum = tokens
            .iter()
            .enumerate()
            .map(|(i, token)| {
                let position = before.len() + i;
                let states = position.checked_sub(1).and_then(|last| states.get(last));
                let states = states.ok_or(ModelError::NoSuchPosition { position })?;
                self.output_log_prob(states, *token)
            })
            .sum::<Result<f64, ModelError>>()?;
        #[expect(clippy::cast_possible_truncation, reason = "a cell's figures are f32")]
        let sum = sum as f32;
        Ok(sum)
    }

    fn output_log_prob(&self, states: &States, token: TokenId) -> Result<f64, ModelError> {
        let logits = Logits::of_output(&self.model().head, states)?;
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
}
