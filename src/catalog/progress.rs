//! What a fetch says while it runs.

use std::time::{Duration, Instant};

/// Ten reports a second are enough for any progress bar.
const BETWEEN_REPORTS: Duration = Duration::from_millis(100);

/// The speed is measured over pieces of this length.
const SAMPLE: Duration = Duration::from_millis(500);

/// What came so long ago counts for a third of what comes now.
const MEMORY: Duration = Duration::from_secs(3);

/// How far a download is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchProgress {
    /// The source that is being tried, for example `hub` or `Python package`.
    pub source: String,
    /// What is fetched: a file, or how many files.
    pub file: String,
    /// Bytes so far, of all files together.
    pub bytes: u64,
    /// Bytes in all, where known.
    pub total: Option<u64>,
    /// Bytes a second lately, once that is known.
    pub speed: Option<u64>,
}

impl FetchProgress {
    /// How long the rest takes at the present speed, where that can be said.
    #[must_use]
    pub fn time_left(&self) -> Option<Duration> {
        let left = self.total?.saturating_sub(self.bytes);
        let speed = self.speed.filter(|speed| *speed > 0)?;
        Some(Duration::from_secs(left.div_ceil(speed)))
    }

    /// The bytes so far and in all, for example `34.2 of 98.7 MB`.
    #[must_use]
    pub fn amount(&self) -> String {
        let (size, unit) = match self.total.unwrap_or(self.bytes) {
            1_000_000_000.. => (1e9, "GB"),
            _ => (1e6, "MB"),
        };
        let bytes = self.bytes as f64 / size;
        match self.total {
            Some(total) => format!("{bytes:.1} of {:.1} {unit}", total as f64 / size),
            None => format!("{bytes:.1} {unit}"),
        }
    }

    /// The speed and the time left, for example `5.3 MB/s, 13 s left`, as far as they are known.
    #[must_use]
    pub fn pace(&self) -> Option<String> {
        let speed = match self.speed? {
            speed @ 1_000_000.. => format!("{:.1} MB/s", speed as f64 / 1e6),
            speed => format!("{:.0} kB/s", speed as f64 / 1e3),
        };
        Some(match self.time_left() {
            Some(left) => format!("{speed}, {} left", in_words(left)),
            None => speed,
        })
    }
}

fn in_words(time: Duration) -> String {
    match time.as_secs() {
        seconds @ ..60 => format!("{seconds} s"),
        seconds @ 60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        seconds => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
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
        /// What was wrong, in one line.
        why: String,
    },
}

/// Takes what a fetch says. It must return soon: the download waits for it.
pub type Report<'a> = dyn Fn(FetchEvent) + Send + Sync + 'a;

/// Reports how far a download is: at its start, at its end, and a few times a second in between.
pub(super) struct Meter<'a> {
    report: &'a Report<'a>,
    progress: FetchProgress,
    last: Instant,
    pace: Pace,
}

impl<'a> Meter<'a> {
    /// The first report: `file` comes from `source`, and nothing of it is there yet.
    pub(super) fn start(
        report: &'a Report<'a>,
        source: &str,
        file: String,
        total: Option<u64>,
    ) -> Self {
        let progress = FetchProgress {
            source: source.to_owned(),
            file,
            bytes: 0,
            total,
            speed: None,
        };
        report(FetchEvent::Progress(progress.clone()));
        let now = Instant::now();
        Self {
            report,
            progress,
            last: now,
            pace: Pace::since(now),
        }
    }

    /// So many bytes were there already; they say nothing of the speed.
    pub(super) fn had(&mut self, bytes: u64) {
        self.add(bytes, Instant::now());
    }

    /// So many bytes came.
    pub(super) fn got(&mut self, bytes: u64) {
        let now = Instant::now();
        self.pace.got(bytes, now);
        self.progress.speed = self.pace.speed();
        self.add(bytes, now);
    }

    /// There are `bytes` now.
    pub(super) fn at(&mut self, bytes: u64) {
        self.got(bytes.saturating_sub(self.progress.bytes));
    }

    fn add(&mut self, bytes: u64, now: Instant) {
        if bytes == 0 {
            return;
        }
        self.progress.bytes += bytes;
        let complete = self.progress.total == Some(self.progress.bytes);
        if complete || now.duration_since(self.last) >= BETWEEN_REPORTS {
            self.last = now;
            (self.report)(FetchEvent::Progress(self.progress.clone()));
        }
    }
}

/// A speed that follows the last seconds: an exponential moving average of samples.
struct Pace {
    /// Start of the sample under way.
    since: Instant,
    /// Its bytes so far.
    bytes: u64,
    /// Bytes a second up to its start.
    average: Option<f64>,
}

impl Pace {
    fn since(now: Instant) -> Self {
        Self {
            since: now,
            bytes: 0,
            average: None,
        }
    }

    fn got(&mut self, bytes: u64, now: Instant) {
        self.bytes += bytes;
        let elapsed = now.duration_since(self.since);
        if elapsed < SAMPLE {
            return;
        }
        let seconds = elapsed.as_secs_f64();
        let sample = self.bytes as f64 / seconds;
        let weight = 1.0 - (-seconds / MEMORY.as_secs_f64()).exp();
        self.average = Some(match self.average {
            Some(average) => average + weight * (sample - average),
            None => sample,
        });
        self.since = now;
        self.bytes = 0;
    }

    /// Bytes a second; `None` before the end of the first sample.
    fn speed(&self) -> Option<u64> {
        self.average.map(|average| average.round() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(bytes: u64, total: Option<u64>, speed: Option<u64>) -> FetchProgress {
        FetchProgress {
            source: "hub".to_owned(),
            file: "f".to_owned(),
            bytes,
            total,
            speed,
        }
    }

    #[test]
    fn the_time_left_is_that_of_the_rest_at_the_present_speed() {
        let left = |bytes, total, speed| progress(bytes, total, speed).time_left();
        assert_eq!(
            left(100, Some(400), Some(100)),
            Some(Duration::from_secs(3))
        );
        assert_eq!(left(400, Some(400), Some(100)), Some(Duration::ZERO));
        assert_eq!(left(100, None, Some(100)), None);
        assert_eq!(left(100, Some(400), None), None);
        assert_eq!(left(100, Some(400), Some(0)), None);
    }

    #[test]
    fn amount_and_pace_are_told_in_fitting_units() {
        let small = progress(34_200_000, Some(98_700_000), Some(5_300_000));
        assert_eq!(small.amount(), "34.2 of 98.7 MB");
        assert_eq!(small.pace().as_deref(), Some("5.3 MB/s, 13 s left"));
        let large = progress(500_000_000, Some(14_480_000_000), Some(1_500_000));
        assert_eq!(large.amount(), "0.5 of 14.5 GB");
        assert_eq!(large.pace().as_deref(), Some("1.5 MB/s, 2 h 35 min left"));
        let slow = progress(0, Some(13_000_000), Some(100_000));
        assert_eq!(slow.pace().as_deref(), Some("100 kB/s, 2 min 10 s left"));
        let unknown = progress(2_000_000, None, Some(100_000));
        assert_eq!(unknown.amount(), "2.0 MB");
        assert_eq!(unknown.pace().as_deref(), Some("100 kB/s"));
    }

    #[test]
    fn a_steady_download_has_its_own_speed_from_the_first_sample_on() {
        let start = Instant::now();
        let mut pace = Pace::since(start);
        pace.got(500, start + SAMPLE / 2);
        assert_eq!(pace.speed(), None);
        for sample in 1..20 {
            let bytes = if sample == 1 { 500 } else { 1000 };
            pace.got(bytes, start + SAMPLE * sample);
            assert_eq!(pace.speed(), Some(2000), "1000 bytes each half second");
        }
    }

    #[test]
    fn the_speed_follows_a_change_within_seconds_and_not_at_once() {
        let start = Instant::now();
        let mut pace = Pace::since(start);
        pace.got(1000, start + SAMPLE);
        pace.got(0, start + SAMPLE * 2);
        let after_one_sample = pace.speed();
        assert!(after_one_sample.is_some_and(|speed| (1500..2000).contains(&speed)));
        for sample in 3..40 {
            pace.got(0, start + SAMPLE * sample);
        }
        assert!(pace.speed().is_some_and(|speed| speed < 20));
    }

    #[test]
    fn what_was_there_already_counts_as_done_but_not_as_speed() {
        let events = std::sync::Mutex::new(Vec::new());
        let report = |event| {
            if let (FetchEvent::Progress(progress), Ok(mut events)) = (event, events.lock()) {
                events.push(progress);
            }
        };
        let mut meter = Meter::start(&report, "hub", "f".to_owned(), Some(10));
        meter.had(7);
        meter.at(10);
        drop(meter);
        let events = events.into_inner().unwrap_or_default();
        assert_eq!(events.first(), Some(&progress(0, Some(10), None)));
        assert_eq!(events.last().map(|last| last.bytes), Some(10));
    }
}
