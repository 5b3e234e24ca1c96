//! What the terminal was sent and has not shown yet.
//!
//! The kernel and the line take far more bytes at once than a slow terminal shows in a second, and
//! say nothing of it: at 2 kB/s a key would be answered behind ten seconds of old frames. So a
//! question follows each frame, which a terminal answers when it has come to it, and the next
//! frame waits while the answers show that much is under way. A terminal that answers nothing gets
//! its frames by time alone.
//!
//! The question is "device status report", `CSI 5 n`, and the answer `CSI 0 n` (ECMA-48, 8.3.35).

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Asks the terminal whether it is well.
pub const QUESTION: &[u8] = b"\x1b[5n";

/// As much may be under way as the terminal shows in so many seconds.
const AHEAD_S: f64 = 0.2;
/// As much may be under way to a terminal that has not answered yet, for [`FIRST_ANSWER`].
const AHEAD_OF_THE_FIRST_ANSWER: usize = 8 << 10;
/// So long the first answer is waited for. Who needs longer, or never answers, gets frames by time.
const FIRST_ANSWER: Duration = Duration::from_secs(1);
/// After so long without an answer the terminal is taken for one that answers no more.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long an answer is waited for when the terminal is given back: the shell would take it for
/// something that was typed.
const LAST_ANSWER: Duration = Duration::from_millis(700);

/// Answers that have come. They are counted by the thread that reads the terminal.
static ANSWERS: AtomicUsize = AtomicUsize::new(0);
/// What is still to come, for whoever gives the terminal back, which may be any thread.
static EXPECTED: Mutex<Option<Expected>> = Mutex::new(None);

#[derive(Clone, Copy)]
struct Expected {
    /// The number of answers when all that was asked is answered.
    answers: usize,
    /// When it was first asked.
    since: Instant,
}

/// The terminal has answered.
pub fn count_answer() {
    ANSWERS.fetch_add(1, Ordering::SeqCst);
}

fn answers() -> usize {
    ANSWERS.load(Ordering::SeqCst)
}

fn expected() -> Option<Expected> {
    *EXPECTED.lock().unwrap_or_else(PoisonError::into_inner)
}

fn expect(expected: Option<Expected>) {
    *EXPECTED.lock().unwrap_or_else(PoisonError::into_inner) = expected;
}

/// Whether a terminal that is known to answer has not come to the last question yet.
pub fn is_under_way() -> bool {
    let answers = answers();
    answers > 0 && expected().is_some_and(|expected| answers < expected.answers)
}

/// Wait a moment for the answers that are still to come, from a terminal that has answered before
/// or has had no time to.
pub fn wait_for_answers() {
    let Some(expected) = expected() else {
        return;
    };
    if answers() == 0 && expected.since.elapsed() > FIRST_ANSWER {
        return;
    }
    let end = Instant::now() + LAST_ANSWER;
    while answers() < expected.answers && Instant::now() < end {
        thread::sleep(Duration::from_millis(2));
    }
}

/// The frames that are under way to one terminal.
#[derive(Debug, Default)]
pub struct Backlog {
    /// Those that were not answered yet, oldest first.
    under_way: VecDeque<Frame>,
    /// Answers that were taken in.
    answers: usize,
    /// What is known of the way there; `None` while nothing was answered.
    line: Option<Line>,
    first_asked: Option<Instant>,
}

/// A frame with a question behind it.
#[derive(Clone, Copy, Debug)]
struct Frame {
    bytes: usize,
    sent: Instant,
    /// Bytes that were under way when it was sent, its own among them.
    ahead: usize,
}

/// The line to a terminal that answers.
#[derive(Clone, Copy, Debug)]
struct Line {
    /// Bytes that the terminal shows in a second at least.
    rate: f64,
    /// Seconds that an answer has taken of late.
    answer_s: f64,
}

impl Line {
    /// What is known when a frame, the last of `bytes`, was answered after so many seconds.
    fn heard(before: Option<Self>, bytes: usize, seconds: f64) -> Self {
        let rate = bytes as f64 / seconds.max(1e-3);
        match before {
            None => Self {
                rate,
                answer_s: seconds,
            },
            // How far away the terminal is counts in too. So more frames are sent until it is the
            // line that bounds their number, and one late answer does not undo what is known.
            Some(line) => Self {
                rate: rate.max(f64::midpoint(line.rate, rate)),
                answer_s: 0.7 * line.answer_s + 0.3 * seconds,
            },
        }
    }
}

impl Backlog {
    /// Whether a question is to follow the next frame. A terminal that has never answered has one
    /// at a time: it may not know what is asked, or be far behind.
    #[must_use]
    pub fn asks(&self) -> bool {
        self.line.is_some() || self.under_way.is_empty()
    }

    /// A frame of so many bytes was sent, with a question behind it.
    pub fn asked(&mut self, bytes: usize, now: Instant) {
        let ahead = self.bytes() + bytes;
        self.under_way.push_back(Frame {
            bytes,
            sent: now,
            ahead,
        });
        let since = *self.first_asked.get_or_insert(now);
        expect(Some(Expected {
            answers: self.answers + self.under_way.len(),
            since,
        }));
    }

    /// A frame of so many bytes was sent, with no question behind it.
    pub fn sent(&mut self, bytes: usize) {
        if let Some(last) = self.under_way.back_mut() {
            last.bytes += bytes;
        }
    }

    /// Takes in the answers that have come.
    pub fn hear(&mut self, now: Instant) {
        self.hear_all(answers(), now);
    }

    fn hear_all(&mut self, answers: usize, now: Instant) {
        while self.answers < answers {
            self.answers += 1;
            // There is none where the question was forgotten.
            if let Some(frame) = self.under_way.pop_front() {
                let line = Line::heard(self.line, frame.ahead, seconds(frame.sent, now));
                self.line = Some(line);
            }
        }
        let is_silent = |frame: &Frame| now.saturating_duration_since(frame.sent) > PATIENCE;
        if self.line.is_some() && self.under_way.front().is_some_and(is_silent) {
            self.under_way.clear();
            self.line = None;
        }
    }

    /// Bytes under way for which the next frame has to wait.
    #[must_use]
    pub fn excess(&self, now: Instant) -> usize {
        let Some(oldest) = self.under_way.front() else {
            return 0;
        };
        let bytes = self.bytes();
        let waits = match self.line {
            Some(line) => {
                bytes as f64 > line.rate * AHEAD_S
                    || seconds(oldest.sent, now) > 2.0 * line.answer_s + 0.1
            }
            None => {
                bytes > AHEAD_OF_THE_FIRST_ANSWER
                    && now.saturating_duration_since(oldest.sent) < FIRST_ANSWER
            }
        };
        if waits { bytes } else { 0 }
    }

    /// Nothing that was sent before counts any more: somebody else has had the terminal.
    pub fn forget(&mut self) {
        self.under_way.clear();
        self.answers = answers();
        expect(None);
    }

    fn bytes(&self) -> usize {
        self.under_way.iter().map(|frame| frame.bytes).sum()
    }
}

fn seconds(since: Instant, now: Instant) -> f64 {
    now.saturating_duration_since(since).as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(start: Instant, milliseconds: u64) -> Instant {
        start + Duration::from_millis(milliseconds)
    }

    /// Send a frame at `now`, as the program does.
    fn send(backlog: &mut Backlog, bytes: usize, now: Instant) {
        match backlog.asks() {
            true => backlog.asked(bytes, now),
            false => backlog.sent(bytes),
        }
    }

    #[test]
    fn a_terminal_that_never_answers_keeps_frames_waiting_for_a_second_and_is_asked_once() {
        let start = Instant::now();
        let mut backlog = Backlog::default();
        send(&mut backlog, 5000, start);
        assert_eq!(backlog.excess(after(start, 10)), 0);
        send(&mut backlog, 5000, after(start, 20));
        assert_eq!(backlog.excess(after(start, 500)), 10_000);
        for k in 1..20 {
            let now = after(start, 1000 * k);
            backlog.hear_all(0, now);
            assert_eq!(backlog.excess(now), 0);
            assert!(!backlog.asks());
            send(&mut backlog, 5000, now);
        }
    }

    #[test]
    fn over_a_slow_line_one_frame_is_under_way() {
        let start = Instant::now();
        let mut backlog = Backlog::default();
        send(&mut backlog, 4000, start);
        backlog.hear_all(1, after(start, 2000));
        send(&mut backlog, 1000, after(start, 2000));
        assert_eq!(backlog.excess(after(start, 2010)), 1000);
        backlog.hear_all(2, after(start, 2500));
        assert_eq!(backlog.excess(after(start, 2510)), 0);
    }

    #[test]
    fn over_a_line_that_becomes_slow_frames_wait() {
        let start = Instant::now();
        let mut backlog = Backlog::default();
        for k in 0..10 {
            send(&mut backlog, 4000, after(start, 40 * k));
            backlog.hear_all(backlog.answers + 1, after(start, 40 * k + 1));
        }
        send(&mut backlog, 4000, after(start, 400));
        assert_eq!(backlog.excess(after(start, 440)), 0);
        assert_eq!(backlog.excess(after(start, 600)), 4000);
    }

    #[test]
    fn a_fast_line_to_far_away_keeps_its_frame_rate() {
        let start = Instant::now();
        let mut backlog = Backlog::default();
        // An answer comes 150 ms after its frame, however much there is.
        let mut answers = VecDeque::new();
        let mut waited = [0, 0];
        for k in 0..90 {
            let now = after(start, 33 * k);
            while answers.front().is_some_and(|due| *due <= now) {
                answers.pop_front();
                backlog.hear_all(backlog.answers + 1, now);
            }
            if backlog.excess(now) > 0 {
                waited[usize::from(k >= 30)] += 1;
                continue;
            }
            if backlog.asks() {
                answers.push_back(now + Duration::from_millis(150));
            }
            send(&mut backlog, 1500, now);
        }
        assert!(
            waited[0] < 15 && waited[1] == 0,
            "{waited:?} frames had to wait"
        );
    }

    #[test]
    fn a_terminal_that_falls_silent_gets_its_frames_by_time() {
        let start = Instant::now();
        let mut backlog = Backlog::default();
        send(&mut backlog, 4000, start);
        backlog.hear_all(1, after(start, 2000));
        send(&mut backlog, 1000, after(start, 2000));
        backlog.hear_all(1, after(start, 6900));
        assert_eq!(backlog.excess(after(start, 6900)), 1000);
        backlog.hear_all(1, after(start, 7100));
        assert_eq!(backlog.excess(after(start, 7100)), 0);
    }

    #[test]
    fn an_answer_to_what_was_forgotten_does_no_harm() {
        let start = Instant::now();
        let mut backlog = Backlog::default();
        backlog.hear_all(3, start);
        assert!(backlog.asks());
        send(&mut backlog, 4000, start);
        backlog.hear_all(4, after(start, 2000));
        assert_eq!(backlog.excess(after(start, 2000)), 0);
    }
}
