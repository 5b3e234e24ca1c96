//! A loaded model and the run that is kept: generation one piece at a time, and answers from the
//! states it left. It knows nothing of threads; the engine's thread and the commands drive it.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::sampler::Sampler;
use super::{Compare, Comparison, ModelInfo, Run, RunId, StopReason};
use crate::lens::{Logits, StateTap, States, column, trajectories};
use crate::model::{Model, ModelError};
use crate::trace::{Candidate, Column, LensKind, Step, TokenId};
use crate::vocabulary::{TextStream, Vocabulary};

/// Prompt tokens that are processed between two looks at what else is asked for.
const PROMPT_CHUNK: usize = 64;

/// A loaded model and the run that is kept.
#[derive(Debug)]
pub struct Session {
    model: Model,
    info: Arc<ModelInfo>,
    /// The tokens that the decoder has seen.
    seen: Vec<TokenId>,
    kept: Option<Kept>,
    top_k: usize,
}

/// A run: what was asked, how far it is, and the states that later questions are answered from.
#[derive(Debug)]
struct Kept {
    run: Run,
    lens: LensKind,
    prompt: Vec<TokenId>,
    generated: Vec<TokenId>,
    /// The states that predict each step.
    states: Vec<States>,
    /// The text of each generated token, as it came out.
    text: Vec<String>,
    stream: TextStream,
    sampler: Sampler,
    tap: StateTap,
    /// Why it ended, once it has.
    ended: Option<StopReason>,
}

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
        /// Why.
        reason: StopReason,
        /// What was still waiting for the rest of a character.
        text: String,
    },
}

impl Session {
    /// A session with `model`, whose columns list the `top_k` best tokens of each row.
    #[must_use]
    pub fn new(model: Model, name: String, top_k: usize) -> Self {
        let device = model.decoder.device();
        let info = ModelInfo {
            name,
            family: model.family.clone(),
            n_layers: model.decoder.n_layers(),
            d_model: model.decoder.d_model(),
            vocab_size: model.vocab_size,
            context_length: model.decoder.context_length(),
            weights: model.storage.clone(),
            arithmetic: model.dtype.arithmetic().to_owned(),
            device: format!("{:?}", device.location()).to_lowercase(),
            parameters: model.parameters,
            vocabulary: Arc::new(model.tokenizer.vocabulary(model.vocab_size)),
        };
        Self {
            model,
            info: Arc::new(info),
            seen: Vec::new(),
            kept: None,
            top_k,
        }
    }

    /// The model, with nothing kept.
    #[must_use]
    pub fn into_model(self) -> Model {
        self.model
    }

    /// What is known of the model.
    #[must_use]
    pub fn info(&self) -> &Arc<ModelInfo> {
        &self.info
    }

    /// What each id stands for.
    #[must_use]
    pub fn vocabulary(&self) -> &Arc<Vocabulary> {
        &self.info.vocabulary
    }

    /// Begins a run, which replaces the kept one, and returns the prompt's tokens. What the
    /// decoder has seen of the same beginning already is not processed again.
    pub fn begin(&mut self, run: Run) -> Result<Vec<TokenId>, ModelError> {
        let prompt = self.model.tokenizer.encode(&run.prompt)?;
        let context = self.info.context_length;
        if prompt.is_empty() {
            return Err(ModelError::EmptyPrompt);
        }
        if prompt.len() > context {
            return Err(ModelError::PromptTooLong {
                prompt: prompt.len(),
                context,
            });
        }
        if let Some(token) = prompt.iter().find(|t| t.0 as usize >= self.info.vocab_size) {
            return Err(ModelError::UnknownToken {
                id: token.0,
                rows: self.info.vocab_size,
            });
        }
        // The last position runs in any case: its states are what the first step is read from.
        let shared = self
            .seen
            .iter()
            .zip(&prompt[..prompt.len() - 1])
            .take_while(|(a, b)| a == b)
            .count();
        self.rewind(shared);
        self.kept = Some(Kept {
            lens: run.lens,
            prompt: prompt.clone(),
            generated: Vec::new(),
            states: Vec::new(),
            text: Vec::new(),
            stream: TextStream::new(self.info.vocabulary.clone()),
            sampler: Sampler::new(&run.sampling),
            tap: StateTap::default(),
            ended: None,
            run,
        });
        Ok(prompt)
    }

    /// Makes a whole run at once: the prompt's tokens, and the columns of what was generated.
    pub fn complete(&mut self, run: Run) -> Result<(Vec<TokenId>, Vec<Column>), ModelError> {
        let prompt = self.begin(run)?;
        let mut columns = Vec::new();
        loop {
            match self.advance(&|| true)? {
                Progress::Prompt { .. } => {}
                Progress::Step { column, .. } => columns.push(column),
                Progress::Finished { .. } => return Ok((prompt, columns)),
            }
        }
    }

    /// Whether a run is under way.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.kept.as_ref().is_some_and(|kept| kept.ended.is_none())
    }

    /// The kept run.
    #[must_use]
    pub fn run(&self) -> Option<RunId> {
        self.kept.as_ref().map(|kept| kept.run.id)
    }

    /// Goes on with the run: a piece of the prompt, or one token. `wanted` is asked between
    /// blocks; when it says no, the run ends as [`StopReason::Stopped`].
    pub fn advance(&mut self, wanted: &dyn Fn() -> bool) -> Result<Progress, ModelError> {
        let Some(mut kept) = self.kept.take() else {
            return Ok(Progress::Finished {
                reason: StopReason::Stopped,
                text: String::new(),
            });
        };
        let progress = self.advance_run(&mut kept, wanted);
        if progress.is_err() {
            kept.ended = Some(StopReason::Stopped);
        }
        self.kept = Some(kept);
        progress
    }

    fn advance_run(
        &mut self,
        kept: &mut Kept,
        wanted: &dyn Fn() -> bool,
    ) -> Result<Progress, ModelError> {
        if let Some(reason) = kept.ended.or_else(|| self.reason_to_stop(kept)) {
            return Ok(kept.end(reason));
        }
        let tokens = kept.tokens();
        let waiting = &tokens[self.seen.len()..];
        let chunk = &waiting[..waiting.len().min(PROMPT_CHUNK)];
        let (done, total) = (self.seen.len() + chunk.len(), tokens.len());
        if !chunk.is_empty() {
            if self.forward(chunk, &mut kept.tap, wanted)?.is_break() {
                return Ok(kept.end(StopReason::Stopped));
            }
            if done == total {
                kept.states.push(kept.tap.states()?);
            }
            if kept.generated.is_empty() {
                return Ok(Progress::Prompt { done, total });
            }
        }
        if wanted() {
            self.generate(kept, &tokens)
        } else {
            Ok(kept.end(StopReason::Stopped))
        }
    }

    /// Why the run cannot go on, if so.
    fn reason_to_stop(&self, kept: &Kept) -> Option<StopReason> {
        let last = kept.generated.last();
        let prompt_is_done = !kept.states.is_empty();
        if last.is_some_and(|token| self.model.tokenizer.end_of_text().contains(token)) {
            Some(StopReason::EndOfText)
        } else if prompt_is_done && kept.generated.len() >= kept.run.max_tokens {
            Some(StopReason::MaxTokens)
        } else if kept.prompt.len() + kept.generated.len() > self.info.context_length {
            Some(StopReason::ContextFull)
        } else {
            None
        }
    }

    /// Reads the newest states, draws a token and says what every row thinks of it.
    /// `tokens` are those so far.
    fn generate(&self, kept: &mut Kept, tokens: &[TokenId]) -> Result<Progress, ModelError> {
        let Some(states) = kept.states.last() else {
            return Err(ModelError::EmptyPrompt);
        };
        let logits = Logits::of(&self.model.head, states, kept.lens)?;
        let token = logits.with_rows(|rows| {
            let output = rows.last().copied().unwrap_or_default();
            kept.sampler.draw(output, tokens, &self.info.vocabulary)
        })??;
        let column = column(&logits, token, self.top_k, &self.info.vocabulary)?;
        let text = kept.stream.push(token);
        kept.generated.push(token);
        kept.text.push(text.clone());
        Ok(Progress::Step {
            step: Step(kept.generated.len() - 1),
            column,
            text,
        })
    }

    /// Follows candidates at a position of the kept run, from its states.
    pub fn compare(&self, question: &Compare) -> Result<Comparison, ModelError> {
        let step = question.step.0;
        let (kept, states) = self
            .kept
            .as_ref()
            .filter(|kept| kept.run.id == question.run)
            .and_then(|kept| Some((kept, kept.states.get(step)?)))
            .ok_or(ModelError::NoSuchPosition { step })?;
        let context = kept.context(question.step);
        let candidates: Vec<Result<Candidate, String>> = question
            .candidates
            .iter()
            .map(|text| self.candidate(&context, text))
            .collect();
        let logits = Logits::of(&self.model.head, states, question.lens)?;
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
            run: question.run,
            step: question.step,
            lens: question.lens,
            trajectories,
        })
    }

    /// `text` as a candidate behind `context`; an error where it becomes no token.
    fn candidate(&self, context: &str, text: &str) -> Result<Candidate, String> {
        let candidate = self
            .model
            .tokenizer
            .candidate(context, text)
            .map_err(|error| error.to_string())?;
        match candidate.followed() {
            Some(token) if (token.0 as usize) < self.info.vocab_size => Ok(candidate),
            _ => Err(format!("`{text}` becomes no token of this model")),
        }
    }

    /// All columns of the kept run under `lens`, worked out from its states; later columns use it
    /// too.
    pub fn recast(&mut self, lens: LensKind) -> Result<Vec<Column>, ModelError> {
        let Some(kept) = &mut self.kept else {
            return Ok(Vec::new());
        };
        kept.lens = lens;
        kept.states
            .iter()
            .zip(&kept.generated)
            .map(|(states, token)| {
                let logits = Logits::of(&self.model.head, states, lens)?;
                column(&logits, *token, self.top_k, &self.info.vocabulary)
            })
            .collect()
    }

    fn forward(
        &mut self,
        tokens: &[TokenId],
        states: &mut StateTap,
        wanted: &dyn Fn() -> bool,
    ) -> Result<ControlFlow<()>, ModelError> {
        let flow = self.model.decoder.forward(tokens, &mut |row, state| {
            states.take(row, state)?;
            Ok(if wanted() {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            })
        })?;
        if flow.is_continue() {
            self.seen.extend_from_slice(tokens);
        }
        Ok(flow)
    }

    fn rewind(&mut self, len: usize) {
        self.seen.truncate(len);
        self.model.decoder.rewind(len);
    }
}

impl Kept {
    /// The prompt's tokens and the generated ones.
    fn tokens(&self) -> Vec<TokenId> {
        [self.prompt.as_slice(), &self.generated].concat()
    }

    /// The text before `step`.
    fn context(&self, step: Step) -> String {
        let generated = self.text.iter().take(step.0).map(String::as_str);
        std::iter::once(self.run.prompt.as_str())
            .chain(generated)
            .collect()
    }

    fn end(&mut self, reason: StopReason) -> Progress {
        self.ended = Some(reason);
        Progress::Finished {
            reason,
            text: self.stream.flush(),
        }
    }
}
