//! The newest trace of this session, copied while it grows, so that it can be autosaved whatever
//! ends the program.

use std::sync::Arc;

use super::{Run, State};
use crate::run::{Comparison, Record, RunId};
use crate::trace::Column;

/// The newest trace that has a step, and how much of it the user has in a file.
#[derive(Debug, Default)]
pub struct UnsavedTrace {
    latest: Option<Latest>,
    /// The last step of what was saved last.
    saved: Option<Arc<Column>>,
}

#[derive(Debug)]
struct Latest {
    run: RunId,
    record: Record,
    /// What the record's candidates are out of.
    answer: Option<Arc<Comparison>>,
}

impl UnsavedTrace {
    /// Takes in what has changed since the last time; costs little where nothing has. A run
    /// without a step does not take the place of one that has some, nor does a saved trace.
    pub fn follow(&mut self, state: &State) {
        let run = state.run.as_ref().filter(|run| !run.columns.is_empty());
        let Some(run) = run.filter(|_| state.model.saved.is_none()) else {
            return;
        };
        let answer = state.compare.as_ref().and_then(|compare| compare.answer());
        if let Some(latest) = &mut self.latest
            && latest.has_grown_to(run, answer)
        {
            let there = latest.record.columns.len();
            latest
                .record
                .columns
                .extend_from_slice(&run.columns[there..]);
            latest.record.finish = run.finish();
            return;
        }
        if let Some(record) = state.record() {
            self.latest = Some(Latest {
                run: run.id,
                record,
                answer: answer.cloned(),
            });
        }
    }

    /// The user has this in a file.
    pub fn saved(&mut self, record: &Record) {
        self.saved = record.columns.last().cloned();
    }

    /// What would be lost now.
    #[must_use]
    pub fn record(&self) -> Option<(RunId, &Record)> {
        let latest = self.latest.as_ref()?;
        let newest = latest.record.columns.last()?;
        let is_saved = self.saved.as_ref();
        let is_saved = is_saved.is_some_and(|saved| Arc::ptr_eq(saved, newest));
        (!is_saved).then_some((latest.run, &latest.record))
    }
}

impl Latest {
    /// Whether only steps were added, or none.
    fn has_grown_to(&self, run: &Run, answer: Option<&Arc<Comparison>>) -> bool {
        let columns = &self.record.columns;
        let same_answer = match (&self.answer, answer) {
            (None, None) => true,
            (Some(old), Some(new)) => Arc::ptr_eq(old, new),
            _ => false,
        };
        let last = columns.len().checked_sub(1);
        let same_columns = last.is_some_and(|last| {
            let now = run.columns.get(last);
            now.is_some_and(|now| Arc::ptr_eq(now, &columns[last]))
        });
        (self.run, self.record.lens, self.record.rows) == (run.id, run.lens, run.rows)
            && same_answer
            && same_columns
    }
}
