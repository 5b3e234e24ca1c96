//! Tokens a second, smoothed.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Over how many tokens the speed is taken. Events come in small heaps, one a frame, so that the
/// distance of two neighbours says little.
const WINDOW: usize = 24;

/// Tokens a second over the newest tokens.
#[derive(Clone, Debug, Default)]
pub struct Speed {
    arrivals: VecDeque<Instant>,
}

impl Speed {
    /// A token has come.
    pub fn token(&mut self, now: Instant) {
        if self.arrivals.len() == WINDOW {
            self.arrivals.pop_front();
        }
        self.arrivals.push_back(now);
    }

    /// Tokens a second; `None` while too few have come to say.
    #[must_use]
    pub fn per_second(&self) -> Option<f64> {
        let (first, last) = (self.arrivals.front()?, self.arrivals.back()?);
        let span = last.saturating_duration_since(*first);
        (self.arrivals.len() > 2 && span > Duration::ZERO)
            .then(|| (self.arrivals.len() - 1) as f64 / span.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn it_says_nothing_before_the_third_token() {
        let mut speed = Speed::default();
        let start = Instant::now();
        speed.token(start);
        speed.token(start + Duration::from_millis(100));
        assert_eq!(speed.per_second(), None);
    }

    #[test]
    fn it_forgets_old_tokens() {
        let mut speed = Speed::default();
        let mut now = Instant::now();
        for _ in 0..WINDOW {
            now += Duration::from_secs(1);
            speed.token(now);
        }
        for _ in 0..WINDOW {
            now += Duration::from_millis(50);
            speed.token(now);
        }
        let per_second = speed.per_second().unwrap();
        assert!((per_second - 20.0).abs() < 1e-9, "{per_second}");
    }
}
