//! The end of the program by the user's wish: never by a key too many, and never without a word
//! where runs would be lost.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Effect, Run, Save, SaveOutcome, SaveSource, State};
use crate::export::Content;
use crate::trace::Column;

/// For so long after a run has ended, a key that might have been meant to stop it does not end the
/// program.
const LATE: Duration = Duration::from_secs(1);

/// What there is to know before the program ends.
#[derive(Clone, Debug, Default)]
pub struct Leaving {
    /// When a run was stopped, or ended by itself.
    ended: Option<Instant>,
    /// When it was asked whether runs may be lost, while that waits for its answer.
    asked: Option<Instant>,
    /// Traces on their way to a file, by their last step.
    on_the_way: Vec<(PathBuf, Arc<Column>)>,
    /// Traces that are in a file, by their last step.
    saved: Vec<Arc<Column>>,
}

impl Leaving {
    /// A run has ended, or is told to.
    pub(super) fn has_ended(&mut self, now: Instant) {
        self.ended = Some(now);
    }

    /// Whether a key to quit may have been meant for what has just ended.
    pub(super) fn is_too_soon(&self, now: Instant) -> bool {
        self.ended.is_some_and(|ended| is_late(ended, now))
    }

    /// It is asked whether runs may be lost.
    pub(super) fn ask(&mut self, now: Instant) {
        self.asked = Some(now);
    }

    /// The question that waits for an answer, if there is one; it waits no longer.
    pub(super) fn take_question(&mut self) -> Option<Instant> {
        self.asked.take()
    }

    /// Takes in which traces are to be saved.
    pub(super) fn follow(&mut self, effects: &[Effect]) {
        for effect in effects {
            if let Effect::Save(Save { path, format, what }) = effect
                && format.is_read_back
                && let SaveSource::Content(Content::Trace(record, _)) = what
                && let Some(last) = record.columns.last()
            {
                self.on_the_way.push((path.clone(), Arc::clone(last)));
            }
        }
    }

    /// Takes in what became of them.
    pub(super) fn hear(&mut self, news: &SaveOutcome) {
        match news {
            SaveOutcome::Saved(path) => {
                let is_there = |(to, _): &mut (PathBuf, _)| to.as_path() == path.as_path();
                let there = self.on_the_way.extract_if(.., is_there);
                self.saved.extend(there.map(|(_, last)| last));
            }
            // Which one it was does not matter: the others tell of themselves.
            SaveOutcome::Failed(_) => {}
        }
    }

    fn has_in_a_file(&self, run: &Run) -> bool {
        let last = run.columns.last();
        last.is_some_and(|last| self.saved.iter().any(|saved| Arc::ptr_eq(saved, last)))
    }
}

/// Whether `then` is so short a time ago that a key may have been meant for what was then.
pub(super) fn is_late(then: Instant, now: Instant) -> bool {
    now.saturating_duration_since(then) < LATE
}

impl State {
    /// How many runs would be lost if the program ended now. The newest one would not: it is kept.
    #[must_use]
    pub fn runs_to_lose(&self) -> usize {
        let unsaved = |run: &&Run| !run.columns.is_empty() && !self.leaving.has_in_a_file(run);
        let others = self.history.others().iter().filter(unsaved).count();
        match &self.run {
            Some(shown) if !shown.columns.is_empty() => others,
            // The one that was shown before is kept in its place.
            _ => others.saturating_sub(1),
        }
    }
}
