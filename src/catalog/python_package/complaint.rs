//! What pip's messages mean for a user.

use std::io;

use crate::catalog::SourceError;

/// More characters of a message are not shown.
const LONGEST: usize = 200;

/// Why pip failed, from what it wrote to stderr.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Complaint {
    /// Python has no module pip.
    NoPip,
    /// No space left.
    DiskFull,
    /// Anything else, in one line.
    Other(String),
}

impl Complaint {
    /// The complaint in pip's messages. Where the index could not be reached pip's last line says
    /// only that it found no such package; the reason is in a warning before.
    pub(super) fn find(messages: &str) -> Self {
        if messages.contains("No module named pip") {
            return Self::NoPip;
        }
        if messages.contains("[Errno 28]") {
            return Self::DiskFull;
        }
        let lines = || messages.lines().map(str::trim).rev();
        let broken = lines().find_map(|line| line.split_once("connection broken by '"));
        if let Some((_, why)) = broken {
            let why = shortened(cause(why));
            return Self::Other(format!("its index cannot be reached: {why}"));
        }
        let error = lines().find_map(|line| line.strip_prefix("ERROR: "));
        let last = || lines().find(|line| !line.is_empty());
        let line = error.or_else(last).unwrap_or("it gave no reason");
        Self::Other(shortened(line))
    }

    /// The complaint as the failure of this source.
    pub(super) fn explain(
        self,
        program: String,
        requirement: String,
        disk: impl Fn(io::Error) -> SourceError,
    ) -> SourceError {
        match self {
            Self::NoPip => SourceError::NoPip { program },
            Self::DiskFull => disk(io::ErrorKind::StorageFull.into()),
            Self::Other(why) => SourceError::Pip { requirement, why },
        }
    }
}

/// The readable part of `SomeError('<object at 0x…>: the reason')': /path/`.
fn cause(error: &str) -> &str {
    let mut cause = error.rsplit_once("': /").map_or(error, |(cause, _)| cause);
    // One error wraps another, or a text in quotes.
    while let Some(inner) = arguments(cause) {
        let text = inner.trim_matches(['"', '\'']);
        if text == inner && arguments(inner).is_none() {
            break;
        }
        cause = text;
    }
    cause.split_once(">: ").map_or(cause, |(_, reason)| reason)
}

/// What is between the parentheses of `Name(…)`.
fn arguments(text: &str) -> Option<&str> {
    let (name, rest) = text.split_once('(')?;
    let is_name = !name.is_empty() && name.chars().all(char::is_alphanumeric);
    rest.strip_suffix(')').filter(|_| is_name)
}

/// `line`, cut where it becomes too long to be read as one.
fn shortened(line: &str) -> String {
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic)]
    use super::*;

    fn other(why: &str) -> Complaint {
        Complaint::Other(why.to_owned())
    }

    #[test]
    fn the_reason_of_a_lost_connection_is_in_a_warning() {
        let messages = "WARNING: Retrying (Retry(total=0, connect=None)) after connection broken by \
            'NewConnectionError('<pip._vendor.urllib3.connection.HTTPSConnection object at 0x7f>: \
            Failed to establish a new connection: [Errno -2] Name or service not known')': /simple/p/\n\
            ERROR: Could not find a version that satisfies the requirement p==1 (from versions: none)\n\
            ERROR: No matching distribution found for p==1\n";
        let why = "its index cannot be reached: Failed to establish a new connection: \
            [Errno -2] Name or service not known";
        assert_eq!(Complaint::find(messages), other(why));
    }

    #[test]
    fn errors_that_wrap_each_other_are_unwrapped() {
        for (wrapped, readable) in [
            (
                "ReadTimeoutError(\"HTTPSConnectionPool(host='h', port=443): Read timed out. (timeout=5)\")",
                "HTTPSConnectionPool(host='h', port=443): Read timed out. (timeout=5)",
            ),
            (
                "SSLError(CertificateError(\"hostname 'h' does not match\"))",
                "hostname 'h' does not match",
            ),
            ("something new", "something new"),
        ] {
            assert_eq!(cause(&format!("{wrapped}': /simple/p/")), readable);
        }
    }

    #[test]
    fn a_long_line_is_cut() {
        let Complaint::Other(line) = Complaint::find(&"é".repeat(1000)) else {
            panic!("a line is expected");
        };
        assert_eq!(line.chars().count(), LONGEST + 1);
    }

    #[test]
    fn else_the_last_error_is_the_reason() {
        let messages = "WARNING: something\nERROR: first\nERROR: No matching distribution\n\n";
        assert_eq!(Complaint::find(messages), other("No matching distribution"));
        let traceback = "Traceback:\n  at\nFileNotFoundError: [Errno 2] no file\n";
        assert_eq!(
            Complaint::find(traceback),
            other("FileNotFoundError: [Errno 2] no file")
        );
        assert_eq!(Complaint::find(""), other("it gave no reason"));
    }

    #[test]
    fn a_missing_pip_and_a_full_disk_are_recognised() {
        let missing = "/usr/bin/python3: No module named pip\n";
        assert_eq!(Complaint::find(missing), Complaint::NoPip);
        let full = "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device";
        assert_eq!(Complaint::find(full), Complaint::DiskFull);
    }
}
