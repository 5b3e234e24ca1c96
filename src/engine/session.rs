//! A loaded model and the runs that are kept: generation one piece at a time, and what questions
//! are answered from. It knows nothing of threads; the engine's thread and the commands drive it.

use std::path::Path;
use std::sync::Arc;

use candle_core::{DType, Tensor};

use super::kv_session::KvSession;
use super::run_state::RunState;
use super::saved::SavedRun;
use super::wording::{ChatTemplates, Worded};
use super::{Progress, RunRequest};
use crate::lens::{FittedTo, Lenses, Logits, States, column};
use crate::model::{Model, ModelError};
use crate::run::{Continuation, LensInfo, ModelInfo, RunId, SavedText, StateRows, StopReason};
use crate::trace::{Column, LensKind, Position, Rows, Step, TokenId};
use crate::vocabulary::Vocabulary;

/// Bytes of states that are kept of runs that are no longer the newest; the oldest go first.
const KEPT_STATES: usize = 1 << 30;

/// A loaded model and the runs that are kept.
#[derive(Debug)]
pub struct Session {
    pub(super) kv_session: KvSession,
    info: Arc<ModelInfo>,
    lenses: Lenses,
    pub(super) templates: ChatTemplates,
    /// The one run that there is where only states and the head were loaded.
    pub(super) saved: Option<SavedRun>,
    /// Oldest first; only the last one can be under way.
    pub(super) runs: Vec<RunState>,
    top_k: usize,
}

impl Session {
    /// A session with `model`, whose columns list the `top_k` best tokens of each row.
    #[must_use]
    pub fn new(model: Model, name: String, top_k: usize) -> Self {
        let info = ModelInfo {
            name,
            family: model.family.to_owned(),
            n_layers: model.decoder.n_layers(),
            d_model: model.decoder.d_model(),
            vocab_size: model.vocab_size,
            context_length: model.decoder.context_length(),
            weights: model.storage.clone(),
            arithmetic: model.dtype.arithmetic().to_owned(),
            device: model.placement.to_string(),
            parameters: model.parameters,
            notes: model.notes.clone(),
            saved_run: None,
            rows_inside: model.decoder.rows_inside().to_vec(),
            lenses: LensInfo::of_any_model(),
            vocabulary: Arc::new(model.tokenizer.vocabulary(model.vocab_size)),
        };
        Self {
            kv_session: KvSession::new(model),
            info: Arc::new(info),
            lenses: Lenses::default(),
            templates: ChatTemplates::default(),
            saved: None,
            runs: Vec::new(),
            top_k,
        }
    }

    /// A session with the saved states of one run, and of its model only the head.
    ///
    /// # Errors
    /// When the head fails on the states.
    pub fn of_saved(
        model: Model,
        name: String,
        top_k: usize,
        saved: SavedRun,
    ) -> Result<Self, ModelError> {
        let mut session = Self::new(model, name, top_k);
        let agreement = saved.agreement(session.model())?;
        let mut info = ModelInfo::clone(&session.info);
        info.saved_run = Some(SavedText {
            prompt: saved.text(session.model()),
            steps: saved.generated.len(),
        });
        info.notes.extend(saved.notes.iter().cloned());
        info.notes.extend(agreement);
        let states = saved.states.first();
        let inside = states.and_then(States::inside);
        info.rows_inside = inside.map_or(Vec::new(), |inside| inside.rows.to_vec());
        session.info = Arc::new(info);
        session.saved = Some(saved);
        Ok(session)
    }

    /// Whether there are only saved states, and no model to run.
    #[must_use]
    pub fn is_saved(&self) -> bool {
        self.saved.is_some()
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

    /// Reads a fitted lens from `path`, so that it can be asked for. What a reader of its figures
    /// should know is among the notes of the model from now on.
    ///
    /// # Errors
    /// When there is none, it is damaged, or it does not fit the model.
    pub fn read_lens(&mut self, lens: LensKind, path: &Path) -> Result<(), ModelError> {
        let model = FittedTo::of(self.kv_session.model(), &self.info.name);
        self.lenses.read(lens, path, &model)?;
        let processor = self.kv_session.model().unembed.processor();
        if !processor.has_kernels() {
            self.lenses.move_to(processor)?;
        }
        let about = |kind| {
            let mut fitted = self.lenses.fitted();
            let found = fitted.find(|(fitted, _)| *fitted == kind);
            found.map_or(String::new(), |(_, fitted)| fitted.about.clone())
        };
        let there = self.lenses.there().into_iter();
        let lenses = there.map(|kind| LensInfo {
            kind,
            about: about(kind),
        });
        let mut info = ModelInfo {
            lenses: lenses.collect(),
            ..ModelInfo::clone(&self.info)
        };
        let notes = self.lenses.fitted().filter(|(fitted, _)| *fitted == lens);
        let notes = notes.flat_map(|(_, fitted)| fitted.notes.iter().cloned());
        info.notes.extend(notes);
        self.info = Arc::new(info);
        Ok(())
    }

    /// Adds to the model's notes, as the first one.
    pub(super) fn note(&mut self, note: String) {
        let mut info = ModelInfo::clone(&self.info);
        info.notes.insert(0, note);
        self.info = Arc::new(info);
    }

    /// The lenses that there are for the model.
    #[must_use]
    pub fn lenses(&self) -> &Lenses {
        &self.lenses
    }

    /// The logits of every row of a position under a lens.
    pub(super) fn logits(
        &self,
        states: &States,
        lens: LensKind,
        rows: Rows,
    ) -> Result<Logits, ModelError> {
        let states = states.of_rows(rows);
        Logits::of(&self.model().unembed, &states, self.lenses.get(lens)?)
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
        self.check_saved(&run)?;
        let (worded, given) = match &self.saved {
            Some(saved) => {
                let worded = Worded {
                    text: run.prompt.clone(),
                    tokens: saved.prompt_ids.clone(),
                };
                (worded, saved.generated.clone())
            }
            None => {
                let worded = self.worded(&run)?;
                let given = self.given(&run, &worded.text)?;
                (worded, given)
            }
        };
        let prompt = worded.tokens.clone();
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
        self.lenses.get(run.lens)?;
        self.resolved(&run.interventions)?;
        self.stop();
        self.kv_session.forget_questions();
        let vocabulary = Arc::clone(&self.info.vocabulary);
        self.runs.retain(|kept| kept.run.id != run.id);
        self.make_room();
        let mut kept = RunState::new(run, worded, given, vocabulary);
        if let Some(saved) = &self.saved {
            kept.run.max_tokens = saved.generated.len();
            kept.first = saved.first;
            kept.states.clone_from(&saved.states);
        }
        self.runs.push(kept);
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

    /// How many tokens behind the prompt of the newest run are given, not chosen. Those of a saved
    /// run were chosen by whoever ran the model.
    #[must_use]
    pub fn given_tokens(&self) -> usize {
        let newest = self.runs.last().filter(|_| !self.is_saved());
        newest.map_or(0, |kept| kept.given.len())
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
        let first = first.saturating_sub(kept.first);
        let mut values = Vec::new();
        let mut inside = Some(Vec::new()).filter(|_| kept.rows == Rows::Sublayers);
        let mut steps = 0;
        let numbers =
            |states: &Tensor| states.to_dtype(DType::F32)?.flatten_all()?.to_vec1::<f32>();
        for states in kept.states.iter().skip(first) {
            values.extend(numbers(states.rows())?);
            match (&mut inside, states.inside()) {
                (Some(values), Some(states)) => values.extend(numbers(&states.states)?),
                _ => inside = None,
            }
            steps += 1;
        }
        Ok(StateRows {
            steps,
            rows: self.info.n_layers + 1,
            d_model: self.info.d_model,
            values,
            inside: inside.unwrap_or_default(),
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

    /// The states of every position of a run that has been read; of a saved one, of those that were
    /// saved.
    pub fn states(&self, run: RunId) -> Result<&[States], ModelError> {
        Ok(&self.run_state(run)?.states)
    }

    /// The tokens of the continuation that a run is given.
    fn given(&self, run: &RunRequest, prompt: &str) -> Result<Vec<TokenId>, ModelError> {
        match &run.continuation {
            Continuation::Generated => Ok(Vec::new()),
            Continuation::Tokens(tokens) => Ok(tokens.clone()),
            Continuation::Text(text) => self.behind(prompt, text),
            Continuation::Branch { tokens, text } => {
                let mut stream = self.model().tokenizer.stream();
                let stays = tokens.iter().map(|token| stream.push(*token));
                let context = std::iter::once(prompt.to_owned()).chain(stays);
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
        let rows = |states: &States| {
            let inside = states.inside().map_or(0, |inside| inside.rows.len());
            self.info.n_layers + 1 + inside
        };
        let of_row = self.info.d_model * size_of::<f32>();
        let bytes = |kept: &RunState| of_row * kept.states.iter().map(rows).sum::<usize>();
        while self.runs.iter().map(bytes).sum::<usize>() > KEPT_STATES {
            self.runs.remove(0);
        }
    }
}
