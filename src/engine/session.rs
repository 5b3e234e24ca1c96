//! A loaded model and the runs that are kept: generation one piece at a time, and what questions
//! are answered from. It knows nothing of threads; the engine's thread and the commands drive it.

use std::sync::Arc;

use candle_core::DType;

use super::kept::Kept;
use super::reader::Reader;
use super::{Continuation, Intervention, ModelInfo, Run, RunId, StateRows, StopReason, Wanted};
use crate::lens::{Logits, States, column};
use crate::model::intervention::{Interventions, Patch};
use crate::model::{Model, ModelError};
use crate::trace::{Candidate, Column, Position, Skip, SkippedPart, Step, TokenId};
use crate::vocabulary::{Piece, Vocabulary};

/// Bytes of states that are kept of runs that are no longer the newest; the oldest go first.
const KEPT_STATES: usize = 1 << 30;

/// A loaded model and the runs that are kept.
#[derive(Debug)]
pub struct Session {
    pub(super) reader: Reader,
    info: Arc<ModelInfo>,
    /// Oldest first; only the last one can be under way.
    runs: Vec<Kept>,
    top_k: usize,
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
            family: model.family.to_owned(),
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
            reader: Reader::new(model),
            info: Arc::new(info),
            runs: Vec::new(),
            top_k,
        }
    }

    /// The model, with nothing kept.
    #[must_use]
    pub fn into_model(self) -> Model {
        self.reader.into_model()
    }

    /// The model.
    #[must_use]
    pub fn model(&self) -> &Model {
        self.reader.model()
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

    /// Begins a run and returns the prompt's tokens. Earlier runs are kept, as far as there is
    /// room, and what the decoder has seen of the same beginning is not read again.
    pub fn begin(&mut self, run: Run) -> Result<Vec<TokenId>, ModelError> {
        let prompt = self.model().tokenizer.encode(&run.prompt)?;
        let given = self.given(&run)?;
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
        let rows = self.info.vocab_size;
        if let Some(token) = prompt.iter().chain(&given).find(|t| t.0 as usize >= rows) {
            return Err(ModelError::UnknownToken { id: token.0, rows });
        }
        self.resolved(&run.interventions)?;
        self.stop();
        let vocabulary = Arc::clone(&self.info.vocabulary);
        self.runs.retain(|kept| kept.run.id != run.id);
        self.make_room();
        self.runs
            .push(Kept::new(run, prompt.clone(), given, vocabulary));
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
        self.runs.last().is_some_and(|kept| kept.ended.is_none())
    }

    /// The newest run.
    #[must_use]
    pub fn run(&self) -> Option<RunId> {
        self.runs.last().map(|kept| kept.run.id)
    }

    /// How many tokens behind the prompt of the newest run are given, not chosen.
    #[must_use]
    pub fn given_tokens(&self) -> usize {
        self.runs.last().map_or(0, |kept| kept.given.len())
    }

    /// Ends the run under way, if there is one.
    fn stop(&mut self) {
        if let Some(kept) = self.runs.last_mut() {
            kept.ended.get_or_insert(StopReason::Stopped);
        }
    }

    /// Why the newest run ended, once it has.
    #[must_use]
    pub fn ended(&self) -> Option<StopReason> {
        self.runs.last()?.ended
    }

    /// The states of a run that is kept, one position a step; one more where the next step has
    /// not been drawn yet.
    pub fn state_rows(&self, run: RunId) -> Result<StateRows, ModelError> {
        let kept = self.kept(run)?;
        let first = kept.prompt.len().saturating_sub(1);
        let mut values = Vec::new();
        let mut steps = 0;
        for states in kept.states.iter().skip(first) {
            let rows = states.rows().to_dtype(DType::F32)?.flatten_all()?;
            values.extend(rows.to_vec1::<f32>()?);
            steps += 1;
        }
        Ok(StateRows {
            steps,
            rows: self.info.n_layers + 1,
            d_model: self.info.d_model,
            values,
        })
    }

    /// Keeps a run no longer.
    pub fn forget(&mut self, run: RunId) {
        self.runs.retain(|kept| kept.run.id != run);
    }

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
        if progress.is_err() {
            kept.ended = Some(StopReason::Stopped);
        }
        self.runs.push(kept);
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
        if kept.states.len() < tokens.len() {
            self.intervene(&kept.run.interventions)?;
            if self.reader.read(&tokens, wanted)?.is_break() {
                return Ok(kept.end(StopReason::Stopped));
            }
            let read = self.reader.read_of(&tokens);
            let before = kept.states.len();
            kept.states.extend(read.iter().skip(before).cloned());
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

    /// Why the run cannot go on, if so.
    fn reason_to_stop(&self, kept: &Kept) -> Option<StopReason> {
        let last = kept.generated.last();
        let prompt_is_done = kept.states.len() >= kept.prompt.len();
        if kept.prompt.len() + kept.generated.len() > self.info.context_length {
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
    fn generate(&self, kept: &mut Kept, tokens: &[TokenId]) -> Result<Progress, ModelError> {
        let states = kept.states_before(Position(tokens.len()))?;
        let logits = Logits::of(&self.model().head, states, kept.lens)?;
        let token = match kept.next_given() {
            Some(token) => token,
            None => logits.with_rows(|rows| {
                let output = rows.last().copied().unwrap_or_default();
                kept.sampler.draw(output, tokens, &self.info.vocabulary)
            })??,
        };
        let column = column(&logits, token, self.top_k, &self.info.vocabulary)?;
        let text = kept.push(token);
        Ok(Progress::Step {
            step: Step(kept.generated.len() - 1),
            column,
            text,
        })
    }

    /// A kept run.
    pub(super) fn kept(&self, run: RunId) -> Result<&Kept, ModelError> {
        let found = self.runs.iter().find(|kept| kept.run.id == run);
        found.ok_or(ModelError::NoSuchRun)
    }

    /// A kept run.
    pub(super) fn kept_mut(&mut self, run: RunId) -> Result<&mut Kept, ModelError> {
        let found = self.runs.iter_mut().find(|kept| kept.run.id == run);
        found.ok_or(ModelError::NoSuchRun)
    }

    /// What every row of `states` says of `token`, with `top_k` best tokens a row, or as many as
    /// the session's columns have.
    pub(super) fn column(
        &self,
        logits: &Logits,
        token: TokenId,
        top_k: Option<usize>,
    ) -> Result<Column, ModelError> {
        let top_k = top_k.unwrap_or(self.top_k);
        column(logits, token, top_k, &self.info.vocabulary)
    }

    /// The place of a step of a kept run in the whole sequence.
    pub fn position(&self, run: RunId, step: Step) -> Result<Position, ModelError> {
        Ok(Position(self.kept(run)?.prompt.len() + step.0))
    }

    /// The states of every position of a run that has been read.
    pub fn states(&self, run: RunId) -> Result<&[States], ModelError> {
        Ok(&self.kept(run)?.states)
    }

    /// What is wanted as a candidate behind `context`; an error where that is no token.
    pub(super) fn candidate(&self, context: &str, wanted: &Wanted) -> Result<Candidate, String> {
        match wanted {
            Wanted::Text(text) => self.candidate_of_text(context, text),
            Wanted::Token(token) => self.candidate_of_token(*token),
        }
    }

    fn candidate_of_token(&self, token: TokenId) -> Result<Candidate, String> {
        let tokens = self.info.vocab_size;
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
            Some(token) if (token.0 as usize) < self.info.vocab_size => Ok(candidate),
            _ => Err(format!("`{text}` becomes no token of this model")),
        }
    }

    /// Puts the network into the state that a run asks for.
    pub(super) fn intervene(&mut self, interventions: &[Intervention]) -> Result<(), ModelError> {
        if self.reader.interventions() != interventions {
            let resolved = self.resolved(interventions)?;
            self.reader.intervene(interventions, resolved);
        }
        Ok(())
    }

    /// Interventions with the states that they need; an error where the model or a run has no
    /// such part.
    fn resolved(&self, interventions: &[Intervention]) -> Result<Interventions, ModelError> {
        let mut resolved = Interventions::default();
        for intervention in interventions {
            match intervention {
                Intervention::Skip(skip) => {
                    self.check(*skip)?;
                    resolved.skips.push(*skip);
                }
                Intervention::Patch(patch) => {
                    let states = self.states(patch.from_run)?;
                    let position = patch.from.0;
                    let states = states
                        .get(position)
                        .ok_or(ModelError::NoSuchPosition { position })?;
                    resolved.patches.push(Patch {
                        row: patch.row,
                        position: patch.into.0,
                        state: states.row(patch.row)?,
                    });
                }
            }
        }
        Ok(resolved)
    }

    /// Whether the model has that part.
    fn check(&self, skip: Skip) -> Result<(), ModelError> {
        let blocks = &self.model().spec.blocks;
        let Some(block) = blocks.get(skip.layer.0) else {
            return Err(ModelError::NoSuchLayer {
                layer: skip.layer,
                n_layers: blocks.len(),
            });
        };
        match skip.part {
            SkippedPart::Head(head) if head >= block.attention.n_heads => {
                Err(ModelError::NoSuchHead {
                    layer: skip.layer,
                    head,
                    n_heads: block.attention.n_heads,
                })
            }
            _ => Ok(()),
        }
    }

    /// The tokens of the continuation that a run is given.
    fn given(&self, run: &Run) -> Result<Vec<TokenId>, ModelError> {
        match &run.continuation {
            Continuation::Generated => Ok(Vec::new()),
            Continuation::Tokens(tokens) => Ok(tokens.clone()),
            Continuation::Text(text) => self.behind(&run.prompt, text),
            Continuation::Branch { tokens, text } => {
                let mut stream = self.model().tokenizer.stream();
                let stays = tokens.iter().map(|token| stream.push(*token));
                let context = std::iter::once(run.prompt.clone()).chain(stays);
                let typed = self.behind(&context.collect::<String>(), text)?;
                Ok([tokens.as_slice(), &typed].concat())
            }
        }
    }

    /// The tokens of `text` behind `context`.
    fn behind(&self, context: &str, text: &str) -> Result<Vec<TokenId>, ModelError> {
        Ok(self.model().tokenizer.candidate(context, text)?.tokens)
    }

    /// Gives up the oldest runs while they hold too many states.
    fn make_room(&mut self) {
        let of_position = (self.info.n_layers + 1) * self.info.d_model * size_of::<f32>();
        let bytes = |kept: &Kept| kept.states.len() * of_position;
        while self.runs.iter().map(bytes).sum::<usize>() > KEPT_STATES {
            self.runs.remove(0);
        }
    }
}
