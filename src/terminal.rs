//! The real terminal: set-up and restore, input, frames, signals.
//!
//! Three threads meet here. The *UI* thread owns the terminal: it takes inputs and engine events,
//! changes the state and draws. The *input* thread reads the terminal. The *signals* thread ends
//! the program whatever the UI thread is stuck in. Nothing on the UI thread waits, except for a
//! terminal that does not accept its bytes where the system does not let us open it anew.

use std::io;

use tokio::runtime;
use tokio::sync::mpsc;

use crate::app::{Effect, State};
use crate::engine::{self, Handle};

mod autosaver;
mod backend;
mod backlog;
mod cells;
pub mod charset;
mod clipboard;
mod clusters;
pub mod colour;
mod cpu_limit;
mod event_loop;
pub mod faults;
mod frame_writer;
mod input;
mod limiter;
mod noise;
mod osc52;
mod painter;
pub mod panic_hook;
mod recordings;
mod saver;
mod screen;
mod session;
mod signals;
pub mod tour_seen;
mod tty;

pub use autosaver::{AutosaveResult, Autosaver};
pub use event_loop::{Channels, drive, drive_and_autosave};
pub use frame_writer::{BEGIN_UPDATE, END_UPDATE, FrameCost, FrameWriter};
pub use input::{EventSource, Input, Link};
pub use painter::Painter;
pub use recordings::{RecordingError, Recordings};
pub use screen::Screen;
pub use session::{ENTER, LEAVE, Mouse, TerminalSession};
pub use signals::Signals;
pub use tty::{FrameOutput, LARGEST, Tty, size};

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

/// Run the program in the terminal that it was started in, until it ends. `effects` are what it
/// starts with, `events` is what the engine says, `recordings` take what the terminal gets. However
/// it ends, `autosaver` has kept the trace that nobody saved.
///
/// To be called on the main thread, which becomes the UI thread. When it returns, the terminal is
/// as it was, and the engine has been told to give up everything.
///
/// # Errors
///
/// When standard input or output is no terminal, or when the terminal breaks.
pub fn run(
    state: &mut State,
    effects: Vec<Effect>,
    engine: Handle,
    events: mpsc::Receiver<engine::Event>,
    link: Link,
    recordings: &Recordings,
    autosaver: &Autosaver,
) -> Result<Exit, Error> {
    Tty::open()?;
    let runtime = runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .map_err(Error::Thread)?;
    // Before the terminal is taken, so that no signal finds it so and nobody to give it back.
    let (abandoned, autosaver_on_signal) = (engine.clone(), autosaver.clone());
    let give_up = move || {
        abandoned.abandon();
        // The UI thread does so too, if it is not stuck: one of the two waits for the other.
        autosaver_on_signal.autosave_in_background(|kept| faults::trace_is(kept.as_ref()));
    };
    cpu_limit::be_told_in_time();
    let signals = signals::listen(give_up).map_err(Error::Thread)?;
    faults::answer().map_err(Error::SetUp)?;
    let mut session = TerminalSession::enter()?;
    session.record_to(recordings.clone());
    let mut inputs = input::read_terminal(link).map_err(Error::Thread)?;
    let channels = Channels {
        engine,
        events,
        signals,
    };
    runtime.block_on(drive_and_autosave(
        state,
        effects,
        &mut session,
        &mut inputs,
        channels,
        autosaver,
    ))
}
