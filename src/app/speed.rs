//! Tokens a second, smoothed.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Over how many tokens the speed is taken.
const WINDOW: usize = 24;

/// How many times the usual time between two tokens is a standstill: the terminal did not keep
/// up and the engine waited for it, or the program was suspended. That is no speed of the model.
const STANDSTILL: u32 = 10;

/// Tokens a second over the newest tokens, by the times at which they were made. When they are
/// heard of says nothing: what waited for the terminal comes in one heap.
#[derive(Clone, Debug, Default)]
pub struct Speed {
    made: VecDeque<Instant>,
}

impl Speed {
    /// A token was made.
    pub fn token(&mut self, made: Instant) {
        if self.made.len() == WINDOW {
            self.made.pop_front();
        }
        self.made.push_back(made);
    }

    /// Tokens a second; `None` while too few have come to say.
    #[must_use]
    pub fn per_second(&self) -> Option<f64> {
        let pairs = self.made.iter().zip(self.made.iter().skip(1));
        let mut took: Vec<Duration> = pairs
            .map(|(before, made)| made.saturating_duration_since(*before))
            .collect();
        took.sort_unstable();
        if took.len() < 2 {
            return None;
        }
        let most = took.get((took.len() - 1) / 2)?.saturating_mul(STANDSTILL);
        let counted = took.partition_point(|one| *one <= most);
        let span = took.iter().take(counted).sum::<Duration>();
        (span > Duration::ZERO).then(|| counted as f64 / span.as_secs_f64())
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
    fn a_standstill_is_no_speed_of_the_model() {
        let mut speed = Speed::default();
        let mut made = Instant::now();
        for at in 0..WINDOW {
            made += match at {
                9 => Duration::from_secs(60),
                _ => Duration::from_millis(50),
            };
            speed.token(made);
            if let Some(per_second) = speed.per_second() {
                assert!((per_second - 20.0).abs() < 1e-9, "{per_second}");
            }
        }
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
