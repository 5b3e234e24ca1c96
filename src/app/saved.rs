//! A saved trace in the place of a model: what the file holds can be looked at, and nothing can be
//! asked that it does not hold.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::state::{Pane, Start, Zoom};
use super::{
    Cursor, Effect, KeptRuns, Loading, Origin, Phase, Prompt, PromptColumns, Run, Speed, State,
    typed_candidates,
};
use crate::engine::{Ask, Comparison, Continuation, Question, RunId, StopReason, Wanted};
use crate::export::{Record, Watch};
use crate::settings::Settings;
use crate::trace::{Step, Trajectory};
use crate::vocabulary::TextStream;

/// What is said to whatever needs the model.
pub(super) const NO_MODEL: &str =
    "A saved trace: no model is loaded; choose one from the list of models";

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

    /// Show a saved trace in the place of the model and of all runs, and say what has to happen
    /// outside. A load under way is given up.
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
        let record = Arc::clone(&saved.record);
        let id = self.next_run;
        self.next_run = RunId(id.0 + 1);
        self.model.ready = Some(Arc::clone(&record.model));
        self.model.saved = Some(saved);
        self.prompt = Prompt::new(&record.prompt);
        let candidates = record.watch.trajectories.iter();
        self.typed_candidates =
            typed_candidates(candidates.map(|trajectory| trajectory.candidate.text.as_str()));
        (self.queued, self.queued_text) = (None, None);
        (self.compare, self.search) = (None, None);
        (self.page, self.line) = (None, None);
        self.kept = KeptRuns::default();
        self.pins.clear();
        self.skips.clear();
        self.cursor = Cursor::default();
        self.view.lens = record.lens;
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
        prompt: record.prompt.clone(),
        prompt_tokens: record.prompt_ids.clone(),
        max_tokens: record.max_tokens,
        sampling: record.sampling.clone(),
        continuation: Continuation::Generated,
        given: record.given,
        interventions: record.interventions.clone(),
        lens: record.lens,
        asked_lens: None,
        prompt_columns: PromptColumns::default(),
        columns: record.columns.clone(),
        attributions: BTreeMap::new(),
        text,
        phase: Phase::Finished(record.finish.unwrap_or(StopReason::Stopped)),
        speed: Speed::default(),
    }
}

/// What the file says of candidates: those that were followed at the same position.
/// `None` for a question about something else.
pub(super) fn comparison(record: &Record, question: &Question) -> Option<Comparison> {
    let Ask::Candidates { at, wanted } = &question.ask else {
        return None;
    };
    let step = Step(at.0.checked_sub(record.prompt_ids.len())?);
    let find = |wanted: &Wanted| find(&record.watch, step, wanted);
    Some(Comparison {
        run: question.run,
        at: *at,
        lens: question.lens,
        trajectories: wanted.iter().map(find).collect(),
    })
}

fn find(watch: &Watch, step: Step, wanted: &Wanted) -> Result<Trajectory, String> {
    watch
        .trajectories
        .iter()
        .filter(|_| watch.step == step)
        .find(|trajectory| match wanted {
            Wanted::Text(text) => trajectory.candidate.text == *text,
            Wanted::Token(token) => trajectory.candidate.tokens == [*token],
        })
        .cloned()
        .ok_or_else(|| {
            let at = watch.step.0 + 1;
            match watch.trajectories.len() {
                0 => format!("{NO_MODEL}; the file follows no candidates"),
                n => format!("{NO_MODEL}; the file follows {n} candidates at step {at}"),
            }
        })
}
