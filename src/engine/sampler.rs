//! Draws the next token from the model's own output. It works on a copy, so that nothing done
//! here touches what the lens shows.

use candle_core::{Device, Tensor};
use candle_transformers::generation::{LogitsProcessor, Sampling as Method};

use crate::model::ModelError;
use crate::run::Sampling;
use crate::trace::TokenId;
use crate::vocabulary::Vocabulary;

/// Draws tokens for one run.
pub struct Sampler {
    method: LogitsProcessor,
    repeat_penalty: f32,
}

impl std::fmt::Debug for Sampler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sampler").finish_non_exhaustive()
    }
}

impl Sampler {
    /// A sampler for one run.
    #[must_use]
    pub fn new(sampling: &Sampling) -> Self {
        let temperature = sampling.temperature;
        let method = match (sampling.top_k, sampling.top_p) {
            _ if temperature <= 0.0 => Method::ArgMax,
            (None, None) => Method::All { temperature },
            (Some(k), None) => Method::TopK { k, temperature },
            (None, Some(p)) => Method::TopP { p, temperature },
            (Some(k), Some(p)) => Method::TopKThenTopP { k, p, temperature },
        };
        Self {
            method: LogitsProcessor::from_sampling(sampling.seed, method),
            repeat_penalty: sampling.repeat_penalty,
        }
    }

    /// Draws a token from `logits`; `seen` are the tokens so far, prompt included.
    ///
    /// Ids without an entry in the tokenizer are never drawn.
    pub fn draw(
        &mut self,
        logits: &[f32],
        seen: &[TokenId],
        vocabulary: &Vocabulary,
    ) -> Result<TokenId, ModelError> {
        let mut logits = logits.to_vec();
        for (id, z) in (0..).map(TokenId).zip(&mut logits) {
            if vocabulary.is_unused(id) {
                *z = f32::NEG_INFINITY;
            }
        }
        self.penalise(&mut logits, seen);
        let length = logits.len();
        let logits = Tensor::from_vec(logits, length, &Device::Cpu)?;
        let token = self
            .method
            .sample(&logits)
            .map_err(|error| ModelError::Sampling(crate::model::error::plain(&error)))?;
        Ok(TokenId(token))
    }

    /// Keskar et al. 2019, as transformers applies it: once a token, whatever its sign.
    fn penalise(&self, logits: &mut [f32], seen: &[TokenId]) {
        if self.repeat_penalty == 1.0 {
            return;
        }
        let mut seen: Vec<usize> = seen.iter().map(|token| token.0 as usize).collect();
        seen.sort_unstable();
        seen.dedup();
        for id in seen {
            if let Some(z) = logits.get_mut(id) {
                *z = if *z < 0.0 {
                    *z * self.repeat_penalty
                } else {
                    *z / self.repeat_penalty
                };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::vocabulary::Piece;

    fn vocabulary(used: usize, rows: usize) -> Vocabulary {
        let pieces = (0..rows).map(|i| {
            if i < used {
                Piece::Bytes(vec![b'a'])
            } else {
                Piece::Unused
            }
        });
        Vocabulary::new(pieces.collect())
    }

    fn draw(sampling: &Sampling, logits: &[f32], seen: &[u32], used: usize) -> u32 {
        let seen: Vec<TokenId> = seen.iter().copied().map(TokenId).collect();
        Sampler::new(sampling)
            .draw(logits, &seen, &vocabulary(used, logits.len()))
            .unwrap()
            .0
    }

    #[test]
    fn greedy_takes_the_first_of_the_best() {
        assert_eq!(draw(&Sampling::default(), &[1.0, 3.0, 3.0], &[], 3), 1);
    }

    #[test]
    fn a_padded_row_is_never_drawn() {
        assert_eq!(draw(&Sampling::default(), &[1.0, 2.0, 9.0], &[], 2), 1);
        for seed in 0..50 {
            let sampling = Sampling {
                temperature: 2.0,
                seed,
                ..Sampling::default()
            };
            assert!(draw(&sampling, &[1.0, 1.0, 9.0], &[], 2) < 2);
        }
    }

    #[test]
    fn the_penalty_divides_positive_logits_and_multiplies_negative_ones_once() {
        let sampling = Sampling {
            repeat_penalty: 2.0,
            ..Sampling::default()
        };
        assert_eq!(draw(&sampling, &[4.0, 3.0], &[0, 0], 2), 1);
        assert_eq!(draw(&sampling, &[-1.0, -1.5], &[0], 2), 1);
    }

    #[test]
    fn the_same_seed_draws_the_same_tokens() {
        let logits: Vec<f32> = (0..100).map(|i| (i % 7) as f32).collect();
        let sampling = Sampling {
            temperature: 1.0,
            top_k: Some(40),
            top_p: Some(0.9),
            seed: 11,
            ..Sampling::default()
        };
        let first = draw(&sampling, &logits, &[], 100);
        assert_eq!(draw(&sampling, &logits, &[], 100), first);
    }
}
