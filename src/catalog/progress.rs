//! What a fetch says while it runs.

use std::time::{Duration, Instant};

/// Ten reports a second are enough for any progress bar.
const BETWEEN_REPORTS: Duration = Duration::from_millis(100);

/// How far a download is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchProgress {
    /// The source that is being tried, for example `hub` or `Python package`.
    pub source: String,
    /// What is fetched.
    pub file: String,
    /// Bytes so far.
    pub bytes: u64,
    /// Bytes in all, where known.
    pub total: Option<u64>,
}

/// What a fetch says while it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FetchEvent {
    /// A file is being fetched.
    Progress(FetchProgress),
    /// Another process is fetching this file; it is waited for.
    Waiting {
        /// The source that is being tried.
        source: String,
        /// What the other process fetches.
        file: String,
    },
    /// A source was tried without success; the next one follows, if there is one.
    SourceFailed {
        /// The source, for example `hub`.
        source: String,
        /// Why, in one line.
        why: String,
    },
}

/// Takes what a fetch says. It must return soon: the download waits for it.
pub type Report<'a> = dyn Fn(FetchEvent) + Send + Sync + 'a;

/// Reports how far one file is, at its start, at its end, and a few times a second in between.
pub(super) struct Meter<'a> {
    report: &'a Report<'a>,
    progress: FetchProgress,
    last: Instant,
}

impl<'a> Meter<'a> {
    /// The first report: `bytes` are there already.
    pub(super) fn start(report: &'a Report<'a>, progress: FetchProgress) -> Self {
        report(FetchEvent::Progress(progress.clone()));
        Self {
            report,
            progress,
            last: Instant::now(),
        }
    }

    /// There are `bytes` now.
    pub(super) fn at(&mut self, bytes: u64) {
        if bytes == self.progress.bytes {
            return;
        }
        self.progress.bytes = bytes;
        let complete = self.progress.total == Some(bytes);
        if complete || self.last.elapsed() >= BETWEEN_REPORTS {
            self.last = Instant::now();
            (self.report)(FetchEvent::Progress(self.progress.clone()));
        }
    }
}
