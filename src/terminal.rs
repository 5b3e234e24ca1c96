//! The real terminal: set-up and restore, input, frames, signals.
//!
//! Three threads meet here. The *UI* thread owns the terminal: it takes inputs and engine events,
//! changes the state and draws. The *input* thread reads the terminal. The *signals* thread ends
//! the program whatever the UI thread is stuck in. Nothing on the UI thread waits but for a
//! terminal that does not accept its bytes.

use std::io;

mod backend;
pub mod colour;
mod esc_joiner;
mod frame_writer;
mod input;
mod limiter;
mod painter;
pub mod panic_hook;
mod session;
mod signals;
mod tty;

pub use frame_writer::{BEGIN_UPDATE, END_UPDATE, FrameWriter, Sent};
pub use input::{EventSource, Input};
pub use painter::Painter;
pub use session::{ENTER, LEAVE, Mouse, Session};
pub use tty::{Output, Tty};

/// Why the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The user asked for it.
    Quit,
    /// A signal asked for it; this is its number.
    Signal(i32),
    /// The terminal is gone.
    HangUp,
}

impl Exit {
    /// The exit code that tells a shell so.
    #[must_use]
    pub fn code(self) -> i32 {
        const SIGHUP: i32 = 1;
        match self {
            Self::Quit => 0,
            Self::Signal(number) => 128 + number,
            Self::HangUp => 128 + SIGHUP,
        }
    }
}

/// Why the program cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Standard input or output is a file or a pipe.
    #[error(
        "{stream} is not a terminal, and this program needs one; for scripts use `lenscape trace`"
    )]
    NoTerminal {
        /// `standard input` or `standard output`.
        stream: &'static str,
    },
    /// The terminal does not accept its modes.
    #[error("the terminal cannot be set up: {0}")]
    SetUp(io::Error),
    /// No thread could be started.
    #[error("a thread for the terminal cannot be started: {0}")]
    Thread(io::Error),
    /// The terminal broke while it was drawn to.
    #[error("the terminal cannot be written to: {0}")]
    Draw(io::Error),
}
