//! What others write to standard output and error while the screen is up: native libraries,
//! threads, children. It goes to the log instead of over the screen.
//!
//! The program itself writes to the terminal through a descriptor of its own, see [`super::Tty`].

use std::fs::OpenOptions;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::{Mutex, PoisonError};

use rustix::io::fcntl_dupfd_cloexec;
use rustix::stdio::{dup2_stderr, dup2_stdout, stderr, stdout};
use rustix::termios::isatty;

use super::tty::FIRST_FREE;
use crate::log_file;

/// Where the standard streams lead when they are not diverted.
static REAL: Mutex<Option<Streams>> = Mutex::new(None);

struct Streams {
    output: OwnedFd,
    /// `None` where it is no terminal, and so harms no screen.
    error: Option<OwnedFd>,
}

/// Lead standard output and error away from the terminal: to the log, or nowhere if there is none.
///
/// # Errors
///
/// When no more files can be opened; then what others write may be on the screen.
pub fn divert() -> io::Result<()> {
    let mut real = REAL.lock().unwrap_or_else(PoisonError::into_inner);
    if real.is_some() {
        return Ok(());
    }
    let sink = sink()?;
    let streams = Streams {
        output: fcntl_dupfd_cloexec(stdout(), FIRST_FREE)?,
        error: match isatty(stderr()) {
            true => Some(fcntl_dupfd_cloexec(stderr(), FIRST_FREE)?),
            false => None,
        },
    };
    let output = dup2_stdout(&sink);
    let error = match streams.error {
        Some(_) => dup2_stderr(&sink),
        None => Ok(()),
    };
    *real = Some(streams);
    Ok(output.and(error)?)
}

/// Lead both back to where they came from, unless that was done already.
///
/// # Errors
///
/// When the system refuses; then messages are lost, and nothing else.
pub fn let_through() -> io::Result<()> {
    let mut real = REAL.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(streams) = real.take() else {
        return Ok(());
    };
    let output = dup2_stdout(&streams.output);
    let error = streams.error.map_or(Ok(()), dup2_stderr);
    Ok(output.and(error)?)
}

fn sink() -> io::Result<OwnedFd> {
    match log_file::file() {
        Some(log) => Ok(log.try_clone()?.into()),
        None => Ok(OpenOptions::new().write(true).open("/dev/null")?.into()),
    }
}
