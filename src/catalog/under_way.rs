//! The fetches that are under way, so that whoever ends the process can let them clean up.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The fetches that are under way. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct OngoingFetches(Arc<Count>);

#[derive(Debug, Default)]
struct Count {
    fetches: Mutex<usize>,
    fewer: Condvar,
}

/// A fetch under way, until this is dropped.
#[derive(Debug)]
pub struct Fetching(OngoingFetches);

impl OngoingFetches {
    /// One more is under way.
    #[must_use]
    pub fn begin(&self) -> Fetching {
        *self.0.count() += 1;
        Fetching(self.clone())
    }

    /// Waits until none is under way, or `patience` is over. Who ends the process cancels them
    /// first.
    pub fn wait(&self, patience: Duration) {
        let waited = self
            .0
            .fewer
            .wait_timeout_while(self.0.count(), patience, |fetches| *fetches > 0);
        // Whether one is left makes no difference: the process ends.
        drop(waited);
    }
}

impl Count {
    fn count(&self) -> MutexGuard<'_, usize> {
        self.fetches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Fetching {
    fn drop(&mut self) {
        let Self(OngoingFetches(count)) = self;
        *count.count() -= 1;
        count.fewer.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn nothing_under_way_is_not_waited_for() {
        let begun = Instant::now();
        OngoingFetches::default().wait(LONG);
        assert!(begun.elapsed() < LONG);
    }

    #[test]
    fn what_is_under_way_is_waited_for_to_its_end_or_for_so_long() {
        let under_way = OngoingFetches::default();
        let fetching = under_way.begin();
        let begun = Instant::now();
        under_way.wait(Duration::from_millis(20));
        assert!(begun.elapsed() >= Duration::from_millis(20));
        let ends = std::thread::spawn(move || drop(fetching));
        under_way.wait(LONG);
        assert!(begun.elapsed() < LONG);
        assert!(ends.join().is_ok());
    }
}
