//! A saved trace in the place of a model: what the file holds can be looked at, and nothing can be
//! asked that it does not hold.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::state::{Pane, Start, Zoom};
use super::{
    Cursor, Effect, Inquiry, Loading, NoticeKind, Origin, Phase, Prompt, PromptColumns, Run,
    RunHistory, Speed, State, typed_candidates,
};
use crate::engine::{Ask, Question};
use crate::run::{CandidateRequest, Comparison, Continuation, Record, RunId, StopReason, Watch};
use crate::settings::keys::Scope;
use crate::settings::{Action, Settings};
use crate::trace::{Candidate, Step, Trajectory};
use crate::vocabulary::TextStream;

/// A run out of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct SavedTrace {
    /// The file.
    pub path: PathBuf,
    /// What is in it.
    pub record: Arc<Record>,
}

impl State {
    /// The state that shows a saved trace, and what has to happen first. No model is loaded.
    #[must_use]
    pub fn of_saved(settings: Settings, start: Start, saved: SavedTrace) -> (Self, Vec<Effect>) {
        let start = Start {
            prompt: None,
            ..start
        };
        let mut state = Self::at_start(settings, start);
        state.model.loading = Loading::Done;
        let mut effects = state.show_saved(saved);
        effects.extend(state.first_effects());
        (state, effects)
    }

    /// What is said to whatever needs the model: how to have it.
    pub(super) fn no_model(&self) -> String {
        let models = self.keys_for(Action::Models);
        match &self.model.behind {
            Some(info) => format!(
                "A saved trace has no answer to that: {} in the prompt runs it with {}",
                self.key_in_the_prompt(),
                info.name
            ),
            None => format!(
                "A saved trace: no model is loaded; {models} lists those that can be loaded"
            ),
        }
    }

    fn key_in_the_prompt(&self) -> String {
        let keymap = &self.settings.keymap;
        let key = keymap.key_for(&[Scope::Prompt, Scope::Everywhere], Action::Generate);
        key.unwrap_or_else(|| format!("`{}`", Action::Generate))
    }

    /// Say that the model is still there behind the saved trace.
    pub(super) fn tell_of_model_behind(&mut self) {
        if let Some(info) = &self.model.behind {
            let text = format!(
                "A saved trace; {} stays loaded: {} in the prompt runs it",
                info.name,
                self.key_in_the_prompt()
            );
            self.say(NoticeKind::Info, text);
        }
    }

    /// Show no saved trace any more, where there is a model behind it and no other on its way.
    pub(super) fn leave_saved(&mut self) {
        if self.model.is_loading() {
            return;
        }
        let Some(info) = self.model.behind.take() else {
            return;
        };
        self.model.ready = Some(info);
        self.model.saved = None;
        self.recorded = None;
        (self.run, self.search, self.compare) = (None, None, None);
        self.pins.clear();
        self.cursor = Cursor::default();
    }

    /// Show a saved trace in the place of all runs, and say what has to happen outside. The model
    /// that is loaded stays behind it; a load under way is given up.
    pub(super) fn show_saved(&mut self, saved: SavedTrace) -> Vec<Effect> {
        let mut effects = Vec::new();
        if let Some(run) = self.run.take().filter(Run::is_active) {
            effects.push(Effect::StopRun(run.id));
        }
        if self.model.is_loading() {
            self.model.loading = Loading::Cancelled;
            effects.push(Effect::CancelLoad);
        } else {
            self.model.loading = Loading::Done;
        }
        if self.model.saved.is_none() {
            self.model.behind = self.model.ready.take();
        }
        let record = Arc::clone(&saved.record);
        let id = self.next_run;
        self.next_run = RunId(id.0 + 1);
        self.model.ready = Some(Arc::clone(&record.model));
        self.model.saved = Some(saved);
        self.recorded = None;
        self.frame_as(record.chat.as_ref().map(|chat| &chat.frame));
        let typed = record.chat.as_ref().map(|chat| chat.prompt.as_str());
        self.prompt = Prompt::new(typed.unwrap_or(&record.prompt));
        let candidates = record.watch.trajectories.iter();
        self.typed_candidates =
            typed_candidates(candidates.map(|trajectory| trajectory.candidate.text.as_str()));
        (self.queued, self.queued_text) = (None, None);
        (self.compare, self.search) = (None, None);
        (self.page, self.line) = (None, None);
        self.history = RunHistory::default();
        self.pins.clear();
        self.ablations.clear();
        self.cursor = Cursor::default();
        self.settings.options.lens = record.lens;
        self.settings.options.grid.rows = record.rows;
        self.view.zoom = Zoom::All;
        self.view.focus = Pane::Grid;
        self.run = Some(run(id, &record));
        effects
    }
}

fn run(id: RunId, record: &Record) -> Run {
    let mut stream = TextStream::new(Arc::clone(&record.model.vocabulary));
    let mut text: String = record
        .columns
        .iter()
        .map(|column| stream.push(column.token))
        .collect();
    text.push_str(&stream.flush());
    Run {
        id,
        origin: Origin::Prompt,
        prompt: match &record.chat {
            Some(chat) => chat.prompt.clone(),
            None => record.prompt.clone(),
        },
        chat: record.chat.as_ref().map(|chat| chat.frame.clone()),
        framed: record.chat.as_ref().map(|_| record.prompt.clone()),
        prompt_tokens: record.prompt_ids.clone(),
        max_tokens: record.max_tokens,
        sampling: record.sampling.clone(),
        continuation: Continuation::Generated,
        given: record.given,
        interventions: record.interventions.clone(),
        lens: record.lens,
        rows: record.rows,
        relens: Inquiry::default(),
        prompt_columns: PromptColumns::default(),
        columns: record.columns.clone(),
        attributions: BTreeMap::new(),
        text,
        phase: Phase::Finished(record.finish.unwrap_or(StopReason::Stopped)),
        speed: Speed::default(),
    }
}

/// What the file says of candidates: those that were followed at the same position, and the token
/// that was chosen there. `None` for a question about something else. `no_model` says how to have
/// the model, for what the file does not say.
pub(super) fn comparison(
    record: &Record,
    question: &Question,
    no_model: &str,
) -> Option<Comparison> {
    let Ask::Candidates { at, wanted } = &question.ask else {
        return None;
    };
    let step = Step(at.0.checked_sub(record.prompt_ids.len())?);
    let find = |wanted: &CandidateRequest| {
        let found = followed(&record.watch, step, wanted);
        found
            .or_else(|| chosen(record, step, wanted))
            .ok_or_else(|| unanswered(&record.watch, no_model))
    };
    Some(Comparison {
        run: question.run,
        at: *at,
        lens: question.lens,
        trajectories: wanted.iter().map(find).collect(),
    })
}

fn followed(watch: &Watch, step: Step, wanted: &CandidateRequest) -> Option<Trajectory> {
    let mut followed = watch.trajectories.iter().filter(|_| watch.step == step);
    let found = followed.find(|trajectory| match wanted {
        CandidateRequest::Text(text) => trajectory.candidate.text == *text,
        CandidateRequest::Token(token) => trajectory.candidate.tokens == [*token],
    });
    found.cloned()
}

/// Of the token that was chosen at a step, its column says the same as following it would.
fn chosen(record: &Record, step: Step, wanted: &CandidateRequest) -> Option<Trajectory> {
    let column = record.columns.get(step.0)?;
    let text = record.vocabulary().bytes(column.token);
    let is_wanted = match wanted {
        CandidateRequest::Text(wanted) => !text.is_empty() && text == wanted.as_bytes(),
        CandidateRequest::Token(token) => *token == column.token,
    };
    is_wanted.then(|| Trajectory {
        candidate: Candidate {
            text: String::from_utf8_lossy(text).into_owned(),
            tokens: vec![column.token],
            context_changed: false,
        },
        embedding: column.embedding.as_ref().map(|cell| cell.score),
        layers: column.layers.iter().map(|cell| Some(cell?.score)).collect(),
        inside: column
            .inside
            .iter()
            .map(|(row, cell)| (row, cell.score))
            .collect(),
    })
}

fn unanswered(watch: &Watch, no_model: &str) -> String {
    let at = watch.step.0 + 1;
    match watch.trajectories.len() {
        0 => format!("{no_model}; the file follows no candidates"),
        n => format!("{no_model}; the file follows {n} candidates at step {at}"),
    }
}
