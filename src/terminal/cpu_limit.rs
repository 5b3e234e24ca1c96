//! The limit on computing time, as of `ulimit -t`.

use std::thread;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Seconds of each core that are left for ending in good order.
const SPARE: u64 = 4;

/// Has the system tell us by SIGXCPU before it ends us.
///
/// `ulimit -t` sets the limit at which a process is told and the one at which it is killed to the
/// same number, and then nothing is told.
pub fn be_told_in_time() {
    let limit = getrlimit(Resource::Cpu);
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let Some(earlier) = earlier(limit.current, limit.maximum, cores as u64) else {
        return;
    };
    let told = Rlimit {
        current: Some(earlier),
        ..limit
    };
    if let Err(error) = setrlimit(Resource::Cpu, told) {
        tracing::warn!(%error, "the end of the computing time may come without a warning");
    }
}

/// When to be told, in seconds of all cores together; `None` where that is soon enough now.
fn earlier(told: Option<u64>, killed: Option<u64>, cores: u64) -> Option<u64> {
    let killed = killed?;
    // Not less than half of it, however many cores there are, and never nothing.
    let spare = SPARE.saturating_mul(cores).min(killed / 2);
    let earlier = (killed - spare).max(1);
    (told.is_none_or(|told| told > earlier)).then_some(earlier)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_warning_comes_before_the_end() {
        assert_eq!(earlier(Some(600), Some(600), 2), Some(592));
        assert_eq!(earlier(None, Some(600), 2), Some(592));
        assert_eq!(earlier(Some(10), Some(10), 64), Some(5));
        assert_eq!(earlier(Some(1), Some(1), 2), None);
    }

    #[test]
    fn a_warning_that_comes_soon_enough_stays() {
        assert_eq!(earlier(Some(500), Some(600), 2), None);
        assert_eq!(earlier(Some(500), None, 2), None);
        assert_eq!(earlier(None, None, 2), None);
    }
}
