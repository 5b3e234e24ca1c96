//! Panics that are expected and handled: a library that gives up on a crafted file must not end
//! the program, nor print a report beside the one line that the user gets.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// Does `work`; the error is what it panicked with. The caller must drop what a panic could have
/// left half-done.
pub fn catch<T>(work: impl FnOnce() -> T) -> Result<T, Box<dyn Any + Send>> {
    DEPTH.set(DEPTH.get() + 1);
    let outcome = catch_unwind(AssertUnwindSafe(work));
    DEPTH.set(DEPTH.get() - 1);
    outcome
}

/// Whether a panic of this thread would be caught by [`catch`], so that no report is due.
#[must_use]
pub fn is_expected() -> bool {
    DEPTH.get() > 0
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic)]
    use super::*;

    #[test]
    fn a_panic_is_expected_inside_only() {
        assert!(!is_expected());
        assert!(catch(|| panic!("inside: {}", is_expected())).is_err());
        assert!(catch(is_expected).is_ok_and(|inside| inside));
        assert!(!is_expected());
    }
}
