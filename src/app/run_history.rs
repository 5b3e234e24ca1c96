//! The runs that are kept beside the shown one, and which of them it is compared with.

use super::{Run, State};
use crate::run::RunId;

/// How many runs are kept beside the shown one.
const MOST: usize = 11;

/// What the grid shows where there is a run to compare with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Side {
    /// The shown run.
    #[default]
    After,
    /// What has changed since the run before.
    Difference,
    /// The run before.
    Before,
}

impl Side {
    /// After, difference, before, and again after.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::After => Self::Difference,
            Self::Difference => Self::Before,
            Self::Before => Self::After,
        }
    }
}

/// The runs that are kept beside the shown one.
#[derive(Clone, Debug, Default)]
pub struct RunHistory {
    /// The run that the user chose to compare with, and to take states from; it may be the shown
    /// one.
    pub marked: Option<RunId>,
    /// The run that the shown one is compared with.
    pub before: Option<RunId>,
    /// What the grid shows.
    pub side: Side,
    others: Vec<Run>,
}

impl RunHistory {
    /// All runs but the shown one.
    #[must_use]
    pub fn others(&self) -> &[Run] {
        &self.others
    }

    pub(super) fn others_mut(&mut self) -> &mut [Run] {
        &mut self.others
    }

    /// The run that the shown one is compared with.
    #[must_use]
    pub fn before(&self) -> Option<&Run> {
        self.others.iter().find(|run| Some(run.id) == self.before)
    }

    pub(super) fn before_mut(&mut self) -> Option<&mut Run> {
        let before = self.before;
        self.others.iter_mut().find(|run| Some(run.id) == before)
    }

    pub(super) fn push(&mut self, run: Run) {
        self.others.push(run);
    }

    pub(super) fn take(&mut self, id: RunId) -> Option<Run> {
        let at = self.others.iter().position(|run| run.id == id)?;
        Some(self.others.remove(at))
    }

    /// Takes the runs out that there is no room for, oldest first. Those that are compared with,
    /// or whose states `shown` or another run has, stay, and so do the `pinned` ones.
    pub(super) fn take_surplus(&mut self, shown: Option<&Run>, pinned: &[RunId]) -> Vec<RunId> {
        let mut surplus = Vec::new();
        while self.others.len() > MOST {
            let is_needed = |run: &&Run| self.is_needed(run, shown) || pinned.contains(&run.id);
            let spare = self.others.iter().filter(|run| !is_needed(run));
            let Some(id) = spare.map(|run| run.id).min() else {
                break;
            };
            self.others.retain(|run| run.id != id);
            surplus.push(id);
        }
        surplus
    }

    fn is_needed(&self, run: &Run, shown: Option<&Run>) -> bool {
        let id = Some(run.id);
        id == self.marked || id == self.before || self.user_of(run.id, shown).is_some()
    }

    /// A run that has a state of `source`.
    pub(super) fn user_of(&self, source: RunId, shown: Option<&Run>) -> Option<RunId> {
        let mut runs = self.others.iter().chain(shown);
        runs.find(|run| run.patches_from(source)).map(|run| run.id)
    }
}

impl State {
    /// The run whose columns are in the grid: the one that is shown, or the one before.
    #[must_use]
    pub fn grid_run(&self) -> Option<&Run> {
        match self.history.side {
            Side::Before => self.history.before().or(self.run.as_ref()),
            Side::After | Side::Difference => self.run.as_ref(),
        }
    }

    /// The run that the grid shows the difference to, where it does.
    #[must_use]
    pub fn subtracted(&self) -> Option<&Run> {
        match self.history.side {
            Side::Difference => self.history.before(),
            Side::After | Side::Before => None,
        }
    }

    /// All runs, newest first.
    #[must_use]
    pub fn runs(&self) -> Vec<&Run> {
        let mut runs: Vec<&Run> = self.history.others().iter().chain(&self.run).collect();
        runs.sort_by_key(|run| std::cmp::Reverse(run.id));
        runs
    }
}
