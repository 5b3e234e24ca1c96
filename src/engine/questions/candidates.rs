//! Where candidates stand at every row of one position.

use crate::engine::{Ask, Question, Session};
use crate::lens::trajectories;
use crate::model::ModelError;
use crate::run::{CandidateRequest, Comparison, RunId};
use crate::trace::{Candidate, LensKind, Position, TokenId};
use crate::vocabulary::Piece;

impl Session {
    /// Follows `wanted` at the position `at` of a kept run, at the rows that its columns have.
    pub fn compare(
        &self,
        run: RunId,
        lens: LensKind,
        at: Position,
        wanted: &[CandidateRequest],
    ) -> Result<Comparison, ModelError> {
        let question = Question {
            run,
            lens,
            rows: self.run_state(run)?.rows,
            ask: Ask::Candidates {
                at,
                wanted: wanted.to_vec(),
            },
        };
        self.candidates(&question, at, wanted)
    }

    /// Follows `wanted` at the position `at` of the run that `question` is about.
    pub(super) fn candidates(
        &self,
        question: &Question,
        at: Position,
        wanted: &[CandidateRequest],
    ) -> Result<Comparison, ModelError> {
        let (run, lens) = (question.run, question.lens);
        let kept = self.run_state(run)?;
        let states = kept.states_before(at)?;
        let context = kept.context(at, self.vocabulary());
        let candidates: Vec<Result<Candidate, String>> = wanted
            .iter()
            .map(|wanted| self.candidate(&context, wanted))
            .collect();
        let logits = self.logits(states, lens, question.rows)?;
        let followed: Vec<Candidate> = candidates.iter().flatten().cloned().collect();
        let mut found = trajectories(&logits, &followed)?.into_iter();
        let trajectories = candidates
            .into_iter()
            .filter_map(|candidate| match candidate {
                Ok(_) => found.next().map(Ok),
                Err(message) => Some(Err(message)),
            })
            .collect();
        Ok(Comparison {
            run,
            at,
            lens,
            trajectories,
        })
    }

    /// What is wanted as a candidate behind `context`; an error where that is no token.
    pub(super) fn candidate(
        &self,
        context: &str,
        wanted: &CandidateRequest,
    ) -> Result<Candidate, String> {
        match wanted {
            CandidateRequest::Text(text) => self.candidate_of_text(context, text),
            CandidateRequest::Token(token) => self.candidate_of_token(*token),
        }
    }

    fn candidate_of_token(&self, token: TokenId) -> Result<Candidate, String> {
        let tokens = self.info().vocab_size;
        if token.0 as usize >= tokens {
            return Err(format!(
                "there is no token #{}; this model has {tokens}",
                token.0
            ));
        }
        let text = match self.vocabulary().piece(token) {
            Piece::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Piece::Special(_) | Piece::Unused => self.vocabulary().label(token),
        };
        Ok(Candidate {
            text,
            tokens: vec![token],
            context_changed: false,
        })
    }

    fn candidate_of_text(&self, context: &str, text: &str) -> Result<Candidate, String> {
        let candidate = self
            .model()
            .tokenizer
            .candidate(context, text)
            .map_err(|error| error.to_string())?;
        match candidate.followed() {
            Some(token) if (token.0 as usize) < self.info().vocab_size => Ok(candidate),
            _ => Err(format!("`{text}` becomes no token of this model")),
        }
    }
}
