//! The way to the engine's thread, for the program's side.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

use super::Command;
use crate::run::RunId;

/// Which runs are no longer wanted. The engine looks at it between two decoder blocks.
#[derive(Clone, Debug, Default)]
pub struct CancelledRuns(Arc<AtomicU64>);

impl CancelledRuns {
    /// Every run up to and including `run` is no longer wanted.
    pub fn up_to(&self, run: RunId) {
        self.0.fetch_max(run.0, Ordering::Relaxed);
    }

    /// Whether `run` is no longer wanted.
    #[must_use]
    pub fn contains(&self, run: RunId) -> bool {
        run.0 <= self.0.load(Ordering::Relaxed)
    }
}

/// The way to the engine's thread. Dropping the last handle ends the thread.
#[derive(Clone, Debug)]
pub struct Handle {
    commands: Sender<(Command, CancellationToken)>,
    cancelled_runs: CancelledRuns,
    loading: Arc<Mutex<CancellationToken>>,
}

impl Handle {
    /// A handle that sends to `commands`. Each command comes with the token that cancels it
    /// while it is a load.
    #[must_use]
    pub fn new(
        commands: Sender<(Command, CancellationToken)>,
        cancelled_runs: CancelledRuns,
    ) -> Self {
        Self {
            commands,
            cancelled_runs,
            loading: Arc::default(),
        }
    }

    /// Ask for something; returns at once. A new run stops the older ones, a new load cancels
    /// the load under way. Nothing happens when the engine's thread has ended.
    pub fn send(&self, command: Command) {
        let cancel = CancellationToken::new();
        match &command {
            Command::Run(run) => self.cancelled_runs.up_to(RunId(run.id.0.saturating_sub(1))),
            Command::Load { .. } => {
                let mut loading = self.loading.lock().unwrap_or_else(PoisonError::into_inner);
                loading.cancel();
                *loading = cancel.clone();
            }
            Command::List | Command::Ask(_) | Command::Forget(_) | Command::States(_) => {}
        }
        // The receiver is gone only when the engine's thread has ended, which it has reported.
        let _ = self.commands.send((command, cancel));
    }

    /// Stop the run, at once. Its columns stand.
    pub fn stop(&self, run: RunId) {
        self.cancelled_runs.up_to(run);
    }

    /// Give up the load under way; the model that is there stays.
    pub fn cancel_load(&self) {
        self.loading
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .cancel();
    }

    /// Give up everything under way, so that the thread ends soon.
    pub fn abandon(&self) {
        self.cancelled_runs.up_to(RunId(u64::MAX));
        self.cancel_load();
    }
}
