//! When the next frame is due. Frames are asked for, not drawn on the spot: what several events
//! ask for becomes one frame.

use std::time::{Duration, Instant};

/// At most 30 frames a second.
pub const FRAME: Duration = Duration::from_nanos(1_000_000_000 / 30 + 1);

/// How soon a frame is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Urgency {
    /// The user did something and looks for the answer.
    SingleAnswer,
    /// Something changed by itself, such as a token that was generated.
    #[default]
    NextFrame,
}

/// Decides when the frame that was asked for is drawn.
///
/// A terminal at the end of a slow line lowers its own frame rate: the next frame starts no
/// sooner than twice the time that the last one took to be sent, and three times where that was
/// waited for, so that a key mostly finds the line free.
#[derive(Debug, Default)]
pub struct FrameLimiter {
    due: Option<Instant>,
    /// The most that was asked for since the last frame.
    urgency: Urgency,
    earliest: Option<Instant>,
}

impl FrameLimiter {
    /// Ask for a frame at `now`.
    pub fn request(&mut self, urgency: Urgency, now: Instant) {
        let wanted = match urgency {
            Urgency::SingleAnswer => now,
            Urgency::NextFrame => self.earliest.map_or(now, |earliest| earliest.max(now)),
        };
        self.due = Some(self.due.map_or(wanted, |due| due.min(wanted)));
        if urgency == Urgency::SingleAnswer {
            self.urgency = urgency;
        }
    }

    /// When the frame that was asked for is due; `None` when nothing was asked for.
    #[must_use]
    pub fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Whether a frame is to be drawn at `now`.
    #[must_use]
    pub fn is_due(&self, now: Instant) -> bool {
        self.due.is_some_and(|due| due <= now)
    }

    /// A frame was started at `start`, and the terminal took `sending` to accept it.
    pub fn drawn(&mut self, start: Instant, sending: Duration) {
        self.due = None;
        self.urgency = Urgency::NextFrame;
        self.earliest = Some(start + FRAME.max(sending * 2));
    }

    /// The terminal has accepted all of the last frame only now, `sending` after `start`.
    pub fn caught_up(&mut self, start: Instant, sending: Duration) {
        let earliest = start + FRAME.max(sending * 3);
        self.earliest = Some(earliest);
        if self.urgency == Urgency::NextFrame {
            self.due = self.due.map(|due| due.max(earliest));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUICK: Duration = Duration::from_millis(1);

    #[test]
    fn nothing_is_due_until_it_is_asked_for() {
        let limiter = FrameLimiter::default();
        assert_eq!(limiter.due(), None);
        assert!(!limiter.is_due(Instant::now()));
    }

    #[test]
    fn the_first_frame_comes_at_once() {
        let now = Instant::now();
        let mut limiter = FrameLimiter::default();
        limiter.request(Urgency::NextFrame, now);
        assert!(limiter.is_due(now));
    }

    #[test]
    fn many_requests_become_one_frame_a_thirtieth_of_a_second_after_the_last() {
        let start = Instant::now();
        let mut limiter = FrameLimiter::default();
        limiter.drawn(start, QUICK);
        for ms in [1, 5, 20] {
            limiter.request(Urgency::NextFrame, start + Duration::from_millis(ms));
        }
        assert_eq!(limiter.due(), Some(start + FRAME));
        limiter.drawn(start + FRAME, QUICK);
        assert_eq!(limiter.due(), None);
    }

    #[test]
    fn input_does_not_wait_for_the_next_frame() {
        let start = Instant::now();
        let mut limiter = FrameLimiter::default();
        limiter.drawn(start, QUICK);
        let key = start + Duration::from_millis(2);
        limiter.request(Urgency::NextFrame, key);
        limiter.request(Urgency::SingleAnswer, key);
        assert!(limiter.is_due(key));
    }

    #[test]
    fn a_slow_terminal_gets_fewer_frames() {
        let start = Instant::now();
        let mut limiter = FrameLimiter::default();
        limiter.drawn(start, Duration::from_millis(250));
        limiter.request(Urgency::NextFrame, start + Duration::from_millis(251));
        assert_eq!(limiter.due(), Some(start + Duration::from_millis(500)));
    }

    #[test]
    fn a_terminal_that_took_a_frame_bit_by_bit_gets_fewer_frames_too() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut limiter = FrameLimiter::default();
        limiter.drawn(start, QUICK);
        limiter.request(Urgency::NextFrame, at(100));
        limiter.caught_up(start, Duration::from_millis(250));
        assert_eq!(limiter.due(), Some(at(750)));
        limiter.request(Urgency::SingleAnswer, at(260));
        assert!(limiter.is_due(at(260)));
        limiter.caught_up(start, Duration::from_millis(300));
        assert!(limiter.is_due(at(300)), "a key does not wait");
    }

    #[test]
    fn a_request_long_after_the_last_frame_is_due_at_once() {
        let start = Instant::now();
        let mut limiter = FrameLimiter::default();
        limiter.drawn(start, QUICK);
        let later = start + Duration::from_secs(60);
        limiter.request(Urgency::NextFrame, later);
        assert_eq!(limiter.due(), Some(later));
    }
}
