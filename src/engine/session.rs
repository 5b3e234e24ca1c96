//! A loaded model and the runs that are kept: generation one piece at a time, and what questions
//! are answered from. It knows nothing of threads; the engine's thread and the commands drive it.

use std::sync::Arc;

use candle_core::DType;

use super::kv_session::KvSession;
use super::run_state::RunState;
use super::{Progress, RunRequest};
use crate::lens::{Logits, States, column};
use crate::model::{Model, ModelError};
use crate::run::{Continuation, ModelInfo, RunId, StateRows, StopReason};
use crate::trace::{Column, Position, Step, TokenId};
use crate::vocabulary::Vocabulary;

/// Bytes of states that are kept of runs that are no longer the newest; the oldest go first.
const KEPT_STATES: usize = 1 << 30;

/// A loaded model and the runs that are kept.
#[derive(Debug)]
pub struct Session {
    pub(super) kv_session: KvSession,
    info: Arc<ModelInfo>,
    /// Oldest first; only the last one can be under way.
    pub(super) runs: Vec<RunState>,
    top_k: usize,
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
            notes: model.notes.clone(),
            vocabulary: Arc::new(model.tokenizer.vocabulary(model.vocab_size)),
        };
        Self {
            kv_session: KvSession::new(model),
            info: Arc::new(info),
            runs: Vec::new(),
            top_k,
        }
    }

    /// The model, with nothing kept.
    #[must_use]
    pub fn into_model(self) -> Model {
        self.kv_session.into_model()
    }

    /// The model.
    #[must_use]
    pub fn model(&self) -> &Model {
        self.kv_session.model()
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
    /// room, and what the decoder has read of the same beginning is not read again, where this run
    /// would read it in the same pieces: its states are those of a run that is the first one.
    pub fn begin(&mut self, run: RunRequest) -> Result<Vec<TokenId>, ModelError> {
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
        self.kv_session.forget_questions();
        let vocabulary = Arc::clone(&self.info.vocabulary);
        self.runs.retain(|kept| kept.run.id != run.id);
        self.make_room();
        self.runs
            .push(RunState::new(run, prompt.clone(), given, vocabulary));
        Ok(prompt)
    }

    /// Makes a whole run at once: the prompt's tokens, and the columns of what was generated.
    pub fn complete(&mut self, run: RunRequest) -> Result<(Vec<TokenId>, Vec<Column>), ModelError> {
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
        let kept = self.run_state(run)?;
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

    /// A kept run.
    pub(super) fn run_state(&self, run: RunId) -> Result<&RunState, ModelError> {
        let found = self.runs.iter().find(|kept| kept.run.id == run);
        found.ok_or(ModelError::NoSuchRun)
    }

    /// A kept run.
    pub(super) fn run_state_mut(&mut self, run: RunId) -> Result<&mut RunState, ModelError> {
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
        Ok(Position(self.run_state(run)?.prompt.len() + step.0))
    }

    /// The states of every position of a run that has been read.
    pub fn states(&self, run: RunId) -> Result<&[States], ModelError> {
        Ok(&self.run_state(run)?.states)
    }

    /// The tokens of the continuation that a run is given.
    fn given(&self, run: &RunRequest) -> Result<Vec<TokenId>, ModelError> {
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
        let bytes = |kept: &RunState| kept.states.len() * of_position;
        while self.runs.iter().map(bytes).sum::<usize>() > KEPT_STATES {
            self.runs.remove(0);
        }
    }
}
