//! The door to the `tokenizers` crate: its failures, and its panics on crafted files, become one
//! line each.

use std::any::Any;

use crate::caught;

/// Do `work`, which calls into the crate. The error is one line.
pub(super) fn guarded<T>(work: impl FnOnce() -> tokenizers::Result<T>) -> Result<T, String> {
    // Nothing that a panic could leave half-done outlives the call: what is built is dropped, and
    // encoding changes nothing but a cache that is kept per thread.
    match caught::catch(work) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(first_line(&error.to_string())),
        Err(panic) => Err(format!(
            "the tokenizers library gave up: {}",
            first_line(panic_message(panic.as_ref()))
        )),
    }
}

fn first_line(message: &str) -> String {
    message.lines().next().unwrap_or_default().to_owned()
}

fn panic_message(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no reason given")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic)]

    use super::*;

    #[test]
    fn a_panic_becomes_one_line() {
        let outcome = guarded::<()>(|| panic!("index 7\nof 3"));
        assert_eq!(
            outcome,
            Err("the tokenizers library gave up: index 7".into())
        );
    }

    #[test]
    fn an_error_becomes_one_line() {
        let outcome = guarded::<()>(|| Err("bad merges\nat 3".into()));
        assert_eq!(outcome, Err("bad merges".into()));
    }
}
