//! An error as it is told on a terminal: one line, from the outside in.
//!
//! Errors quote names out of checkpoints, scripts, settings and the environment, and a terminal
//! obeys what is in a name as it obeys us: it would write the clipboard, erase the screen, or show
//! lines that nobody wrote. So whatever is told outside the screen passes through here, or through
//! [`visible_line`] where it is no error.

use std::error::Error;

use crate::catalog::SourceFailures;
use crate::vocabulary::{visible_line, visible_text};

/// The causes of an error, the outermost first, in one line in which nothing steers a terminal. A
/// cause that an error tells in its own words is not told again.
pub fn in_one_line<'e>(chain: impl IntoIterator<Item = &'e (dyn Error + 'static)>) -> String {
    let mut line = String::new();
    for cause in chain {
        let text = shown(cause);
        if line.contains(&text) {
            continue;
        }
        if !line.is_empty() {
            line.push_str(": ");
        }
        line.push_str(&text);
    }
    line
}

/// The message of one error. Where several sources gave nothing it has a line for each, which it
/// makes of them itself; any other newline is part of a name.
fn shown(error: &(dyn Error + 'static)) -> String {
    let message = error.to_string();
    let has_lines = |error: &(dyn Error + 'static)| error.is::<SourceFailures>();
    match has_lines(error) || error.source().is_some_and(has_lines) {
        true => visible_text(&message),
        false => visible_line(&message),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::io;
    use std::iter;

    use super::*;
    use crate::catalog::{FetchError, SourceError, SourceFailure};

    #[derive(Debug, thiserror::Error)]
    #[error("{message}")]
    struct Unreadable {
        message: String,
        source: io::Error,
    }

    fn line(error: &(dyn Error + 'static)) -> String {
        in_one_line(iter::successors(Some(error), |error| {
            let error: &(dyn Error + 'static) = *error;
            error.source()
        }))
    }

    fn unreadable(message: &str) -> Unreadable {
        Unreadable {
            message: message.to_owned(),
            source: io::Error::other("it is gone"),
        }
    }

    #[test]
    fn a_cause_is_told_once() {
        for message in ["cannot read m.gguf", "cannot read m.gguf: it is gone"] {
            assert_eq!(line(&unreadable(message)), "cannot read m.gguf: it is gone");
        }
    }

    #[test]
    fn nothing_in_a_name_steers_the_terminal_or_makes_a_line() {
        let name = "a\u{1b}]52;c;eA==\u{7}\u{9b}2J\u{202e}b\r\nlenscape: all is well\0";
        assert_eq!(
            line(&unreadable(name)),
            "a⟨1B⟩]52;c;eA==⟨07⟩⟨009B⟩2J⟨202E⟩b⏎lenscape: all is well⟨00⟩: it is gone"
        );
    }

    #[test]
    fn several_sources_have_a_line_each_and_names_in_them_none() {
        let failure = |source: &str| SourceFailure {
            source: source.to_owned(),
            error: SourceError::NoRevision {
                repo: "org/m".to_owned(),
                revision: "x\ny\u{1b}c".to_owned(),
            },
        };
        let error = FetchError::NoSource {
            name: "m\nn".to_owned(),
            failures: SourceFailures(vec![failure("hub"), failure("hub cache")]),
        };
        assert_eq!(
            line(&error),
            "cannot get m⏎n\n  hub: org/m has no revision `x⏎y⟨1B⟩c`\n  hub cache: org/m has no \
             revision `x⏎y⟨1B⟩c`"
        );
    }
}
