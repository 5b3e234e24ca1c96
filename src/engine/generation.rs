//! A run on its way: a piece of the prompt, or one token at a time.

use std::ops::ControlFlow;

use super::Session;
use super::run_state::RunState;
use crate::model::ModelError;
use crate::run::{RunId, StopReason};
use crate::trace::{Column, Position, Rows, Step, TokenId};

/// What one [`Session::advance`] did.
#[derive(Debug)]
pub enum Progress {
    /// Some of the prompt was processed.
    Prompt {
        /// Tokens so far.
        done: usize,
        /// Tokens in all.
        total: usize,
    },
    /// A token was generated.
    Step {
        /// Its place in the run.
        step: Step,
        /// What every row says of it.
        column: Column,
        /// The whole characters that it completed.
        text: String,
    },
    /// The run ended.
    Finished {
        /// What ended it.
        reason: StopReason,
        /// What was still waiting for the rest of a character.
        text: String,
    },
}

impl Session {
    /// Goes on with the run: a piece of the prompt, or one token. `wanted` is asked between
    /// blocks; when it says no, the run ends as [`StopReason::Stopped`].
    pub fn advance(&mut self, wanted: &dyn Fn() -> bool) -> Result<Progress, ModelError> {
        let Some(mut kept) = self.runs.pop() else {
            return Ok(Progress::Finished {
                reason: StopReason::Stopped,
                text: String::new(),
            });
        };
        let progress = self.advance_run(&mut kept, wanted);
        let progress = progress.map_err(|error| self.model().placement.about(error));
        if progress.is_err() {
            kept.ended = Some(StopReason::Stopped);
        }
        self.runs.push(kept);
        progress
    }

    fn advance_run(
        &mut self,
        kept: &mut RunState,
        wanted: &dyn Fn() -> bool,
    ) -> Result<Progress, ModelError> {
        if let Some(reason) = kept.ended.or_else(|| self.reason_to_stop(kept)) {
            return Ok(kept.end(reason));
        }
        let tokens = kept.tokens();
        if kept.read() < tokens.len() {
            if self.is_saved() {
                return Ok(kept.end(StopReason::MaxTokens));
            }
            self.intervene(&kept.run.interventions)?;
            self.kv_session.take(kept.rows);
            let prompt = kept.prompt.len();
            if self
                .kv_session
                .read_run(&tokens, prompt, wanted)?
                .is_break()
            {
                return Ok(kept.end(StopReason::Stopped));
            }
            let read = self.kv_session.read_of_run(&tokens, prompt);
            kept.take_states(read);
            if kept.generated.is_empty() {
                return Ok(Progress::Prompt {
                    done: read.len(),
                    total: tokens.len(),
                });
            }
            if kept.states.len() < tokens.len() {
                return self.advance_run(kept, wanted);
            }
        }
        if wanted() {
            self.generate(kept, &tokens)
        } else {
            Ok(kept.end(StopReason::Stopped))
        }
    }

    /// Reads a run once more where its states lack the rows inside the blocks: one pass of it, or
    /// the whole where another run is under way, which would take the decoder away in between.
    /// Whether they are there now.
    pub(super) fn read_inside(&mut self, run: RunId) -> Result<bool, ModelError> {
        if self.is_saved() || self.info().rows_inside.is_empty() {
            return Ok(true);
        }
        let is_other = self.is_running() && self.run() != Some(run);
        let kept = self.run_state_mut(run)?;
        kept.rows = Rows::Sublayers;
        if kept.has_states_inside() {
            return Ok(true);
        }
        let interventions = kept.run.interventions.clone();
        let (prompt, read) = (kept.prompt.len(), kept.states.len());
        let mut tokens = kept.tokens();
        tokens.truncate(read);
        self.intervene(&interventions)?;
        self.kv_session.take(Rows::Sublayers);
        loop {
            let _: ControlFlow<()> = self.kv_session.read_run(&tokens, prompt, &|| true)?;
            let states = self.kv_session.read_of_run(&tokens, prompt).to_vec();
            let kept = self.run_state_mut(run)?;
            kept.take_states(&states);
            if kept.has_states_inside() || !is_other {
                return Ok(kept.has_states_inside());
            }
        }
    }

    /// Why the run cannot go on, if so.
    fn reason_to_stop(&self, kept: &RunState) -> Option<StopReason> {
        let last = kept.generated.last();
        let prompt_is_done = kept.read() >= kept.prompt.len();
        if kept.prompt.len() + kept.generated.len() > self.info().context_length {
            Some(StopReason::ContextFull)
        } else if kept.next_given().is_some() {
            None
        } else if last.is_some_and(|token| self.model().tokenizer.end_of_text().contains(token)) {
            Some(StopReason::EndOfText)
        } else if prompt_is_done && kept.generated.len() >= kept.run.max_tokens {
            Some(StopReason::MaxTokens)
        } else {
            None
        }
    }

    /// Reads the newest states, takes the next token and says what every row thinks of it.
    /// `tokens` are those so far.
    fn generate(&self, kept: &mut RunState, tokens: &[TokenId]) -> Result<Progress, ModelError> {
        let states = kept.states_before(Position(tokens.len()))?;
        let logits = self.logits(states, kept.lens, kept.rows)?;
        let token = match kept.next_given() {
            Some(token) => token,
            None => logits.with_output(|output| {
                kept.sampler.draw(output, tokens, &self.info().vocabulary)
            })??,
        };
        let column = self.column(&logits, token, None)?;
        let text = kept.push(token);
        Ok(Progress::Step {
            step: Step(kept.generated.len() - 1),
            column,
            text,
        })
    }
}
